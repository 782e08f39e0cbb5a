// The one interface to whatever runs containers. Three implementations (docker, sandbox, simulated) pass one contract test.
// A sandbox is a pod's shared namespaces and address; containers live in it. The runtime knows no Kubernetes objects: the agent
// translates. Labels carry the agent's bookkeeping so that everything can be adopted after a restart.
import type { Duplex, Readable, Writable } from 'node:stream';

export interface SandboxSpec {
  podName: string; podNamespace: string; podUid: string;
  /** Counts re-creations of this pod's sandbox; part of the `k8s_POD_<pod>_<ns>_<uid>_<attempt>` name. */
  attempt: number;
  hostname: string;
  /** The pod's address; undefined with hostNetwork. */
  ip: string | undefined;
  hostNetwork: boolean; hostPID: boolean; hostIPC: boolean; shareProcessNamespace: boolean;
  sysctls: Record<string, string>;
  /** Ports published on the host (hostPort). */
  ports: { hostIP: string; hostPort: number; containerPort: number; protocol: 'TCP' | 'UDP' | 'SCTP' }[];
  /** cgroup limits of the pod as a whole, where the runtime can. */
  resources: Resources;
  labels: Record<string, string>;
}

export interface Resources { cpuShares?: number; /** thousandths of a core */ cpuLimitMilli?: number; memoryLimitBytes?: number; memoryRequestBytes?: number; pidsLimit?: number; oomScoreAdj?: number }

/** `recursiveReadOnly`: read-only with all that is mounted below it (Runtime.recursiveReadOnly). */
export interface Mount { hostPath: string; containerPath: string; readOnly: boolean; recursiveReadOnly?: boolean; propagation?: 'private' | 'rslave' | 'rshared'; /** a tmpfs of this size instead of hostPath */ tmpfsBytes?: number }

/** A device file of this machine as a container has it; `readOnly`: it may not be opened for writing. */
export interface Device { hostPath: string; containerPath: string; readOnly: boolean }

export interface Security {
  privileged: boolean; readOnlyRootFilesystem: boolean; noNewPrivileges: boolean;
  runAsUser?: number; runAsGroup?: number; supplementalGroups: number[];
  /** No group but these and the primary one: what the image's /etc/group says of the user does not count. */
  strictGroups?: boolean;
  capAdd: string[]; capDrop: string[];
  /** `RuntimeDefault`, `Unconfined` or a profile path; refused by runtimes that cannot. */
  seccomp?: string;
  /** `Unconfined` or the name of a loaded profile; absent: the runtime's own default. */
  appArmor?: string;
  /** Labels of SELinux, where it is enforced. */
  seLinux?: { user?: string; role?: string; type?: string; level?: string };
}

export interface ContainerSpec {
  name: string;
  /** Restart count; part of the `k8s_<container>_<pod>_<ns>_<uid>_<attempt>` name. */
  attempt: number;
  /** Image id as `imageStatus` returned it. */
  imageId: string;
  /** The reference the user wrote, for status. */
  image: string;
  /** Overrides ENTRYPOINT; undefined keeps the image's. */
  command?: string[];
  /** Overrides CMD. */
  args?: string[];
  env: { name: string; value: string }[];
  workingDir?: string;
  mounts: Mount[];
  devices?: Device[];
  resources: Resources;
  security: Security;
  tty: boolean; stdin: boolean; stdinOnce: boolean;
  /** Overrides the image's stop signal: `SIGUSR1`. */
  stopSignal?: string;
  /** Id of a running container of the pod whose process namespace this one joins. */
  joinPidOf?: string;
  /** Container file to read the termination message from; the agent mounts a host file there. */
  labels: Record<string, string>;
}

export type ContainerPhase = 'created' | 'running' | 'exited' | 'unknown';
export interface ContainerState {
  id: string; sandboxId: string; name: string; attempt: number; image: string; imageId: string;
  phase: ContainerPhase;
  /** ms since the epoch; 0 if it has not happened. */
  createdAt: number; startedAt: number; finishedAt: number;
  exitCode: number; signal?: number; oomKilled: boolean;
  /** Why a start failed, in the runtime's words. */
  message?: string;
  labels: Record<string, string>;
}
export interface SandboxState { id: string; podName: string; podNamespace: string; podUid: string; attempt: number; ready: boolean; createdAt: number; ip: string | undefined; labels: Record<string, string>; containers: ContainerState[] }

export interface RuntimeEvent { type: 'container-started' | 'container-died' | 'container-oom' | 'sandbox-died'; sandboxId: string; containerId?: string; podUid: string }

export interface ImageStatus { id: string; repoTags: string[]; repoDigests: string[]; sizeBytes: number; user: string; /** exec form */ entrypoint: string[]; cmd: string[]; stopSignal?: string; volumes: string[] }
export interface PullAuth { username?: string; password?: string; identityToken?: string; registryToken?: string }
/** A pull that failed; `reason` decides the waiting reason kubectl shows. */
export class ImagePullError extends Error {
  readonly reason: 'ErrImagePull' | 'InvalidImageName' | 'RegistryUnavailable' | 'ErrImageNeverPull';
  constructor(reason: ImagePullError['reason'], message: string) { super(message); this.name = 'ImagePullError'; this.reason = reason; }
}
/** Create or start failed; `reason` as kubelet words it. */
export class ContainerError extends Error {
  readonly reason: 'CreateContainerError' | 'RunContainerError' | 'CreatePodSandboxError';
  constructor(reason: ContainerError['reason'], message: string) { super(message); this.name = 'ContainerError'; this.reason = reason; }
}

