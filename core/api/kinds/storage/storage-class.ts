import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE, labelKey } from '../../meta/names.ts';
import type { StorageClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateParameters } from '../parts/csi.ts';

/** The class claims get that name none. */
export const isDefaultClass = (c: StorageClass): boolean => c.metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' || c.metadata?.annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true';

function validate(c: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!c.provisioner) errors.push(required('provisioner'));
  else for (const m of labelKey(c.provisioner.toLowerCase())) errors.push(invalid('provisioner', c.provisioner, m));
  if (!['Delete', 'Retain'].includes(c.reclaimPolicy ?? '')) errors.push(notSupported('reclaimPolicy', c.reclaimPolicy ?? '', ['Delete', 'Retain']));
  if (!['Immediate', 'WaitForFirstConsumer'].includes(c.volumeBindingMode ?? '')) errors.push(notSupported('volumeBindingMode', c.volumeBindingMode ?? '', ['Immediate', 'WaitForFirstConsumer']));
  return [...errors, ...validateParameters(c.parameters, true, 'parameters')];
}

function validateUpdate(next: StorageClass, prev: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!semanticEqual(next.parameters, prev.parameters)) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  for (const f of ['provisioner', 'reclaimPolicy'] as const) if (next[f] !== prev[f]) errors.push(forbidden(f, `updates to ${f} are forbidden.`));
  if (next.volumeBindingMode !== prev.volumeBindingMode) errors.push(invalid('volumeBindingMode', next.volumeBindingMode, IMMUTABLE));
  return errors;
}

export const storageClass = defineKind<StorageClass>({
  group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass', plural: 'storageclasses', namespaced: false,
  schema: 'io.k8s.api.storage.v1.StorageClass', shortNames: ['sc'],
  setDefaults(c) {
    c.reclaimPolicy ??= 'Delete';
    c.volumeBindingMode ??= 'Immediate';
  },
  validate,
  validateUpdate,
  columns: [
    { ...nameColumn, value: c => `${c.metadata?.name ?? ''}${isDefaultClass(c) ? ' (default)' : ''}` },
    text('Provisioner', 'What makes the volumes.', c => c.provisioner ?? ''),
    text('ReclaimPolicy', 'What happens to a volume when its claim goes.', c => c.reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', 'When claims are bound.', c => c.volumeBindingMode ?? 'Immediate'),
    { name: 'AllowVolumeExpansion', type: 'boolean', draw: 'text', description: 'Whether volumes may grow.', value: c => c.allowVolumeExpansion ?? false },
    ageColumn,
  ],
  view: { nav: 'Storage', icon: 'class', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
