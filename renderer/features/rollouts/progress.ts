// How far a rollout is and, when it does not move, why: read from conditions, pods and events, never guessed.
import type { CoreEvent, Deployment, Pod, ReplicaSet } from '../../../core/api/types/kubernetes.ts';

export interface Progress {
  state: 'done' | 'moving' | 'stuck' | 'paused';
  want: number;
  updated: number;
  ready: number;
  available: number;
  /** Pods of older revisions that are still there. */
  old: number;
  unavailable: number;
  reasons: Reason[];
}
export type ReasonKind = 'image' | 'unschedulable' | 'quota' | 'crash' | 'config' | 'probe' | 'deadline' | 'creating';
/** `text` in the server's own words. */
export interface Reason { kind: ReasonKind; text: string; pod?: string; count: number }

const IMAGE = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError', 'RegistryUnavailable']);
const CONFIG = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'PostStartHookError']);
const CRASH = new Set(['CrashLoopBackOff', 'Error', 'OOMKilled', 'ContainerCannotRun', 'StartError']);

/** `pods` are those of the newest replica set, `events` any that may concern them or it. */
export function progressOf(d: Deployment, newest: ReplicaSet | undefined, pods: readonly Pod[], events: readonly CoreEvent[]): Progress {
  const s = d.status ?? {};
  const want = d.spec?.replicas ?? 1;
  const updated = s.updatedReplicas ?? 0, total = s.replicas ?? 0, available = s.availableReplicas ?? 0;
  const seen = (s.observedGeneration ?? 0) >= (d.metadata?.generation ?? 0);
  const done = seen && updated >= want && total <= updated && available >= updated;
  const condition = (type: string) => s.conditions?.find(c => c.type === type);
  const reasons: Reason[] = done ? [] : reasonsOf(newest, pods, events);
  const progressing = condition('Progressing');
  const failure = condition('ReplicaFailure');
  if (!done && failure?.status === 'True' && !reasons.some(r => r.kind === 'quota')) reasons.unshift({ kind: 'quota', text: failure.message ?? failure.reason ?? '', count: 1 });
  const late = !done && progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded';
  if (late) reasons.push({ kind: 'deadline', text: progressing.message ?? '', count: 1 });
  const blocked = reasons.some(r => r.kind !== 'creating');
  return { state: done ? 'done' : d.spec?.paused ? 'paused' : blocked ? 'stuck' : 'moving', want, updated, ready: s.readyReplicas ?? 0, available, old: Math.max(0, total - updated), unavailable: s.unavailableReplicas ?? 0, reasons };
}

function reasonsOf(newest: ReplicaSet | undefined, pods: readonly Pod[], events: readonly CoreEvent[]): Reason[] {
  const out = new Map<string, Reason>();
  const add = (kind: ReasonKind, text: string, pod?: string): void => {
    // The same trouble of several pods is one reason: their names differ in the text.
    const key = `${kind}\n${pod ? text.replaceAll(pod, '') : text}`;
    const known = out.get(key);
    if (known) known.count++; else out.set(key, { kind, text, count: 1, ...(pod ? { pod } : {}) });
  };
  const failed = newest?.status?.conditions?.find(c => c.type === 'ReplicaFailure' && c.status === 'True');
  if (failed) add('quota', failed.message ?? failed.reason ?? '');
  for (const p of pods) {
    if (p.metadata?.deletionTimestamp) continue;
    const name = p.metadata?.name ?? '';
    const unscheduled = p.status?.conditions?.find(c => c.type === 'PodScheduled' && c.status === 'False');
    if (unscheduled) { add('unschedulable', unscheduled.message ?? unscheduled.reason ?? '', name); continue; }
    for (const c of [...p.status?.initContainerStatuses ?? [], ...p.status?.containerStatuses ?? []]) {
      const { waiting, terminated, running } = c.state ?? {};
      const text = (reason: string | undefined, message: string | undefined): string => `${c.name}: ${reason ?? ''}${message ? `: ${message}` : ''}`;
      const last = c.lastState?.terminated;
      if (waiting && IMAGE.has(waiting.reason ?? '')) add('image', text(waiting.reason, waiting.message ?? c.image), name);
      else if (waiting && CONFIG.has(waiting.reason ?? '')) add('config', text(waiting.reason, waiting.message), name);
      else if (waiting && CRASH.has(waiting.reason ?? '')) add('crash', text(waiting.reason, `${last ? `exit ${last.exitCode}, ` : ''}${waiting.message ?? ''}`), name);
      else if (terminated && terminated.exitCode !== 0) add('crash', text(terminated.reason, `exit ${terminated.exitCode}`), name);
      else if (running && !c.ready) {
        const probe = newestOf(events.filter(e => e.reason === 'Unhealthy' && e.involvedObject?.uid === p.metadata?.uid));
        if (probe) add('probe', `${c.name}: ${probe.message ?? ''}`, name); else add('creating', c.name ?? '', name);
      } else if (waiting) add('creating', text(waiting.reason, waiting.message), name);
    }
    if ((p.status?.containerStatuses ?? []).length === 0) add('creating', p.status?.phase ?? '', name);
  }
  return [...out.values()].sort((a, b) => Number(a.kind === 'creating') - Number(b.kind === 'creating'));
}

const when = (e: CoreEvent): string => e.lastTimestamp ?? e.eventTime ?? e.firstTimestamp ?? e.metadata?.creationTimestamp ?? '';
const newestOf = (list: readonly CoreEvent[]): CoreEvent | undefined => [...list].sort((a, b) => when(b).localeCompare(when(a)))[0];
