// Deployments (Kubernetes pkg/apis/apps, strategy and printers).
import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { selectorFrom } from '../../meta/labels.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import type { Deployment, DeploymentSpec, DeploymentStrategy, LabelSelector } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultPodTemplate, validateSelectedTemplate } from '../parts/pod-template.ts';
import { nameWarnings, templateWarnings } from '../parts/pod-warnings.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { containerColumns, isZero, nonNegative, notOver100, replicaHealth, selectorColumn, validateCounts, validateIntOrPercent } from '../parts/workload.ts';

/** Selector of an apps workload: given, valid, not empty. */
export function validateWorkloadSelector(selector: LabelSelector | undefined, path: string, what = 'deployment'): FieldError[] {
  if (!selector) return [required(path)];
  const errors = validateLabelSelector(selector, path);
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) errors.push(invalid(path, selector, `empty selector is invalid for ${what}`));
  return errors;
}

function setDefaults(d: Deployment): void {
  const spec = d.spec;
  if (!spec) return;
  spec.replicas ??= 1;
  const strategy = spec.strategy ??= {};
  if (!strategy.type) strategy.type = 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = strategy.rollingUpdate ??= {};
    rolling.maxUnavailable ??= '25%';
    rolling.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  defaultPodTemplate(spec.template);
}

function validateStrategy(s: DeploymentStrategy | undefined, path: string): FieldError[] {
  if (!s) return [];
  const errors: FieldError[] = [];
  if (s.type === 'Recreate') {
    if (s.rollingUpdate) errors.push(forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"));
  } else if (s.type === 'RollingUpdate') {
    const at = `${path}.rollingUpdate`;
    if (!s.rollingUpdate) return [required(at, 'this should be defaulted and never be nil')];
    const { maxUnavailable, maxSurge } = s.rollingUpdate;
    errors.push(...validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`), ...validateIntOrPercent(maxSurge, `${at}.maxSurge`));
    if (isZero(maxUnavailable) && isZero(maxSurge)) errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'));
    errors.push(...notOver100(maxUnavailable, `${at}.maxUnavailable`));
  } else errors.push(notSupported(path, asInternal(s), ['Recreate', 'RollingUpdate']));
  return errors;
}

/** A strategy of no known type, as upstream prints it: its internal structs name fields in their own way. */
export const asInternal = (s: { type?: string; rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string } }): object =>
  ({ Type: s.type ?? '', RollingUpdate: s.rollingUpdate ? { MaxUnavailable: s.rollingUpdate.maxUnavailable ?? 0, MaxSurge: s.rollingUpdate.maxSurge ?? 0 } : null });

function validate(d: Deployment): FieldError[] {
  const spec = d.spec ?? ({} as DeploymentSpec);
  const errors = [...nonNegative(spec.replicas, 'spec.replicas'), ...validateWorkloadSelector(spec.selector, 'spec.selector')];
  errors.push(...validateSelectedTemplate(spec.template, spec.selector, 'spec.template', 'ReplicaSet'));
  errors.push(...validateStrategy(spec.strategy, 'spec.strategy'));
  errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'), ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'));
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    errors.push(...nonNegative(deadline, 'spec.progressDeadlineSeconds'));
    if (deadline <= (spec.minReadySeconds ?? 0)) errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return errors;
}

const COUNTS = ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount'] as const;

/** A selector may never change (apps/v1). */
export function validateSelectorUpdate(next: { spec?: { selector?: LabelSelector } }, prev: { spec?: { selector?: LabelSelector } }): FieldError[] {
  return semanticEqual(next.spec?.selector, prev.spec?.selector) ? [] : [invalid('spec.selector', next.spec?.selector, IMMUTABLE)];
}

export const deployment = defineKind<Deployment>({
  group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true,
  schema: 'io.k8s.api.apps.v1.Deployment', shortNames: ['deploy'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true,
  setDefaults,
  prepareForCreate(d) { d.status = {}; },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(next, prev) {
    next.spec = prev.spec;
    const { labels: _l, ...metadata } = next.metadata ?? {}, { labels } = prev.metadata ?? {};
    next.metadata = { ...metadata, ...(labels ? { labels } : {}) };
  },
  validate,
  validateUpdate: validateSelectorUpdate,
  validateStatusUpdate: (next, prev) => validateCounts(next.status, prev.status, COUNTS, ['updatedReplicas', 'readyReplicas', 'availableReplicas']),
  warnings: (d, prev) => [...nameWarnings(d, prev), ...templateWarnings(d, prev, d.spec?.template, 'spec.template')],
  scale: {
    specReplicas: d => d.spec?.replicas ?? 1,
    setSpecReplicas(d, replicas) { d.spec!.replicas = replicas; },
    statusReplicas: d => d.status?.replicas ?? 0,
    selector: d => selectorFrom(d.spec?.selector).toString(),
  },
  controller: 'deployment',
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', draw: 'ratio', description: 'Number of the pods with ready state, of the desired number.', value: d => `${d.status?.readyReplicas ?? 0}/${d.spec?.replicas ?? 1}`, sort: d => (d.spec?.replicas ? (d.status?.readyReplicas ?? 0) / d.spec.replicas : 1) },
    count('Up-to-date', 'Number of pods made from the current template.', d => d.status?.updatedReplicas ?? 0),
    count('Available', 'Number of pods ready for at least minReadySeconds.', d => d.status?.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns<Deployment>(d => d.spec?.template),
    selectorColumn<Deployment>(d => d.spec?.selector),
  ],
  view: {
    nav: 'Workloads', icon: 'deployment',
    sections: ['conditions', 'rollout', 'pods', 'podTemplate', 'owners', 'events', 'labels'],
    actions: ['logs', 'shell', 'scale', 'restart', 'rollback', 'pause', 'setImage', 'forward', 'yaml', 'delete'],
    health(d) {
      if (d.spec?.paused) return { level: 'warning', word: 'Paused' };
      const desired = d.spec?.replicas ?? 1;
      const h = replicaHealth(desired, d.status?.availableReplicas ?? 0, d.status?.conditions, 'available');
      if (h.level === 'good' && ((d.status?.updatedReplicas ?? 0) < desired || (d.status?.observedGeneration ?? 0) < (d.metadata?.generation ?? 0))) return { level: 'busy', word: 'Rolling out' };
      return h;
    },
  },
});
