// How many pods a metric asks for. Pods that cannot be judged yet are taken for idle when more pods are wished, and pods without
// figures for busy when fewer are, so that what is not known never speeds a change up. All amounts in thousandths.
import { isReady, isSidecar, isTerminating, podCondition } from '../../api/meta/pod.ts';
import { millisOf } from '../../api/meta/quantity.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import type { Samples } from './metrics.ts';

/** How far from 1 a ratio may be and nothing is done. */
export interface Tolerances { readonly up: number; readonly down: number }
/** When young pods are judged (ms). */
export interface Timing { readonly now: number; readonly cpuInitializationPeriod: number; readonly initialReadinessDelay: number }
export interface Proposal { readonly replicas: number; readonly utilization?: number; readonly usage: number }

const NO_PODS = 'no pods returned by selector while calculating replica count';
const NO_METRICS = 'did not receive metrics for targeted pods (pods might be unready)';
const IDLE = { value: 0, timestamp: 0, window: 0 };

const within = (ratio: number, t: Tolerances): boolean => 1 - t.down <= ratio && ratio <= 1 + t.up;
/** Integer division, exact also where the product of memory in thousandths leaves 2^53. */
const divide = (a: number, times: number, by: number): number => Number((BigInt(Math.trunc(a)) * BigInt(times)) / BigInt(Math.trunc(by)));

/** Whether the cpu figure of a pod says nothing yet: it starts up, or has never been ready. */
function startingUp(pod: Pod, sample: { timestamp: number; window: number }, t: Timing): boolean {
  const ready = podCondition(pod, 'Ready'), started = parseTime(pod.status?.startTime), since = parseTime(ready?.lastTransitionTime);
  if (!ready || Number.isNaN(started)) return true;
  if (started + t.cpuInitializationPeriod > t.now) return ready.status === 'False' || sample.timestamp < since + sample.window;
  return ready.status === 'False' && started + t.initialReadinessDelay > since;
}

interface Groups { ready: number; readonly unready: Set<string>; readonly missing: Set<string> }

/** Sorts pods by what their figures are worth, and takes the worthless ones out of `samples`. */
function group(pods: readonly Pod[], samples: Samples, resource: string, t: Timing): Groups {
  const g: Groups = { ready: 0, unready: new Set(), missing: new Set() };
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '', sample = samples.get(name);
    if (isTerminating(pod) || pod.status?.phase === 'Failed') samples.delete(name);
    else if (pod.status?.phase === 'Pending') g.unready.add(name);
    else if (!sample) g.missing.add(name);
    else if (resource === 'cpu' && startingUp(pod, sample, t)) g.unready.add(name);
    else g.ready++;
  }
  for (const name of g.unready) samples.delete(name);
  return g;
}

/**
 * From a first ratio of use to target to a number of pods. `again` measures once more when figures were put in place of the unknown;
 * `full` is what a pod without figures is taken to use while fewer pods are wished.
 */
function decide(current: number, ratio: number, g: Groups, samples: Samples, tolerances: Tolerances, again: () => number, full: (pod: string) => number): number {
  const more = g.unready.size > 0 && ratio > 1;
  if (!more && g.missing.size === 0) return within(ratio, tolerances) ? current : Math.ceil(ratio * g.ready);
  if (ratio !== 1) for (const name of g.missing) samples.set(name, ratio < 1 ? { ...IDLE, value: full(name) } : IDLE);
  if (more) for (const name of g.unready) samples.set(name, IDLE);
  const next = again();
  if (within(next, tolerances) || (ratio < 1 && next > 1) || (ratio > 1 && next < 1)) return current;
  const replicas = Math.ceil(next * samples.size);
  // Nor may the number of pods that were counted turn the direction.
  return (next < 1 && replicas > current) || (next > 1 && replicas < current) ? current : replicas;
}

/** What pods ask for of a resource, by name; of one container where `container` names it. Throws when one does not say. */
function requestsOf(pods: readonly Pod[], resource: string, container: string): Map<string, number> {
  return new Map(pods.map(pod => {
    const name = pod.metadata?.name ?? '', ofPod = pod.spec?.resources?.requests?.[resource];
    if (container === '' && ofPod !== undefined) return [name, millisOf(ofPod)];
    let sum = 0;
    for (const c of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isSidecar)]) {
      if (container !== '' && c.name !== container) continue;
      const request = c.resources?.requests?.[resource];
      if (request === undefined) throw new Error(`missing request for ${resource} in container ${c.name} of Pod ${name}`);
      sum += millisOf(request);
    }
    return [name, sum];
  }));
}

export interface Measured { readonly current: number; readonly pods: readonly Pod[]; readonly samples: Samples; readonly resource: string; readonly tolerances: Tolerances; readonly timing: Timing }

/** By a share of what the pods request, in percent. */
export function byUtilization(m: Measured, target: number, container: string): Proposal {
  if (m.pods.length === 0) throw new Error(NO_PODS);
  const samples = new Map(m.samples), g = group(m.pods, samples, m.resource, m.timing), requests = requestsOf(m.pods, m.resource, container);
  if (samples.size === 0) throw new Error(NO_METRICS);
  const measure = (): { utilization: number; usage: number } => {
    let used = 0, requested = 0, count = 0;
    for (const [name, s] of samples) {
      const request = requests.get(name);
      if (request === undefined) continue;
      used += s.value; requested += request; count++;
    }
    if (requested === 0) throw new Error('no metrics returned matched known pods');
    return { utilization: divide(used, 100, requested), usage: divide(used, 1, count) };
  };
  const first = measure();
  const replicas = decide(m.current, first.utilization / target, g, samples, m.tolerances, () => measure().utilization / target, name => divide(requests.get(name) ?? 0, Math.max(100, target), 100));
  return { replicas, ...first };
}

/** By an amount per pod. */
export function byAverage(m: Measured, target: number): Proposal {
  if (m.pods.length === 0) throw new Error(NO_PODS);
  const samples = new Map(m.samples), g = group(m.pods, samples, m.resource, m.timing);
  if (samples.size === 0) throw new Error(NO_METRICS);
  const measure = (): number => divide([...samples.values()].reduce((sum, s) => sum + s.value, 0), 1, samples.size);
  const usage = measure();
  return { replicas: decide(m.current, usage / target, g, samples, m.tolerances, () => measure() / target, () => target), usage };
}

/** By one value for all pods together. */
export function byValue(current: number, pods: readonly Pod[], value: number, target: number, tolerances: Tolerances): Proposal {
  const ratio = value / target;
  // From nothing there are no pods to multiply.
  if (current === 0) return { replicas: Math.ceil(ratio), usage: value };
  if (within(ratio, tolerances)) return { replicas: current, usage: value };
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${NO_PODS}`);
  return { replicas: Math.ceil(ratio * pods.filter(p => p.status?.phase === 'Running' && isReady(p)).length), usage: value };
}

/** By one value that is shared out among the pods there are. */
export function byShare(replicas: number, value: number, target: number, tolerances: Tolerances): Proposal {
  return { replicas: within(value / (target * replicas), tolerances) ? replicas : Math.ceil(value / target), usage: replicas === 0 ? value : Math.ceil(value / replicas) };
}
