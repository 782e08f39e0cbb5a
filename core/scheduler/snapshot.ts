// The state pods are placed against: nodes and what runs on them, kept up to date event by event. Placing a pod costs one look at each
// node, whatever number of pods there is; no copy is taken, since a placement is decided within one turn of the event loop.
import { semanticEqual } from '../api/meta/equal.ts';
import type { Selector } from '../api/meta/labels.ts';
import type { Node } from '../api/types/kubernetes.ts';
import { Selected } from '../base/selected.ts';
import { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { Holders, Tally } from './tally.ts';

/** Tallies kept; the ones longest unused go first. */
const TALLIES = 4096;
const ZONE = 'topology.kubernetes.io/zone';
const NOBODY: readonly PodInfo[] = [];

interface Placed { info: PodInfo; node: string; assumed: boolean }
interface Kept { readonly tally: Tally; readonly namespace: string | undefined; readonly selector: Selector; used: number }

export class Snapshot {
  readonly #infos = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, Placed>();
  /** Placed pods by namespace, so that a new tally looks at no others. */
  readonly #byNamespace = new Map<string, Map<string, Placed>>();
  readonly #tallies = new Map<string, Kept>();
  readonly #counting = new Selected<Kept>();
  readonly #images = new Map<string, number>();
  readonly #nominated = new Map<string, { info: PodInfo; node: string }>();
  readonly #nominatedByNode = new Map<string, PodInfo[]>();
  readonly #claims = new Map<string, number>();
  #list: NodeInfo[] | undefined;
  #serial = 0;

  /** Labels of namespaces, for terms that choose namespaces by label; change through `setNamespace`. */
  readonly namespaces = new Map<string, Readonly<Record<string, string>>>();
  /** Required anti-affinity, required affinity and preferences (either way, by weight) of placed pods. */
  readonly antiAffinity = new Holders();
  readonly affinity = new Holders();
  readonly preferences = new Holders(true);

  /** Nodes that exist, in a stable order that takes turns between zones. */
  get nodes(): readonly NodeInfo[] { return this.#list ??= inTurn([...this.#infos.values()].filter(n => n.node)); }
  get(name: string): NodeInfo | undefined { return this.#infos.get(name); }
  /** What it holds, counted for who asks. */
  held(): { nodes: number; pods: number; assumed_pods: number } {
    let assumed = 0;
    for (const p of this.#placed.values()) if (p.assumed) assumed++;
    return { nodes: this.nodes.length, pods: this.#placed.size, assumed_pods: assumed };
  }
  /** On how many nodes an image is. */
  nodesWithImage(name: string): number { return this.#images.get(name) ?? 0; }
  /** How many placed pods use a claim (`namespace/name`). */
  podsWithClaim(key: string): number { return this.#claims.get(key) ?? 0; }

  setNode(node: Node): void {
    const info = this.#info(node.metadata?.name ?? '');
    if (!info.node || info.labels[ZONE] !== node.metadata?.labels?.[ZONE]) this.#list = undefined;
    const moved = info.pods.size > 0 && !semanticEqual(info.labels, node.metadata?.labels ?? {});
    if (moved) for (const p of info.pods.values()) this.#count(p, info, -1);
    for (const i of info.images.keys()) this.#image(i, -1);
    info.set(node);
    for (const i of info.images.keys()) this.#image(i, 1);
    if (moved) for (const p of info.pods.values()) this.#count(p, info, 1);
  }
  removeNode(name: string): void {
    const info = this.#infos.get(name);
    if (!info) return;
    for (const p of info.pods.values()) this.#count(p, info, -1);
    for (const i of info.images.keys()) this.#image(i, -1);
    info.node = undefined;
    info.labels = {};
    info.images = new Map();
    for (const p of info.pods.values()) this.#count(p, info, 1);
    this.#list = undefined;
    if (info.pods.size === 0) this.#infos.delete(name);
  }
  setNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (labels) this.namespaces.set(name, labels); else this.namespaces.delete(name);
    // What was counted over namespaces chosen by label is counted anew when it is next asked for.
    for (const [id, t] of this.#tallies) if (t.namespace === undefined) this.#drop(id, t);
  }

  /** A pod is on a node: seen there, or assumed to be from the moment its binding is decided. */
  place(info: PodInfo, node: string, assumed: boolean): void {
    const old = this.#placed.get(info.key);
    // What the cache says of a pod we are just binding is older than what we know.
    if (old) this.#take(old);
    const placed: Placed = { info, node, assumed };
    this.#placed.set(info.key, placed);
    const there = this.#byNamespace.get(info.namespace) ?? new Map<string, Placed>();
    this.#byNamespace.set(info.namespace, there.set(info.key, placed));
    this.attach(info, this.#info(node));
  }
  /** The pod is gone, finished, or its binding failed; true if it was placed. */
  unplace(key: string): boolean {
    const old = this.#placed.get(key);
    if (!old) return false;
    this.#placed.delete(key);
    const there = this.#byNamespace.get(old.info.namespace);
    if (there?.delete(key) && there.size === 0) this.#byNamespace.delete(old.info.namespace);
    this.#take(old);
    return true;
  }
  placedOn(key: string): string | undefined { return this.#placed.get(key)?.node; }
  isPlaced(key: string): boolean { return this.#placed.has(key); }
  isAssumed(key: string): boolean { return this.#placed.get(key)?.assumed === true; }

  /** For questions only: the pod counts as on the node until `detach`; it is not placed. */
  attach(p: PodInfo, node: NodeInfo): void { node.add(p); this.#count(p, node, 1); }
  detach(p: PodInfo, node: NodeInfo): void { node.remove(p); this.#count(p, node, -1); }

  nominate(info: PodInfo, node: string): void {
    this.denominate(info.key);
    this.#nominated.set(info.key, { info, node });
    this.#nominatedByNode.set(node, [...this.nominatedTo(node), info]);
  }
  /** True if it was nominated. */
  denominate(key: string): boolean {
    const old = this.#nominated.get(key);
    if (!old) return false;
    this.#nominated.delete(key);
    const left = this.nominatedTo(old.node).filter(p => p.key !== key);
    if (left.length) this.#nominatedByNode.set(old.node, left); else this.#nominatedByNode.delete(old.node);
    return true;
  }
  nominatedNode(key: string): string | undefined { return this.#nominated.get(key)?.node; }
  get anyNominated(): boolean { return this.#nominated.size > 0; }
  /** Pods room is being made for on a node. */
  nominatedTo(node: string): readonly PodInfo[] { return this.#nominatedByNode.get(node) ?? NOBODY; }

  /** The tally under `id`, counted once and kept from then on. All its pods match `selector`; `namespace` is the only one they may be in, undefined for several. */
  tally(id: string, namespace: string | undefined, selector: Selector, matches: (p: PodInfo) => boolean): Tally {
    let kept = this.#tallies.get(id);
    if (!kept) {
      if (this.#tallies.size >= TALLIES) this.#forget();
      this.#tallies.set(id, kept = { tally: new Tally(matches), namespace, selector, used: 0 });
      this.#counting.add(kept, namespace === undefined ? undefined : [namespace], selector);
      for (const pods of namespace === undefined ? this.#byNamespace.values() : [this.#byNamespace.get(namespace) ?? new Map<string, Placed>()])
        for (const p of pods.values()) kept.tally.count(p.info, this.#info(p.node), 1);
    }
    kept.used = ++this.#serial;
    return kept.tally;
  }

  #forget(): void {
    const oldest = [...this.#tallies].sort((a, b) => a[1].used - b[1].used).slice(0, TALLIES / 4);
    for (const [id, kept] of oldest) this.#drop(id, kept);
  }
  #drop(id: string, kept: Kept): void {
    this.#tallies.delete(id);
    this.#counting.delete(kept, kept.namespace === undefined ? undefined : [kept.namespace], kept.selector);
  }
  #count(p: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    for (const t of this.#counting.about(p)) t.tally.count(p, node, sign);
    for (const c of p.claims) {
      const next = (this.#claims.get(c) ?? 0) + sign;
      if (next === 0) this.#claims.delete(c); else this.#claims.set(c, next);
    }
    if (!p.hasTerms) return;
    for (const t of p.requiredAntiAffinity) this.antiAffinity.count(t, node, sign);
    for (const t of p.requiredAffinity) this.affinity.count(t, node, sign);
    for (const t of p.preferences) this.preferences.count(t, node, sign);
  }
  #image(name: string, by: 1 | -1): void {
    const next = (this.#images.get(name) ?? 0) + by;
    if (next === 0) this.#images.delete(name); else this.#images.set(name, next);
  }
  #take(old: Placed): void {
    const at = this.#infos.get(old.node);
    if (!at) return;
    this.detach(old.info, at);
    if (!at.node && at.pods.size === 0) this.#infos.delete(old.node);
  }
  #info(name: string): NodeInfo {
    let info = this.#infos.get(name);
    if (!info) this.#infos.set(name, info = new NodeInfo(name));
    return info;
  }
}

function inTurn(nodes: NodeInfo[]): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const n of nodes) {
    const zone = n.labels[ZONE] ?? '';
    const there = zones.get(zone);
    if (there) there.push(n); else zones.set(zone, [n]);
  }
  if (zones.size < 2) return nodes;
  const lists = [...zones.values()], out: NodeInfo[] = [];
  for (let i = 0; out.length < nodes.length; i++) for (const l of lists) if (i < l.length) out.push(l[i]!);
  return out;
}

