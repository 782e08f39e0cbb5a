import { equal } from '../../meta/clone.ts';
import { duplicate, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import type { CSIDriver } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind, type Column } from '../kind.ts';
import { validateDriverName } from '../parts/csi.ts';

const GROUP_POLICIES = ['ReadWriteOnceWithFSType', 'File', 'None'], MODES = ['Persistent', 'Ephemeral'];
const TEN_MINUTES = 600, LONGEST = 2 ** 32, SHORTEST_PERIOD = 10;

function validate(d: CSIDriver): FieldError[] {
  const errors = validateDriverName(d.metadata?.name, 'name'), s = d.spec ?? {};
  if (s.attachRequired === undefined) errors.push(required('spec.attachedRequired'));
  if (s.podInfoOnMount === undefined) errors.push(required('spec.podInfoOnMount'));
  if (s.storageCapacity === undefined) errors.push(required('spec.storageCapacity'));
  if (s.fsGroupPolicy === undefined) errors.push(required('spec.fsGroupPolicy'));
  else if (!GROUP_POLICIES.includes(s.fsGroupPolicy)) errors.push(notSupported('spec.fsGroupPolicy', s.fsGroupPolicy, GROUP_POLICIES));
  const audiences = new Set<string>();
  s.tokenRequests?.forEach((t, i) => {
    const at = `spec.tokenRequests[${i}]`, audience = t.audience ?? '';
    if (audiences.has(audience)) errors.push(duplicate(`${at}.audience`, audience));
    audiences.add(audience);
    if (t.expirationSeconds === undefined) return;
    if (t.expirationSeconds < TEN_MINUTES) errors.push(invalid(`${at}.expirationSeconds`, t.expirationSeconds, 'may not specify a duration less than 10 minutes'));
    if (t.expirationSeconds > LONGEST) errors.push(invalid(`${at}.expirationSeconds`, t.expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  });
  for (const m of s.volumeLifecycleModes ?? []) if (!MODES.includes(m)) errors.push(notSupported('spec.volumeLifecycleModes', m, MODES, true));
  if (s.seLinuxMount === undefined) errors.push(required('spec.seLinuxMount'));
  const period = s.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < SHORTEST_PERIOD) errors.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'));
  return errors;
}

function validateUpdate(next: CSIDriver, prev: CSIDriver): FieldError[] {
  const errors: FieldError[] = [];
  if (next.spec?.attachRequired !== prev.spec?.attachRequired) errors.push(invalid('spec.attachedRequired', next.spec?.attachRequired, IMMUTABLE));
  if (!equal(next.spec?.volumeLifecycleModes, prev.spec?.volumeLifecycleModes)) errors.push(invalid('spec.volumeLifecycleModes', next.spec?.volumeLifecycleModes, IMMUTABLE));
  return errors;
}

const flag = (name: string, description: string, value: (d: CSIDriver) => boolean | undefined): Column<CSIDriver> => ({ name, type: 'boolean', draw: 'text', description, value: d => value(d) ?? false });

export const csiDriver = defineKind<CSIDriver>({
  group: 'storage.k8s.io', version: 'v1', kind: 'CSIDriver', plural: 'csidrivers', namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSIDriver',
  unconditionalUpdate: false, nameRule: 'path-segment',
  setDefaults(d) {
    const s = d.spec ??= {};
    s.attachRequired ??= true;
    s.podInfoOnMount ??= false;
    s.storageCapacity ??= false;
    s.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!s.volumeLifecycleModes?.length) s.volumeLifecycleModes = ['Persistent'];
    s.requiresRepublish ??= false;
    s.seLinuxMount ??= false;
  },
  // Not counted from the start: only a change of what may change is.
  prepareForUpdate(next, prev) { if (!equal(next.spec, prev.spec)) next.metadata!.generation = (prev.metadata?.generation ?? 0) + 1; },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    flag('AttachRequired', 'Whether volumes are attached to a node first.', d => d.spec?.attachRequired),
    flag('PodInfoOnMount', 'Whether the driver is told about the pod.', d => d.spec?.podInfoOnMount),
    flag('StorageCapacity', 'Whether the driver says how much room it has.', d => d.spec?.storageCapacity),
    text('TokenRequests', 'Audiences of the tokens the driver gets.', d => (d.spec?.tokenRequests?.length ? d.spec.tokenRequests.map(t => t.audience ?? '').join(',') : '<unset>')),
    flag('RequiresRepublish', 'Whether volumes are published again and again.', d => d.spec?.requiresRepublish),
    text('Modes', 'How long its volumes live.', d => (d.spec?.volumeLifecycleModes?.length ? d.spec.volumeLifecycleModes.join(',') : '<none>')),
    ageColumn,
  ],
  view: { nav: 'Storage', icon: 'class', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
