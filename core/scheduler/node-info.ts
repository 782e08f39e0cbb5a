// What is known of one node, its pods summed up.
import { amountOf } from '../api/meta/pod.ts';
import type { Node, Taint } from '../api/types/kubernetes.ts';
import type { HostPort, PodInfo } from './pod-info.ts';
import { amounts, type Amounts } from './resources.ts';

const NO_LABELS: Readonly<Record<string, string>> = {};
const NO_TAINTS: readonly Taint[] = [];

export class NodeInfo {
  readonly name: string;
  /** Undefined while only its pods are known. */
  node: Node | undefined;
  labels: Readonly<Record<string, string>> = NO_LABELS;
  taints: readonly Taint[] = NO_TAINTS;
  allocatable: Amounts = new Map();
  maxPods = 0;
  readonly requested: Amounts = new Map();
  readonly scoreRequested: Amounts = new Map();
  readonly pods = new Map<string, PodInfo>();
  /** `protocol/port` -> addresses in use. */
  readonly ports = new Map<string, string[]>();
  /** Sizes of the images it has, by any of their names. */
  images: ReadonlyMap<string, number> = new Map();
  constructor(name: string) { this.name = name; }

  set(node: Node): void {
    this.node = node;
    this.labels = node.metadata?.labels ?? NO_LABELS;
    this.taints = node.spec?.taints ?? NO_TAINTS;
    const all = node.status?.allocatable ?? node.status?.capacity;
    this.allocatable = amounts(all);
    this.maxPods = amountOf('pods', all?.['pods'] ?? '0');
    this.images = new Map((node.status?.images ?? []).flatMap(i => (i.names ?? []).map(n => [n, i.sizeBytes ?? 0] as const)));
  }

  add(p: PodInfo): void { this.pods.set(p.key, p); this.#count(p, 1); }
  remove(p: PodInfo): void { if (this.pods.delete(p.key)) this.#count(p, -1); }

  #count(p: PodInfo, sign: 1 | -1): void {
    for (const [r, n] of p.requests) this.requested.set(r, (this.requested.get(r) ?? 0) + sign * n);
    for (const [r, n] of p.scoreRequests) this.scoreRequested.set(r, (this.scoreRequested.get(r) ?? 0) + sign * n);
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
