// The state pods are placed against: nodes and what runs on them, kept up to date event by event. Placing a pod costs one look at each
// node, whatever number of pods there is; no copy is taken, since a placement is decided within one turn of the event loop.
import type { Node } from '../api/types/kubernetes.ts';
import type { HostPort, PodInfo } from './pod-info.ts';
import { amountOf } from '../api/meta/pod.ts';
import { amounts, type Amounts } from './resources.ts';

export class NodeInfo {
  readonly name: string;
  /** Undefined while only its pods are known. */
  node: Node | undefined;
  allocatable: Amounts = new Map();
  maxPods = 0;
  readonly requested: Amounts = new Map();
  readonly scoreRequested: Amounts = new Map();
  readonly pods = new Map<string, PodInfo>();
  /** `protocol/port` -> addresses in use. */
  readonly ports = new Map<string, string[]>();
  /** Pods per controller. */
  readonly owners = new Map<string, number>();
  /** Sizes of the images it has, by any of their names. */
  images = new Map<string, number>();
  constructor(name: string) { this.name = name; }

  set(node: Node): void {
    this.node = node;
    this.allocatable = amounts(node.status?.allocatable ?? node.status?.capacity);
    this.maxPods = amountOf('pods', (node.status?.allocatable ?? node.status?.capacity)?.['pods'] ?? '0');
    this.images = new Map((node.status?.images ?? []).flatMap(i => (i.names ?? []).map(n => [n, i.sizeBytes ?? 0] as const)));
  }

  add(p: PodInfo): void { this.pods.set(p.key, p); this.#count(p, 1); }
  remove(p: PodInfo): void { if (this.pods.delete(p.key)) this.#count(p, -1); }

  #count(p: PodInfo, sign: 1 | -1): void {
    for (const [r, n] of p.requests) this.requested.set(r, (this.requested.get(r) ?? 0) + sign * n);
    for (const [r, n] of p.scoreRequests) this.scoreRequested.set(r, (this.scoreRequested.get(r) ?? 0) + sign * n);
    if (p.owner) this.owners.set(p.owner, (this.owners.get(p.owner) ?? 0) + sign);
    for (const h of p.hostPorts) this.#port(h, sign);
  }
  #port(h: HostPort, sign: 1 | -1): void {
    const id = `${h.protocol}/${h.port}`;
    const used = this.ports.get(id) ?? [];
    if (sign > 0) used.push(h.ip); else used.splice(used.indexOf(h.ip), 1);
    if (used.length) this.ports.set(id, used); else this.ports.delete(id);
  }
  portTaken(h: HostPort): boolean {
    const used = this.ports.get(`${h.protocol}/${h.port}`);
    return used !== undefined && (h.ip === '0.0.0.0' || used.includes('0.0.0.0') || used.includes(h.ip));
  }
}

export class Snapshot {
  readonly #infos = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, { info: PodInfo; node: string; assumed: boolean }>();
  #list: NodeInfo[] | undefined;
  /** Pods that have (anti-)affinity terms of their own; while there are none, those plugins have nothing to look at. */
  readonly withAffinity = new Map<string, { info: PodInfo; node: string }>();

  /** Labels of namespaces, for terms that choose namespaces by label. */
  readonly namespaces = new Map<string, Readonly<Record<string, string>>>();
  /** Pods room is being made for: others of no higher priority see it as taken. */
  readonly #nominated = new Map<string, { info: PodInfo; node: string }>();

  /** Nodes that exist, in a stable order. */
  get nodes(): readonly NodeInfo[] { return this.#list ??= [...this.#infos.values()].filter(n => n.node); }
  get(name: string): NodeInfo | undefined { return this.#infos.get(name); }

  setNode(node: Node): void {
    const info = this.#info(node.metadata?.name ?? '');
    if (!info.node) this.#list = undefined;
    info.set(node);
  }
  removeNode(name: string): void {
    const info = this.#infos.get(name);
    if (!info) return;
    info.node = undefined;
    this.#list = undefined;
    if (info.pods.size === 0) this.#infos.delete(name);
  }

  /** A pod is on a node: seen there, or assumed to be from the moment its binding is sent. */
  place(info: PodInfo, node: string, assumed: boolean): void {
    const old = this.#placed.get(info.key);
    // What the cache says of a pod we are just binding is older than what we know.
    if (old) this.#take(old.info, old.node);
    this.#placed.set(info.key, { info, node, assumed });
    this.#info(node).add(info);
    if (info.requiredAntiAffinity.length || info.requiredAffinity.length || info.preferredAffinity.length || info.preferredAntiAffinity.length)
      this.withAffinity.set(info.key, { info, node });
  }
  /** The pod is gone, finished, or its binding failed; true if it was placed. */
  unplace(key: string): boolean {
    const old = this.#placed.get(key);
    if (!old) return false;
    this.#placed.delete(key);
    this.#take(old.info, old.node);
    return true;
  }
  isPlaced(key: string): boolean { return this.#placed.has(key); }
  isAssumed(key: string): boolean { return this.#placed.get(key)?.assumed === true; }

  nominate(info: PodInfo, node: string): void { this.#nominated.set(info.key, { info, node }); }
  /** True if it was nominated. */
  denominate(key: string): boolean { return this.#nominated.delete(key); }
  nominatedNode(key: string): string | undefined { return this.#nominated.get(key)?.node; }
  /** What `look` answers when pods nominated to this node (but not `pod`, nor any of lower priority) stand on it already. */
  withNominated<R>(node: NodeInfo, pod: PodInfo, look: () => R): R {
    if (this.#nominated.size === 0) return look();
    const there = [...this.#nominated.values()].filter(n => n.node === node.name && n.info.key !== pod.key && n.info.priority >= pod.priority && !node.pods.has(n.info.key));
    for (const n of there) node.add(n.info);
    try {
      return look();
    } finally {
      for (const n of there) node.remove(n.info);
    }
  }

  #take(info: PodInfo, node: string): void {
    const at = this.#infos.get(node);
    at?.remove(info);
    this.withAffinity.delete(info.key);
    if (at && !at.node && at.pods.size === 0) this.#infos.delete(node);
  }
  #info(name: string): NodeInfo {
    let info = this.#infos.get(name);
    if (!info) this.#infos.set(name, info = new NodeInfo(name));
    return info;
  }
}
