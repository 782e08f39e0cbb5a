// HorizontalPodAutoscaler: every 15 s the size of what is scaled follows what its pods, or things outside, are measured to need.
import { horizontalPodAutoscaler as hpaKind } from '../../api/kinds/autoscaling/horizontal-pod-autoscaler.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { podMetrics } from '../../api/kinds/metrics/pod-metrics.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { parseSelector, type Selector } from '../../api/meta/labels.ts';
import { objectKey, splitKey, type ResourceType } from '../../api/meta/object.ts';
import { nanosOf } from '../../api/meta/quantity.ts';
import { isConflict } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Pod, V2HorizontalPodAutoscaler, V2HorizontalPodAutoscalerCondition, V2HorizontalPodAutoscalerSpec, V2HorizontalPodAutoscalerStatus, V2MetricStatus } from '../../api/types/kubernetes.ts';
import { Selected } from '../../base/selected.ts';
import type { Informer } from '../../client/informer.ts';
import { selected } from '../../client/selection.ts';
import type { Controller, ControllerContext, Outcome } from '../controller.ts';
import { getScale, groupIn, resourcesOf, type Scale } from '../scale-target.ts';
import { bounded, boundedBy, changed, steadied, steadiedBy, type Bounds, type History } from './pace.ts';
import { actionOf, AutoscalerFigures, type Action, type Fault } from './figures.ts';
import { judge, MetricError } from './proposals.ts';
import type { Tolerances } from './replicas.ts';

/** Thrown when an autoscaler can do nothing this time, or could have done more; what there is to say stands in its conditions by then. */
class Stuck extends Error {
  readonly fault: Fault;
  readonly action: Action;
  constructor(message: string, cause?: unknown, action: Action = 'none') { super(message); this.fault = faultOf(cause); this.action = action; }
}
const faultOf = (e: unknown): Fault => (e instanceof Stuck ? e.fault : e instanceof MetricError && e.reason === 'InvalidMetricSourceType' ? 'spec' : 'internal');

