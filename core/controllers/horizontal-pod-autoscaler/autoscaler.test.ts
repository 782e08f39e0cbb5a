// Each case is a sentence of Kubernetes' documentation of horizontal pod autoscaling.
import { describe, expect, it } from 'vitest';
import { deployment as deploymentKind } from '../../api/kinds/apps/deployment.ts';
import { horizontalPodAutoscaler as hpaKind } from '../../api/kinds/autoscaling/horizontal-pod-autoscaler.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { podMetrics as metricsKind } from '../../api/kinds/metrics/pod-metrics.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Deployment, Pod, V1beta1PodMetrics, V2HorizontalPodAutoscaler, V2HorizontalPodAutoscalerSpec, V2MetricSpec } from '../../api/types/kubernetes.ts';
import type { FakeApi } from '../../../test/harness/fake-api.ts';
import { world, type World } from '../../../test/harness/controllers.ts';
import { goSelector } from '../selection.ts';
import { windowMs } from './metrics.ts';

const TICK = 15_000;
type Options = Partial<V2HorizontalPodAutoscalerSpec> & { replicas?: number; usage?: (string | undefined)[]; requests?: Record<string, string>; ready?: boolean[]; age?: number; phase?: (string | undefined)[] };

const cpu = (averageUtilization: number): V2MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } });

function putPods(api: FakeApi, o: Options): void {
  const now = api.clock.now(), started = now - (o.age ?? 3_600_000);
  (o.usage ?? []).forEach((usage, i) => {
    const name = `web-${i}`, ready = o.ready?.[i] ?? true;
    api.put<Pod>(podKind, {
      metadata: { name, namespace: 'default', labels: { app: 'web' } }, spec: { nodeName: 'n', containers: [{ name: 'web', resources: { requests: o.requests ?? { cpu: '1' } } }] },
      status: { phase: o.phase?.[i] ?? 'Running', startTime: formatTime(started), conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: formatTime(started + 1000) }] },
    });
    if (usage !== undefined) measure(api, name, usage);
  });
}
function measure(api: FakeApi, name: string, usage: string): void {
  api.remove(metricsKind, `default/${name}`);
  api.put<V1beta1PodMetrics>(metricsKind, { metadata: { name, namespace: 'default', labels: { app: 'web' } }, timestamp: formatTime(api.clock.now()), window: '30s', containers: [{ name: 'web', usage: { cpu: usage, memory: '64Mi' } }] } as V1beta1PodMetrics);
}
/** A world with one Deployment `web`, its pods with their figures, and an autoscaler of it; one period has passed. */
async function scaled(o: Options, setup: (api: FakeApi) => void = () => {}): Promise<World> {
  const { replicas = 3, usage: _1, requests: _2, ready: _3, age: _4, phase: _5, ...spec } = o;
  const w = await world(['horizontalpodautoscaling'], api => {
    const hpa: V2HorizontalPodAutoscaler = { metadata: { name: 'web', namespace: 'default' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 10, metrics: [cpu(50)], ...spec } };
    hpaKind.setDefaults!(hpa);
    api.put(deploymentKind, { metadata: { name: 'web', namespace: 'default' }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: {} }, status: { replicas } });
    api.put(hpaKind, hpa);
    putPods(api, o);
    setup(api);
  });
  await w.clock.advance(TICK);
  return w;
}
const size = (w: World): number => w.api.get<Deployment>(deploymentKind, 'default/web')!.spec!.replicas!;
const hpaOf = (w: World, name = 'web'): V2HorizontalPodAutoscaler => w.api.get<V2HorizontalPodAutoscaler>(hpaKind, `default/${name}`)!;
const condition = (w: World, type: string): string => { const c = hpaOf(w).status?.conditions?.find(x => x.type === type); return `${c?.status} ${c?.reason}: ${c?.message}`; };
const all = (w: World, usage: string): void => { for (const p of w.api.all<Pod>(podKind)) measure(w.api, p.metadata!.name!, usage); };
/** The size after one period, from `replicas` pods with these figures. */
async function after(o: Options, setup?: (api: FakeApi) => void): Promise<number> {
  const w = await scaled({ ...o, replicas: o.replicas ?? o.usage?.length ?? 3 }, setup);
  const n = size(w);
  expect(w.complaints).toEqual([]);
  await w.stop();
  return n;
}

