import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, type FieldError } from '../../meta/field-error.ts';
import type { VolumeAttributesClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateDriverName, validateParameters } from '../parts/csi.ts';

function validateUpdate(next: VolumeAttributesClass, prev: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = [];
  if (next.driverName !== prev.driverName) errors.push(forbidden('driverName', 'updates to driverName are forbidden.'));
  if (!semanticEqual(next.parameters, prev.parameters)) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  return errors;
}

export const volumeAttributesClass = defineKind<VolumeAttributesClass>({
  group: 'storage.k8s.io', version: 'v1', kind: 'VolumeAttributesClass', plural: 'volumeattributesclasses', namespaced: false,
  schema: 'io.k8s.api.storage.v1.VolumeAttributesClass', shortNames: ['vac'],
  validate: c => [...validateDriverName(c.driverName, 'driverName'), ...validateParameters(c.parameters, false, 'parameters')],
  validateUpdate,
  columns: [nameColumn, text('DriverName', 'The storage driver that knows these attributes.', c => c.driverName ?? ''), ageColumn],
  view: { nav: 'Storage', icon: 'class', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
