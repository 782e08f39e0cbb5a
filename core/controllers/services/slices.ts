// Bringing the EndpointSlices of one service from what they are to what they should be with as few writes as possible.
import { endpointSlice as sliceKind } from '../../api/kinds/discovery/endpoint-slice.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { DiscoveryEndpointPort, Endpoint, EndpointSlice, OwnerReference } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const SLICE_MANAGER = 'endpointslice.kubernetes.io/managed-by';
const MOST = 100;

/** Endpoints that serve the same ports on one address family. */
export interface Wanted { readonly addressType: string; readonly ports: DiscoveryEndpointPort[]; readonly endpoints: Endpoint[] }

export interface SliceSet {
  readonly namespace: string;
  /** New slices are named by it: `web-` -> `web-x7k2p`. */
  readonly namePrefix: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  /** They are all it shall have, and a difference is reason to write; otherwise they only go along with what is written. */
  readonly exactly?: boolean;
  readonly owner: OwnerReference;
}

/**
 * Slices written and not yet seen: reconciling against a cache without them would write them twice.
 * A version seen at or after the written one settles it.
 */
export class Written {
  readonly #byKey = new Map<string, Map<string, number>>();
  wrote(key: string, slice: EndpointSlice): void {
    let of = this.#byKey.get(key);
    if (!of) this.#byKey.set(key, of = new Map());
    of.set(slice.metadata?.name ?? '', Number(slice.metadata?.resourceVersion));
  }
  seen(key: string, slice: EndpointSlice, deleted = false): void {
    const of = this.#byKey.get(key);
    const name = slice.metadata?.name ?? '';
    const version = of?.get(name);
    if (of && version !== undefined && (deleted || Number(slice.metadata?.resourceVersion) >= version)) of.delete(name);
    if (of?.size === 0) this.#byKey.delete(key);
  }
  /** Also looks at the cache, for what was seen before it was noted. */
  pending(key: string, namespace: string, slices: Informer<EndpointSlice>): boolean {
    for (const name of this.#byKey.get(key)?.keys() ?? []) {
      const known = slices.lister.get(namespace, name);
      if (known) this.seen(key, known);
    }
    return this.#byKey.has(key);
  }
}

/** Events of slices of one manager: settles what was written and wakes their service. */
export function watchSlices(slices: Informer<EndpointSlice>, manager: string, written: Written, wake: (key: string) => void): void {
  const key = (s: EndpointSlice): string | undefined =>
    (s.metadata?.labels?.[SLICE_MANAGER] === manager ? `${s.metadata.namespace}/${s.metadata.labels[SERVICE_NAME] ?? ''}` : undefined);
  const on = (s: EndpointSlice, deleted: boolean): void => {
    const k = key(s);
    if (k === undefined) return;
    written.seen(k, s, deleted);
    wake(k);
  };
  slices.on({ add: s => on(s, false), update: (s, prev) => { on(s, false); if (key(prev) !== key(s)) on(prev, false); }, delete: s => on(s, true) });
}

/** The same for the same ports, in whatever order. */
export const portsId = (ports: readonly DiscoveryEndpointPort[] | undefined): string =>
  JSON.stringify((ports ?? []).map(p => [p.name ?? '', p.protocol ?? 'TCP', p.port ?? 0, p.appProtocol ?? '']).sort());
const endpointId = (e: Endpoint): string => `${e.addresses[0] ?? ''}|${e.targetRef?.uid ?? ''}`;

interface Plan { readonly slice: EndpointSlice | undefined; readonly wanted: Wanted; endpoints: Endpoint[]; changed: boolean; surplus?: boolean }

/** What was written of each kind. */
export interface Changes { create: number; update: number; delete: number }

/** Writes what differs. `existing` are the slices of this service and manager. */
export async function reconcileSlices(client: Client, set: SliceSet, existing: readonly EndpointSlice[], wanted: readonly Wanted[], wrote: (s: EndpointSlice) => void): Promise<Changes> {
  const changes: Changes = { create: 0, update: 0, delete: 0 };
  const plans: Plan[] = [];
  const unclaimed = new Set(existing);
  for (const w of wanted) {
    const id = portsId(w.ports);
    const mine = existing.filter(s => unclaimed.has(s) && s.addressType === w.addressType && portsId(s.ports) === id);
    mine.forEach(s => unclaimed.delete(s));
    plans.push(...distribute(w, mine));
  }
  for (const p of plans) {
    if (p.slice && p.surplus) { await remove(client, p.slice); changes.delete++; continue; }
    const old = p.slice;
    const metadataSame = old && semanticEqual(old.metadata?.labels, set.labels) && (!set.exactly || semanticEqual(old.metadata?.annotations ?? {}, set.annotations));
    if (old && !p.changed && metadataSame) continue;
    const ports = p.wanted.ports;
    changes[old ? 'update' : 'create']++;
    wrote(old
      ? await client.update<EndpointSlice>(sliceKind, { ...old, metadata: { ...old.metadata, labels: set.labels, annotations: set.exactly ? set.annotations : { ...old.metadata?.annotations, ...set.annotations } }, endpoints: p.endpoints, ports })
      : await client.create<EndpointSlice>(sliceKind, {
        apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: p.wanted.addressType, endpoints: p.endpoints, ports,
        metadata: { generateName: set.namePrefix, namespace: set.namespace, labels: set.labels, annotations: set.annotations, ownerReferences: [set.owner] },
      }));
  }
  for (const s of unclaimed) { await remove(client, s); changes.delete++; }
  return changes;
}

/** Keeps each endpoint in the slice it is in; new ones fill slices that are written anyway, then those with most in them, then new ones. */
function distribute(w: Wanted, existing: readonly EndpointSlice[]): Plan[] {
  const left = new Map(w.endpoints.map(e => [endpointId(e), e]));
  const plans = existing.map((slice): Plan => {
    const endpoints: Endpoint[] = [];
    let changed = false;
    for (const e of slice.endpoints ?? []) {
      const now = left.get(endpointId(e));
      left.delete(endpointId(e));
      if (now) endpoints.push(now);
      if (!now || !semanticEqual(now, e)) changed = true;
    }
    return { slice, wanted: w, endpoints, changed };
  });
  const rest = [...left.values()];
  for (const p of [...plans].sort((a, b) => Number(b.changed) - Number(a.changed) || b.endpoints.length - a.endpoints.length)) {
    const taken = rest.splice(0, MOST - p.endpoints.length);
    if (taken.length) { p.endpoints.push(...taken); p.changed = true; }
  }
  while (rest.length) plans.push({ slice: undefined, wanted: w, endpoints: rest.splice(0, MOST), changed: true });
  // A service without endpoints keeps one empty slice, so that watchers see that there is nothing rather than nothing yet.
  if (plans.length === 0) plans.push({ slice: undefined, wanted: w, endpoints: [], changed: true });
  const keep = w.endpoints.length === 0 ? plans[0] : undefined;
  for (const p of plans) p.surplus = p.endpoints.length === 0 && p !== keep;
  return plans;
}

async function remove(client: Client, s: EndpointSlice): Promise<void> {
  try {
    await client.delete(sliceKind, s.metadata?.namespace, s.metadata?.name ?? '', { preconditions: { uid: s.metadata?.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
