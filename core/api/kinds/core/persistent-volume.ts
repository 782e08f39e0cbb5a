import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE } from '../../meta/names.ts';
import type { PersistentVolume, PersistentVolumeSpec } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { validateDriverName } from '../parts/csi.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultResourceList, validateAmount } from '../parts/resources.ts';
import { validateAffinity } from '../parts/scheduling.ts';
import { ACCESS_MODES, accessModesText } from './persistent-volume-claim.ts';

const NOT_SOURCES = new Set(['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'persistentVolumeReclaimPolicy', 'storageClassName', 'volumeAttributesClassName', 'volumeMode']);
const sources = (spec: PersistentVolumeSpec): string[] => Object.keys(spec).filter(k => !NOT_SOURCES.has(k) && spec[k as keyof PersistentVolumeSpec]);

function validate(v: PersistentVolume): FieldError[] {
  const spec = v.spec ?? {};
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(required('spec.accessModes'));
  for (const m of spec.accessModes ?? []) if (!ACCESS_MODES.includes(m)) errors.push(notSupported('spec.accessModes', m, ACCESS_MODES));
  if (!spec.capacity || Object.keys(spec.capacity).length === 0) errors.push(required('spec.capacity'));
  else if (spec.capacity.storage === undefined || Object.keys(spec.capacity).length > 1) errors.push(notSupported('spec.capacity', spec.capacity, ['storage']));
  else errors.push(...validateAmount('storage', spec.capacity.storage, 'spec.capacity[storage]'));
  const reclaim = spec.persistentVolumeReclaimPolicy;
  if (reclaim && !['Delete', 'Recycle', 'Retain'].includes(reclaim)) errors.push(notSupported('spec.persistentVolumeReclaimPolicy', reclaim, ['Delete', 'Recycle', 'Retain']));
  const found = sources(spec);
  if (found.length === 0) errors.push(required('spec', 'must specify a volume type'));
  found.slice(1).forEach(k => errors.push(forbidden(`spec.${k}`, 'may not specify more than 1 volume type')));
  if (spec.hostPath && !spec.hostPath.path) errors.push(required('spec.hostPath.path'));
  if (spec.hostPath?.path === '/' && reclaim === 'Recycle') errors.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  if (spec.nfs) {
    for (const f of ['server', 'path'] as const) if (!spec.nfs[f]) errors.push(required(`spec.nfs.${f}`));
    if (spec.nfs.path && !spec.nfs.path.startsWith('/')) errors.push(invalid('spec.nfs.path', spec.nfs.path, 'must be an absolute path'));
  }
  if (spec.csi) {
    errors.push(...validateDriverName(spec.csi.driver, 'spec.csi.driver'));
    if (!spec.csi.volumeHandle) errors.push(required('spec.csi.volumeHandle'));
  }
  if (spec.local && !spec.local.path) errors.push(required('spec.local.path'));
  for (const f of ['storageClassName', 'volumeAttributesClassName'] as const) if (spec[f]) for (const m of dnsSubdomain(spec[f])) errors.push(invalid(`spec.${f}`, spec[f], m));
  if (spec.nodeAffinity) {
    if (!spec.nodeAffinity.required) errors.push(required('spec.nodeAffinity.required', 'must specify required node constraints'));
    else errors.push(...validateAffinity({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: spec.nodeAffinity.required } }, 'spec').map(e => ({ ...e, field: e.field.replace('nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution', 'nodeAffinity.required') })));
  }
  if (spec.local && !spec.nodeAffinity) errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  if (spec.volumeMode !== undefined && spec.volumeMode !== 'Block' && spec.volumeMode !== 'Filesystem') errors.push(notSupported('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']));
  return errors;
}

function validateUpdate(next: PersistentVolume, prev: PersistentVolume): FieldError[] {
  const pick = (s: PersistentVolumeSpec): unknown => Object.fromEntries(sources(s).map(k => [k, s[k as keyof PersistentVolumeSpec]]));
  const errors = semanticEqual(pick(next.spec ?? {}), pick(prev.spec ?? {})) ? [] : [forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')];
  if (next.spec?.volumeMode !== prev.spec?.volumeMode) errors.push(invalid('volumeMode', next.spec?.volumeMode, IMMUTABLE));
  if (prev.spec?.nodeAffinity && !semanticEqual(next.spec?.nodeAffinity, prev.spec.nodeAffinity)) errors.push(invalid('nodeAffinity', next.spec?.nodeAffinity, IMMUTABLE));
  return errors;
}

const orUnset = (v: string | undefined): string => v || '<unset>';

export const persistentVolume = defineKind<PersistentVolume>({
  group: '', version: 'v1', kind: 'PersistentVolume', plural: 'persistentvolumes', namespaced: false,
  schema: 'io.k8s.api.core.v1.PersistentVolume', shortNames: ['pv'],
  subresources: [STATUS],
  setDefaults(v) {
    if (!v.spec) return;
    if (!v.spec.persistentVolumeReclaimPolicy) v.spec.persistentVolumeReclaimPolicy = 'Retain';
    v.spec.volumeMode ??= 'Filesystem';
    if (v.spec.hostPath) v.spec.hostPath.type ??= '';
    defaultResourceList(v.spec.capacity);
  },
  prepareForCreate(v) { v.status = { phase: 'Pending' }; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    text('Capacity', 'Size.', v => v.spec?.capacity?.storage ?? '0'),
    text('Access Modes', 'How it may be mounted.', v => accessModesText(v.spec?.accessModes)),
    text('Reclaim Policy', 'What happens to it when its claim goes.', v => v.spec?.persistentVolumeReclaimPolicy ?? ''),
    { name: 'Status', type: 'string', draw: 'state', description: 'Available, Bound, Released or Failed.', value: v => (v.metadata?.deletionTimestamp ? 'Terminating' : v.status?.phase ?? '') },
    text('Claim', 'Claim it is bound to.', v => (v.spec?.claimRef ? `${v.spec.claimRef.namespace ?? ''}/${v.spec.claimRef.name ?? ''}` : ''), { draw: 'link' }),
    text('StorageClass', 'Its class.', v => v.spec?.storageClassName ?? v.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? ''),
    text('VolumeAttributesClass', 'Its attributes.', v => orUnset(v.spec?.volumeAttributesClassName)),
    text('Reason', 'Why it is in its status.', v => v.status?.reason ?? ''),
    ageColumn,
    wide(text('VolumeMode', 'Filesystem or Block.', v => orUnset(v.spec?.volumeMode))),
  ],
  view: {
    nav: 'Storage', icon: 'volume', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health: v => (v.status?.phase === 'Failed' ? { level: 'bad', word: 'Failed' } : v.status?.phase === 'Released' ? { level: 'warning', word: 'Released' } : { level: 'good', word: v.status?.phase ?? 'Available' }),
  },
});
