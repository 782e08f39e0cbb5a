// What claims and volumes get and may not lose: a default class, the finalizers that keep what is in use, room to grow only where the
// class allows it (contract 12.3).
import { isDefaultClass } from '../../api/kinds/storage/storage-class.ts';
import { compareQuantity } from '../../api/meta/quantity.ts';
import { forbiddenError } from '../../api/meta/status.ts';
import type { PersistentVolumeClaim, StorageClass } from '../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin, Attributes } from './chain.ts';

type Env = () => Pick<RegistryEnv, 'store' | 'find'>;
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const isClaim = (a: Attributes): boolean => a.resource.spec.plural === 'persistentvolumeclaims' && a.resource.spec.group === '' && a.subresource === '';

/** Newest first, then by name: of several defaults the first is taken. */
const newestFirst = <T extends { metadata?: { creationTimestamp?: unknown; name?: string } }>(list: T[]): T[] =>
  list.sort((a, b) => String(b.metadata?.creationTimestamp ?? '').localeCompare(String(a.metadata?.creationTimestamp ?? '')) || (a.metadata!.name! < b.metadata!.name! ? -1 : 1));

/** All objects of a cluster-scoped resource that `which` picks, newest first. */
export function defaultsOf<T extends object>(env: Env, group: string, plural: string, which: (o: T) => boolean): T[] {
  const { store, find } = env(), resource = find(group, plural);
  if (!resource || store.count(resource.prefix) === 0) return [];
  return newestFirst(store.range({ prefix: resource.prefix }).entries.map(e => resource.stateOf(e) as T).filter(which));
}

/** Gives a new claim that names no class the default one, if there is one. */
export function defaultStorageClass(env: Env): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    mutate(a) {
      if (a.operation !== 'CREATE' || !isClaim(a)) return;
      const claim = a.object as PersistentVolumeClaim;
      if (!claim.spec || claim.metadata!.annotations?.[BETA_CLASS] !== undefined || (claim.spec.storageClassName !== undefined && claim.spec.storageClassName !== null)) return;
      const chosen = defaultsOf<StorageClass>(env, 'storage.k8s.io', 'storageclasses', isDefaultClass)[0];
      if (chosen) claim.spec.storageClassName = chosen.metadata!.name!;
    },
  };
}

/** Claims, volumes and attribute classes are kept by a finalizer as long as they are used; the protection controllers take it off. */
const PROTECTED: Readonly<Record<string, string>> = {
  '/persistentvolumeclaims': 'kubernetes.io/pvc-protection', '/persistentvolumes': 'kubernetes.io/pv-protection', 'storage.k8s.io/volumeattributesclasses': 'kubernetes.io/vac-protection',
};
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  mutate(a) {
    const finalizer = a.operation === 'CREATE' && a.subresource === '' ? PROTECTED[`${a.resource.spec.group}/${a.resource.spec.plural}`] : undefined;
    if (finalizer === undefined) return;
    const m = a.object!.metadata!;
    if (!m.finalizers?.includes(finalizer)) m.finalizers = [...(m.finalizers ?? []), finalizer];
  },
};

/** 403 for a claim that grows without being bound, or whose class does not allow it. */
export function persistentVolumeClaimResize(env: Env): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate(a) {
      if (a.operation !== 'UPDATE' || !isClaim(a)) return;
      const next = a.object as PersistentVolumeClaim, prev = a.old as PersistentVolumeClaim;
      const size = next.spec?.resources?.requests?.['storage'], before = prev.spec?.resources?.requests?.['storage'];
      if (size === undefined || before === undefined || compareQuantity(size, before) <= 0) return;
      if (prev.status?.phase !== 'Bound') throw forbiddenError(a.resource.spec, a.name, 'Only bound persistent volume claims can be expanded');
      const { store, find } = env(), classes = find('storage.k8s.io', 'storageclasses'), name = prev.metadata?.annotations?.[BETA_CLASS] ?? prev.spec?.storageClassName;
      const entry = name ? classes && store.get(classes.key('', name)) : undefined;
      if (entry === undefined || (classes!.stateOf(entry) as StorageClass).allowVolumeExpansion !== true) {
        throw forbiddenError(a.resource.spec, a.name, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
      }
    },
  };
}
