// Discovery one group-version at a time: APIVersions, APIGroupList, APIGroup, APIResourceList.
import type { KindSpec } from '../../api/kinds/kind.ts';
import { groupVersion, responseKind, storageVersionHash, type Group } from './groups.ts';

export const apiVersions = (groups: readonly Group[], serverAddress: string): object => ({
  kind: 'APIVersions',
  versions: groups.find(g => g.group === '')?.versions.map(v => v.version) ?? [],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
});

function apiGroup(g: Group): object {
  const versions = g.versions.map(v => ({ groupVersion: groupVersion(g.group, v.version), version: v.version }));
  return { name: g.group, versions, preferredVersion: versions[0] };
}
export const apiGroupOf = (g: Group): object => ({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(g) });
export const apiGroupList = (groups: readonly Group[]): object => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter(g => g.group !== '').map(apiGroup) });

function rows(k: KindSpec): object[] {
  const out: object[] = [{
    name: k.plural, singularName: k.singular, namespaced: k.namespaced, kind: k.kind, verbs: k.verbs,
    ...(k.shortNames.length ? { shortNames: k.shortNames } : {}), ...(k.categories.length ? { categories: k.categories } : {}),
    ...(k.verbs.includes('list') ? { storageVersionHash: storageVersionHash(k) } : {}),
  }];
  for (const s of k.subresources) {
    const r = responseKind(k, s);
    const foreign = r.group !== k.group || r.version !== k.version;
    out.push({
      name: `${k.plural}/${s.name}`, singularName: '', namespaced: k.namespaced,
      ...(foreign ? { group: r.group, version: r.version } : {}), kind: r.kind, verbs: s.verbs,
    });
  }
  return out;
}

export const apiResourceList = (group: string, version: string, kinds: readonly KindSpec[]): object => ({
  kind: 'APIResourceList', ...(group === '' ? {} : { apiVersion: 'v1' }), groupVersion: groupVersion(group, version), resources: kinds.flatMap(rows),
});
