import { equal } from '../../meta/clone.ts';
import { duplicate, invalid, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, IMMUTABLE } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { RuntimeClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultResourceList, validateRequirements } from '../parts/resources.ts';
import { validateTolerations } from '../parts/scheduling.ts';

function validate(r: RuntimeClass): FieldError[] {
  const errors: FieldError[] = dnsLabel(r.handler ?? '').map(m => invalid('handler', r.handler ?? '', m));
  if (r.overhead) errors.push(...validateRequirements({ limits: r.overhead.podFixed }, 'overhead'));
  const s = r.scheduling;
  if (s) {
    errors.push(...validateLabels(s.nodeSelector, 'scheduling.nodeSelector'), ...validateTolerations(s.tolerations, 'scheduling.tolerations'));
    s.tolerations?.forEach((t, i) => { if (s.tolerations!.slice(0, i).some(o => equal(o, t))) errors.push(duplicate(`scheduling.tolerations[${i}]`, t)); });
  }
  return errors;
}

export const runtimeClass = defineKind<RuntimeClass>({
  group: 'node.k8s.io', version: 'v1', kind: 'RuntimeClass', plural: 'runtimeclasses', namespaced: false,
  schema: 'io.k8s.api.node.v1.RuntimeClass',
  unconditionalUpdate: false, createOnUpdate: true,
  setDefaults(r) { defaultResourceList(r.overhead?.podFixed); },
  validate,
  validateUpdate: (next, prev) => (next.handler === prev.handler ? [] : [invalid('handler', next.handler, IMMUTABLE)]),
  columns: [nameColumn, text('Handler', 'What the node agent runs such pods with.', r => r.handler ?? ''), ageColumn],
  view: { nav: 'Cluster', icon: 'class', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
