// One node of this host: its runtime, its agent, and the HTTPS server through which the API server reaches its containers.
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import { createRecorder } from '../client/create-recorder.ts';
import type { InformerFactory } from '../client/informer.ts';
import { createNodeAgent, type NodeConfig } from '../node/agent.ts';
import { createIpam } from '../node/ipam.ts';
import { createNodeServer } from '../node/server/server.ts';
import type { ChosenRuntime } from './runtimes.ts';

export interface NodeOptions {
  name: string; index: number;
  /** Carries the control plane's mirror pods. */
  controlPlane: boolean;
  dataDir: string; runtime: ChosenRuntime; clusterId: string;
  clusterPodCidr: string; podCidr: string; gateway: string; hostIp: string; dnsIp: string;
  /** See NodeNetwork. */
  drained(ip: string): Promise<void>;
  client: Client; informers: InformerFactory; tls: { cert: string; key: string }; clientCa: string; version: string; clock: Clock; log: Log;
}
export interface RunningNode { name: string; close(o: { leaveRunning: boolean }): Promise<void> }

const LOG_MAX_BYTES = 10 * 1024 * 1024, LOG_MAX_FILES = 5;

/** Resolves when the node is Ready and serves. Rejects when its runtime, files or registration fail. */
export async function startNode(o: NodeOptions): Promise<RunningNode> {
  // It also says, to whoever cleans up later, which runtimes this node has run on.
  const stateDir = join(o.dataDir, o.runtime.name);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const runtime = await o.runtime.create({
    nodeName: o.name, stateDir, clusterPodCidr: o.clusterPodCidr, podCidr: o.podCidr, gateway: o.gateway, clusterId: o.clusterId,
    logMaxBytes: LOG_MAX_BYTES, logMaxFiles: LOG_MAX_FILES,
  }, o.log.child('runtime'));
  const recorder = createRecorder(o.client, { component: 'kubelet', host: o.name, clock: o.clock, log: o.log });
  const ipam = createIpam(o.podCidr);
  const config: NodeConfig = {
    dataDir: o.dataDir, podCidr: o.podCidr, clusterDns: o.dnsIp, clusterDomain: 'cluster.local', maxPods: 110, hostIP: o.hostIp, gitVersion: o.version,
    labels: {}, taints: [], controlPlane: o.controlPlane, kubeletPort: 0, maxParallelStarts: availableParallelism() * 2,
  };
  const agent = createNodeAgent({
    nodeName: o.name, client: o.client, informers: o.informers, recorder, runtime, config, clock: o.clock, log: o.log,
    network: { allocate: uid => ipam.allocate(uid), reserve: (uid, ip) => ipam.reserve(uid, ip), release: uid => ipam.release(uid), drained: ip => o.drained(ip), hostAddresses: [o.hostIp] },
  });
  const server = createNodeServer({ backend: agent.backend, tls: o.tls, clientCa: o.clientCa, clock: o.clock, log: o.log.child('server') });
  const close = async (how: { leaveRunning: boolean }): Promise<void> => {
    await agent.close(how);
    await server.close();
    await runtime.close();
  };
  try {
    config.kubeletPort = await server.listen(o.hostIp, 0);
    await agent.start();
  } catch (e) {
    await close({ leaveRunning: true });
    throw e;
  }
  return { name: o.name, close };
}
