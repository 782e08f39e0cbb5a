import { difference, semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE, labelKey } from '../../meta/names.ts';
import { compareQuantity } from '../../meta/quantity.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { claimWarnings, defaultClaimSpec, validateClaimSpec } from '../parts/claim.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validateWhole } from '../parts/resources.ts';

const SHORT: Readonly<Record<string, string>> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
/** `RWO,ROX`. */
export const accessModesText = (modes: readonly string[] | undefined): string => Object.keys(SHORT).filter(m => modes?.includes(m)).map(m => SHORT[m]!).join(',');

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
/** Where a claim may take its data from in `dataSource`; of anything else only `dataSourceRef` may speak. */
const isOldSource = (s: PersistentVolumeClaimSpec['dataSource']): boolean =>
  (s?.kind === 'PersistentVolumeClaim' && !s.apiGroup) || (s?.kind === 'VolumeSnapshot' && s.apiGroup === 'snapshot.storage.k8s.io');

/** `dataSource` and `dataSourceRef` say the same, whichever the client speaks. */
function pairSources(spec: PersistentVolumeClaimSpec): void {
  if (!spec.dataSourceRef && spec.dataSource && !isOldSource(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { namespace: _none, ...source } = spec.dataSourceRef;
    spec.dataSource = source;
  }
}

/** The class may be named later: where an annotation named it before, or nothing did. */
function mayName(prev: PersistentVolumeClaim, next: PersistentVolumeClaim): boolean {
  const was = prev.metadata?.annotations?.[BETA_CLASS], name = next.spec?.storageClassName;
  return name !== undefined && prev.spec?.storageClassName === undefined && (was === undefined || was === name);
}

function validateUpdate(next: PersistentVolumeClaim, prev: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [], a = next.spec ?? {}, b = prev.spec ?? {}, bound = next.status?.phase === 'Bound';
  const was = prev.metadata?.annotations?.[BETA_CLASS] ?? '', is = next.metadata?.annotations?.[BETA_CLASS] ?? '', upgraded = mayName(prev, next) && was !== '' && (is === '' || is === was);
  if (!upgraded && is !== was) errors.push(invalid(`metadata.annotations.${BETA_CLASS}`, is, IMMUTABLE));
  const same: PersistentVolumeClaimSpec = { ...a };
  if (!b.volumeName) same.volumeName = b.volumeName;
  if (mayName(prev, next)) same.storageClassName = b.storageClassName;
  // A bound claim may ask for more, and for other attributes.
  if (bound && a.resources?.requests) same.resources = { ...a.resources, requests: { ...a.resources.requests, storage: b.resources?.requests?.['storage'] ?? '0' } };
  if (bound && a.volumeAttributesClassName !== undefined) same.volumeAttributesClassName = b.volumeAttributesClassName;
  if (!semanticEqual(same, b)) errors.push(forbidden('spec', `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${difference(b, same)}`));
  const size = a.resources?.requests?.['storage'] ?? '0', before = b.resources?.requests?.['storage'] ?? '0';
  if (compareQuantity(size, before) < 0 && compareQuantity(size, prev.status?.capacity?.['storage'] ?? '0') <= 0) errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  if (a.volumeMode !== b.volumeMode) errors.push(invalid('volumeMode', a.volumeMode, IMMUTABLE));
  if (b.volumeAttributesClassName !== undefined && a.volumeAttributesClassName !== b.volumeAttributesClassName && !a.volumeAttributesClassName) {
    errors.push(forbidden('spec.volumeAttributesClassName', `update from non-nil value to ${a.volumeAttributesClassName === undefined ? 'nil' : 'an empty string'} is forbidden`));
  }
  return errors;
}

const RESIZES = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'];
/** What grows is storage, or somebody's own. */
function resizedName(name: string, path: string): FieldError[] {
  const bad = labelKey(name).map(m => invalid(path, name, m));
  return bad.length > 0 || name === 'storage' || (name.includes('/') && !name.includes('kubernetes.io/')) ? bad : [notSupported(path, name, ['storage'])];
}
function validateStatusUpdate(next: PersistentVolumeClaim): FieldError[] {
  const s = next.status ?? {}, errors = Object.entries(s.capacity ?? {}).flatMap(([n, q]) => validateWhole(q, `status.capacity[${n}]`));
  for (const [name, state] of Object.entries(s.allocatedResourceStatuses ?? {})) {
    errors.push(...resizedName(name, 'status.allocatedResourceStatus'));
    if (!RESIZES.includes(state)) errors.push(notSupported('status.allocatedResourceStatus', name, RESIZES));
  }
  for (const [name, q] of Object.entries(s.allocatedResources ?? {})) {
    const bad = resizedName(name, 'status.allocatedResources');
    errors.push(...(bad.length > 0 ? bad : validateWhole(q, `status.allocatedResources[${name}]`)));
  }
  return errors;
}

const orUnset = (v: string | undefined): string => v || '<unset>';

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  group: '', version: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', namespaced: true,
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim', shortNames: ['pvc'],
  subresources: [STATUS],
  setDefaults(c) { defaultClaimSpec(c.spec); if (c.spec) pairSources(c.spec); },
  prepareForCreate(c) { c.status = { phase: 'Pending' }; },
  prepareForUpdate: keepStatus,
  validate: c => validateClaimSpec(c.spec ?? {}, 'spec'),
  validateUpdate,
  validateStatusUpdate,
  warnings: c => [
    ...(c.metadata?.annotations?.[BETA_CLASS] === undefined ? [] : [`metadata.annotations[${BETA_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...claimWarnings(c.spec, 'spec'),
  ],
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
    nav: 'Storage', icon: 'claim', sections: ['claim', 'conditions', 'pods', 'owners', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health: c => (c.status?.phase === 'Bound' ? { level: 'good', word: 'Bound' } : c.status?.phase === 'Lost' ? { level: 'bad', word: 'Lost' } : { level: 'busy', word: c.status?.phase ?? 'Pending' }),
  },
});
