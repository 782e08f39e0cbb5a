// How fast pods are sent off nodes, zone by zone: slower the more of a zone is down, and not at all when every zone is, for then the
// fault is more likely ours (a laptop that slept, a network that was away) than theirs.
import type { Node } from '../../api/types/kubernetes.ts';

export type ZoneState = 'normal' | 'partial' | 'full';
export interface Pace { readonly nodeEvictionRate: number; readonly secondaryNodeEvictionRate: number; readonly largeZone: number; readonly unhealthyZoneThreshold: number }
interface Count { ready: number; down: number }
/** One waits in line to be next; nobody of it may be before `next` (ms). */
interface Line { readonly waiting: Set<string>; next: number }

/** What is counted of a zone for who asks; the name is as in metrics. */
export interface ZoneFigures { readonly zone: string; readonly size: number; readonly unhealthy: number }

/** Region and zone of a node; '' for one that names neither. */
export function zoneOf(n: Node): string {
  const labels = n.metadata?.labels ?? {};
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\x00:${zone}`;
}

export function stateOf(c: Count, threshold: number): ZoneState {
  if (c.ready === 0 && c.down > 0) return 'full';
  return c.down > 2 && c.down / (c.down + c.ready) >= threshold ? 'partial' : 'normal';
}

/** Counted anew at most once a second, and only while a node is down. */
const FRESH_MS = 1000;

export class Zones {
  readonly #pace: Pace;
  readonly #nodes: () => readonly { zone: string; ready: boolean }[];
  readonly #lines = new Map<string, Line>();
  #counts = new Map<string, Count>();
  #countedAt = Number.NEGATIVE_INFINITY;
  #lost = false;

  /** `nodes` says of each node where it is and whether it is ready and heard of. */
  constructor(pace: Pace, nodes: () => readonly { zone: string; ready: boolean }[]) { this.#pace = pace; this.#nodes = nodes; }

  #count(now: number): void {
    if (now - this.#countedAt < FRESH_MS && now >= this.#countedAt) return;
    this.#countedAt = now;
    this.#counts = new Map();
    for (const { zone, ready } of this.#nodes()) {
      let c = this.#counts.get(zone);
      if (!c) this.#counts.set(zone, c = { ready: 0, down: 0 });
      if (ready) c.ready++; else c.down++;
    }
  }

  /** Size and health of each zone, counted now. */
  figures(now: number): ZoneFigures[] {
    this.#count(now);
    return [...this.#counts].map(([zone, c]) => ({ zone, size: c.ready + c.down, unhealthy: c.down }));
  }

  /** Every zone is down as a whole. `found` is called when that has just ended. */
  lost(now: number, found: () => void): boolean {
    this.#count(now);
    const lost = [...this.#counts.values()].every(c => stateOf(c, this.#pace.unhealthyZoneThreshold) === 'full');
    const ended = this.#lost && !lost;
    this.#lost = lost;
    if (ended) found();
    return lost;
  }

  #rate(zone: string): number {
    const c = this.#counts.get(zone) ?? { ready: 0, down: 1 };
    if (stateOf(c, this.#pace.unhealthyZoneThreshold) !== 'partial') return this.#pace.nodeEvictionRate;
    return c.ready + c.down > this.#pace.largeZone ? this.#pace.secondaryNodeEvictionRate : 0;
  }

  /**
   * Whether pods may be sent off this node now: 0 when they may, otherwise when to ask again (ms; Infinity when not before the zone
   * changes or its turn comes). Nodes of a zone come in the order they first asked.
   */
  wait(node: string, zone: string, now: number): number {
    this.#count(now);
    let line = this.#lines.get(zone);
    if (!line) this.#lines.set(zone, line = { waiting: new Set(), next: 0 });
    line.waiting.add(node);
    if (this.#rate(zone) <= 0 || line.waiting.values().next().value !== node) return Number.POSITIVE_INFINITY;
    return Math.max(0, line.next - now);
  }

  /** Pods are being sent off the node; answers whose turn is next and in how many ms. */
  done(node: string, zone: string, now: number): { node: string; after: number } | undefined {
    const line = this.#lines.get(zone), rate = this.#rate(zone);
    if (!line || rate <= 0) return undefined;
    line.waiting.delete(node);
    line.next = now + 1000 / rate;
    const next = line.waiting.values().next().value;
    return next === undefined ? undefined : { node: next, after: line.next - now };
  }

  /** The node is well or gone. */
  leave(node: string): void { for (const line of this.#lines.values()) line.waiting.delete(node); }
}
