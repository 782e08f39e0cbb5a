// What is deleted along with some objects: what they own, and what that owns, by the collector's rule; or all a namespace holds.
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import { resourcePath, type KubeList, type KubeObject } from '../../../core/api/meta/object.ts';
import type { ActionContext } from '../../app/feature.ts';

export interface Going { kind: KindSpec; name: string; namespace: string | undefined; depth: number; uid: string | undefined }
/** Kinds whose objects are commonly owned; looking through every kind would ask a foreign cluster a hundred questions. */
const OWNED = new Set(['ReplicaSet', 'Pod', 'Job', 'EndpointSlice', 'ControllerRevision', 'PersistentVolumeClaim', 'ConfigMap', 'Secret', 'Service', 'StatefulSet', 'Deployment']);
const PAGE = 500;

/** The objects themselves (depth 0) and what goes with them; `unknown` are kinds that could not be read, with the reason. */
export async function whatGoes(c: ActionContext): Promise<{ going: Going[]; unknown: { kind: KindSpec; why: string }[] }> {
  const roots = c.objects.map(o => asGoing(c.kind, o, 0));
  const inNamespace = c.kind.kind === 'Namespace';
  const spaces = inNamespace ? roots.map(r => r.name) : [...new Set(roots.map(r => r.namespace).filter(s => s !== undefined))];
  const wanted = c.app.clusterKinds.of(c.cluster).get().filter(k => k.namespaced && k.verbs.includes('list') && (inNamespace ? k.kind !== 'Event' : OWNED.has(k.kind) || k.view.nav === 'Custom'));
  const found: Found[] = [];
  const unknown: { kind: KindSpec; why: string }[] = [];
  await Promise.all(spaces.flatMap(ns => wanted.map(async kind => {
    try {
      for (let next: string | undefined = ''; next !== undefined;) {
        const list: KubeList = await c.app.connection.request<KubeList>({ cluster: c.cluster, method: 'GET', path: resourcePath(kind, ns), query: { limit: String(PAGE), ...(next ? { continue: next } : {}) } });
        for (const object of list.items) found.push({ kind, object });
        next = list.metadata?.continue || undefined;
      }
    } catch (e) { unknown.push({ kind, why: e instanceof Error ? e.message : String(e) }); }
  })));
  const going = owned(roots, found);
  if (!inNamespace) return { going, unknown };
  const seen = new Set(going.map(g => g.uid));
  return { going: [...going, ...found.filter(f => !seen.has(f.object.metadata?.uid)).map(f => asGoing(f.kind, f.object, 1))], unknown };
}

export interface Found { kind: KindSpec; object: KubeObject }
/** Roots and all below them, each under its owner. Who has another owner besides stays. */
export function owned(roots: readonly Going[], found: readonly Found[]): Going[] {
  const uids = new Set(roots.map(r => r.uid));
  for (let grew = true; grew;) {
    grew = false;
    for (const { object: { metadata: m } } of found) {
      if (m?.uid === undefined || uids.has(m.uid) || !m.ownerReferences?.length || !m.ownerReferences.every(r => uids.has(r.uid))) continue;
      uids.add(m.uid);
      grew = true;
    }
  }
  const out: Going[] = [];
  const placed = new Set<string>();
  const place = (g: Going): void => {
    out.push(g);
    for (const f of found) {
      const uid = f.object.metadata?.uid;
      if (uid === undefined || placed.has(uid) || !uids.has(uid) || !f.object.metadata?.ownerReferences?.some(r => r.uid === g.uid)) continue;
      placed.add(uid);
      place(asGoing(f.kind, f.object, g.depth + 1));
    }
  };
  for (const r of roots) if (r.uid !== undefined) placed.add(r.uid);
  for (const r of roots) place(r);
  return out;
}

/** `1 ReplicaSet, 3 Pod`: how many of each kind, as they come. */
export function byKind(going: readonly Going[]): { kind: KindSpec; count: number }[] {
  const counts = new Map<KindSpec, number>();
  for (const g of going) counts.set(g.kind, (counts.get(g.kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => ({ kind, count }));
}

const asGoing = (kind: KindSpec, o: KubeObject, depth: number): Going => ({ kind, name: o.metadata?.name ?? '', namespace: o.metadata?.namespace, depth, uid: o.metadata?.uid });
