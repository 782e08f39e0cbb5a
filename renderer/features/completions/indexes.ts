// What became of each completion of a job: the status' index ranges and the job's pods, as cells of a grid of bounded size.
import type { Job, Pod } from '../../../core/api/types/kubernetes.ts';

const INDEX = 'batch.kubernetes.io/job-completion-index';
/** The grid never has more cells; each then stands for several indexes and shows the gravest of them. */
export const MOST_CELLS = 500;

export type CellState = 'failed' | 'running' | 'succeeded' | 'waiting';
export interface Cell { from: number; to: number; state: CellState; /** Pods that failed, of these indexes. */ failures: number; /** A pod to look at: one that runs, or failed last. */ pod?: string }
export interface Grid { indexed: boolean; total: number; cells: Cell[]; counts: Record<CellState, number> }

/** `1,3-5,7` as pairs, both ends included; what is none is left out. */
export function rangesOf(text: string | undefined): [number, number][] {
  return (text ?? '').split(',').map(part => /^(\d+)(?:-(\d+))?$/.exec(part.trim())).filter(m => m !== null).map(m => [Number(m[1]), Number(m[2] ?? m[1])]);
}

export const indexOf = (p: Pod): number | undefined => {
  const text = p.metadata?.annotations?.[INDEX] ?? p.metadata?.labels?.[INDEX];
  return text === undefined ? undefined : Number(text);
};

const GRAVITY: readonly CellState[] = ['failed', 'running', 'waiting', 'succeeded'];

/** `pods` are the job's own. */
export function gridOf(j: Job, pods: readonly Pod[]): Grid {
  return j.spec?.completionMode === 'Indexed' ? indexedGrid(j, pods) : countedGrid(j);
}

function indexedGrid(j: Job, pods: readonly Pod[]): Grid {
  const total = j.spec?.completions ?? 0, per = Math.max(1, Math.ceil(total / MOST_CELLS));
  const cells: Cell[] = Array.from({ length: Math.ceil(total / per) }, (_, i) => ({ from: i * per, to: Math.min(total, (i + 1) * per) - 1, state: 'waiting', failures: 0 }));
  const succeeded = rangesOf(j.status?.completedIndexes), failed = rangesOf(j.status?.failedIndexes);
  const size = (list: readonly [number, number][], from = 0, to = total - 1): number => list.reduce((n, [a, b]) => n + Math.max(0, Math.min(b, to) - Math.max(a, from) + 1), 0);
  const inside = (list: readonly [number, number][], i: number): boolean => list.some(([a, b]) => i >= a && i <= b);
  const running = new Set<number>();
  for (const p of pods) {
    const i = indexOf(p);
    const cell = i === undefined ? undefined : cells[Math.floor(i / per)];
    if (i === undefined || !cell) continue;
    if (p.status?.phase === 'Failed') { cell.failures++; cell.pod ??= p.metadata?.name; }
    if ((p.status?.phase === 'Running' || p.status?.phase === 'Pending' || p.status?.phase === undefined) && !inside(succeeded, i) && !inside(failed, i)) { running.add(i); cell.pod = p.metadata?.name; cell.state = 'running'; }
    if (p.status?.phase === 'Succeeded') cell.pod ??= p.metadata?.name;
  }
  for (const c of cells) {
    if (size(failed, c.from, c.to) > 0) c.state = 'failed';
    else if (size(succeeded, c.from, c.to) === c.to - c.from + 1) c.state = 'succeeded';
  }
  const done = size(succeeded), lost = size(failed);
  return { indexed: true, total, cells, counts: { succeeded: done, failed: lost, running: running.size, waiting: Math.max(0, total - done - lost - running.size) } };
}

/** Without indexes only the numbers are known: done first, then what runs, then what is still to come. */
function countedGrid(j: Job): Grid {
  const { succeeded = 0, active = 0, failed = 0 } = j.status ?? {};
  const total = j.spec?.completions ?? Math.max(1, succeeded + active);
  const counts = { succeeded: Math.min(succeeded, total), failed, running: Math.max(0, Math.min(active, total - succeeded)), waiting: 0 };
  counts.waiting = Math.max(0, total - counts.succeeded - counts.running);
  const per = Math.max(1, Math.ceil(total / MOST_CELLS));
  const stateAt = (i: number): CellState => (i < counts.succeeded ? 'succeeded' : i < counts.succeeded + counts.running ? 'running' : 'waiting');
  const cells = Array.from({ length: Math.ceil(total / per) }, (_, i): Cell => {
    const from = i * per, to = Math.min(total, from + per) - 1;
    const first = stateAt(from), last = stateAt(to);
    return { from, to, state: GRAVITY.find(s => s === first || s === last)!, failures: 0 };
  });
  return { indexed: false, total, cells, counts };
}

export interface Failure { code: string; count: number; pod: string; index?: number }
/** How pods failed: the same end of several is one, the most frequent first. */
export function failuresOf(pods: readonly Pod[]): Failure[] {
  const out = new Map<string, Failure>();
  for (const p of pods) {
    if (p.status?.phase !== 'Failed') continue;
    const ended = [...p.status.initContainerStatuses ?? [], ...p.status.containerStatuses ?? []].map(s => s.state?.terminated).find(x => x && x.exitCode !== 0);
    const disrupted = p.status.conditions?.find(c => c.type === 'DisruptionTarget' && c.status === 'True');
    const code = disrupted?.reason ?? p.status.reason ?? (ended ? `${ended.reason && ended.reason !== 'Error' ? `${ended.reason}, ` : ''}exit ${ended.exitCode}` : 'Failed');
    const known = out.get(code);
    if (known) known.count++; else out.set(code, { code, count: 1, pod: p.metadata?.name ?? '', index: indexOf(p) });
  }
  return [...out.values()].sort((a, b) => b.count - a.count);
}
