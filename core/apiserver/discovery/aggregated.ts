// Aggregated discovery (apidiscovery.k8s.io v2 and v2beta1, the same shape): everything in two requests.
import type { KindSpec } from '../../api/kinds/kind.ts';
import { responseKind, type Group } from './groups.ts';

export type DiscoveryVersion = 'v2' | 'v2beta1';

/** The content type an answer must carry to the letter, or clients read the body as the legacy form (trap 5). */
export const aggregatedType = (v: DiscoveryVersion): string => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`;

const scopeOf = (k: KindSpec): string => (k.namespaced ? 'Namespaced' : 'Cluster');

const resource = (k: KindSpec): object => ({
  resource: k.plural, responseKind: { group: k.group, version: k.version, kind: k.kind }, scope: scopeOf(k),
  singularResource: k.singular, verbs: k.verbs,
  ...(k.shortNames.length ? { shortNames: k.shortNames } : {}), ...(k.categories.length ? { categories: k.categories } : {}),
  ...(k.subresources.length ? { subresources: k.subresources.map(s => ({ subresource: s.name, responseKind: responseKind(k, s), verbs: s.verbs })) } : {}),
});

/** `core` answers /api, otherwise /apis. */
export const groupDiscoveryList = (groups: readonly Group[], core: boolean, version: DiscoveryVersion): object => ({
  kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {},
  items: groups.filter(g => (g.group === '') === core).map(g => ({
    metadata: core ? {} : { name: g.group },
    versions: g.versions.map(v => (v.remote ? { version: v.version, freshness: v.remote.stale ? 'Stale' : 'Current', resources: v.remote.resources } : { version: v.version, freshness: 'Current', resources: v.kinds.map(resource) })),
  })),
});
