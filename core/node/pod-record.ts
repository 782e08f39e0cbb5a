// What a worker remembers of each container of its pod.
import { createHash } from 'node:crypto';
import type { Container, ContainerState as ApiState, Pod, ResourceRequirements } from '../api/types/kubernetes.ts';
import type { Prober } from './probes/prober.ts';
import type { ContainerState } from './runtime/runtime.ts';
import { isSidecar } from './status/phase.ts';

export type ContainerRole = 'init' | 'sidecar' | 'app' | 'ephemeral';

export interface Run {
  state: ContainerState;
  /** Termination message, read when it ended. */
  message?: string;
  /** Its end has been looked at: state is final, message read. */
  settled?: true;
  /** Why it is being or was killed by the agent (liveness, definition changed). */
  killed?: string;
}

export interface ContainerRecord {
  readonly name: string;
  /** Oldest first; the newest may run, the one before is kept for `--previous`. */
  runs: Run[];
  /** Why the next run does not start yet. */
  waiting?: { reason: string; message?: string };
  /** ms since the epoch before which no new start is tried. */
  retryAt: number;
  prober?: Prober;
  /** A start or a kill is under way. */
  busy: boolean;
  /** Its postStart hook runs: it is not shown as running yet, and those after it wait. */
  hooking?: boolean;
  /** From the API's status before this agent: restarts so far, and the last state where the runtime has forgotten it. */
  restarts: number;
  lost?: ApiState;
  started: boolean;
  ready: boolean;
  /** What the newest run runs with. */
  applied?: ResourceRequirements | undefined;
  /** The pod's own at that time, whose limits are those it lacks. */
  inherited?: ResourceRequirements | undefined;
  /** It was ended to be started again, whatever its restart policy. */
  again?: true;
}

export const newRecord = (name: string): ContainerRecord => ({ name, runs: [], retryAt: 0, busy: false, restarts: -1, started: false, ready: false });
export const latest = (r: ContainerRecord | undefined): Run | undefined => r?.runs.at(-1);
export const isRunning = (r: ContainerRecord | undefined): boolean => latest(r)?.state.phase === 'running';

/** What a change of must restart the container: kubelet hashes name and image. */
export const specHash = (c: Container): string => createHash('sha256').update(JSON.stringify([c.name, c.image ?? ''])).digest('hex').slice(0, 8);

export interface Member { container: Container; role: ContainerRole }

/** All containers of a pod, init containers first, in order. */
export function members(pod: Pod): Member[] {
  const s = pod.spec;
  return [
    ...(s?.initContainers ?? []).map(c => ({ container: c, role: isSidecar(c) ? 'sidecar' as const : 'init' as const })),
    ...(s?.containers ?? []).map(c => ({ container: c, role: 'app' as const })),
    ...(s?.ephemeralContainers ?? []).map(c => ({ container: c as Container, role: 'ephemeral' as const })),
  ];
}

/** `spec.containers{web}`: which part of the pod an event is about. */
export const fieldPath = (m: Member): string => `spec.${m.role === 'app' ? 'containers' : m.role === 'ephemeral' ? 'ephemeralContainers' : 'initContainers'}{${m.container.name}}`;

/** Why a container is gone that was ended with all others of its pod, to be started anew. */
export const RESTARTING_ALL = { reason: 'RestartingAllContainers', message: 'The container is removed because RestartAllContainers in place' };

export const LABEL = {
  uid: 'io.kubernetes.pod.uid', pod: 'io.kubernetes.pod.name', namespace: 'io.kubernetes.pod.namespace', container: 'io.kubernetes.container.name',
  hash: 'io.kubernetes.container.hash', restarts: 'io.kubernetes.container.restartCount', messageFile: 'io.kubernetes.container.terminationMessageFile', messagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
} as const;
