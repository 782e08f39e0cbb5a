// How fast a wish may come true: windows over which the most cautious recommendation counts, and policies of so many pods or percent
// per period. What was recommended and done is kept in memory only, as in Kubernetes: a restart begins with the present size.
import type { V2HorizontalPodAutoscalerBehavior, V2HPAScalingRules } from '../../api/types/kubernetes.ts';

interface Noted { readonly value: number; readonly at: number }
/** What is remembered of one autoscaler. */
export interface History { recommendations: Noted[]; ups: Noted[]; downs: Noted[] }
/** A size, and why it is that. `reason` and `message` are those of a condition. */
export interface Verdict { readonly replicas: number; readonly reason: string; readonly message: string }
export interface Bounds { readonly current: number; readonly min: number; readonly max: number }

const STABILIZED_DOWN = { reason: 'ScaleDownStabilized', message: 'recent recommendations were higher than current one, applying the highest recent recommendation' };
const STABILIZED_UP = { reason: 'ScaleUpStabilized', message: 'recent recommendations were lower than current one, applying the lowest recent recommendation' };
const WITHIN = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const TOO_MANY = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const TOO_FEW = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const UP_LIMIT = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' };
const DOWN_LIMIT = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' };

/** Notes a recommendation and forgets those no window reaches back to. */
function note(h: History, value: number, now: number, longest: number): void {
  h.recommendations = h.recommendations.filter(r => r.at >= now - longest);
  h.recommendations.push({ value, at: now });
}

/** Without `behavior`: the highest recommendation of the window. */
export function steadied(h: History, wished: number, now: number, window: number): Verdict {
  const replicas = Math.max(wished, ...h.recommendations.filter(r => r.at >= now - window).map(r => r.value));
  note(h, wished, now, window);
  return { replicas, ...STABILIZED_DOWN };
}

/** With `behavior`: no further from the present size than all recommendations of the window that way agree to. */
export function steadiedBy(h: History, b: V2HorizontalPodAutoscalerBehavior, wished: number, current: number, now: number, window: number): Verdict {
  const up = (b.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000, down = b.scaleDown?.stabilizationWindowSeconds === undefined ? window : b.scaleDown.stabilizationWindowSeconds * 1000;
  let low = wished, high = wished;
  for (const r of h.recommendations) {
    if (r.at > now - up) low = Math.min(low, r.value);
    if (r.at > now - down) high = Math.max(high, r.value);
  }
  note(h, wished, now, Math.max(up, down));
  return { replicas: Math.min(Math.max(current, low), high), ...(wished >= current ? STABILIZED_UP : STABILIZED_DOWN) };
}

/** Without `behavior`: between the bounds, and upwards to twice the present size or 4 at once. */
export function bounded(wished: number, { current, min, max }: Bounds): Verdict {
  const limit = Math.max(2 * current, 4);
  if (wished < min) return { replicas: min, ...TOO_FEW };
  if (wished > Math.min(max, limit)) return max > limit ? { replicas: limit, ...UP_LIMIT } : { replicas: max, ...TOO_MANY };
  return { replicas: wished, ...WITHIN };
}

const changeSince = (events: readonly Noted[], since: number): number => events.reduce((sum, e) => (e.at > since ? sum + e.value : sum), 0);

/** The furthest the policies of one way allow to go; `way` is 1 for up, -1 for down. */
function reach(h: History, rules: V2HPAScalingRules | undefined, current: number, now: number, way: 1 | -1): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const proposals = (rules?.policies ?? []).map(p => {
    const since = now - p.periodSeconds * 1000, start = current - changeSince(h.ups, since) + changeSince(h.downs, since);
    if (p.type === 'Pods') return start + way * p.value;
    // Rounded away from the start, or a small set would never move.
    return way === 1 ? Math.ceil(start * (1 + p.value / 100)) : Math.trunc(start * (1 - p.value / 100));
  });
  if (proposals.length === 0) return way === 1 ? Number.MAX_SAFE_INTEGER : 0;
  return (way === 1) === (rules?.selectPolicy !== 'Min') ? Math.max(...proposals) : Math.min(...proposals);
}

/** With `behavior`: between the bounds, and no faster than its policies. */
export function boundedBy(h: History, b: V2HorizontalPodAutoscalerBehavior, wished: number, { current, min, max }: Bounds, now: number): Verdict {
  if (wished > current) {
    const limit = Math.max(current, reach(h, b.scaleUp, current, now, 1));
    if (wished > Math.min(max, limit)) return max > limit ? { replicas: limit, ...UP_LIMIT } : { replicas: max, ...TOO_MANY };
  } else if (wished < current) {
    const limit = Math.min(current, reach(h, b.scaleDown, current, now, -1));
    if (wished < Math.max(min, limit)) return min < limit ? { replicas: limit, ...DOWN_LIMIT } : { replicas: min, ...TOO_FEW };
  }
  return { replicas: wished, ...WITHIN };
}

/** Notes a change that was made; those beyond every period are forgotten. */
export function changed(h: History, b: V2HorizontalPodAutoscalerBehavior, from: number, to: number, now: number): void {
  const longest = Math.max(0, ...[...(b.scaleUp?.policies ?? []), ...(b.scaleDown?.policies ?? [])].map(p => p.periodSeconds)) * 1000;
  const kept = (events: Noted[]): Noted[] => events.filter(e => e.at >= now - longest);
  h.ups = kept(h.ups);
  h.downs = kept(h.downs);
  (to > from ? h.ups : h.downs).push({ value: Math.abs(to - from), at: now });
}