describe('HorizontalPodAutoscaler: the algorithm', () => {
  it('desiredReplicas = ceil[currentReplicas * (currentMetricValue / desiredMetricValue)]', async () => {
    const w = await scaled({ usage: ['1', '1', '1'] });
    expect(size(w)).toBe(6);
    expect(w.events).toContain('HorizontalPodAutoscaler/web Normal SuccessfulRescale New size: 6; reason: cpu resource utilization (percentage of request) above target');
    expect(hpaOf(w).status).toMatchObject({ currentReplicas: 3, desiredReplicas: 6, currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '1' } } }] });
    expect(hpaOf(w).status?.lastScaleTime).toBeDefined();
    expect(condition(w, 'AbleToScale')).toBe('True SucceededRescale: the HPA controller was able to update the target scale to 6');
    expect(condition(w, 'ScalingActive')).toBe('True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)');
    expect(condition(w, 'ScalingLimited')).toBe('False DesiredWithinRange: the desired count is within the acceptable range');
    await w.stop();
  });

  it.each<[string, Options, number]>([
    ['skips any scaling action if the ratio is sufficiently close to 1.0 (within a tolerance, 0.1 by default)', { usage: ['550m', '540m'] }, 2],
    ['acts beyond the tolerance', { usage: ['560m', '560m'] }, 3],
    ['a target average value is taken as the raw average across pods', { usage: ['300m', '300m'], metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '100m' } } }] }, 4],
    ['ignores pods with a deletion timestamp and failed pods', { usage: ['1', '1', '1'], phase: ['Running', 'Running', 'Failed'], replicas: 3 }, 4],
    ['a pod missing metrics is assumed to consume 0% in case of a scale up', { usage: ['1', '1', undefined] }, 4],
    ['a pod missing metrics is assumed to consume 100% in case of a scale down', { usage: ['100m', '100m', undefined], behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] } } }, 3],
    ['a pod not yet ready is assumed to consume 0% when scaling up', { usage: ['1500m', '1500m', '1500m'], ready: [true, true, false], age: 60_000 }, 6],
    ['an unready pod is set aside when scaling down', { usage: ['100m', '100m', '4'], ready: [true, true, false], age: 60_000, behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] } } }, 1],
    ['dampens a scale up that the unknown would turn round', { usage: ['600m', undefined, undefined] }, 3],
    ['a pod that failed later but was ready once counts after the initialization period', { usage: ['1', '1'], ready: [true, true], age: 400_000 }, 4],
    ['never more than the maximum', { usage: ['4', '4', '4', '4', '4', '4'] }, 10],
    ['memory as well as cpu', { usage: ['1', '1'], requests: { cpu: '1', memory: '32Mi' }, metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 100 } } }] }, 4],
    ['evaluates each metric separately and takes the largest of the desired replica counts', { usage: ['300m', '300m'], metrics: [cpu(50), cpu(10)] }, 4],
    ['container resource metrics track the named container', { usage: ['1', '1'], metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'web', target: { type: 'Utilization', averageUtilization: 50 } } }] }, 4],
  ])('%s', async (_, o, expected) => { expect(await after(o)).toBe(expected); });

  it('if some of the metrics cannot be read and the others suggest a scale down, scaling is skipped; a scale up is still done', async () => {
    const broken: V2MetricSpec = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } } };
    const down = await scaled({ usage: ['10m', '10m', '10m'], metrics: [broken, cpu(50)] });
    expect(size(down)).toBe(3);
    expect(condition(down, 'ScalingActive')).toBe('False FailedGetExternalMetric: the HPA was unable to compute the replica count: failed to get external metric queue: unable to get external metric default/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)');
    expect(down.events).toContain('HorizontalPodAutoscaler/web Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 2), first error is: failed to get queue external metric value: failed to get external metric queue: unable to get external metric default/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)');
    const counted = (name: string): string[] => down.counted(`horizontal_pod_autoscaler_controller_${name}{`).map(l => l.slice(l.indexOf('{')));
    expect([counted('reconciliations_total'), counted('metric_computation_total')]).toEqual([['{action="none",error="internal"} 1'], ['{action="none",error="internal",metric_type="External"} 1', '{action="scale_down",error="none",metric_type="Resource"} 1']]);
    await down.stop();
    expect(await after({ usage: ['1', '1', '1'], metrics: [broken, cpu(50)] })).toBe(6);
  });

  it('says what it cannot do, and goes on when it can', async () => {
    const w = await scaled({ usage: [undefined], requests: {} });
    expect(condition(w, 'ScalingActive')).toBe('False FailedGetResourceMetric: the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API');
    expect(w.events).toContain('HorizontalPodAutoscaler/web Warning FailedGetResourceMetric failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API');
    all(w, '1');
    await w.clock.advance(TICK);
    expect(condition(w, 'ScalingActive')).toContain('failed to get cpu utilization: missing request for cpu in container web of Pod web-0');
    w.api.change<Deployment>(deploymentKind, 'default/web', d => { d.spec!.replicas = 0; });
    await w.clock.advance(TICK);
    expect(condition(w, 'ScalingActive')).toBe('False ScalingDisabled: scaling is disabled since the replica count of the target is zero');
    w.api.remove(deploymentKind, 'default/web');
    await w.clock.advance(TICK);
    expect(condition(w, 'AbleToScale')).toMatch(/^False FailedGetScale: the HPA controller was unable to get the target's current scale: deployments.*"web" not found$/);
    await w.stop();
  });

  it('brings a size outside the bounds within them, without metrics', async () => {
    const high = await scaled({ replicas: 12 }), low = await scaled({ replicas: 1, minReplicas: 2 });
    expect([size(high), size(low)]).toEqual([10, 2]);
    expect(high.events).toContain('HorizontalPodAutoscaler/web Normal SuccessfulRescale New size: 10; reason: Current number of replicas above Spec.MaxReplicas');
    expect(low.events).toContain('HorizontalPodAutoscaler/web Normal SuccessfulRescale New size: 2; reason: Current number of replicas below Spec.MinReplicas');
    await high.stop(); await low.stop();
  });

  it('asks for figures when it begins, so that there is a rate at the first look a period later', async () => {
    const asked: number[] = [];
    const w = await scaled({ usage: ['1'] }, api => { api.intercept = q => { if (q.path.includes('metrics.k8s.io')) asked.push(api.clock.now() - Date.UTC(2026, 0, 1)); }; });
    expect(asked.map(t => Math.round(t / 1000))).toEqual([0, 15]);
    await w.stop();
  });

  it('two autoscalers over the same pods do nothing but say so', async () => {
    const w = await scaled({ usage: ['1', '1'], replicas: 2 }, api => {
      api.put(deploymentKind, { metadata: { name: 'twin', namespace: 'default' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: {} }, status: { replicas: 2 } });
      api.put(hpaKind, { metadata: { name: 'twin', namespace: 'default' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'twin' }, minReplicas: 1, maxReplicas: 10, metrics: [cpu(50)] } } as V2HorizontalPodAutoscaler);
    });
    await w.clock.advance(TICK);
    expect(condition(w, 'ScalingActive')).toBe('False AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [{twin default} {web default}]');
    await w.stop();
  });
});

