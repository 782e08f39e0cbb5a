import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { selectorFrom } from '../../meta/labels.ts';
import { dnsLabel } from '../../meta/names.ts';
import type { StatefulSet, StatefulSetSpec } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';
import { defaultClaimSpec } from '../parts/claim.ts';
import { validateClaimSpec } from '../parts/claim.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { tidyNestedMeta } from '../parts/nested-meta.ts';
import { defaultPodTemplate, validateSelectedTemplate } from '../parts/pod-template.ts';
import { nameWarnings, templateWarnings } from '../parts/pod-warnings.ts';
import { containerColumns, isZero, nonNegative, notOver100, replicaHealth, validateCounts, validateIntOrPercent } from '../parts/workload.ts';
import { validateWorkloadSelector } from './deployment.ts';

const MUTABLE = ['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds'] as const;

const COUNTS = ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration', 'collisionCount'] as const;

function setDefaults(s: StatefulSet): void {
  const spec = s.spec;
  if (!spec) return;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  if (!spec.podManagementPolicy) spec.podManagementPolicy = 'OrderedReady';
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) strategy.type = 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') (strategy.rollingUpdate ??= {}).partition ??= 0;
  const keep = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  keep.whenDeleted ||= 'Retain';
  keep.whenScaled ||= 'Retain';
  defaultPodTemplate(spec.template);
  for (const c of spec.volumeClaimTemplates ?? []) {
    c.apiVersion ??= 'v1';
    c.kind ??= 'PersistentVolumeClaim';
    tidyNestedMeta(c.metadata ??= {});
    defaultClaimSpec(c.spec);
    c.status = { phase: 'Pending' };
  }
}

function validate(s: StatefulSet): FieldError[] {
  const spec = s.spec ?? ({} as StatefulSetSpec);
  const errors: FieldError[] = [];
  if (!spec.podManagementPolicy) errors.push(required('spec.podManagementPolicy'));
  else if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel') errors.push(invalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  const strategy = spec.updateStrategy;
  if (strategy?.type === 'OnDelete') {
    if (strategy.rollingUpdate) errors.push(invalid('spec.updateStrategy.rollingUpdate', internal(strategy.rollingUpdate), "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (strategy?.type === 'RollingUpdate') {
    const rolling = strategy.rollingUpdate, at = 'spec.updateStrategy.rollingUpdate', most = rolling?.maxUnavailable;
    errors.push(...nonNegative(rolling?.partition, `${at}.partition`));
    if (most !== undefined) {
      errors.push(...validateIntOrPercent(most, `${at}.maxUnavailable`));
      if (isZero(most)) errors.push(invalid(`${at}.maxUnavailable`, most, 'cannot be 0'));
      errors.push(...notOver100(most, `${at}.maxUnavailable`));
    }
  } else errors.push(invalid('spec.updateStrategy', { Type: strategy?.type ?? '', RollingUpdate: strategy?.rollingUpdate ? internal(strategy.rollingUpdate) : null }, "must be 'RollingUpdate' or 'OnDelete'"));
  const keep = spec.persistentVolumeClaimRetentionPolicy;
  for (const f of ['whenDeleted', 'whenScaled'] as const) if (keep && keep[f] !== 'Retain' && keep[f] !== 'Delete') errors.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${f}`, keep[f] ?? '', ['Retain', 'Delete'], true));
  errors.push(...nonNegative(spec.replicas, 'spec.replicas'), ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'), ...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'));
  errors.push(...validateWorkloadSelector(spec.selector, 'spec.selector', 'statefulset'));
  return [...errors, ...validateSelectedTemplate(spec.template, spec.selector, 'spec.template', 'StatefulSet', (spec.volumeClaimTemplates ?? []).map(c => c.metadata?.name ?? ''))];
}

/** What was given for rolling updates, as upstream prints it: its internal structs name fields in their own way. */
const internal = (r: NonNullable<NonNullable<StatefulSetSpec['updateStrategy']>['rollingUpdate']>): object => ({ Partition: r.partition ?? 0, MaxUnavailable: r.maxUnavailable ?? null });

function validateUpdate(next: StatefulSet, prev: StatefulSet): FieldError[] {
  const a: Record<string, unknown> = { ...next.spec }, b: Record<string, unknown> = { ...prev.spec };
  for (const f of MUTABLE) { delete a[f]; delete b[f]; }
  const list = `${MUTABLE.slice(0, -1).map(f => `'${f}'`).join(', ')} and '${MUTABLE.at(-1)!}'`;
  return semanticEqual(a, b) ? [] : [forbidden('spec', `updates to statefulset spec for fields other than ${list} are forbidden`)];
}

export const statefulSet = defineKind<StatefulSet>({
  group: 'apps', version: 'v1', kind: 'StatefulSet', plural: 'statefulsets', namespaced: true,
  schema: 'io.k8s.api.apps.v1.StatefulSet', shortNames: ['sts'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true, nameRule: 'dns-subdomain',
  setDefaults,
  prepareForCreate(s) { s.status = { replicas: 0, availableReplicas: 0 }; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate,
  validateCreate: s => [
    ...(s.spec?.volumeClaimTemplates ?? []).flatMap((c, i) => validateClaimSpec(c.spec ?? {}, `spec.volumeClaimTemplates[${i}].spec`)),
    ...(s.spec?.serviceName ? dnsLabel(s.spec.serviceName).map(m => invalid('spec.serviceName', s.spec!.serviceName, m)) : []),
  ],
  validateStatusUpdate: (next, prev) => validateCounts(next.status, prev.status, COUNTS, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'], 'status.readyReplicas'),
  warnings(s, prev) {
    const out = [...nameWarnings(s, prev), ...templateWarnings(s, prev, s.spec?.template, 'spec.template')];
    if ((s.spec?.revisionHistoryLimit ?? 0) < 0) out.push('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended');
    return out;
  },
  scale: {
    specReplicas: s => s.spec?.replicas ?? 1,
    setSpecReplicas(s, replicas) { s.spec!.replicas = replicas; },
    statusReplicas: s => s.status?.replicas ?? 0,
    selector: s => selectorFrom(s.spec?.selector).toString(),
  },
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', draw: 'ratio', description: 'Number of the pods with ready state, of the desired number.', value: s => `${s.status?.readyReplicas ?? 0}/${s.spec?.replicas ?? 1}`, sort: s => (s.spec?.replicas ? (s.status?.readyReplicas ?? 0) / s.spec.replicas : 1) },
    ageColumn,
    ...containerColumns<StatefulSet>(s => s.spec?.template),
  ],
  view: {
    nav: 'Workloads', icon: 'stateful', sections: ['conditions', 'rollout', 'ordinals', 'podTemplate', 'owners', 'events', 'labels'],
    actions: ['logs', 'shell', 'scale', 'restart', 'rollback', 'setImage', 'yaml', 'delete'],
    health: s => replicaHealth(s.spec?.replicas ?? 1, s.status?.readyReplicas ?? 0, s.status?.conditions),
  },
});
