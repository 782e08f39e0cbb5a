// The words kubectl shows for a pod: STATUS, READY, RESTARTS (Kubernetes' pod printer).
import { isSidecar, isTerminal, podCondition } from '../../meta/pod.ts';
import { ageText } from '../../meta/time.ts';
import type { ContainerStatus, Pod } from '../../types/kubernetes.ts';
import type { Health } from '../kind.ts';

export interface PodSummary {
  /** `Running`, `Init:0/1`, `CrashLoopBackOff`, `Terminating`… */
  readonly word: string;
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** When a container last ended (ms), 0 if none did. */
  readonly lastRestart: number;
}

const finishedAt = (s: ContainerStatus): number => {
  const at = s.lastState?.terminated?.finishedAt;
  return at ? Date.parse(at) : 0;
};

/** Everything the pod's row says, in one walk over its container statuses. */
export function podSummary(pod: Pod): PodSummary {
  const { status, spec } = pod;
  let word = status?.reason || status?.phase || '';
  if (status?.conditions?.some(c => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')) word = 'SchedulingGated';
  let ready = 0, restarts = 0, lastRestart = 0, sidecarRestarts = 0, sidecarLast = 0, initializing = false;
  const inits = spec?.initContainers ?? [], sidecars = new Set(inits.filter(isSidecar).map(c => c.name));
  const initStatuses = status?.initContainerStatuses ?? [];
  for (let i = 0; i < initStatuses.length; i++) {
    const s = initStatuses[i]!, sidecar = sidecars.has(s.name);
    restarts += s.restartCount;
    lastRestart = Math.max(lastRestart, finishedAt(s));
    if (sidecar) { sidecarRestarts += s.restartCount; sidecarLast = Math.max(sidecarLast, finishedAt(s)); }
    const ended = s.state?.terminated, waiting = s.state?.waiting;
    if (ended && ended.exitCode === 0) continue;
    if (sidecar && s.started) { if (s.ready) ready++; continue; }
    if (ended) word = `Init:${ended.reason || (ended.signal ? `Signal:${ended.signal}` : `ExitCode:${ended.exitCode}`)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') word = `Init:${waiting.reason}`;
    else word = `Init:${i}/${inits.length}`;
    initializing = true;
    break;
  }
  if (!initializing || podCondition(pod, 'Initialized')?.status === 'True') {
    restarts = sidecarRestarts;
    lastRestart = sidecarLast;
    let running = false;
    const statuses = status?.containerStatuses ?? [];
    for (let i = statuses.length - 1; i >= 0; i--) {
      const s = statuses[i]!, ended = s.state?.terminated, waiting = s.state?.waiting;
      restarts += s.restartCount;
      lastRestart = Math.max(lastRestart, finishedAt(s));
      if (waiting?.reason) word = waiting.reason;
      else if (ended) word = ended.reason || (ended.signal ? `Signal:${ended.signal}` : `ExitCode:${ended.exitCode}`);
      else if (s.ready && s.state?.running) { running = true; ready++; }
    }
    if (word === 'Completed' && running) word = podCondition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady';
  }
  if (pod.metadata?.deletionTimestamp) {
    if (status?.reason === 'NodeLost') word = 'Unknown';
    else if (!isTerminal(pod)) word = 'Terminating';
  }
  return { word, ready, total: (spec?.containers?.length ?? 0) + sidecars.size, restarts, lastRestart };
}

/** `3 (5m ago)`, `0`. */
export function restartsText(s: PodSummary, now: number): string {
  return s.restarts > 0 && s.lastRestart > 0 ? `${s.restarts} (${ageText(now - s.lastRestart)} ago)` : String(s.restarts);
}

const BAD = /^(Init:)?(CrashLoopBackOff|ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError|CreateContainerError|RunContainerError|Error|OOMKilled|ContainerCannotRun|DeadlineExceeded|StartError|Evicted|Failed|ExitCode:.*|Signal:.*)$/;

/** The verdict for a badge: bad where someone must act, busy where it is on its way. */
export function podHealth(pod: Pod): Health {
  const s = podSummary(pod);
  if (s.word === 'Terminating') return { level: 'busy', word: s.word };
  if (BAD.test(s.word) || pod.status?.phase === 'Failed') return withReason({ level: 'bad', word: s.word }, pod);
  if (s.word === 'Completed' || pod.status?.phase === 'Succeeded') return { level: 'none', word: s.word || 'Completed' };
  if (s.word === 'Running') return s.ready === s.total ? { level: 'good', word: s.word } : withReason({ level: 'warning', word: 'Not ready' }, pod);
  if (s.word === 'Unknown' || s.word === 'NotReady') return withReason({ level: 'warning', word: s.word }, pod);
  if (podCondition(pod, 'PodScheduled')?.reason === 'Unschedulable') return withReason({ level: 'warning', word: s.word || 'Pending' }, pod);
  return { level: 'busy', word: s.word || 'Pending' };
}

/** How a container that is over, or waits to be started again, came to its end: `exit 2`, `OOMKilled, exit 137, limit 64Mi`. Undefined where it did not fail. */
function endOf(s: ContainerStatus, pod: Pod): string | undefined {
  const end = s.state?.terminated ?? (s.state?.waiting?.reason === 'CrashLoopBackOff' ? s.lastState?.terminated : undefined);
  if (!end || (end.exitCode === 0 && !end.signal)) return undefined;
  const limit = end.reason === 'OOMKilled' ? [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].find(c => c.name === s.name)?.resources?.limits?.['memory'] : undefined;
  return [end.reason === 'Error' ? undefined : end.reason, end.exitCode === 0 ? `signal ${end.signal}` : `exit ${end.exitCode}`, limit && `limit ${limit}`].filter(Boolean).join(', ');
}

function withReason(h: Health, pod: Pod): Health {
  const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const said = all.map(s => [endOf(s, pod), s.state?.waiting?.message ?? s.state?.terminated?.message].filter(Boolean).join(' · ')).find(Boolean)
    ?? pod.status?.message ?? pod.status?.conditions?.find(c => c.status === 'False' && c.message)?.message;
  return said ? { ...h, reason: said } : h;
}
