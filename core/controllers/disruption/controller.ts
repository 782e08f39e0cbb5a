// Keeps the status of disruption budgets, which evictions ask, and takes back the announcement that a pod will be disrupted when
// nothing came of it.
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { podDisruptionBudget as budgetKind } from '../../api/kinds/policy/pod-disruption-budget.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { cachedSelectorFrom, type Selector } from '../../api/meta/labels.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import { isReady, isTerminal, isTerminating, podCondition } from '../../api/meta/pod.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import { formatTime, parseTime } from '../../api/meta/time.ts';
import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types/kubernetes.ts';
import { selected, selecting } from '../../client/selection.ts';
import type { Controller, ControllerContext, Outcome } from '../controller.ts';
import { goSelector } from '../selection.ts';
import { Owners } from './expected.ts';

/** A pod whose eviction was granted and that is still not being deleted so much later will not be. */
const DELETION_TIMEOUT = 2 * 60_000;
/** So long an announced disruption may take to come. */
const STALE_AFTER = 2 * 60_000;
/** Of a budget that could not be counted nothing may tell when it can be. */
const AGAIN_AFTER = 60_000;
const POD = 'pod:';
const ALLOWED = 'DisruptionAllowed';

const selectorOf = (b: PodDisruptionBudget): Selector => cachedSelectorFrom(b.spec?.selector);

/** Status updates are many; only these change a budget. */
const differs = (a: Pod, b: Pod): boolean =>
  isReady(a) !== isReady(b) || isTerminating(a) !== isTerminating(b) || a.metadata?.uid !== b.metadata?.uid || a.status?.phase !== b.status?.phase
  || controllerOf(a)?.uid !== controllerOf(b)?.uid || !semanticEqual(a.metadata?.labels, b.metadata?.labels);

/** When an announced disruption of a pod is stale, in ms; undefined where none is announced or it may take any time. */
function staleAt(pod: Pod): number | undefined {
  const c = podCondition(pod, 'DisruptionTarget');
  if (c?.status !== 'True' || c.reason === 'TerminationByKubelet' || isTerminating(pod) || isTerminal(pod)) return undefined;
  return parseTime(c.lastTransitionTime) + STALE_AFTER;
}

/** The condition that follows from a status, its old list otherwise kept. */
function withCondition(status: PodDisruptionBudgetStatus, c: { status: 'True' | 'False'; reason: string; message: string }, now: number): PodDisruptionBudgetStatus {
  const conditions = [...(status.conditions ?? [])], i = conditions.findIndex(x => x.type === ALLOWED), old = conditions[i];
  const next: Condition = { type: ALLOWED, ...c, observedGeneration: status.observedGeneration ?? 0, lastTransitionTime: old?.status === c.status ? old.lastTransitionTime : formatTime(now) };
  if (old) conditions[i] = next; else conditions.push(next);
  return { ...status, conditions };
}

/** Granted evictions that are still to come, and when to look again. */
function disrupted(ctx: ControllerContext, b: PodDisruptionBudget, pods: readonly Pod[], now: number): { map: Record<string, string>; again?: number } {
  const map: Record<string, string> = {}, granted = (b.status?.disruptedPods ?? {}) as Record<string, string>;
  let again: number | undefined;
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '', at = granted[name];
    if (at === undefined || isTerminating(pod)) continue;
    const due = parseTime(at) + DELETION_TIMEOUT;
    if (due < now) { ctx.recorder.event(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${objectKey(b)} to be deleted but it wasn't`); continue; }
    map[name] = at;
    again = Math.min(again ?? due, due);
  }
  return { map, ...(again === undefined ? {} : { again: again - now + 1000 }) };
}

async function write(ctx: ControllerContext, b: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
  if (!semanticEqual(b.status, status)) await ctx.client.updateStatus<PodDisruptionBudget>(budgetKind, { ...b, status });
}

async function count(ctx: ControllerContext, owners: Owners, b: PodDisruptionBudget, pods: readonly Pod[]): Promise<Outcome> {
  const now = ctx.clock.now();
  if (pods.length === 0) ctx.recorder.event(b, 'Normal', 'NoPods', 'No matching pods found');
  const { expected, desired, unmanaged } = await owners.expectedOf(b, pods).catch((e: unknown) => {
    ctx.recorder.event(b, 'Warning', 'CalculateExpectedPodCountFailed', `Failed to calculate the number of expected pods: ${e instanceof Error ? e.message : String(e)}`);
    throw e;
  });
  if (unmanaged.length) {
    ctx.recorder.event(b, 'Warning', 'UnmanagedPods', `Pods selected by this PodDisruptionBudget (selector: ${goSelector(b.spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`);
  }
  const { map, again } = disrupted(ctx, b, pods, now);
  const healthy = pods.filter(p => !isTerminating(p) && map[p.metadata?.name ?? ''] === undefined && isReady(p)).length;
  // A budget that matches nothing yet allows nothing: its first pods may be there before it is counted again.
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  await write(ctx, b, withCondition({
    ...b.status, currentHealthy: healthy, desiredHealthy: desired, expectedPods: expected, disruptionsAllowed: allowed, observedGeneration: b.metadata?.generation ?? 0, disruptedPods: map,
  }, allowed > 0 ? { status: 'True', reason: 'SufficientPods', message: '' } : { status: 'False', reason: 'InsufficientPods', message: '' }, now));
  return again === undefined ? {} : { requeueAfter: again };
}

/** What cannot be counted allows nothing. */
async function failSafe(ctx: ControllerContext, b: PodDisruptionBudget, message: string): Promise<Outcome> {
  const status = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...b.status, disruptionsAllowed: 0 };
  await write(ctx, b, withCondition(status, { status: 'False', reason: 'SyncFailed', message }, ctx.clock.now()));
  return { requeueAfter: AGAIN_AFTER };
}

