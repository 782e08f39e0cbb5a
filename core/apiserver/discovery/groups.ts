// Groups, versions and their order, derived from the array of kinds.
import { createHash } from 'node:crypto';
import type { KindSpec, Subresource } from '../../api/kinds/kind.ts';
import { compareVersions } from '../../api/meta/versions.ts';
import { customOf } from '../crd/custom-kind.ts';
import type { RemoteVersion } from '../aggregation/remote-discovery.ts';
import { priorityOf } from './priorities.ts';

export interface Version { readonly version: string; readonly kinds: readonly KindSpec[]; /** Another server answers for it. */ readonly remote?: RemoteVersion }
export interface Group { readonly group: string; readonly versions: readonly Version[] }

/** Upstream's order: it decides what an ambiguous short name means (contract 1.13). Groups of custom resources follow by name. */
const ORDER = ['', 'apiregistration.k8s.io', 'apps', 'events.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io', 'autoscaling', 'batch',
  'certificates.k8s.io', 'networking.k8s.io', 'policy', 'rbac.authorization.k8s.io', 'storage.k8s.io', 'admissionregistration.k8s.io',
  'apiextensions.k8s.io', 'scheduling.k8s.io', 'coordination.k8s.io', 'node.k8s.io', 'discovery.k8s.io', 'flowcontrol.apiserver.k8s.io', 'resource.k8s.io', 'storagemigration.k8s.io'];
/** As an aggregated server it stands after the groups of custom resources. */
const LAST = 'metrics.k8s.io';

/** The API groups of these kinds, versions with the preferred one first. */
export function groupsOf(kinds: readonly KindSpec[]): Group[] {
  const byGroup = new Map<string, Map<string, KindSpec[]>>();
  for (const k of kinds) {
    const versions = byGroup.get(k.group) ?? new Map<string, KindSpec[]>();
    byGroup.set(k.group, versions);
    versions.set(k.version, [...(versions.get(k.version) ?? []), k]);
  }
  const place = (g: string): number => { const i = ORDER.indexOf(g); return g === LAST ? ORDER.length + 1 : i < 0 ? ORDER.length : i; };
  return [...byGroup]
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .map(([group, versions]) => ({ group, versions: [...versions].sort(([a], [b]) => compareVersions(a, b)).map(([version, list]) => ({ version, kinds: list })) }));
}

/** The groups with those of other servers among them, by priority; what another server answers for is no longer this one's. */
export function withRemote(groups: readonly Group[], remote: readonly RemoteVersion[]): Group[] {
  const out = new Map(groups.map(g => [g.group, [...g.versions]]));
  for (const r of remote) out.set(r.group, [...(out.get(r.group) ?? []).filter(v => v.version !== r.version), { version: r.version, kinds: [], remote: r }]);
  const rank = (g: string, versions: readonly Version[]): number => Math.max(priorityOf(g, '').custom ? 0 : priorityOf(g, '').group, ...versions.map(v => v.remote?.groupPriority ?? priorityOf(g, v.version).group));
  const order = (g: string, v: Version): number => v.remote?.versionPriority ?? priorityOf(g, v.version).version;
  const place = new Map(groups.map((g, i) => [g.group, i]));
  return [...out].map(([group, versions]) => ({ group, versions: versions.sort((a, b) => order(group, b) - order(group, a) || compareVersions(a.version, b.version)) }))
    .sort((a, b) => rank(b.group, b.versions) - rank(a.group, a.versions) || (place.get(a.group) ?? groups.length) - (place.get(b.group) ?? groups.length) || (a.group < b.group ? -1 : 1));
}

export const groupVersion = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

/** As the API server hashes the version it stores a kind in: eight bytes, base64. */
export const storageVersionHash = (k: KindSpec): string =>
  createHash('sha256').update(`${k.group}/${customOf(k)?.storageVersion ?? k.version}/${k.kind}`).digest().subarray(0, 8).toString('base64');

/** The kind a subresource speaks. */
export const responseKind = (k: KindSpec, s: Subresource): { group: string; version: string; kind: string } =>
  s.responseKind ?? { group: k.group, version: k.version, kind: k.kind };
