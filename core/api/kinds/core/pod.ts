// Pods (Kubernetes pkg/registry/core/pod strategy, printers).
import { forbidden, invalid, required, type FieldError } from '../../meta/field-error.ts';
import { semanticEqual } from '../../meta/equal.ts';
import { isTerminal, qosClass } from '../../meta/pod.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { Container, Pod, PodSpec, Toleration } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultPodSpec, validatePodSpec } from '../parts/pod-spec.ts';
import { podHealth, podSummary, restartsText } from '../parts/pod-status.ts';
import { specWarnings } from '../parts/pod-warnings.ts';
import { inSeconds } from '../parts/scheduling.ts';

const orNone = (value: string | undefined): string => value || '<none>';

function prepareForCreate(pod: Pod): void {
  const spec = pod.spec!;
  pod.status = { phase: 'Pending', qosClass: qosClass(spec) };
  if (spec.schedulingGates?.length) {
    pod.status.conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }];
  }
}

function validate(pod: Pod): FieldError[] {
  if (!pod.spec) return [required('spec.containers')];
  const errors = validatePodSpec(pod.spec, 'spec', true);
  if (pod.spec.nodeName && pod.spec.schedulingGates?.length) errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  const mirror = pod.metadata?.annotations?.['kubernetes.io/config.mirror'];
  if (mirror !== undefined && !pod.spec.nodeName) errors.unshift(invalid('metadata.annotations[kubernetes.io/config.mirror]', mirror, 'must set spec.nodeName if mirror pod annotation is set'));
  return errors;
}