async function takeBack(ctx: ControllerContext, pod: Pod): Promise<Outcome | void> {
  const at = staleAt(pod), now = ctx.clock.now();
  if (at === undefined) return undefined;
  if (at > now) return { requeueAfter: at - now };
  const { namespace, name = '', uid, resourceVersion } = pod.metadata ?? {};
  const conditions = pod.status!.conditions!.map(c => (c.type === 'DisruptionTarget' ? { type: c.type, status: 'False', lastTransitionTime: formatTime(now), observedGeneration: pod.metadata?.generation } : c));
  try {
    await ctx.client.patch(podKind, namespace, name, 'application/merge-patch+json', { metadata: { uid, resourceVersion }, status: { conditions } }, 'status');
  } catch (e) {
    if (!isNotFound(e)) throw e;
  }
  return undefined;
}

export const disruptionController: Controller = {
  name: 'disruption-controller', alias: 'disruption', component: 'controllermanager',
  start(ctx, keys) {
    const budgets = ctx.informers.for<PodDisruptionBudget>(budgetKind), pods = ctx.informers.for<Pod>(podKind);
    const owners = new Owners(ctx, key => { keys.add(key); });
    const over = selecting(budgets, 'by-selected', selectorOf);
    const wakeOf = (pod: Pod): void => {
      const found = over.matching(pod.metadata?.namespace, pod.metadata?.labels);
      if (found.length > 1) ctx.recorder.event(pod, 'Warning', 'MultiplePodDisruptionBudgets', `Pod ${JSON.stringify(pod.metadata?.namespace)}/${JSON.stringify(pod.metadata?.name)} matches multiple PodDisruptionBudgets.  Chose ${JSON.stringify(found[0]!.metadata?.name)} arbitrarily.`);
      for (const b of found) keys.add(objectKey(b));
    };
    const announced = (pod: Pod): void => { if (staleAt(pod) !== undefined) keys.add(`${POD}${objectKey(pod)}`); };
    const wake = (b: PodDisruptionBudget): void => keys.add(objectKey(b));
    budgets.on({ add: wake, update: wake, delete: b => { owners.forget(objectKey(b)); } });
    pods.on({
      add: p => { wakeOf(p); announced(p); }, delete: wakeOf,
      update: (p, prev) => {
        if (differs(p, prev)) { wakeOf(p); if (!semanticEqual(p.metadata?.labels, prev.metadata?.labels)) wakeOf(prev); }
        announced(p);
      },
    });
    return async (key): Promise<Outcome | void> => {
      if (key.startsWith(POD)) { const pod = pods.lister.getByKey(key.slice(POD.length)); return pod && takeBack(ctx, pod); }
      const b = budgets.lister.getByKey(key);
      if (!b) return undefined;
      try {
        return await count(ctx, owners, b, selected(pods, splitKey(key).namespace, selectorOf(b)));
      } catch (e) {
        if (isConflict(e) || isNotFound(e)) throw e;
        return failSafe(ctx, b, e instanceof Error ? e.message : String(e));
      }
    };
  },
};
