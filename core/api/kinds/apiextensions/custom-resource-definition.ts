import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../../types/kubernetes.ts';
import { createdColumn, nameColumn } from '../columns.ts';
import { crdCondition, storageVersion } from '../from-crd.ts';
import { defineKind, STATUS } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validateApproval, validateCrd, validateCrdUpdate } from './validate-crd.ts';

/** Keeps a definition until its objects are gone. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

function setDefaults(crd: CustomResourceDefinition): void {
  const { spec } = crd;
  if (!spec) return;
  const names = spec.names;
  if (names?.kind) {
    names.singular ||= names.kind.toLowerCase();
    names.listKind ||= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= 443;
}

/** What objects were ever stored as stays known until somebody takes it off the status. */
function noteStored(crd: CustomResourceDefinition): void {
  const version = storageVersion(crd);
  if (version === '') return;
  const status = crd.status ??= {};
  if (!status.storedVersions?.includes(version)) status.storedVersions = [...(status.storedVersions ?? []), version];
}

/** The status with this condition in place of the one of its type; the time of the change stays where the status of it did not change. */
export function withCondition(status: CustomResourceDefinition['status'], c: CustomResourceDefinitionCondition): NonNullable<CustomResourceDefinition['status']> {
  const old = status?.conditions ?? [], was = old.find(x => x.type === c.type);
  const next = was?.status === c.status && was.lastTransitionTime ? { ...c, lastTransitionTime: was.lastTransitionTime } : c;
  return { ...status, conditions: was ? old.map(x => (x === was ? next : x)) : [...old, next] };
}

export const customResourceDefinition = defineKind<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', plural: 'customresourcedefinitions', namespaced: false,
  schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition', shortNames: ['crd', 'crds'], categories: ['api-extensions'],
  subresources: [STATUS],
  generation: true, unconditionalUpdate: false,
  setDefaults,
  prepareForCreate(crd) {
    crd.status = {};
    if (crd.spec?.versions?.length) noteStored(crd);
  },
  prepareForUpdate(next, prev) {
    keepStatus(next, prev);
    if (next.status) next.status = { ...next.status };
    if (next.spec?.versions?.length) noteStored(next);
  },
  prepareForDelete(crd, now) {
    const m = crd.metadata!;
    if (!m.finalizers?.includes(CLEANUP)) m.finalizers = [...(m.finalizers ?? []), CLEANUP];
    crd.status = withCondition(crd.status, {
      type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon', lastTransitionTime: now,
    });
  },
  validate: validateCrd,
  validateCreate: crd => validateApproval(crd),
  validateUpdate: validateCrdUpdate,
  controller: 'customresourcedefinition',
  columns: [nameColumn, createdColumn],
  view: {
    nav: 'Custom', icon: 'custom', sections: ['conditions', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health(crd) {
      if (crd.metadata?.deletionTimestamp) return { level: 'busy', word: 'Terminating' };
      if (crdCondition(crd, 'Established') === 'True') return { level: 'good', word: 'Established' };
      const refused = crd.status?.conditions?.find(c => c.type === 'NamesAccepted' && c.status === 'False');
      return refused ? { level: 'bad', word: refused.reason ?? 'NotAccepted', ...(refused.message ? { reason: refused.message } : {}) } : { level: 'busy', word: 'Pending' };
    },
  },
});
