// kubectl commands as text. Arguments are quoted for a POSIX shell.
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { ClusterInfo } from '../../electron/contract/frames.ts';

export const quote = (arg: string): string => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`);

/** `kubectl --context x -n ns <args>`; the context is named only when the user has several clusters. */
export function kubectl(cluster: ClusterInfo | undefined, namespace: string | undefined, ...args: readonly string[]): string {
  return ['kubectl', ...(cluster?.context ? ['--context', cluster.context] : []), ...(namespace ? ['-n', namespace] : []), ...args].map(quote).join(' ');
}

/** `pod/web-1`, `deploy.apps/web`: short where kubectl takes it, qualified where it must be. */
export const resourceArg = (kind: KindSpec, name: string): string => `${kind.group === '' || kind.group === 'apps' || kind.group === 'batch' ? kind.singular : `${kind.plural}.${kind.group}`}/${name}`;

/** The objects grouped by namespace, because one command speaks of one. */
export function perNamespace(objects: readonly KubeObject[]): Map<string | undefined, string[]> {
  const out = new Map<string | undefined, string[]>();
  for (const o of objects) {
    const ns = o.metadata?.namespace;
    const names = out.get(ns);
    if (names) names.push(o.metadata?.name ?? ''); else out.set(ns, [o.metadata?.name ?? '']);
  }
  return out;
}
