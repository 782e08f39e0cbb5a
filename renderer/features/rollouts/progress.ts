// What a rollout waits for: read from conditions, pods and events, never guessed. `reasons.ts` reads the pods.
import type { CoreEvent, Deployment, Pod } from '../../../core/api/types/kubernetes.ts';
import { ownReasons, podReasons, type Maker, type Reason } from './reasons.ts';
import { standingOf, type Standing } from './standing.ts';
import type { Workload } from './target.ts';

export interface Progress extends Standing {
  state: 'done' | 'moving' | 'stuck' | 'paused';
  reasons: Reason[];
}

/** `pods` are those of the newest revision, `events` any that may concern them or their maker. */
export function progressOf(kind: string, o: Workload, maker: Maker | undefined, pods: readonly Pod[], events: readonly CoreEvent[]): Progress {
  const standing = standingOf(kind, o);
  if (standing.done) return { ...standing, state: standing.paused ? 'paused' : 'done', reasons: [] };
  const reasons = [...ownReasons(o as Maker, maker, events, pods.length < standing.want), ...podReasons(pods, events)];
  const progressing = (o as Deployment).status?.conditions?.find(c => c.type === 'Progressing');
  if (progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded') {
    reasons.push({ kind: 'deadline', grave: true, count: 1, text: progressing.message ?? '', values: { seconds: (o as Deployment).spec?.progressDeadlineSeconds ?? 600 } });
  }
  if (standing.updated >= standing.want && standing.old > 0 && reasons.length === 0) reasons.push({ kind: 'ending', grave: false, count: standing.old, text: '', values: {} });
  reasons.sort((a, b) => Number(b.grave) - Number(a.grave));
  return { ...standing, state: standing.paused ? 'paused' : reasons.some(r => r.grave) ? 'stuck' : 'moving', reasons };
}