const ALLOWED = 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function validateUpdate(next: Pod, prev: Pod): FieldError[] {
  const a = next.spec!, b = prev.spec!;
  if (a === b) return [];
  const errors: FieldError[] = [];
  for (const list of ['containers', 'initContainers'] as const) {
    if ((a[list]?.length ?? 0) !== (b[list]?.length ?? 0)) return [forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
  }
  const deadline = a.activeDeadlineSeconds, before = b.activeDeadlineSeconds;
  if (deadline !== undefined) {
    if (deadline < 0 || deadline > 2_147_483_647) return [invalid('spec.activeDeadlineSeconds', deadline, inSeconds(0))];
    if (before !== undefined && before < deadline) return [invalid('spec.activeDeadlineSeconds', deadline, 'must be less than or equal to previous value')];
  } else if (before !== undefined) errors.push(invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value'));
  errors.push(...onlyAdded(a.tolerations, b.tolerations));
  const gates = new Set(b.schedulingGates?.map(g => g.name));
  const gated = gates.size > 0;
  a.schedulingGates?.forEach((g, i) => { if (!gates.has(g.name)) errors.push(forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${g.name}'`)); });
  const munged: PodSpec = { ...a, activeDeadlineSeconds: before, tolerations: b.tolerations, schedulingGates: b.schedulingGates, containers: images(a.containers, b.containers) };
  if (a.initContainers) munged.initContainers = images(a.initContainers, b.initContainers ?? []);
  if (b.terminationGracePeriodSeconds !== undefined && b.terminationGracePeriodSeconds < 0 && a.terminationGracePeriodSeconds === 1) munged.terminationGracePeriodSeconds = b.terminationGracePeriodSeconds;
  // A gated pod may narrow where it can go: its quota and scheduling have not begun.
  if (gated) { munged.nodeSelector = b.nodeSelector; munged.affinity = b.affinity; errors.push(...narrowed(a, b)); }
  if (!semanticEqual(munged, b)) errors.push(forbidden('spec', `${ALLOWED}\n${difference(munged, b)}`));
  return errors;
}

const images = (next: readonly Container[], prev: readonly Container[]): Container[] => next.map((c, i) => ({ ...c, image: prev[i]!.image }));

function onlyAdded(next: readonly Toleration[] | undefined, prev: readonly Toleration[] | undefined): FieldError[] {
  const same = (a: Toleration, b: Toleration): boolean => a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '');
  for (const old of prev ?? []) if (!next?.some(t => same(t, old))) return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
  return [];
}

function narrowed(next: PodSpec, prev: PodSpec): FieldError[] {
  const errors = validateLabels(next.nodeSelector, 'spec.nodeSelector');
  for (const [k, v] of Object.entries(prev.nodeSelector ?? {})) if (next.nodeSelector?.[k] !== v) errors.push(invalid('spec.nodeSelector', next.nodeSelector ?? {}, 'pod updates may only add new node selector terms'));
  return errors;
}

/** The fields that differ, one per line. */
function difference(next: PodSpec, prev: PodSpec): string {
  const keys = [...new Set([...Object.keys(next), ...Object.keys(prev)])].sort() as (keyof PodSpec)[];
  return keys.filter(k => !semanticEqual(next[k], prev[k])).map(k => `- ${k}: ${JSON.stringify(prev[k]) ?? 'null'}\n+ ${k}: ${JSON.stringify(next[k]) ?? 'null'}\n`).join('');
}

export const pod = defineKind<Pod>({
  group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod', shortNames: ['po'], categories: ['all'],
  subresources: [
    STATUS,
    { name: 'attach', verbs: ['create', 'get'], responseKind: { group: '', version: 'v1', kind: 'PodAttachOptions' } },
    { name: 'binding', verbs: ['create'], responseKind: { group: '', version: 'v1', kind: 'Binding' } },
    { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
    { name: 'eviction', verbs: ['create'], responseKind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
    { name: 'exec', verbs: ['create', 'get'], responseKind: { group: '', version: 'v1', kind: 'PodExecOptions' } },
    { name: 'log', verbs: ['get'] },
    { name: 'portforward', verbs: ['create', 'get'], responseKind: { group: '', version: 'v1', kind: 'PodPortForwardOptions' } },
    { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], responseKind: { group: '', version: 'v1', kind: 'PodProxyOptions' } },
    { name: 'resize', verbs: ['get', 'patch', 'update'] },
  ],
  generation: true,
  setDefaults(pod) {
    if (pod.spec) defaultPodSpec(pod.spec, true);
  },
  prepareForCreate(pod) {
    if (pod.spec?.containers) prepareForCreate(pod);
  },
  prepareForUpdate(next, prev) {
    keepStatus(next, prev);
  },
  prepareForStatusUpdate(next, prev) {
    next.spec = prev.spec;
    next.metadata = { ...next.metadata, ownerReferences: prev.metadata?.ownerReferences };
    if (!next.metadata.ownerReferences) delete next.metadata.ownerReferences;
    if (prev.status?.qosClass) next.status = { ...next.status, qosClass: prev.status.qosClass };
  },
  validate,
  validateCreate: p => (p.spec?.ephemeralContainers?.length ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : []),
  validateUpdate,
  warnings: p => specWarnings(p.spec, 'spec'),
  fields: {
    'spec.nodeName': p => p.spec?.nodeName ?? '',
    'spec.host': p => p.spec?.nodeName ?? '',
    'spec.restartPolicy': p => p.spec?.restartPolicy ?? '',
    'spec.schedulerName': p => p.spec?.schedulerName ?? '',
    'spec.serviceAccountName': p => p.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': p => String(p.spec?.hostNetwork ?? false),
    'status.phase': p => p.status?.phase ?? '',
    'status.podIP': p => p.status?.podIP ?? p.status?.podIPs?.[0]?.ip ?? '',
    'status.podIPs': p => p.status?.podIP ?? p.status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': p => p.status?.nominatedNodeName ?? '',
  },
  gracePeriod(pod, requested) {
    if (!pod.spec?.nodeName || isTerminal(pod)) return 0;
    const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
    return seconds < 0 ? 1 : seconds;
  },
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', draw: 'ratio', description: 'Ready containers of all containers of the pod.', value: p => { const s = podSummary(p); return `${s.ready}/${s.total}`; }, sort: p => { const s = podSummary(p); return s.total === 0 ? 0 : s.ready / s.total; } },
    { name: 'Status', type: 'string', draw: 'state', description: 'What the pod is doing, or what keeps it from it.', value: p => podSummary(p).word },
    { name: 'Restarts', type: 'string', draw: 'number', description: 'Restarts of the containers of the pod and when the last one was.', value: (p, now) => restartsText(podSummary(p), now), sort: p => podSummary(p).restarts },
    ageColumn,
    wide(text('IP', 'Address of the pod.', p => orNone(p.status?.podIPs?.[0]?.ip ?? p.status?.podIP), { draw: 'code' })),
    wide(text('Node', 'Node the pod runs on.', p => orNone(p.spec?.nodeName), { draw: 'link' })),
    wide(text('Nominated Node', 'Node on which others are being preempted for this pod.', p => orNone(p.status?.nominatedNodeName))),
    wide(text('Readiness Gates', 'Readiness gates that hold, of all.', p => {
      const gates = p.spec?.readinessGates ?? [];
      if (gates.length === 0) return '<none>';
      return `${gates.filter(g => p.status?.conditions?.some(c => c.type === g.conditionType && c.status === 'True')).length}/${gates.length}`;
    })),
  ],
  rowConditions(p) {
    if (p.status?.phase === 'Succeeded') return [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }];
    if (p.status?.phase === 'Failed') return [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }];
    return [];
  },
  view: {
    nav: 'Workloads', icon: 'pod',
    sections: ['conditions', 'containers', 'owners', 'events', 'labels', 'spec'],
    actions: ['logs', 'shell', 'attach', 'forward', 'yaml', 'delete'],
    health: podHealth,
  },
});