export interface LogLine { /** RFC3339 with nanoseconds */ time: string; stream: 'stdout' | 'stderr'; /** with its newline unless `partial` */ data: Buffer }
export interface LogOptions { follow: boolean; tailLines?: number; /** ms since the epoch */ since?: number; signal: AbortSignal }

export interface StreamOptions { tty: boolean; stdin?: Readable; stdout?: Writable; stderr?: Writable; /** terminal sizes as they change */ onResize?: (set: (width: number, height: number) => void) => void; signal: AbortSignal }

export interface ContainerStats { cpuNanos: number; memoryWorkingSetBytes: number; memoryRssBytes: number; at: number }

export interface Runtime {
  readonly name: 'docker' | 'sandbox' | 'simulated';
  /** `docker://20.10.24`: Node.status.nodeInfo.containerRuntimeVersion. */
  readonly version: string;
  /** Human words on what this runtime cannot do here, for events and `auto`'s explanation. */
  readonly limits: readonly string[];
  /** Whether AppArmor profiles are enforced, and the runtime's default with them. */
  readonly appArmor: boolean;
  /** It makes mounts read-only with all that is mounted below them. */
  readonly recursiveReadOnly: boolean;
  /** Subscribes to events; call once, before anything is run. */
  start(onEvent: (e: RuntimeEvent) => void): Promise<void>;
  /** Stops watching; containers keep running. */
  close(): Promise<void>;
  /** Every sandbox of this node, dead ones included, for adoption. */
  list(): Promise<SandboxState[]>;

  /**
   * Creates and starts it. Throws ContainerError('CreatePodSandboxError'). A runtime that can create containers in a sandbox that does
   * not run yet calls `created` with its id in between; what the caller creates then is the caller's to remove when this throws.
   */
  runSandbox(spec: SandboxSpec, created?: (id: string) => void): Promise<SandboxState>;
  /** Changes cpu and memory of the pod as a whole; a runtime that cannot limit a pod leaves it out, and each container's own limits stand alone. */
  updateSandbox?(id: string, resources: Resources): Promise<void>;
  /** Kills what still runs and releases namespaces; idempotent. */
  stopSandbox(id: string): Promise<void>;
  /** Removes the sandbox, its containers and their logs; idempotent. */
  removeSandbox(id: string): Promise<void>;

  createContainer(sandboxId: string, spec: ContainerSpec): Promise<string>;
  /** Resolves when the process runs. */
  startContainer(id: string): Promise<void>;
  /** Stop signal, then SIGKILL after `graceSeconds`; resolves when it is dead. Idempotent. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  container(id: string): Promise<ContainerState | undefined>;
  /** Changes cpu and memory of a running container. */
  updateContainer(id: string, resources: Resources): Promise<void>;

  /** Runs a command in a running container; resolves with its exit code when it has ended and its output is flushed. A missing program is exit code 126 or 127 with the reason on stderr. */
  exec(id: string, command: readonly string[], o: StreamOptions): Promise<number>;
  /** Joins the main process' streams; resolves when it exits or the signal aborts. With `replay` what it has said so far comes first. */
  attach(id: string, o: StreamOptions & { replay?: boolean }): Promise<void>;
  /** A connection to a port inside the pod's network namespace (on its loopback, as port-forward promises). */
  dial(sandboxId: string, port: number): Promise<Duplex>;
  /** Output of a container, dead ones included, until it is removed. */
  logs(id: string, o: LogOptions): AsyncIterable<LogLine>;
  /** Forgets rotated output; called by the agent's rotation with its limits (bytes per file, files). */
  stats(id: string): Promise<ContainerStats | undefined>;

  /** Bytes on disk of what the container has written outside its volumes, logs included; undefined where that cannot be known. */
  diskUsage?(id: string): Promise<number | undefined>;

  /** undefined when the image is not on this machine. */
  imageStatus(ref: string): Promise<ImageStatus | undefined>;
  /** Throws ImagePullError. `onProgress` gets whole percent where known. */
  pullImage(ref: string, auth: PullAuth | undefined, signal: AbortSignal): Promise<ImageStatus>;
  listImages(): Promise<ImageStatus[]>;
  removeImage(id: string): Promise<void>;
  /**
   * A directory with the image's files, for reading only: `dir`, or one of the runtime's own. What is mounted at `dir` is the caller's to unmount.
   * Safe to repeat; a runtime without files leaves it out.
   */
  imageFiles?(id: string, dir: string): Promise<string>;
}

/** What a runtime of a node is made with. */
export interface RuntimeConfig {
  nodeName: string;
  /** The runtime's own files below the data directory. */
  stateDir: string;
  /** Address range of all pods of the cluster, of this node's pods, and the gateway address of the bridge: `10.244.0.0/16`, `10.244.1.0/24`, `10.244.0.1`. */
  clusterPodCidr: string; podCidr: string; gateway: string;
  /** Unique short name of the cluster (data directory's id): part of bridge, network and label names, so that two clusters never mix. */
  clusterId: string;
  /** Log rotation: bytes per file and number of files (Kubernetes' defaults 10 MiB, 5). */
  logMaxBytes: number; logMaxFiles: number;
}
