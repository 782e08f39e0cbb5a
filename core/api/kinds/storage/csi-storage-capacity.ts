import { semanticEqual } from '../../meta/equal.ts';
import { invalid, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE, NOT_NEGATIVE } from '../../meta/names.ts';
import { nanosOf } from '../../meta/quantity.ts';
import type { CSIStorageCapacity } from '../../types/kubernetes.ts';
import { nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { canonical } from '../parts/resources.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';

const SIZES = ['capacity', 'maximumVolumeSize'] as const;

function validate(c: CSIStorageCapacity): FieldError[] {
  const errors: FieldError[] = dnsSubdomain(c.storageClassName ?? '').map(m => invalid('storageClassName', c.storageClassName ?? '', m));
  for (const f of SIZES) if (c[f] !== undefined && nanosOf(c[f]) < 0n) errors.push(invalid(f, c[f], NOT_NEGATIVE));
  return [...errors, ...validateLabelSelector(c.nodeTopology, 'nodeTopology')];
}

function validateUpdate(next: CSIStorageCapacity, prev: CSIStorageCapacity): FieldError[] {
  const errors: FieldError[] = [];
  if (!semanticEqual(next.nodeTopology, prev.nodeTopology)) errors.push(invalid('nodeTopology', next.nodeTopology, IMMUTABLE));
  if (next.storageClassName !== prev.storageClassName) errors.push(invalid('storageClassName', next.storageClassName, IMMUTABLE));
  return errors;
}

export const csiStorageCapacity = defineKind<CSIStorageCapacity>({
  group: 'storage.k8s.io', version: 'v1', kind: 'CSIStorageCapacity', plural: 'csistoragecapacities', namespaced: true,
  schema: 'io.k8s.api.storage.v1.CSIStorageCapacity',
  unconditionalUpdate: false,
  setDefaults(c) { for (const f of SIZES) if (c[f] !== undefined) c[f] = canonical(c[f]); },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    text('StorageClassName', 'The class that has this much room.', c => c.storageClassName ?? ''),
    text('Capacity', 'The room there is.', c => c.capacity ?? ''),
  ],
  view: { nav: 'Storage', icon: 'volume', sections: ['owners', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
