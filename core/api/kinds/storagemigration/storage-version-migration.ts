import { equal } from '../../meta/clone.ts';
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE } from '../../meta/names.ts';
import type { V1beta1StorageVersionMigration } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';

function validate(m: V1beta1StorageVersionMigration): FieldError[] {
  const r = m.spec?.resource;
  if (!r?.resource) return [required('spec.resource.resource', 'resource is required')];
  return [
    ...dnsSubdomain(r.resource).map(t => invalid('spec.resource.resource', r.resource, t)),
    ...(r.group ? dnsSubdomain(r.group).map(t => invalid('spec.resource.group', r.group, t)) : []),
  ];
}

export const storageVersionMigration = defineKind<V1beta1StorageVersionMigration>({
  group: 'storagemigration.k8s.io', version: 'v1beta1', kind: 'StorageVersionMigration', plural: 'storageversionmigrations', namespaced: false,
  schema: 'io.k8s.api.storagemigration.v1beta1.StorageVersionMigration',
  subresources: [STATUS], generation: true, unconditionalUpdate: false,
  prepareForCreate(m) { m.status = {}; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate: (next, prev) => (equal(next.spec, prev.spec) ? [] : [invalid('spec', next.spec, IMMUTABLE)]),
  columns: [nameColumn, text('Resource', 'What is written anew in the present version.', m => [m.spec?.resource?.resource, m.spec?.resource?.group].filter(Boolean).join('.')), ageColumn],
  view: { nav: 'Cluster', icon: 'revision', sections: ['conditions', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
