// What every organ of a node shares; made once by agent.ts.
import type { Pod, Taint } from '../api/types/kubernetes.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/recorder.ts';
import type { Backoff } from './backoff.ts';
import type { Sources } from './env/env.ts';
import type { Images } from './images/images.ts';
import type { Limit } from './limit.ts';
import type { Resolv } from './pod-files.ts';
import type { Runtime } from './runtime/runtime.ts';
import type { VolumeEnvironment } from './volumes/pod-volumes.ts';

export interface NodeConfig {
  /** This node's own directory. */
  dataDir: string;
  podCidr: string;
  /** Address of the cluster's DNS service; '' without one. */
  clusterDns: string;
  clusterDomain: string;
  /** Pods the node takes; Kubernetes' default 110. */
  maxPods: number;
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  /** Port of the node's HTTPS server. */
  kubeletPort: number;
  hostIP: string;
  /** Sandboxes and containers being started at a time. */
  maxParallelStarts: number;
  /** Reported as kubeletVersion. */
  gitVersion: string;
  /** Carries the control plane's mirror pods, and no outer load balancer sends to it. */
  controlPlane?: boolean;
}

/** Addresses of pods, given by whoever owns the pod network (core/node/ipam.ts makes one). */
export interface NodeNetwork {
  allocate(podUid: string): string;
  /** Takes an address that is in use already; false when it cannot. */
  reserve(podUid: string, ip: string): boolean;
  release(podUid: string): void;
  /** Resolves when services have stopped sending to the address; a network that cannot tell leaves it out. */
  drained?(ip: string): Promise<void>;
  /** Addresses of this machine as the node reports them; the first is the InternalIP. */
  hostAddresses: readonly string[];
}

export interface NodeContext {
  nodeName: string;
  client: Client;
  recorder: EventRecorder;
  runtime: Runtime;
  config: NodeConfig;
  network: NodeNetwork;
  clock: Clock;
  log: Log;
  images: Images;
  sources: Sources;
  /** imagePullSecrets by namespace and name are read from here too. */
  volumes: VolumeEnvironment;
  starts: Limit;
  restarts: Backoff;
  /** Directories: `<dataDir>/pods` and its twin on memory. */
  podsDir: string;
  memoryDir: string;
  hostResolv: Resolv;
  /** Bytes of memory of this machine, for oom scores. */
  machineMemory: number;
  allocatable: Readonly<Record<string, string>>;
  /** Whether a pod may run here; the words and reason when not. Holds its resources until `leave`. */
  admit(pod: Pod): { reason: string; message: string } | undefined;
  leave(uid: string): void;
  /** Gives a pod that runs here what it asks for now; the words and reason when not. */
  resize(pod: Pod): { reason: 'Infeasible' | 'Deferred'; message: string } | undefined;
}
