import { difference, semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE, NOT_POSITIVE } from '../../meta/names.ts';
import { nanosOf } from '../../meta/quantity.ts';
import type { NodeSelector, PersistentVolume, PersistentVolumeSpec } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { validateAccessModes, validateVolumeMode } from '../parts/claim.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultResourceList, isFractional, validateWhole } from '../parts/resources.ts';
import { validateNodeSelector } from '../parts/scheduling.ts';
import { nodeTermWarnings } from '../parts/pod-warnings.ts';
import { defaultSources, validateSources } from '../parts/volume-sources.ts';
import { accessModesText } from './persistent-volume-claim.ts';

/** In the order in which Kubernetes looks for them. */
const ORDER = [
  'hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte', 'cephfs', 'iscsi', 'cinder', 'fc', 'flexVolume', 'azureFile', 'vsphereVolume',
  'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi',
] as const;
const RECLAIM = ['Delete', 'Recycle', 'Retain'];

function validate(v: PersistentVolume): FieldError[] {
  const spec = v.spec ?? {}, errors: FieldError[] = [], capacity = spec.capacity ?? {}, resources = Object.keys(capacity), reclaim = spec.persistentVolumeReclaimPolicy;
  if (!spec.accessModes?.length) errors.push(required('spec.accessModes'));
  errors.push(...validateAccessModes(spec.accessModes, 'spec.accessModes'));
  if (resources.length === 0) errors.push(required('spec.capacity'));
  if (capacity['storage'] === undefined || resources.length > 1) errors.push(notSupported('spec.capacity', capacity, ['storage']));
  for (const [name, q] of Object.entries(capacity)) errors.push(...validateWhole(q, `spec.capacity[${name}]`), ...(nanosOf(q) <= 0n ? [invalid(`spec.capacity[${name}]`, q, NOT_POSITIVE)] : []));
  if (reclaim && !RECLAIM.includes(reclaim)) errors.push(notSupported('spec.persistentVolumeReclaimPolicy', reclaim, RECLAIM));
  if (spec.nodeAffinity) errors.push(...(spec.nodeAffinity.required ? validateNodeSelector(spec.nodeAffinity.required, 'spec.nodeAffinity.required') : [required('spec.nodeAffinity.required', 'must specify required node constraints')]));
  errors.push(...validateSources(spec, ORDER, 'spec', v.metadata?.name ?? '', false, {
    local: at => [
      ...(spec.local!.path ? (spec.local!.path.split('/').includes('..') ? [invalid(`${at}.path`, spec.local!.path, "must not contain '..'")] : []) : [required(`${at}.path`)]),
      ...(spec.nodeAffinity ? [] : [required('spec.nodeAffinity', 'Local volume requires node affinity')]),
    ],
  }));
  if (spec.hostPath && /^\/[/.]*$/.test(spec.hostPath.path ?? '') && reclaim === 'Recycle') errors.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  if (spec.storageClassName) for (const m of dnsSubdomain(spec.storageClassName)) errors.push(invalid('spec.storageClassName', spec.storageClassName, m));
  errors.push(...validateVolumeMode(spec.volumeMode, 'spec.volumeMode'));
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined) return errors;
  if (attributes === '') errors.push(required('spec.volumeAttributesClassName', 'an empty string is disallowed'));
  else for (const m of dnsSubdomain(attributes)) errors.push(invalid('spec.volumeAttributesClassName', attributes, m));
  return spec.csi ? errors : [...errors, required('spec.csi', 'has to be specified when using volumeAttributesClassName')];
}

const STABLE: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os', 'beta.kubernetes.io/arch': 'kubernetes.io/arch', 'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};
/** `prev` with those old label keys renamed that `next` has under their new name. */
function renamed(prev: NodeSelector | undefined, next: NodeSelector | undefined): NodeSelector | undefined {
  return prev && {
    ...prev, nodeSelectorTerms: prev.nodeSelectorTerms?.map((t, i) => ({
      ...t, ...(t.matchExpressions ? { matchExpressions: t.matchExpressions.map((e, j) => { const key = next?.nodeSelectorTerms?.[i]?.matchExpressions?.[j]?.key; return key !== undefined && STABLE[e.key] === key ? { ...e, key } : e; }) } : {}),
    })),
  };
}

