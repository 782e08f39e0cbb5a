// What autoscaling reads from the three metrics APIs, in thousandths of the metric's unit. Errors carry the words of Kubernetes' own
// metrics client, which end up in conditions and events.
import { podMetrics } from '../../api/kinds/metrics/pod-metrics.ts';
import type { Selector } from '../../api/meta/labels.ts';
import { apiVersionOf, type KubeList, type KubeObject, type ResourceType } from '../../api/meta/object.ts';
import { millisOf } from '../../api/meta/quantity.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { V1beta1PodMetrics, V2CrossVersionObjectReference } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import { groupIn, resourcesOf } from '../scale-target.ts';

/** One pod's figure: thousandths, when it was taken (ms) and over how long (ms). */
export interface Sample { readonly value: number; readonly timestamp: number; readonly window: number }
/** By pod name. */
export type Samples = Map<string, Sample>;

const CUSTOM = 'custom.metrics.k8s.io', EXTERNAL = 'external.metrics.k8s.io';
/** Where a metric does not say over how long it was taken. */
const USUAL_WINDOW = 60_000;
/** What client-go says of answers that say nothing themselves: then it names what was asked for. */
const GENERIC: ReadonlySet<string> = new Set(['the server could not find the requested resource', 'the server is currently unable to handle the request']);

interface MetricValue extends KubeObject { describedObject?: { name?: string }; timestamp?: string; windowSeconds?: number; window?: number; value?: string | number }

const text = (e: unknown): string => (e instanceof Error ? e.message : String(e));
/** A path that is not served is named as client-go names it. */
const failed = (api: string, what: string, e: unknown): Error =>
  new Error(`unable to fetch metrics from ${api} metrics API: ${text(e)}${GENERIC.has(text(e)) ? ` (get ${what})` : ''}`);

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, 'µs': 0.001, ns: 0.000_001 };
/** A Go duration (`1m0s`, `10.039s`) in milliseconds; 0 for what is none. */
export function windowMs(duration: string | undefined): number {
  let sum = 0;
  for (const [, n, unit] of (duration ?? '').matchAll(/([\d.]+)(ms|us|µs|ns|h|m|s)/g)) sum += Number(n) * UNITS[unit!]!;
  return sum;
}

/** What the pods under a selector use of a resource; of one container where `container` names it. */
export async function resourceSamples(client: Client, namespace: string, selector: Selector, resource: string, container: string): Promise<Samples> {
  let items: readonly V1beta1PodMetrics[];
  try {
    ({ items } = await client.list<V1beta1PodMetrics>(podMetrics, { namespace, labelSelector: selector.toString() }));
  } catch (e) {
    throw failed('resource', 'pods.metrics.k8s.io', e);
  }
  if (items.length === 0) throw new Error('no metrics returned from resource metrics API');
  const samples: Samples = new Map();
  for (const m of items) {
    const name = m.metadata?.name ?? '';
    const of = (container ? m.containers.filter(c => c.name === container) : m.containers) ?? [];
    if (container && of.length === 0) throw new Error(`failed to get container metrics: container ${container} not present in metrics for pod ${namespace}/${name}`);
    // A pod of which one container was not measured is a pod without figures.
    if (of.length === 0 || of.some(c => c.usage[resource] === undefined)) continue;
    samples.set(name, { value: of.reduce((sum, c) => sum + millisOf(c.usage[resource]), 0), timestamp: parseTime(m.timestamp), window: windowMs(m.window) });
  }
  return samples;
}

const raw = <T>(client: Client, path: string, query: Readonly<Record<string, string>>): Promise<T> =>
  client.transport.request({ method: 'GET', path, query: Object.fromEntries(Object.entries(query).filter(([, v]) => v !== '')) }) as Promise<T>;

/** The newest version of the custom metrics API that is served and spoken here. */
async function customVersion(client: Client): Promise<string> {
  let versions: readonly { version: string }[] | undefined;
  try {
    ({ versions } = await raw<{ versions?: { version: string }[] }>(client, `/apis/${CUSTOM}`, {}));
  } catch (e) {
    if (!isNotFound(e)) throw e;
  }
  const found = ['v1beta2', 'v1beta1'].find(v => versions?.some(s => s.version === v));
  if (found === undefined) throw new Error(`no custom metrics API (${CUSTOM}) registered`);
  return found;
}

async function custom(client: Client, path: string, query: Readonly<Record<string, string>>): Promise<readonly MetricValue[]> {
  try {
    return (await raw<KubeList<MetricValue>>(client, `/apis/${CUSTOM}/${await customVersion(client)}/namespaces/${path}`, query)).items ?? [];
  } catch (e) {
    throw failed('custom', CUSTOM, e);
  }
}

/** A metric of each of the pods under a selector. */
export async function podSamples(client: Client, namespace: string, selector: Selector, metric: string, metricSelector: Selector): Promise<Samples> {
  const items = await custom(client, `${namespace}/pods/*/${metric}`, { labelSelector: selector.toString(), metricLabelSelector: metricSelector.toString() });
  if (items.length === 0) throw new Error('no metrics returned from custom metrics API');
  return new Map(items.map(m => [m.describedObject?.name ?? '', {
    value: millisOf(m.value), timestamp: parseTime(m.timestamp), window: (m.windowSeconds ?? m.window) === undefined ? USUAL_WINDOW : (m.windowSeconds ?? m.window)! * 1000,
  }]));
}

/** A metric of one object of the namespace, or of the namespace itself. */
export async function objectValue(client: Client, served: readonly ResourceType[], namespace: string, of: V2CrossVersionObjectReference, metric: string, metricSelector: Selector): Promise<number> {
  const query = { metricLabelSelector: metricSelector.toString() }, group = groupIn(of.apiVersion ?? '');
  const path = (): string => {
    if (of.kind === 'Namespace' && group === '') return `${namespace}/metrics/${metric}`;
    const r = resourcesOf(served, group, of.kind)[0]!;
    return `${namespace}/${r.plural}${r.group ? `.${r.group}` : ''}/${of.name}/${metric}`;
  };
  let where: string;
  try { where = path(); } catch (e) { throw failed('custom', CUSTOM, e); }
  const [value] = await custom(client, where, query);
  if (!value) throw new Error('unable to fetch metrics from custom metrics API: the custom metrics API server returned 0 results when we asked for exactly one');
  return millisOf(value.value);
}

/** All values of a metric from outside. */
export async function externalValues(client: Client, namespace: string, metric: string, metricSelector: Selector): Promise<number[]> {
  let items: readonly MetricValue[];
  try {
    items = (await raw<KubeList<MetricValue>>(client, `/apis/${apiVersionOf({ group: EXTERNAL, version: 'v1beta1' })}/namespaces/${namespace}/${metric}`, { labelSelector: metricSelector.toString() })).items ?? [];
  } catch (e) {
    throw failed('external', `${metric}.${EXTERNAL}`, e);
  }
  if (items.length === 0) throw new Error('no metrics returned from external metrics API');
  return items.map(m => millisOf(m.value));
}
