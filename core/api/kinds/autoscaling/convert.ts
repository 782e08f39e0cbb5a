// autoscaling/v1 and v2 are two shapes of one object, stored as v2. What v1 has no field for travels in annotations, in the words of
// v1's time (k8s.io/kubernetes pkg/apis/autoscaling/v1/conversion), so that a round trip loses nothing.
import type { HorizontalPodAutoscaler, LabelSelector, V2CrossVersionObjectReference, V2HorizontalPodAutoscaler, V2HorizontalPodAutoscalerSpec, V2MetricSpec } from '../../types/kubernetes.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics', CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions', BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
export const V1_STATUS_ANNOTATIONS: readonly string[] = [CURRENT, CONDITIONS];

interface Values { averageUtilization?: number; averageValue?: string; value?: string; type?: string }
interface Source { name?: string; container?: string; metric?: { name: string; selector?: LabelSelector }; describedObject?: V2CrossVersionObjectReference; target?: Values; current?: Values }
type Metric = { type: string } & { [source in 'resource' | 'containerResource' | 'pods' | 'object' | 'external']?: Source };
type Old = { type: string } & { [source in 'resource' | 'containerResource' | 'pods' | 'object' | 'external']?: Record<string, unknown> };
const SOURCES = ['resource', 'containerResource', 'pods', 'object', 'external'] as const;

const isCpu = (m: Metric): boolean => m.type === 'Resource' && m.resource?.name === 'cpu';

/** One metric in the old words; `word` is `target` or `current`. */
function toOld(m: Metric, word: 'target' | 'current'): Old {
  const out: Old = { type: m.type };
  for (const key of SOURCES) {
    const s = m[key];
    if (!s) continue;
    const v = s[word] ?? {}, o: Record<string, unknown> = {};
    if (key === 'resource' || key === 'containerResource') {
      o.name = s.name;
      if (s.container !== undefined) o.container = s.container;
      if (v.averageUtilization !== undefined) o[`${word}AverageUtilization`] = v.averageUtilization;
      if (v.averageValue !== undefined) o[`${word}AverageValue`] = v.averageValue;
    } else {
      if (s.describedObject) o.target = s.describedObject;
      o.metricName = s.metric?.name;
      if (s.metric?.selector) o[key === 'external' ? 'metricSelector' : 'selector'] = s.metric.selector;
      if (v.value !== undefined) o[`${word}Value`] = v.value;
      if (v.averageValue !== undefined) o[key === 'object' ? 'averageValue' : `${word}AverageValue`] = v.averageValue;
    }
    out[key] = o;
  }
  return out;
}

function fromOld(m: Old, word: 'target' | 'current'): Metric {
  const out: Metric = { type: m.type };
  for (const key of SOURCES) {
    const o = m[key];
    if (!o) continue;
    const v: Values = {}, s: Source = {};
    const text = (name: string): string | undefined => (o[name] === undefined ? undefined : String(o[name]));
    const utilization = o[`${word}AverageUtilization`], average = text(key === 'object' ? 'averageValue' : `${word}AverageValue`), value = text(`${word}Value`);
    if (typeof utilization === 'number') v.averageUtilization = utilization;
    if (average !== undefined) v.averageValue = average;
    if (value !== undefined) v.value = value;
    if (word === 'target') v.type = v.averageUtilization !== undefined ? 'Utilization' : v.averageValue !== undefined ? 'AverageValue' : 'Value';
    if (key === 'resource' || key === 'containerResource') {
      s.name = text('name') ?? '';
      if (key === 'containerResource') s.container = text('container') ?? '';
    } else {
      if (key === 'object') s.describedObject = o.target as V2CrossVersionObjectReference;
      const selector = o[key === 'external' ? 'metricSelector' : 'selector'] as LabelSelector | undefined;
      s.metric = { name: text('metricName') ?? '', ...(selector ? { selector } : {}) };
    }
    s[word] = v;
    out[key] = s;
  }
  return out;
}