function validateUpdate(next: PersistentVolume, prev: PersistentVolume): FieldError[] {
  const pick = (s: PersistentVolumeSpec): PersistentVolumeSpec => Object.fromEntries(ORDER.filter(k => s[k] !== undefined && s[k] !== null).map(k => [k, s[k]]));
  const a = pick(next.spec ?? {}), b = pick(prev.spec ?? {}), errors: FieldError[] = [], to = next.spec?.volumeAttributesClassName, from = prev.spec?.volumeAttributesClassName;
  // The secret for growing a volume may come later.
  if (a.csi?.controllerExpandSecretRef && b.csi && !b.csi.controllerExpandSecretRef) { const { controllerExpandSecretRef: _late, ...csi } = a.csi; a.csi = csi; }
  if (!semanticEqual(a, b)) errors.push(forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${difference(b, a)}`));
  if (next.spec?.volumeMode !== prev.spec?.volumeMode) errors.push(invalid('volumeMode', next.spec?.volumeMode, IMMUTABLE));
  const nodes = next.spec?.nodeAffinity?.required, were = prev.spec?.nodeAffinity?.required;
  if (prev.spec?.nodeAffinity && !semanticEqual(nodes, renamed(were, nodes))) errors.push(invalid('nodeAffinity', next.spec?.nodeAffinity, `${IMMUTABLE}, except for updating from beta label to GA`));
  if (from !== undefined && to === undefined) errors.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  return errors;
}

const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class', OLD_MOUNT = 'volume.beta.kubernetes.io/mount-options';
function warnings(v: PersistentVolume): string[] {
  const out: string[] = [], spec = v.spec ?? {}, notes = v.metadata?.annotations ?? {}, storage = spec.capacity?.['storage'];
  if (notes[OLD_CLASS] !== undefined) out.push(`metadata.annotations[${OLD_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  if (notes[OLD_MOUNT] !== undefined) out.push(`metadata.annotations[${OLD_MOUNT}]: deprecated since v1.31; use "mountOptions" attribute instead`);
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') out.push('spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.');
  spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((t, i) => out.push(...nodeTermWarnings(t, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, false)));
  const gone: [keyof PersistentVolumeSpec, string][] = [
    ['photonPersistentDisk', 'spec.photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'], ['scaleIO', 'spec.scaleIO: deprecated in v1.16, non-functional in v1.22+'],
    ['storageos', 'spec.storageOS: deprecated in v1.22, non-functional in v1.25+'], ['glusterfs', 'spec.glusterfs: deprecated in v1.25, non-functional in v1.26+'],
    ['cephfs', 'spec.cephfs: deprecated in v1.28, non-functional in v1.31+'], ['rbd', 'spec.rbd: deprecated in v1.28, non-functional in v1.31+'],
  ];
  for (const [k, text] of gone) if (spec[k]) out.push(text);
  if (storage !== undefined && isFractional(storage)) out.push(`spec.capacity[storage]: fractional byte value ${JSON.stringify(storage)} is invalid, must be an integer`);
  return out;
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
    defaultSources(v.spec);
    defaultResourceList(v.spec.capacity);
  },
  prepareForCreate(v) { v.status = { phase: 'Pending' }; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate,
  validateStatusUpdate: () => [],
  warnings,
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
    nav: 'Storage', icon: 'volume', sections: ['volume', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health: v => (v.status?.phase === 'Failed' ? { level: 'bad', word: 'Failed' } : v.status?.phase === 'Released' ? { level: 'warning', word: 'Released' } : { level: 'good', word: v.status?.phase ?? 'Available' }),
  },
});
