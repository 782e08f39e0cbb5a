import { equal } from '../../meta/clone.ts';
import { invalid, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import { validateAnnotations, validateLabels } from '../../meta/object-meta.ts';
import type { ResourceClaimTemplate } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultDevices, validateDevices } from '../parts/devices.ts';
import { tidyNestedMeta } from '../parts/nested-meta.ts';

const validate = (t: ResourceClaimTemplate): FieldError[] => [
  ...validateLabels(t.spec?.metadata?.labels, 'spec.metadata.labels'), ...validateAnnotations(t.spec?.metadata?.annotations, 'spec.metadata.annotations'),
  ...validateDevices(t.spec?.spec?.devices, 'spec.spec.devices'),
];

export const resourceClaimTemplate = defineKind<ResourceClaimTemplate>({
  group: 'resource.k8s.io', version: 'v1', kind: 'ResourceClaimTemplate', plural: 'resourceclaimtemplates', namespaced: true,
  schema: 'io.k8s.api.resource.v1.ResourceClaimTemplate',
  setDefaults(t) {
    const s = t.spec ??= { spec: {} };
    tidyNestedMeta(s.metadata);
    defaultDevices((s.spec ??= {}).devices);
  },
  validate,
  validateUpdate: (next, prev) => (equal(next.spec, prev.spec) ? [] : [invalid('spec', next.spec, IMMUTABLE)]),
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'template', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