/** The JSON of an annotation; undefined when there is none or it is broken (a client may write anything there). */
function noted<T>(annotations: Readonly<Record<string, string>>, name: string): T | undefined {
  const text = annotations[name];
  if (text === undefined) return undefined;
  try { return JSON.parse(text) as T; } catch { return undefined; /* not ours: as if absent */ }
}

/** Shows a stored (v2) autoscaler as v1. */
export function fromV2(h: V2HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const annotations: Record<string, string> = { ...h.metadata?.annotations };
  const metrics = (h.spec?.metrics ?? []) as unknown as Metric[], now = (h.status?.currentMetrics ?? []) as unknown as Metric[];
  const cpu = metrics.find(m => isCpu(m) && m.resource?.target?.averageUtilization !== undefined);
  const others = metrics.filter(m => m !== cpu), othersNow = now.filter(m => m !== now.find(isCpu));
  if (others.length) annotations[METRICS] = JSON.stringify(others.map(m => toOld(m, 'target')));
  if (othersNow.length) annotations[CURRENT] = JSON.stringify(othersNow.map(m => toOld(m, 'current')));
  if (h.status?.conditions?.length) annotations[CONDITIONS] = JSON.stringify(h.status.conditions);
  if (h.spec?.behavior) annotations[BEHAVIOR] = JSON.stringify(h.spec.behavior);
  const { currentMetrics: _m, conditions: _c, ...status } = h.status ?? { currentReplicas: 0, desiredReplicas: 0 };
  const current = now.find(isCpu)?.resource?.current?.averageUtilization;
  return {
    apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler',
    metadata: { ...h.metadata, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: {
      scaleTargetRef: h.spec!.scaleTargetRef, ...(h.spec!.minReplicas === undefined ? {} : { minReplicas: h.spec!.minReplicas }), maxReplicas: h.spec!.maxReplicas,
      ...(cpu ? { targetCPUUtilizationPercentage: cpu.resource!.target!.averageUtilization! } : {}),
    },
    status: { ...status, currentReplicas: status.currentReplicas ?? 0, desiredReplicas: status.desiredReplicas ?? 0, ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }) },
  };
}

/** Reads a v1 autoscaler as what is stored. */
export function toV2(h: HorizontalPodAutoscaler): V2HorizontalPodAutoscaler {
  const { [METRICS]: _1, [CURRENT]: _2, [CONDITIONS]: _3, [BEHAVIOR]: _4, ...annotations } = h.metadata?.annotations ?? {};
  const all = h.metadata?.annotations ?? {};
  const { annotations: _5, ...metadata } = h.metadata ?? {};
  const target = h.spec?.targetCPUUtilizationPercentage;
  const metrics = (noted<Old[]>(all, METRICS) ?? []).map(m => fromOld(m, 'target'));
  if (target !== undefined) metrics.unshift({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } });
  // Without any word on metrics: 80 % of the processor, as v2's default.
  if (metrics.length === 0) metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } });
  const behavior = noted<V2HorizontalPodAutoscalerSpec['behavior']>(all, BEHAVIOR);
  const { currentCPUUtilizationPercentage: current, ...status } = h.status ?? { currentReplicas: 0, desiredReplicas: 0 };
  const now = (noted<Old[]>(all, CURRENT) ?? []).map(m => fromOld(m, 'current'));
  if (current !== undefined) now.unshift({ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } });
  const conditions = noted<NonNullable<V2HorizontalPodAutoscaler['status']>['conditions']>(all, CONDITIONS);
  return {
    apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: {
      scaleTargetRef: h.spec?.scaleTargetRef, ...(h.spec?.minReplicas === undefined ? {} : { minReplicas: h.spec.minReplicas }), maxReplicas: h.spec?.maxReplicas,
      metrics: metrics as unknown as V2MetricSpec[], ...(behavior ? { behavior } : {}),
    },
    status: { ...status, currentMetrics: now, ...(conditions ? { conditions } : {}) },
  } as unknown as V2HorizontalPodAutoscaler;
}