const text = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** One look at one autoscaler: its object as it was, and the status as it becomes. */
class Look {
  readonly hpa: V2HorizontalPodAutoscaler;
  readonly spec: V2HorizontalPodAutoscalerSpec;
  readonly #ctx: ControllerContext;
  conditions: V2HorizontalPodAutoscalerCondition[];
  constructor(ctx: ControllerContext, hpa: V2HorizontalPodAutoscaler) { this.#ctx = ctx; this.hpa = hpa; this.spec = hpa.spec!; this.conditions = [...(hpa.status?.conditions ?? [])]; }

  set(type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited', status: 'True' | 'False', reason: string, message: string): void {
    const i = this.conditions.findIndex(c => c.type === type), old = this.conditions[i];
    const next = { type, status, reason, message, lastTransitionTime: old?.status === status ? old.lastTransitionTime! : formatTime(this.#ctx.clock.now()) };
    if (old) this.conditions[i] = next; else this.conditions.push(next);
  }
  warn(reason: string, message: string): void { this.#ctx.recorder.event(this.hpa, 'Warning', reason, message); }

  /** Writes the status if it differs. What is not given stays as it was. */
  async write(more: Partial<V2HorizontalPodAutoscalerStatus>): Promise<void> {
    const old = this.hpa.status ?? { desiredReplicas: 0 }, status = { ...old, ...more, conditions: this.conditions };
    if (semanticEqual(old, status)) return;
    try {
      await this.#ctx.client.updateStatus<V2HorizontalPodAutoscaler>(hpaKind, { ...this.hpa, status });
    } catch (e) {
      if (!isConflict(e)) this.warn('FailedUpdateStatus', text(e));
      throw e;
    }
  }
}

/** The target's scale and the resource it was found under. */
async function scaleOf(ctx: ControllerContext, look: Look): Promise<{ scale: Scale; resource: ResourceType }> {
  const { apiVersion = '', kind, name } = look.spec.scaleTargetRef, namespace = look.hpa.metadata?.namespace ?? '';
  let first: unknown;
  try {
    for (const resource of resourcesOf(ctx.config.resources(), groupIn(apiVersion), kind)) {
      try { return { scale: await getScale(ctx.client, resource, namespace, name), resource }; } catch (e) { first ??= e; }
    }
  } catch (e) {
    first = e;
  }
  look.warn('FailedGetScale', text(first));
  look.set('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${text(first)}`);
  await look.write({});
  throw new Stuck(`failed to query scale subresource for ${kind}/${namespace}/${name}: ${text(first)}`);
}

function tolerancesOf(usual: number, spec: V2HorizontalPodAutoscalerSpec): Tolerances {
  const of = (given: string | number | undefined): number => (given === undefined ? usual : Number(nanosOf(given)) / 1e9);
  return { up: of(spec.behavior?.scaleUp?.tolerance), down: of(spec.behavior?.scaleDown?.tolerance) };
}

interface Wish { readonly replicas: number; readonly name: string; readonly statuses: V2MetricStatus[]; readonly error?: Error }

class Autoscaler {
  readonly #ctx: ControllerContext;
  readonly #pods: Informer<Pod>;
  readonly #histories = new Map<string, History>();
  /** What each autoscaler selects: two that share pods would pull them both ways. */
  readonly #selectors = new Map<string, Selector>();
  readonly #selecting = new Selected<string>();
  readonly #figures: AutoscalerFigures;
  constructor(ctx: ControllerContext, pods: Informer<Pod>, figures: AutoscalerFigures) { this.#ctx = ctx; this.#pods = pods; this.#figures = figures; }

  forget(key: string): void {
    this.#histories.delete(key);
    this.#note(key, undefined);
  }

  #note(key: string, selector: Selector | undefined): void {
    const old = this.#selectors.get(key), { namespace } = splitKey(key);
    if (old === selector) return;
    if (old) this.#selecting.delete(key, [namespace], old);
    if (selector) { this.#selecting.add(key, [namespace], selector); this.#selectors.set(key, selector); } else this.#selectors.delete(key);
  }

  /** Answers what was done. */
  async look(key: string, hpa: V2HorizontalPodAutoscaler): Promise<Action> {
    const ctx = this.#ctx, look = new Look(ctx, hpa), { spec } = look, now = ctx.clock.now();
    const { scale, resource } = await scaleOf(ctx, look);
    look.set('AbleToScale', 'True', 'SucceededGetScale', 'the HPA controller was able to get the target\'s current scale');
    const current = scale.spec?.replicas ?? 0, min = spec.minReplicas ?? 1, max = spec.maxReplicas;
    let history = this.#histories.get(key);
    if (!history) this.#histories.set(key, history = { recommendations: [{ value: current, at: now }], ups: [], downs: [] });

    let desired = current, why = '', statuses: V2MetricStatus[] = [], error: Error | undefined;
    if (current === 0 && min !== 0) look.set('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
    else if (current > max) { desired = max; why = 'Current number of replicas above Spec.MaxReplicas'; }
    else if (current < min) { desired = min; why = 'Current number of replicas below Spec.MinReplicas'; }
    else {
      const wish = await this.#wish(key, look, scale);
      ({ statuses, error } = wish);
      if (wish.replicas > current) why = `${wish.name} above target`;
      if (wish.replicas < current) why = 'All metrics below target';
      desired = this.#pace(look, history, wish.replicas, { current, min, max });
    }

    let rescaled = false;
    if (desired !== current) {
      try {
        await ctx.client.update<Scale>(resource, { ...scale, spec: { ...scale.spec, replicas: desired } }, 'scale');
      } catch (e) {
        look.warn('FailedRescale', `New size: ${desired}; reason: ${why}; error: ${text(e)}`);
        look.set('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${text(e)}`);
        await look.write({ currentReplicas: current });
        throw new Stuck(`failed to rescale ${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}: ${text(e)}`);
      }
      rescaled = true;
      look.set('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${desired}`);
      ctx.recorder.event(hpa, 'Normal', 'SuccessfulRescale', `New size: ${desired}; reason: ${why}`);
      if (spec.behavior) changed(history, spec.behavior, current, desired, now);
    }
    await look.write({ currentReplicas: current, desiredReplicas: desired, currentMetrics: statuses, ...(rescaled ? { lastScaleTime: formatTime(now) } : {}) });
    const action = rescaled ? actionOf(current, desired) : 'none';
    if (error) throw new Stuck(error.message, error, action);
    return action;
  }

  /** The largest number a metric asks for. When metrics fail, the others decide only if they ask for no less than there is. */
  async #wish(key: string, look: Look, scale: Scale): Promise<Wish> {
    const ctx = this.#ctx, { spec } = look, namespace = look.hpa.metadata?.namespace ?? '', current = scale.spec?.replicas ?? 0;
    const give = async (message: string, metrics: V2MetricStatus[], cause?: unknown): Promise<never> => {
      await look.write({ currentReplicas: current, currentMetrics: metrics });
      look.warn('FailedComputeMetricsReplicas', message);
      throw new Stuck(`failed to compute desired number of replicas based on listed metrics for ${spec.scaleTargetRef.kind}/${namespace}/${spec.scaleTargetRef.name}: ${message}`, cause);
    };
    const found = this.#select(key, look, namespace, scale.status?.selector ?? '');
    if (typeof found === 'string') return give(found, []);
    const target = {
      client: ctx.client, served: ctx.config.resources(), namespace, ...found, specReplicas: current, statusReplicas: scale.status?.replicas ?? 0,
      tolerances: tolerancesOf(ctx.config.hpaTolerance, spec),
      timing: { now: ctx.clock.now(), cpuInitializationPeriod: ctx.config.hpaCpuInitializationPeriod, initialReadinessDelay: ctx.config.hpaInitialReadinessDelay },
    };
    const specs = spec.metrics ?? [], statuses: V2MetricStatus[] = [];
    let replicas = 0, name = '', failures = 0, first: MetricError | undefined;
    for (const m of specs) {
      const began = ctx.clock.now(), counted = (action: Action, fault: Fault): void => this.#figures.judged(action, fault, m.type, ctx.clock.now() - began);
      try {
        const judged = await judge(target, m);
        counted(actionOf(current, judged.replicas), 'none');
        statuses.push(judged.status);
        if (replicas === 0 || judged.replicas > replicas) ({ replicas, name } = judged);
      } catch (e) {
        if (!(e instanceof MetricError)) throw e;
        counted('none', faultOf(e));
        look.warn(e.reason, e.told);
        // A place is kept for it: printers match statuses and metrics by their order.
        statuses.push({ type: '' });
        first ??= e;
        failures++;
      }
    }
    if (first && (failures >= specs.length || replicas < current)) {
      look.set('ScalingActive', 'False', first.reason, `the HPA was unable to compute the replica count: ${first.told}`);
      return give(`invalid metrics (${failures} invalid out of ${specs.length}), first error is: ${first.message}`, statuses, first);
    }
    look.set('ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${name}`);
    return { replicas, name, statuses, ...(first ? { error: first } : {}) };
  }

  /** The pods of the target; a text says why they cannot be told. */
  #select(key: string, look: Look, namespace: string, selecting: string): { selector: Selector; pods: Pod[] } | string {
    const refuse = (reason: string, message: string, condition = message): string => {
      look.warn(reason, message);
      look.set('ScalingActive', 'False', reason === 'SelectorRequired' ? 'InvalidSelector' : reason, condition);
      return message;
    };
    if (selecting === '') return refuse('SelectorRequired', 'selector is required', 'the HPA target\'s scale is missing a selector');
    let selector: Selector;
    try { selector = parseSelector(selecting); } catch (e) { return refuse('InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${text(e)}`); }
    this.#note(key, selector);
    const pods = selected(this.#pods, namespace, selector), sharing = new Set<string>();
    for (const { metadata } of pods)
      for (const k of this.#selecting.about({ namespace, labels: metadata?.labels })) if (!sharing.has(k) && this.#selectors.get(k)?.matches(metadata?.labels)) sharing.add(k);
    const rivals = [...sharing].map(k => splitKey(k).name).sort();
    if (rivals.length > 1) return refuse('AmbiguousSelector', `pods by selector ${selecting} are controlled by multiple HPAs: [${rivals.map(r => `{${r} ${namespace}}`).join(' ')}]`);
    return { selector, pods };
  }

  #pace(look: Look, history: History, wished: number, bounds: Bounds): number {
    const now = this.#ctx.clock.now(), window = this.#ctx.config.hpaDownscaleStabilization, { behavior } = look.spec;
    const steady = behavior ? steadiedBy(history, behavior, wished, bounds.current, now, window) : steadied(history, wished, now, window);
    if (steady.replicas === wished) look.set('AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size');
    else look.set('AbleToScale', 'True', steady.reason, steady.message);
    const verdict = behavior ? boundedBy(history, behavior, steady.replicas, bounds, now) : bounded(steady.replicas, bounds);
    look.set('ScalingLimited', verdict.replicas === steady.replicas ? 'False' : 'True', verdict.reason, verdict.message);
    return verdict.replicas;
  }
}

export const horizontalPodAutoscalerController: Controller = {
  name: 'horizontal-pod-autoscaler-controller', account: 'horizontal-pod-autoscaler', alias: 'horizontalpodautoscaling', queue: 'horizontalpodautoscaler', component: 'horizontal-pod-autoscaler',
  start(ctx, keys) {
    const hpas = ctx.informers.for<V2HorizontalPodAutoscaler>(hpaKind), pods = ctx.informers.for<Pod>(podKind);
    const figures = new AutoscalerFigures(ctx.figures), autoscaler = new Autoscaler(ctx, pods, figures), period = ctx.config.hpaSyncPeriod;
    const fresh = new Set<string>();
    hpas.on({
      add: h => { fresh.add(objectKey(h)); keys.add(objectKey(h)); }, update: h => keys.addAfter(objectKey(h), period),
      delete: h => { fresh.delete(objectKey(h)); autoscaler.forget(objectKey(h)); },
    });
    return async (key): Promise<Outcome | void> => {
      const hpa = hpas.lister.getByKey(key);
      if (!hpa?.spec) { autoscaler.forget(key); return undefined; }
      // A rate needs two readings, and nodes are read when somebody asks: the first is asked for now, the first look is a period later.
      if (fresh.delete(key)) {
        await ctx.client.list(podMetrics, { namespace: splitKey(key).namespace }).catch((error: unknown) => ctx.log.debug('no figures yet', { key, error }));
        return { requeueAfter: period };
      }
      const began = ctx.clock.now(), looked = (action: Action, fault: Fault): void => figures.looked(action, fault, ctx.clock.now() - began);
      try {
        looked(await autoscaler.look(key, hpa), 'none');
      } catch (e) {
        looked(e instanceof Stuck ? e.action : 'none', faultOf(e));
        // Nothing comes of looking again before the next figures are there.
        if (isConflict(e) || e instanceof Stuck) ctx.log.debug('nothing scaled this time', { key, error: e });
        else ctx.log.warn('an autoscaler could not be looked after, trying again in a while', { key, error: e });
      }
      return { requeueAfter: period };
    };
  },
};
