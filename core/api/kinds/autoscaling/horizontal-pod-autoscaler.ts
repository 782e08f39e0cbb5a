import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import type { V2HorizontalPodAutoscaler, V2HPAScalingRules, V2MetricSpec } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind, type Health } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { nonNegative } from '../parts/workload.ts';
import { SOURCES, validateMetric, validateReference, validateScaling } from './validate.ts';

interface Target { type?: string; averageUtilization?: number; averageValue?: string; value?: string }
interface Metric { name?: string; container?: string; target?: Target; current?: Target; metric?: { name?: string } }
const sourceOf = (m: V2MetricSpec): Metric | undefined => (SOURCES[m.type] ? (m[SOURCES[m.type]!] as Metric | undefined) : undefined);

function validate(h: V2HorizontalPodAutoscaler): FieldError[] {
  const { spec } = h;
  if (!spec) return [required('spec.scaleTargetRef.kind'), required('spec.scaleTargetRef.name')];
  const errors: FieldError[] = [];
  const low = spec.minReplicas ?? 1;
  if (low < 1) errors.push(invalid('spec.minReplicas', low, 'must be greater than or equal to 1'));
  if (!(spec.maxReplicas >= 1)) errors.push(invalid('spec.maxReplicas', spec.maxReplicas ?? 0, 'must be greater than 0'));
  if (spec.maxReplicas < low) errors.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`'));
  errors.push(...validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef'));
  spec.metrics?.forEach((m, i) => errors.push(...validateMetric(m, `spec.metrics[${i}]`)));
  for (const way of ['scaleUp', 'scaleDown'] as const) errors.push(...validateScaling(spec.behavior?.[way], `spec.behavior.${way}`));
  return errors;
}

/** What is said of scaling one way leaves the rest as it would be without. */
const scaling = (given: V2HPAScalingRules | undefined, usual: V2HPAScalingRules): V2HPAScalingRules => ({ ...usual, ...given });

function targets(h: V2HorizontalPodAutoscaler): string {
  const specs = h.spec?.metrics ?? [], now = (h.status?.currentMetrics ?? []) as unknown as V2MetricSpec[];
  const cells = specs.slice(0, 2).map((m, i) => {
    const want = sourceOf(m), have = now[i] ? sourceOf(now[i])?.current : undefined;
    const t = want?.target, name = m.type === 'Resource' || m.type === 'ContainerResource' ? `${want?.name ?? ''}: ` : '';
    if (t?.averageUtilization !== undefined) return `${name}${have?.averageUtilization === undefined ? '<unknown>' : `${have.averageUtilization}%`}/${t.averageUtilization}%`;
    if (t?.averageValue !== undefined) return `${name}${have?.averageValue ?? '<unknown>'}/${t.averageValue}${m.type === 'External' || m.type === 'Object' ? ' (avg)' : ''}`;
    return `${name}${have?.value ?? '<unknown>'}/${t?.value ?? '<auto>'}`;
  });
  if (cells.length === 0) return '<none>';
  return specs.length > 2 ? `${cells.join(', ')} + ${specs.length - 2} more...` : cells.join(', ');
}

/** Who cannot scale or measure is in trouble; who would have more than it may is worth a look. */
function health(h: V2HorizontalPodAutoscaler): Health {
  const of = (type: string, status: string) => h.status?.conditions?.find(c => c.type === type && c.status === status);
  const said = (level: Health['level'], c: { reason?: string; message?: string }): Health => ({ level, word: c.reason ?? '', ...(c.message ? { reason: c.message } : {}) });
  const unable = of('AbleToScale', 'False'), blind = of('ScalingActive', 'False'), limited = of('ScalingLimited', 'True');
  if (unable) return said('bad', unable);
  if (blind) return said(blind.reason === 'ScalingDisabled' ? 'none' : 'warning', blind);
  if (limited?.reason === 'TooManyReplicas') return said('warning', limited);
  return h.status?.conditions?.length ? { level: 'good', word: 'Active' } : { level: 'none', word: 'Unknown' };
}

export const horizontalPodAutoscaler = defineKind<V2HorizontalPodAutoscaler>({
  group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', namespaced: true,
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler', shortNames: ['hpa'], categories: ['all'],
  subresources: [STATUS],
  setDefaults(h) {
    if (!h.spec) return;
    h.spec.minReplicas ??= 1;
    if (!h.spec.metrics?.length) h.spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
    const b = h.spec.behavior;
    if (!b) return;
    b.scaleUp = scaling(b.scaleUp, { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }] });
    b.scaleDown = scaling(b.scaleDown, { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] });
  },
  prepareForCreate(h) { h.status = { currentMetrics: [], desiredReplicas: 0 } as unknown as V2HorizontalPodAutoscaler['status']; },
  prepareForUpdate: keepStatus,
  validate,
  validateStatusUpdate: h => (['currentReplicas', 'desiredReplicas'] as const).flatMap(f => nonNegative(h.status?.[f], `status.${f}`)),
  columns: [
    nameColumn,
    text('Reference', 'What is scaled.', h => `${h.spec?.scaleTargetRef?.kind ?? ''}/${h.spec?.scaleTargetRef?.name ?? ''}`, { draw: 'link' }),
    text('Targets', 'Measured and wanted.', targets),
    text('MinPods', 'Fewest pods.', h => String(h.spec?.minReplicas ?? '<unset>')),
    count('MaxPods', 'Most pods.', h => h.spec?.maxReplicas ?? 0),
    count('Replicas', 'Pods now.', h => h.status?.currentReplicas ?? 0),
    ageColumn,
  ],
  controller: 'horizontalpodautoscaling',
  view: { nav: 'Workloads', icon: 'autoscale', sections: ['autoscale', 'conditions', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'], health },
});
