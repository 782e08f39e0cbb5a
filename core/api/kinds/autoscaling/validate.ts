// Rules of a HorizontalPodAutoscaler's metrics and behaviour (k8s.io/kubernetes pkg/apis/autoscaling/validation).
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { pathSegment } from '../../meta/names.ts';
import { nanosOf } from '../../meta/quantity.ts';
import type { V2CrossVersionObjectReference, V2HPAScalingRules, V2MetricIdentifier, V2MetricSpec, V2MetricTarget } from '../../types/kubernetes.ts';

/** Types of metrics and the field each is described in. */
export const SOURCES: Readonly<Record<string, 'containerResource' | 'external' | 'object' | 'pods' | 'resource'>> = { ContainerResource: 'containerResource', External: 'external', Object: 'object', Pods: 'pods', Resource: 'resource' };
const TARGETS = new Set(['Utilization', 'Value', 'AverageValue']), SELECT = ['Disabled', 'Max', 'Min'], POLICIES = ['Percent', 'Pods'];
const LONGEST_WINDOW = 3600, LONGEST_PERIOD = 1800;

interface Source { name?: string; container?: string; describedObject?: V2CrossVersionObjectReference; metric?: V2MetricIdentifier; target?: V2MetricTarget }

/** Kind and name of what is scaled or measured. */
export function validateReference(r: V2CrossVersionObjectReference | undefined, path: string): FieldError[] {
  return (['kind', 'name'] as const).flatMap(f => (r?.[f] ? pathSegment(r[f]).map(m => invalid(`${path}.${f}`, r[f], m)) : [required(`${path}.${f}`)]));
}

function validateTarget(t: V2MetricTarget | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!t?.type) errors.push(required(`${path}.type`, 'must specify a metric target type'));
  if (!TARGETS.has(t?.type ?? '')) errors.push(invalid(`${path}.type`, t?.type ?? '', 'must be either Utilization, Value, or AverageValue'));
  for (const f of ['value', 'averageValue'] as const) if (t?.[f] !== undefined && nanosOf(t[f]) <= 0n) errors.push(invalid(`${path}.${f}`, t[f], 'must be positive'));
  if (t?.averageUtilization !== undefined && t.averageUtilization < 1) errors.push(invalid(`${path}.averageUtilization`, t.averageUtilization, 'must be greater than 0'));
  return errors;
}

function validateIdentifier(m: V2MetricIdentifier | undefined, path: string): FieldError[] {
  return m?.name ? pathSegment(m.name).map(t => invalid(`${path}.name`, m.name, t)) : [required(`${path}.name`, 'must specify a metric name')];
}

function validateSource(type: string, s: Source, path: string): FieldError[] {
  const errors: FieldError[] = [], t = s.target, at = `${path}.target`;
  if (type === 'object') errors.push(...validateReference(s.describedObject, `${path}.describedObject`));
  if (type === 'containerResource' && !s.container) errors.push(required(`${path}.container`, 'must specify a container'));
  if (type === 'resource' || type === 'containerResource') {
    if (!s.name) errors.push(required(`${path}.name`, 'must specify a resource name'));
    errors.push(...validateTarget(t, at));
    if (t?.averageUtilization === undefined && t?.averageValue === undefined) errors.push(required(`${at}.averageUtilization`, 'must set either a target raw value or a target utilization'));
    else if (t.averageUtilization !== undefined && t.averageValue !== undefined) errors.push(forbidden(`${at}.averageValue`, 'may not set both a target raw value and a target utilization'));
    return errors;
  }
  errors.push(...validateIdentifier(s.metric, `${path}.metric`), ...validateTarget(t, at));
  if (type === 'pods') {
    if (t?.averageValue === undefined || nanosOf(t.averageValue) <= 0n) errors.push(required(`${at}.averageValue`, 'must specify a positive target averageValue'));
  } else if (t?.value === undefined && t?.averageValue === undefined) errors.push(required(`${at}.averageValue`, type === 'object' ? 'must set either a target value or averageValue' : 'must set either a target value for metric or a per-pod target'));
  else if (type === 'external' && t.value !== undefined && t.averageValue !== undefined) errors.push(forbidden(`${at}.value`, 'may not set both a target value for metric and a per-pod target'));
  return errors;
}

/** One metric: its type, its source and nothing of another type. */
export function validateMetric(m: V2MetricSpec, path: string): FieldError[] {
  const errors: FieldError[] = [], expected = SOURCES[m.type];
  const unknown = (): void => { if (!expected) errors.push(notSupported(`${path}.type`, m.type ?? '', Object.keys(SOURCES))); };
  if (!m.type) errors.push(required(`${path}.type`, 'must specify a metric source type'));
  unknown();
  const present = (['object', 'external', 'pods', 'resource', 'containerResource'] as const).filter(f => m[f]);
  if (present.length > 0) errors.push(...validateSource(present[0]!, m[present[0]!] as Source, `${path}.${present[0]!}`));
  unknown();
  if (expected && !present.includes(expected)) errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  if (present.length !== 1) for (const f of present) if (f !== expected) errors.push(forbidden(`${path}.${f}`, 'must populate the given metric source only'));
  return errors;
}

/** How fast is scaled one way. */
export function validateScaling(r: V2HPAScalingRules | undefined, path: string): FieldError[] {
  if (!r) return [];
  const errors: FieldError[] = [], window = r.stabilizationWindowSeconds;
  if (window !== undefined && window < 0) errors.push(invalid(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > LONGEST_WINDOW) errors.push(invalid(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${LONGEST_WINDOW}`));
  if (r.selectPolicy !== undefined && !SELECT.includes(r.selectPolicy)) errors.push(notSupported(`${path}.selectPolicy`, r.selectPolicy, SELECT));
  if (!r.policies?.length) errors.push(required(`${path}.policies`, 'must specify at least one Policy'));
  r.policies?.forEach((p, i) => {
    const at = `${path}.policies[${i}]`;
    if (!POLICIES.includes(p.type)) errors.push(notSupported(`${at}.type`, p.type ?? '', POLICIES));
    if (!(p.value > 0)) errors.push(invalid(`${at}.value`, p.value ?? 0, 'must be greater than zero'));
    if (!(p.periodSeconds > 0)) errors.push(invalid(`${at}.periodSeconds`, p.periodSeconds ?? 0, 'must be greater than zero'));
    if (p.periodSeconds > LONGEST_PERIOD) errors.push(invalid(`${at}.periodSeconds`, p.periodSeconds, `must be less than or equal to ${LONGEST_PERIOD}`));
  });
  if (r.tolerance !== undefined && nanosOf(r.tolerance) < 0n) errors.push(invalid(`${path}.tolerance`, r.tolerance, 'must be greater or equal to 0'));
  return errors;
}
