// ReplicationControllers: ReplicaSets with a plain map for a selector, taken from the template when missing.
import { forbidden, invalid, required, type FieldError } from '../../meta/field-error.ts';
import { selectorFromMap } from '../../meta/labels.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { PodTemplateSpec, ReplicationController, ReplicationControllerSpec } from '../../types/kubernetes.ts';
import { ageColumn, count, labelsText, nameColumn, text, wide } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultPodTemplate, validatePodTemplate } from '../parts/pod-template.ts';
import { nameWarnings, templateWarnings } from '../parts/pod-warnings.ts';
import { containerColumns, nonNegative, replicaHealth, validateCounts } from '../parts/workload.ts';

const isEmpty = (map: Record<string, string> | undefined): boolean => !map || Object.keys(map).length === 0;
const templateOf = (rc: ReplicationController): PodTemplateSpec | undefined => rc.spec?.template;

const COUNTS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const;

function validate(rc: ReplicationController): FieldError[] {
  const spec: ReplicationControllerSpec = rc.spec ?? {};
  const errors = [...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds')];
  if (isEmpty(spec.selector)) errors.push(required('spec.selector'));
  else errors.push(...validateLabels(spec.selector, 'spec.selector'));
  errors.push(...nonNegative(spec.replicas, 'spec.replicas'));
  const template = templateOf(rc);
  if (!template) return [...errors, required('spec.template')];
  if (!isEmpty(spec.selector) && !selectorFromMap(spec.selector).matches(template.metadata?.labels)) {
    errors.push(invalid('spec.template.metadata.labels', template.metadata?.labels ?? {}, '`selector` does not match template `labels`'));
  }
  errors.push(...validatePodTemplate(template, 'spec.template', ['Always']));
  if (template.spec?.activeDeadlineSeconds !== undefined) errors.push(forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in ReplicationController is not Supported'));
  return errors;
}

export const replicationController = defineKind<ReplicationController>({
  group: '', version: 'v1', kind: 'ReplicationController', plural: 'replicationcontrollers', namespaced: true,
  schema: 'io.k8s.api.core.v1.ReplicationController', shortNames: ['rc'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true, defaultPropagation: 'Orphan',
  setDefaults(rc) {
    if (!rc.spec) return;
    const labels = templateOf(rc)?.metadata?.labels;
    if (!isEmpty(labels)) {
      if (isEmpty(rc.spec.selector)) rc.spec.selector = { ...labels };
      if (rc.metadata && isEmpty(rc.metadata.labels)) rc.metadata.labels = { ...labels };
    }
    rc.spec.replicas ??= 1;
    defaultPodTemplate(templateOf(rc));
  },
  prepareForCreate(rc) { rc.status = { replicas: 0 }; },
  prepareForUpdate: keepStatus,
  validate,
  validateStatusUpdate: (next, prev) => validateCounts(next.status, prev.status, COUNTS, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']),
  warnings: (rc, prev) => [...nameWarnings(rc, prev), ...templateWarnings(rc, prev, templateOf(rc), 'spec.template')],
  fields: { 'status.replicas': rc => String(rc.status?.replicas ?? 0) },
  scale: {
    specReplicas: rc => rc.spec?.replicas ?? 1,
    setSpecReplicas(rc, replicas) { rc.spec!.replicas = replicas; },
    statusReplicas: rc => rc.status?.replicas ?? 0,
    selector: rc => selectorFromMap(rc.spec?.selector).toString(),
  },
  controller: 'replicationcontroller',
  columns: [
    nameColumn,
    count('Desired', 'Number of desired pods.', rc => rc.spec?.replicas ?? 1),
    count('Current', 'Number of pods there are.', rc => rc.status?.replicas ?? 0),
    count('Ready', 'Number of pods with a Ready condition.', rc => rc.status?.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicationController>(templateOf),
    wide(text<ReplicationController>('Selector', 'Label selector of the pods.', rc => labelsText(rc.spec?.selector), { draw: 'labels' })),
  ],
  view: {
    nav: 'Workloads', icon: 'replicas',
    sections: ['conditions', 'pods', 'podTemplate', 'owners', 'events', 'labels'],
    actions: ['logs', 'scale', 'yaml', 'delete'],
    health: rc => replicaHealth(rc.spec?.replicas ?? 1, rc.status?.readyReplicas ?? 0, rc.status?.conditions),
  },
});
