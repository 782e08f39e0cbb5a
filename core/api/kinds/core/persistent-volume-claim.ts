import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain } from '../../meta/names.ts';
import { compareQuantity } from '../../meta/quantity.ts';
import type { PersistentVolumeClaim } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultResourceList, validateAmount } from '../parts/resources.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const SHORT: Readonly<Record<string, string>> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
/** `RWO,ROX`. */
export const accessModesText = (modes: readonly string[] | undefined): string => Object.keys(SHORT).filter(m => modes?.includes(m)).map(m => SHORT[m]!).join(',');

/** Defaults of a claim, also inside a StatefulSet. */
export function defaultClaim(c: PersistentVolumeClaim): void {
  if (!c.spec) return;
  c.spec.volumeMode ??= 'Filesystem';
  defaultResourceList(c.spec.resources?.requests);
  defaultResourceList(c.spec.resources?.limits);
}

function validate(c: PersistentVolumeClaim): FieldError[] {
  const { spec } = c;
  if (!spec) return [required('spec.accessModes', 'at least 1 access mode is required')];
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(required('spec.accessModes', 'at least 1 access mode is required'));
  errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  for (const m of spec.accessModes ?? []) if (!ACCESS_MODES.includes(m)) errors.push(notSupported('spec.accessModes', m, ACCESS_MODES));
  if (spec.accessModes?.includes('ReadWriteOncePod') && spec.accessModes.length > 1) errors.push(forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) errors.push(required('spec.resources[storage]'));
  else if (storage === '0' || storage.startsWith('-')) errors.push({ type: 'FieldValueInvalid', field: 'spec.resources[storage]', detail: `Invalid value: ${JSON.stringify(storage)}: must be greater than zero` });
  else errors.push(...validateAmount('storage', storage, 'spec.resources[storage]'));
  if (spec.volumeMode !== undefined && spec.volumeMode !== 'Block' && spec.volumeMode !== 'Filesystem') errors.push(notSupported('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']));
  for (const f of ['storageClassName', 'volumeAttributesClassName'] as const) if (spec[f]) for (const m of dnsSubdomain(spec[f])) errors.push(invalid(`spec.${f}`, spec[f], m));
  for (const f of ['dataSource', 'dataSourceRef'] as const) errors.push(...validateSource(spec[f], `spec.${f}`));
  return errors;
}

function validateSource(s: { apiGroup?: string; kind?: string; name?: string } | undefined, path: string): FieldError[] {
  if (!s) return [];
  const errors: FieldError[] = [];
  if (!s.name) errors.push(required(`${path}.name`));
  if (!s.kind) errors.push(required(`${path}.kind`));
  if (!s.apiGroup && s.kind && s.kind !== 'PersistentVolumeClaim') errors.push(invalid(path, s.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (s.apiGroup) for (const m of dnsSubdomain(s.apiGroup)) errors.push(invalid(`${path}.apiGroup`, s.apiGroup, m));
  return errors;
}

function validateUpdate(next: PersistentVolumeClaim, prev: PersistentVolumeClaim): FieldError[] {
  const a = next.spec ?? {}, b = prev.spec ?? {};
  const size = a.resources?.requests?.['storage'], was = b.resources?.requests?.['storage'], capacity = prev.status?.capacity?.['storage'];
  if (size !== undefined && was !== undefined && compareQuantity(size, was) < 0 && (capacity === undefined || compareQuantity(size, capacity) <= 0)) {
    return [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')];
  }
  if (b.volumeAttributesClassName !== undefined && a.volumeAttributesClassName === undefined && prev.status?.phase === 'Bound') return [forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')];
  // The binder names the volume once; size and attributes may be asked anew.
  const same = { ...a, resources: b.resources, volumeAttributesClassName: b.volumeAttributesClassName, ...(b.volumeName ? {} : { volumeName: b.volumeName }), ...(b.storageClassName === undefined ? { storageClassName: undefined } : {}) };
  if (semanticEqual(same, b)) return [];
  return [forbidden('spec', 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims')];
}

const orUnset = (v: string | undefined): string => v || '<unset>';

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  group: '', version: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', namespaced: true,
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim', shortNames: ['pvc'],
  subresources: [STATUS],
  setDefaults: defaultClaim,
  prepareForCreate(c) { c.status = { phase: 'Pending' }; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', draw: 'state', description: 'Pending, Bound or Lost.', value: c => (c.metadata?.deletionTimestamp ? 'Terminating' : c.status?.phase ?? '') },
    text('Volume', 'Volume bound to the claim.', c => c.spec?.volumeName ?? '', { draw: 'link' }),
    text('Capacity', 'Size of the bound volume.', c => (c.spec?.volumeName ? c.status?.capacity?.storage ?? '0' : '')),
    text('Access Modes', 'How the volume may be mounted.', c => (c.spec?.volumeName ? accessModesText(c.status?.accessModes) : '')),
    text('StorageClass', 'Class asked for.', c => c.spec?.storageClassName ?? c.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? ''),
    text('VolumeAttributesClass', 'Attributes asked for.', c => orUnset(c.spec?.volumeAttributesClassName)),
    ageColumn,
    wide(text('VolumeMode', 'Filesystem or Block.', c => orUnset(c.spec?.volumeMode))),
  ],
  view: {
    nav: 'Storage', icon: 'claim', sections: ['conditions', 'pods', 'owners', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health: c => (c.status?.phase === 'Bound' ? { level: 'good', word: 'Bound' } : c.status?.phase === 'Lost' ? { level: 'bad', word: 'Lost' } : { level: 'busy', word: c.status?.phase ?? 'Pending' }),
  },
});
