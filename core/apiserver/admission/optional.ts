// Small plug-ins of other kinds than pods; all but ClusterTrustBundleAttest are off unless --enable-admission-plugins names them.
import { equal } from '../../api/meta/clone.ts';
import { groupOf } from '../../api/meta/owner.ts';
import type { OwnerReference } from '../../api/meta/object.ts';
import { forbiddenError, isAlreadyExists, notFoundError } from '../../api/meta/status.ts';
import type { Service } from '../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin, Attributes } from './chain.ts';

export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit' };

const deny = (a: Attributes): void => { throw forbiddenError(a.resource.spec, a.name, 'admission control is denying all modifications'); };
export const alwaysDeny: AdmissionPlugin = { name: 'AlwaysDeny', mutate: deny, validate: deny };

/** No service answers on addresses that somebody made up. Those that are there may stay. */
export const denyServiceExternalIps: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  validate(a) {
    if (a.resource.spec.group !== '' || a.resource.spec.plural !== 'services' || a.subresource !== '' || (a.operation !== 'CREATE' && a.operation !== 'UPDATE')) return;
    const before = (a.old as Service | undefined)?.spec?.externalIPs ?? [];
    if ((a.object as Service).spec?.externalIPs?.some(ip => !before.includes(ip))) throw forbiddenError(a.resource.spec, a.name, 'Use of external IPs is denied by admission control.');
  },
};

type Env = Pick<RegistryEnv, 'store' | 'find' | 'authorizer'>;
function missing(env: Env, a: Attributes): boolean {
  if (!a.resource.spec.namespaced || a.namespace === '' || a.operation === 'DELETE') return false;
  const namespaces = env.find('', 'namespaces');
  return namespaces !== undefined && env.store.get(namespaces.key('', a.namespace)) === undefined;
}

/** 404 for every write into a namespace that is not there. */
export function namespaceExists(env: () => Env): AdmissionPlugin {
  return { name: 'NamespaceExists', validate(a) { if (missing(env(), a)) throw notFoundError({ group: '', plural: 'namespaces' }, a.namespace); } };
}

/** Makes the namespace of what is created when it is not there. */
export function namespaceAutoProvision(env: () => Env, make: (name: string) => Promise<unknown>): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    async mutate(a) {
      if (a.operation !== 'CREATE' || a.dryRun || !missing(env(), a)) return;
      try { await make(a.namespace); } catch (e) { if (!isAlreadyExists(e)) throw e; }
    },
  };
}

/** Who publishes trust in a signer must be allowed to attest for it: `attest` on `signers`, by its name or by `domain/*`. */
export function clusterTrustBundleAttest(env: () => Env): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    validate(a) {
      const { spec } = a.resource;
      if (spec.group !== 'certificates.k8s.io' || spec.plural !== 'clustertrustbundles' || (a.operation !== 'CREATE' && a.operation !== 'UPDATE')) return;
      const wanted = (a.object as { spec?: { signerName?: string } }).spec, signer = wanted?.signerName ?? '';
      if (signer === '' || equal(wanted, (a.old as { spec?: object } | undefined)?.spec)) return;
      const may = (name: string): boolean => env().authorizer.authorize({ user: a.user, verb: 'attest', resource: { group: spec.group, version: '*', resource: 'signers', subresource: '', namespace: '', name } }).verdict === 'allow';
      if (!may(signer) && !may(`${signer.split('/')[0]!}/*`)) throw forbiddenError(spec, a.name, `user not permitted to attest for signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Owner references decide what the garbage collector deletes: who sets them must be allowed to do that himself. */
export function ownerReferencesPermissionEnforcement(env: () => Env): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    validate(a) {
      if ((a.operation !== 'CREATE' && a.operation !== 'UPDATE') || a.subresource === 'status' || !a.object) return;
      const next = a.object.metadata?.ownerReferences ?? [], prev = a.old?.metadata?.ownerReferences ?? [];
      if (equal(next, prev)) return;
      const { authorizer } = env(), { spec } = a.resource;
      const may = (verb: string, what: { group: string; version: string; resource: string; subresource: string; name: string; namespace: string }): boolean => authorizer.authorize({ user: a.user, verb, resource: what }).verdict === 'allow';
      const own = { group: spec.group, version: spec.version, resource: spec.plural, namespace: a.namespace, name: a.operation === 'CREATE' ? '' : a.name };
      if (a.operation === 'UPDATE' && !may('delete', { ...own, subresource: '' })) throw forbiddenError(spec, a.name, "cannot set an ownerRef on a resource you can't delete: , <nil>");
      const blocking = (list: readonly OwnerReference[]): OwnerReference[] => list.filter(o => o.blockOwnerDeletion === true);
      for (const o of blocking(next).filter(n => !blocking(prev).some(p => p.uid === n.uid))) {
        const group = groupOf(o.apiVersion), owner = ownerResource(env(), group, o.kind);
        if (!owner) throw forbiddenError(spec, a.name, `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${o.apiVersion} Kind ${o.kind}`);
        if (!may('update', { group, version: owner.version, resource: owner.plural, subresource: 'finalizers', name: o.name, namespace: owner.namespaced ? a.namespace : '' })) {
          throw forbiddenError(spec, a.name, "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>");
        }
      }
    },
  };
}

/** The served resource of a Kind: its plural is what Kubernetes' own naming makes of it. */
function ownerResource(env: Env, group: string, kind: string): { version: string; plural: string; namespaced: boolean } | undefined {
  const word = kind.toLowerCase();
  for (const plural of [`${word}s`, `${word}es`, `${word.replace(/y$/, 'ie')}s`, word]) {
    const r = env.find(group, plural);
    if (r?.spec.kind === kind) return r.spec;
  }
  return undefined;
}