describe('HorizontalPodAutoscaler: custom and external metrics', () => {
  const CUSTOM = '/apis/custom.metrics.k8s.io', item = (name: string, value: string): object => ({ describedObject: { kind: 'Pod', name }, metric: { name: 'rps' }, timestamp: '2026-01-01T00:00:00Z', value });
  const serve = (path: string, ...items: object[]) => (api: FakeApi): void => { api.beyond.set(CUSTOM, { versions: [{ version: 'v1beta2' }, { version: 'v1beta1' }] }); api.beyond.set(path, { items }); };

  it('pods metrics are averaged together across pods and compared with a target value', async () => {
    const metrics: V2MetricSpec[] = [{ type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '100' } } }];
    expect(await after({ usage: ['0', '0'], metrics }, serve(`${CUSTOM}/v1beta2/namespaces/default/pods/*/rps`, item('web-0', '150'), item('web-1', '250')))).toBe(4);
  });

  it('object metrics describe a different object in the same namespace, by value or by value per pod', async () => {
    const of = (target: object): V2MetricSpec[] => [{ type: 'Object', object: { describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' }, metric: { name: 'rps' }, target: target as never } }];
    const ingress = serve(`${CUSTOM}/v1beta2/namespaces/default/ingresses.networking.k8s.io/main/rps`, item('main', '10k'));
    expect(await after({ usage: ['0', '0'], metrics: of({ type: 'Value', value: '4k' }) }, ingress)).toBe(4);
    const w = await scaled({ usage: ['0', '0'], replicas: 2, metrics: of({ type: 'AverageValue', averageValue: '2500' }) }, ingress);
    expect(size(w)).toBe(4);
    expect(hpaOf(w).status?.currentMetrics).toMatchObject([{ type: 'Object', object: { metric: { name: 'rps' }, current: { averageValue: '5k' } } }]);
    expect(w.events).toContain('HorizontalPodAutoscaler/web Normal SuccessfulRescale New size: 4; reason: external metric rps(nil) above target');
    await w.stop();
    const without = await scaled({ usage: ['0'], metrics: of({ type: 'Value', value: '4k' }) });
    expect(condition(without, 'ScalingActive')).toBe('False FailedGetObjectMetric: the HPA was unable to compute the replica count: unable to get metric rps: Ingress on default main/unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered');
    await without.stop();
  });

  it('external metrics with several values are added up', async () => {
    const external = (target: object): V2MetricSpec[] => [{ type: 'External', external: { metric: { name: 'queue', selector: { matchLabels: { q: 'a' } } }, target: target as never } }];
    const api = (a: FakeApi): void => { a.beyond.set('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue', { items: [{ value: '30' }, { value: '50' }] }); };
    expect(await after({ usage: ['0', '0'], metrics: external({ type: 'AverageValue', averageValue: '20' }) }, api)).toBe(4);
    expect(await after({ usage: ['0', '0'], metrics: external({ type: 'Value', value: '40' }) }, api)).toBe(4);
  });

  it('selectors are told as they have always been told, windows as Go writes durations', () => {
    expect(goSelector({ matchLabels: { b: '1', a: '2' }, matchExpressions: [{ key: 'x', operator: 'In', values: ['1', '2'] }] }))
      .toBe('&LabelSelector{MatchLabels:map[string]string{a: 2,b: 1,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:x,Operator:In,Values:[1 2],},},}');
    expect(['10.039s', '1m0s', '1h2m3s', '500ms', ''].map(windowMs)).toEqual([10_039, 60_000, 3_723_000, 500, 0]);
  });
});

describe('HorizontalPodAutoscaler: behavior', () => {
  const fast = { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

  it('a stabilization window of 5 minutes restricts the flapping: the highest recommendation of it counts when scaling down', async () => {
    const w = await scaled({ usage: ['500m', '500m', '500m', '500m'], replicas: 4 });
    all(w, '100m');
    for (let t = 0; t < 270_000; t += TICK) await w.clock.advance(TICK);
    expect(size(w)).toBe(4);
    expect(condition(w, 'AbleToScale')).toBe('True ScaleDownStabilized: recent recommendations were higher than current one, applying the highest recent recommendation');
    for (let t = 0; t < 60_000; t += TICK) await w.clock.advance(TICK);
    expect(size(w)).toBe(1);
    expect(w.events).toContain('HorizontalPodAutoscaler/web Normal SuccessfulRescale New size: 1; reason: All metrics below target');
    await w.stop();
  });

  it('policies: the one that allows the highest amount of change is selected by default, the lowest with Min, none with Disabled', async () => {
    const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }, { type: 'Percent', value: 100, periodSeconds: 60 }], usage = ['4', '4', '4'];
    expect(await after({ usage, behavior: { scaleUp: { policies } } })).toBe(6);
    expect(await after({ usage, behavior: { scaleUp: { policies, selectPolicy: 'Min' } } })).toBe(4);
    const w = await scaled({ usage, behavior: { scaleUp: { policies, selectPolicy: 'Disabled' } } });
    expect(size(w)).toBe(3);
    expect(condition(w, 'ScalingLimited')).toBe('True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale rate');
    await w.stop();
  });

  it('periodSeconds: at most so many pods in the period before, counted over it as it moves', async () => {
    const w = await scaled({ usage: ['4'], replicas: 1, behavior: { scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] }, scaleDown: fast } });
    const sizes = [size(w)];
    for (let i = 0; i < 8; i++) { await w.clock.advance(TICK); sizes.push(size(w)); }
    expect(sizes).toEqual([3, 3, 3, 3, 5, 5, 5, 5, 7]);
    await w.stop();
  });

  it('scales down by 10% of the pods per minute where told so, and to the minimum in time', async () => {
    const w = await scaled({ usage: Array.from({ length: 80 }, () => '0'), replicas: 80, maxReplicas: 100, behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }] } } });
    expect(size(w)).toBe(72);
    await w.clock.advance(60_000);
    expect(size(w)).toBe(64);
    for (let i = 0; i < 60; i++) await w.clock.advance(60_000);
    expect(size(w)).toBe(1);
    await w.stop();
  });

  it('tolerance can be set for either direction', async () => {
    expect(await after({ usage: ['520m', '520m'], behavior: { scaleUp: { tolerance: '0.01', policies: fast.policies } } })).toBe(3);
    expect(await after({ usage: ['520m', '520m'], behavior: { scaleDown: { ...fast, tolerance: '0.01' } } })).toBe(2);
  });

  it('an upward window takes the lowest recommendation of it', async () => {
    const w = await scaled({ usage: ['500m', '500m'], replicas: 2, behavior: { scaleUp: { stabilizationWindowSeconds: 120, policies: fast.policies }, scaleDown: fast } });
    all(w, '1');
    await w.clock.advance(TICK);
    expect(size(w)).toBe(2);
    expect(condition(w, 'AbleToScale')).toBe('True ScaleUpStabilized: recent recommendations were lower than current one, applying the lowest recent recommendation');
    for (let t = 0; t < 135_000; t += TICK) await w.clock.advance(TICK);
    expect(size(w)).toBeGreaterThan(2);
    await w.stop();
  });

  it('without behavior a scale up is limited to twice the size, or 4', async () => {
    expect(await after({ usage: ['50'], maxReplicas: 100 })).toBe(4);
    expect(await after({ usage: ['50', '50', '50', '50', '50'], maxReplicas: 100 })).toBe(10);
  });

  it('hours of load cost a look per period and no status writes while nothing changes', async () => {
    const w = await scaled({ usage: ['500m', '500m'], replicas: 2 });
    await w.clock.advance(TICK);
    const before = w.api.writes.length;
    await w.clock.advance(3 * 3_600_000);
    expect(w.api.writes.length).toBe(before);
    expect(w.complaints).toEqual([]);
    await w.stop();
  });
});
