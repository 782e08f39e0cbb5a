// ReplicaSets.
import { type FieldError } from '../../meta/field-error.ts';
import { selectorFrom } from '../../meta/labels.ts';
import type { ReplicaSet, ReplicaSetSpec } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultPodTemplate, validateSelectedTemplate } from '../parts/pod-template.ts';
import { nameWarnings, templateWarnings } from '../parts/pod-warnings.ts';
import { containerColumns, nonNegative, replicaHealth, selectorColumn, validateCounts } from '../parts/workload.ts';
import { validateSelectorUpdate, validateWorkloadSelector } from './deployment.ts';

function validate(rs: ReplicaSet): FieldError[] {
  const spec = rs.spec ?? ({} as ReplicaSetSpec);
  return [
    ...nonNegative(spec.replicas, 'spec.replicas'), ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateWorkloadSelector(spec.selector, 'spec.selector'),
    ...validateSelectedTemplate(spec.template, spec.selector, 'spec.template', 'ReplicaSet'),
  ];
}

const COUNTS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas', 'observedGeneration'] as const;

export const replicaSet = defineKind<ReplicaSet>({
  group: 'apps', version: 'v1', kind: 'ReplicaSet', plural: 'replicasets', namespaced: true,
  schema: 'io.k8s.api.apps.v1.ReplicaSet', shortNames: ['rs'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true,
  setDefaults(rs) {
    if (!rs.spec) return;
    rs.spec.replicas ??= 1;
    defaultPodTemplate(rs.spec.template);
  },
  prepareForCreate(rs) { rs.status = { replicas: 0 }; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate: validateSelectorUpdate,
  validateStatusUpdate: (next, prev) => validateCounts(next.status, prev.status, COUNTS, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']),
  warnings: (rs, prev) => [...nameWarnings(rs, prev), ...templateWarnings(rs, prev, rs.spec?.template, 'spec.template')],
  fields: { 'status.replicas': rs => String(rs.status?.replicas ?? 0) },
  scale: {
    specReplicas: rs => rs.spec?.replicas ?? 1,
    setSpecReplicas(rs, replicas) { rs.spec!.replicas = replicas; },
    statusReplicas: rs => rs.status?.replicas ?? 0,
    selector: rs => selectorFrom(rs.spec?.selector).toString(),
  },
  controller: 'replicaset',
  columns: [
    nameColumn,
    count('Desired', 'Number of desired pods.', rs => rs.spec?.replicas ?? 1),
    count('Current', 'Number of pods there are.', rs => rs.status?.replicas ?? 0),
    count('Ready', 'Number of pods with a Ready condition.', rs => rs.status?.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicaSet>(rs => rs.spec?.template),
    selectorColumn<ReplicaSet>(rs => rs.spec?.selector),
  ],
  view: {
    nav: 'Workloads', icon: 'replicas',
    sections: ['conditions', 'pods', 'podTemplate', 'owners', 'events', 'labels'],
    actions: ['logs', 'scale', 'yaml', 'delete'],
    health: rs => replicaHealth(rs.spec?.replicas ?? 1, rs.status?.readyReplicas ?? 0, rs.status?.conditions),
  },
});
