// Pods (Kubernetes pkg/registry/core/pod strategy, printers).
import { forbidden, required, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel } from '../../meta/names.ts';
import { isTerminal, qosClass } from '../../meta/pod.ts';
import type { Pod } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { imageSpace } from '../parts/container.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validatePodAnnotations, validateProfilesMatch } from '../parts/pod-annotations.ts';
import { defaultPodSpec, validatePodSpec } from '../parts/pod-spec.ts';
import { podHealth, podSummary, restartsText } from '../parts/pod-status.ts';
import { specWarnings } from '../parts/pod-warnings.ts';
import { mergeLabelKeys } from '../parts/scheduling.ts';
import { validatePodStatusUpdate, validatePodUpdate } from './pod-update.ts';

const orNone = (value: string | undefined): string => value || '<none>';

function prepareForCreate(pod: Pod): void {
  const spec = pod.spec!;
  pod.status = { phase: 'Pending', qosClass: qosClass(spec) };
  if (spec.schedulingGates?.length) {
    pod.status.conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }];
  }
  mergeLabelKeys(spec, pod.metadata?.labels);
}

function validate(pod: Pod): FieldError[] {
  const { spec, metadata } = pod, notes = metadata?.annotations;
  if (!spec) return [required('spec.containers')];
  const errors = notes ? validatePodAnnotations(notes, spec, 'metadata.annotations') : [];
  errors.push(...validatePodSpec(spec, 'spec', { name: metadata?.name ?? '' }));
  if (!spec.serviceAccountName) {
    spec.volumes?.forEach((v, i) => v.projected?.sources?.forEach((s, j) => {
      if (s.serviceAccountToken) errors.push(forbidden(`spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`, 'must not be specified when serviceAccountName is not set'));
    }));
  }
  for (const list of ['containers', 'initContainers'] as const) spec[list]?.forEach((c, i) => errors.push(...imageSpace(c, `spec.${list}[${i}]`)));
  return errors;
}

function validateCreate({ spec, metadata }: Pod): FieldError[] {
  if (!spec) return [];
  return [
    ...(spec.ephemeralContainers?.length ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : []),
    ...(spec.nodeName && spec.schedulingGates?.length ? [forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')] : []),
    ...validateProfilesMatch(metadata?.annotations, spec, 'spec'),
  ];
}

/** Of a new pod only: people seldom change one by hand, and machines often. */
function warnings(p: Pod, prev?: Pod): string[] {
  if (prev) return [];
  const bad = dnsLabel(p.metadata?.name ?? '');
  return [...(bad.length > 0 ? [`metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${bad.join(' ')}]`] : []), ...specWarnings(p.spec, 'spec', p.metadata)];
}

/** What a writer of the status leaves out of it stays: the class of service, and which generation was seen. */
function keepObserved(next: NonNullable<Pod['status']>, prev: Pod['status']): void {
  if (!next.qosClass && prev?.qosClass) next.qosClass = prev.qosClass;
  if (!next.observedGeneration && prev?.observedGeneration) next.observedGeneration = prev.observedGeneration;
  if (!prev?.conditions?.some(c => c.observedGeneration)) return;
  const left = [...prev.conditions];
  for (const c of next.conditions ?? []) {
    const i = left.findIndex(o => o.type === c.type), [old] = i < 0 ? [] : left.splice(i, 1);
    if (!c.observedGeneration && old?.observedGeneration) c.observedGeneration = old.observedGeneration;
  }
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
    keepObserved(next.status ??= {}, prev.status);
  },
  validate,
  validateCreate,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  warnings,
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
    sections: ['placement', 'conditions', 'containers', 'owners', 'events', 'labels', 'spec'],
    actions: ['logs', 'shell', 'attach', 'forward', 'yaml', 'delete'],
    health: podHealth,
  },
});
