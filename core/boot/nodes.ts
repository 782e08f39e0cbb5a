// One node of this host: its runtime, its agent, and the HTTPS server through which the API server reaches its containers.
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import { createRecorder } from '../client/create-recorder.ts';
import type { InformerFactory } from '../client/informer.ts';
import { createNodeAgent } from '../node/agent.ts';
import { createNodeServer } from '../node/server/server.ts';
import type { ChosenRuntime } from './runtimes.ts';

export interface NodeOptions {
  name: string; index: number;
  /** Carries the control-plane role and its mirror pods. */
  controlPlane: boolean;
  dataDir: string; runtime: ChosenRuntime; clusterId: string; starts: number;
  clusterPodCidr: string; podCidr: string; gateway: string; hostIp: string; dnsIp: string;
  client: Client; informers: InformerFactory; tls: { cert: string; key: string }; clientCa: string; version: string; clock: Clock; log: Log;
  apiHost: string; apiPort: number;
}
export interface RunningNode { name: string; close(o: { leaveRunning: boolean }): Promise<void> }

const LOG_MAX_BYTES = 10 * 1024 * 1024, LOG_MAX_FILES = 5;

export async function startNode(o: NodeOptions): Promise<RunningNode> {
  const runtime = await o.runtime.create({
    nodeName: o.name, stateDir: join(o.dataDir, o.runtime.name), clusterPodCidr: o.clusterPodCidr, podCidr: o.podCidr, gateway: o.gateway, clusterId: o.clusterId,
    logMaxBytes: LOG_MAX_BYTES, logMaxFiles: LOG_MAX_FILES,
  }, o.log.child('runtime'));
  const recorder = createRecorder(o.client, { component: 'kubelet', host: o.name, clock: o.clock, log: o.log });
  const agent = createNodeAgent({
    nodeName: o.name, client: o.client, informers: o.informers, recorder, runtime, clock: o.clock, log: o.log,
    config: {
      dataDir: o.dataDir, podCidr: o.podCidr, clusterDns: o.dnsIp, clusterDomain: 'cluster.local', maxPods: 110, hostIP: o.hostIp, kubeletVersion: o.version,
      labels: {}, taints: [], controlPlane: o.controlPlane, starts: o.starts, apiServer: { host: o.apiHost, port: o.apiPort },
    },
  });
  const server = createNodeServer({ backend: agent.backend, tls: o.tls, clientCa: o.clientCa, log: o.log.child('server') });
  agent.kubeletPort = await server.listen(o.hostIp, 0);
  await agent.start();
  return {
    name: o.name,
    async close({ leaveRunning }) {
      await agent.close({ leaveRunning });
      await server.close();
      await runtime.close();
    },
  };
}
