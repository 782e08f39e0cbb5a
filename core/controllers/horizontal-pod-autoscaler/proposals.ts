// One metric of an autoscaler: the number of pods it asks for, how events call it, and what the status says of it.
import { nothing, selectorFrom, type LabelSelectorLike, type Selector } from '../../api/meta/labels.ts';
import type { ResourceType } from '../../api/meta/object.ts';
import { formatQuantity, millisOf } from '../../api/meta/quantity.ts';
import type { Pod, V2MetricSpec, V2MetricStatus, V2MetricTarget } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import { goSelector } from '../selection.ts';
import { externalValues, objectValue, podSamples, resourceSamples, type Samples } from './metrics.ts';
import { byAverage, byShare, byUtilization, byValue, type Measured, type Proposal, type Timing, type Tolerances } from './replicas.ts';

export interface Target {
  readonly client: Client;
  readonly served: readonly ResourceType[];
  readonly namespace: string;
  readonly selector: Selector;
  /** Pods under the selector. */
  readonly pods: readonly Pod[];
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly timing: Timing;
}
export interface Judged { readonly replicas: number; readonly name: string; readonly status: V2MetricStatus }

/** A metric that could not be read: `reason` is that of the event and of the condition ScalingActive, `told` what both say. */
export class MetricError extends Error {
  readonly reason: string;
  readonly told: string;
  constructor(reason: string, told: string, message: string) { super(message); this.reason = reason; this.told = told; }
}

const text = (e: unknown): string => (e instanceof Error ? e.message : String(e));
const amount = (millis: number): string => formatQuantity({ nanos: BigInt(Math.round(millis)) * 1_000_000n, format: 'DecimalSI' });
const saying = async <T>(prefix: string, read: () => T | Promise<T>): Promise<T> => {
  try { return await read(); } catch (e) { throw new Error(`${prefix}: ${text(e)}`, { cause: e }); }
};
/** A metric's selector; none given selects no more than the name does. */
const metricSelector = (s: LabelSelectorLike | undefined): Selector => (s ? selectorFrom(s) : nothing);

const measured = (t: Target, resource: string, samples: Samples): Measured => ({ current: t.specReplicas, pods: t.pods, samples, resource, tolerances: t.tolerances, timing: t.timing });

async function ofResource(t: Target, type: 'Resource' | 'ContainerResource', resource: string, container: string, target: V2MetricTarget): Promise<Judged> {
  const samples = (): Promise<Samples> => saying(`unable to get metrics for resource ${resource}`, () => resourceSamples(t.client, t.namespace, t.selector, resource, container));
  let p: Proposal, name: string;
  if (target.averageValue !== undefined) {
    p = await saying(`failed to get ${resource} usage`, async () => byAverage(measured(t, resource, await samples()), millisOf(target.averageValue)));
    name = `${resource} ${container ? 'container ' : ''}resource`;
  } else {
    if (target.averageUtilization === undefined) throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
    const percent = target.averageUtilization;
    p = await saying(`failed to get ${resource} utilization`, async () => byUtilization(measured(t, resource, await samples()), percent, container));
    name = `${resource} ${container ? 'container ' : ''}resource utilization (percentage of request)`;
  }
  const current = { averageValue: amount(p.usage), ...(p.utilization === undefined ? {} : { averageUtilization: p.utilization }) };
  return { replicas: p.replicas, name, status: type === 'Resource' ? { type, resource: { name: resource, current } } : { type, containerResource: { name: resource, container, current } } };
}

