import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import type { PriorityClass } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

/** Above this, only the system's own two classes. */
export const HIGHEST_USER_PRIORITY = 1_000_000_000;
const SYSTEM: Readonly<Record<string, number>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 };

function validate(p: PriorityClass): FieldError[] {
  const errors: FieldError[] = [], name = p.metadata?.name ?? '', value = p.value ?? 0;
  if (name.startsWith('system-')) {
    const why = SYSTEM[name] === undefined ? `${name} is not a known system priority class` : SYSTEM[name] !== value ? `value of ${name} PriorityClass must be ${SYSTEM[name]}` : p.globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
    if (why !== undefined) errors.push(forbidden('metadata.name', `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`));
  } else if (value > HIGHEST_USER_PRIORITY) errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`));
  if (p.preemptionPolicy === '') errors.push(required('preemptionPolicy'));
  else if (p.preemptionPolicy !== undefined && p.preemptionPolicy !== 'Never' && p.preemptionPolicy !== 'PreemptLowerPriority') errors.push(notSupported('preemptionPolicy', p.preemptionPolicy, ['PreemptLowerPriority', 'Never'], true));
  return errors;
}

function validateUpdate(next: PriorityClass, prev: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  if ((next.value ?? 0) !== (prev.value ?? 0)) errors.push(forbidden('value', 'may not be changed in an update.'));
  if (next.preemptionPolicy !== prev.preemptionPolicy) errors.push(invalid('preemptionPolicy', next.preemptionPolicy, 'field is immutable'));
  return errors;
}

export const priorityClass = defineKind<PriorityClass>({
  group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClass', plural: 'priorityclasses', namespaced: false,
  schema: 'io.k8s.api.scheduling.v1.PriorityClass', shortNames: ['pc'],
  generation: true,
  setDefaults(p) {
    p.preemptionPolicy ??= 'PreemptLowerPriority';
    p.value ??= 0;
  },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    count('Value', 'The priority: higher goes first.', p => p.value ?? 0),
    { name: 'Global-Default', type: 'boolean', draw: 'text', description: 'Whether pods that name no class get this one.', value: p => p.globalDefault ?? false },
    ageColumn,
    text('PreemptionPolicy', 'Whether pods of lower priority make room.', p => p.preemptionPolicy ?? ''),
  ],
  view: { nav: 'Cluster', icon: 'priority', sections: ['priority', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
