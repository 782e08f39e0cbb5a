import { invalid, tooMany, type FieldError } from '../../meta/field-error.ts';
import { labelKey } from '../../meta/names.ts';
import type { DeviceClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateOpaque, validateSelectors } from '../parts/devices.ts';

const MAX_CONFIG = 32;

function validate(c: DeviceClass): FieldError[] {
  const s = c.spec ?? {}, errors = validateSelectors(s.selectors, 'spec.selectors');
  if ((s.config?.length ?? 0) > MAX_CONFIG) errors.push(tooMany('spec.config', s.config!.length, MAX_CONFIG));
  s.config?.forEach((x, i) => errors.push(...validateOpaque(x.opaque, `spec.config[${i}].opaque`)));
  const name = s.extendedResourceName;
  if (name !== undefined) {
    for (const m of labelKey(name)) errors.push(invalid('spec.extendedResourceName', name, m));
    if (!name.includes('/') || name.startsWith('kubernetes.io/') || name.startsWith('requests.')) errors.push(invalid('spec.extendedResourceName', name, 'must be a valid extended resource name'));
  }
  return errors;
}

export const deviceClass = defineKind<DeviceClass>({
  group: 'resource.k8s.io', version: 'v1', kind: 'DeviceClass', plural: 'deviceclasses', namespaced: false,
  schema: 'io.k8s.api.resource.v1.DeviceClass',
  generation: true, unconditionalUpdate: true,
  setDefaults(c) { c.spec ??= {}; },
  validate,
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'class', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