async function ofObject(t: Target, m: NonNullable<V2MetricSpec['object']>): Promise<Judged> {
  const { describedObject, metric, target } = m;
  const value = (): Promise<number> => objectValue(t.client, t.served, t.namespace, describedObject, metric.name, metricSelector(metric.selector))
    .catch((e: unknown) => { throw new Error(`unable to get metric ${metric.name}: ${describedObject.kind} on ${t.namespace} ${describedObject.name}/${text(e)}`); });
  const status = (current: object): V2MetricStatus => ({ type: 'Object', object: { describedObject, metric, current } });
  if (target.type === 'Value' && target.value !== undefined) {
    const p = byValue(t.specReplicas, t.pods, await value(), millisOf(target.value), t.tolerances);
    return { replicas: p.replicas, name: `${describedObject.kind} metric ${metric.name}`, status: status({ value: amount(p.usage) }) };
  }
  if (target.type === 'AverageValue' && target.averageValue !== undefined) {
    const p = byShare(t.statusReplicas, await saying(`failed to get ${metric.name} object metric`, value), millisOf(target.averageValue), t.tolerances);
    return { replicas: p.replicas, name: `external metric ${metric.name}(${goSelector(metric.selector)})`, status: status({ averageValue: amount(p.usage) }) };
  }
  throw new Error('invalid object metric source: neither a value target nor an average value target was set');
}

async function ofExternal(t: Target, m: NonNullable<V2MetricSpec['external']>): Promise<Judged> {
  const { metric, target } = m;
  const sum = async (): Promise<number> => (await saying(`unable to get external metric ${t.namespace}/${metric.name}/${goSelector(metric.selector)}`,
    () => externalValues(t.client, t.namespace, metric.name, metricSelector(metric.selector)))).reduce((a, b) => a + b, 0);
  const name = `external metric ${metric.name}(${goSelector(metric.selector)})`;
  const status = (current: object): V2MetricStatus => ({ type: 'External', external: { metric, current } });
  if (target.averageValue !== undefined) {
    const p = byShare(t.statusReplicas, await saying(`failed to get ${metric.name} external metric`, sum), millisOf(target.averageValue), t.tolerances);
    return { replicas: p.replicas, name, status: status({ averageValue: amount(p.usage) }) };
  }
  if (target.value !== undefined) {
    const p = await saying(`failed to get external metric ${metric.name}`, async () => byValue(t.specReplicas, t.pods, await sum(), millisOf(target.value), t.tolerances));
    return { replicas: p.replicas, name, status: status({ value: amount(p.usage) }) };
  }
  throw new Error('invalid external metric source: neither a value target nor an average value target was set');
}

async function ofPods(t: Target, m: NonNullable<V2MetricSpec['pods']>): Promise<Judged> {
  const samples = await saying(`unable to get metric ${m.metric.name}`, () => podSamples(t.client, t.namespace, t.selector, m.metric.name, metricSelector(m.metric.selector)));
  const p = byAverage(measured(t, '', samples), millisOf(m.target.averageValue));
  return { replicas: p.replicas, name: `pods metric ${m.metric.name}`, status: { type: 'Pods', pods: { metric: m.metric, current: { averageValue: amount(p.usage) } } } };
}

/** Judges one metric. Rejects with MetricError when it cannot be read or does not say what it is. */
export async function judge(t: Target, m: V2MetricSpec): Promise<Judged> {
  const reading = async (reason: string, prefix: string, read: () => Promise<Judged>): Promise<Judged> => {
    try { return await read(); } catch (e) { throw new MetricError(reason, text(e), `${prefix}: ${text(e)}`); }
  };
  if (m.type === 'Resource' && m.resource) { const r = m.resource; return reading('FailedGetResourceMetric', `failed to get ${r.name} resource metric value`, () => ofResource(t, 'Resource', r.name, '', r.target)); }
  if (m.type === 'ContainerResource' && m.containerResource) {
    const r = m.containerResource;
    return reading('FailedGetContainerResourceMetric', `failed to get ${r.name} container metric value`, () => ofResource(t, 'ContainerResource', r.name, r.container, r.target));
  }
  if (m.type === 'Pods' && m.pods) { const p = m.pods; return reading('FailedGetPodsMetric', 'failed to get pods metric value', () => ofPods(t, p)); }
  if (m.type === 'Object' && m.object) { const o = m.object; return reading('FailedGetObjectMetric', 'failed to get object metric value', () => ofObject(t, o)); }
  if (m.type === 'External' && m.external) { const x = m.external; return reading('FailedGetExternalMetric', `failed to get ${x.metric.name} external metric value`, () => ofExternal(t, x)); }
  const told = `unknown metric source type ${JSON.stringify(m.type)}`;
  throw new MetricError('InvalidMetricSourceType', told, told);
}
