// What an aggregated server says it serves, in the shape of aggregated discovery.

import type { Reply } from './ask.ts';

/** One group and version of another server. `resources` are entries of aggregated discovery. */
export interface RemoteVersion {
  readonly group: string; readonly version: string;
  readonly groupPriority: number; readonly versionPriority: number;
  /** It cannot be reached: what is known of it may be old. */
  readonly stale: boolean;
  readonly resources: readonly object[];
}

/** What discovery and OpenAPI need of the aggregator. */
export interface RemoteApis {
  /** Another array when something changed. */
  readonly versions: readonly RemoteVersion[];
  /** Asks the server behind a group and version; rejects when it cannot be reached. */
  read(group: string, version: string, path: string, accept: string): Promise<Reply>;
}

interface Row { name: string; singularName?: string; namespaced?: boolean; kind: string; group?: string; version?: string; verbs?: string[]; shortNames?: string[]; categories?: string[] }

/** The resources of an APIResourceList; undefined for anything else. */
export function readVersion(body: Buffer, group: string, version: string): object[] | undefined {
  let list: { kind?: string; resources?: Row[] };
  try { list = JSON.parse(body.toString()) as typeof list; } catch { return undefined; /* another server's mistake shows as a group without resources */ }
  if (!Array.isArray(list.resources)) return undefined;
  const rows = list.resources.filter(r => typeof r.name === 'string');
  const kindOf = (r: Row): object => ({ group: r.group ?? group, version: r.version ?? version, kind: r.kind });
  return rows.filter(r => !r.name.includes('/')).map(r => {
    const under = rows.filter(s => s.name.startsWith(`${r.name}/`)).map(s => ({ subresource: s.name.slice(r.name.length + 1), responseKind: kindOf(s), verbs: s.verbs ?? [] }));
    return {
      resource: r.name, responseKind: kindOf(r), scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: r.singularName || r.kind.toLowerCase(), verbs: r.verbs ?? [],
      ...(r.shortNames?.length ? { shortNames: r.shortNames } : {}), ...(r.categories?.length ? { categories: r.categories } : {}), ...(under.length ? { subresources: under } : {}),
    };
  });
}
