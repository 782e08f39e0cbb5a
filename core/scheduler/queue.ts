// Pods waiting for a node: those to be tried now (in the order the profile's plug-in says), those that wait out a back-off (and are tried
// before it is over when nobody else is to be tried, unless there was an error), those that were refused and wait for something to change that could help them, and those that are held back by a gate.
import type { Clock, Timer } from '../base/clock.ts';
import type { ClusterEvent, Hints, Queued } from './framework.ts';
import { Heap } from './heap.ts';
import type { PodInfo } from './pod-info.ts';

/** A refused pod is tried again after this though nothing was seen to change. */
const STALE = 5 * 60_000;

interface Waiting extends Queued {
  info: PodInfo;
  /** Of equals those that came, or were tried, longest ago are tried first. */
  since: number;
  attempts: number;
  /** Not before this. */
  readyAt: number;
  refusedAt: number;
  refusedBy: ReadonlySet<string>;
  /** It is among those in a back-off that may be tried before it is over. */
  isEarly: boolean;
  /** Its last attempt ended with an error or with a no after the decision: it waits out its back-off. */
  isLate: boolean;
}

export interface QueueRules {
  /** Milliseconds before the second attempt, and the most before a later one, while there are others to be tried. */
  readonly backoff: { readonly first: number; readonly most: number };
  before(a: Queued, b: Queued): boolean;
  /** Why a pod may not be tried yet, undefined when it may. */
  gate(pod: PodInfo): string | undefined;
  /** Events that may lift a refusal of the plug-in; undefined when any may. */
  hints(plugin: string): Hints | undefined;
}

/** Nobody in particular refused it: any event may help. */
const ANYBODY: ReadonlySet<string> = new Set(['']);
const second = (w: Waiting): number => Math.trunc(w.readyAt / 1000);
const namesOf = (w: Waiting): ReadonlySet<string> => (w.refusedBy.size ? w.refusedBy : ANYBODY);

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #rules: QueueRules;
  readonly #heap: Heap<Waiting>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #unschedulable = new Set<Waiting>();
  /** The unschedulable by who refused them, so that an event costs nothing for those it cannot concern. */
  readonly #byPlugin = new Map<string, Set<Waiting>>();
  readonly #active = new Set<Waiting>();
  readonly #gated = new Set<Waiting>();
  readonly #backoff = new Map<Waiting, Timer>();
  /** Of those the ones that may be tried early: whose back-off ends sooner, by whole seconds, before others. */
  readonly #early: Heap<Waiting>;
  #sweep: Timer | undefined;
  #serial = 0;
  #events = 0;

  constructor(clock: Clock, rules: QueueRules, wake: () => void) {
    this.#clock = clock;
    this.#rules = rules;
    this.#heap = new Heap((a, b) => rules.before(a, b));
    this.#early = new Heap((a, b) => { const by = second(a) - second(b); return by === 0 ? rules.before(a, b) : by < 0; });
    this.#wake = wake;
  }

  /** A new pod, or a new version of one that waits; `changed` when its spec or labels differ, so that a refusal may not hold any more. */
  add(info: PodInfo, changed: boolean): void {
    const known = this.#waiting.get(info.key);
    if (!known) {
      const w: Waiting = { info, since: this.#clock.now(), serial: this.#serial++, attempts: 0, readyAt: 0, refusedAt: 0, refusedBy: new Set(), isEarly: false, isLate: false };
      this.#waiting.set(info.key, w);
      this.#activate(w);
      return;
    }
    known.info = info;
    if (changed && (this.#leaveUnschedulable(known) || this.#gated.delete(known))) this.#activateWhenReady(known);
  }

  /** True if it would have been tried some time. */
  remove(key: string): boolean {
    const w = this.#waiting.get(key);
    if (!w) return false;
    this.#waiting.delete(key);
    this.#leaveUnschedulable(w);
    this.#active.delete(w);
    this.#backoff.get(w)?.cancel();
    this.#backoff.delete(w);
    return !this.#gated.delete(w);
  }

  /** Pods by where they wait, in Kubernetes' words. */
  counts(): Record<'active' | 'backoff' | 'unschedulable' | 'gated', number> {
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#unschedulable.size, gated: this.#gated.size };
  }
  /** Of those that were refused: by whom. */
  *refusals(): Iterable<readonly [plugin: string, pods: readonly PodInfo[]]> { for (const [plugin, refused] of this.#byPlugin) if (plugin !== '' && refused.size > 0) yield [plugin, [...refused].map(w => w.info)]; }
  /** How often the pod was tried, and since when it could be. */
  history(key: string): { readonly attempts: number; readonly since: number } | undefined { return this.#waiting.get(key); }

  /** How many events there have been, for whoever decides over a while what was to be decided at once. */
  get events(): number { return this.#events; }

  /** The next pod to try; it leaves the active part, and is back by `refused` or `retry`, or gone by `remove`. */
  pop(): PodInfo | undefined {
    for (let w = this.#heap.pop(); w; w = this.#heap.pop()) {
      if (!this.#active.delete(w)) continue;
      w.attempts++;
      return w.info;
    }
    for (let w = this.#early.pop(); w; w = this.#early.pop()) {
      const timer = this.#backoff.get(w);
      // One that has left its back-off meanwhile, or was put there anew by an error.
      if (!timer || !w.isEarly) continue;
      timer.cancel();
      this.#backoff.delete(w);
      w.isEarly = false;
      w.attempts++;
      return w.info;
    }
    return undefined;
  }

  /** No node fits (or a plug-in said no later): the pod waits for an event that concerns one of these plugins. `since`: how many events there were when its attempt began; one that came meanwhile may have been the one. `late`: it had a node already, and waits out its back-off whoever else is there. */
  refused(key: string, by: ReadonlySet<string>, since = this.#events, late = false): void {
    const w = this.#waiting.get(key);
    if (!w) return;
    this.#setBackoff(w);
    w.isLate = late;
    if (since !== this.#events) { this.#activateWhenReady(w); return; }
    w.refusedBy = by;
    w.refusedAt = this.#clock.now();
    this.#unschedulable.add(w);
    for (const plugin of namesOf(w)) {
      const there = this.#byPlugin.get(plugin);
      if (there) there.add(w); else this.#byPlugin.set(plugin, new Set([w]));
    }
    this.#sweep ??= this.#clock.after(STALE, () => this.#sweepStale());
  }

  /** An error that is not the pod's fault: again after its back-off. */
  retry(info: PodInfo): void {
    if (!this.#waiting.has(info.key)) this.add(info, false);
    const w = this.#waiting.get(info.key)!;
    this.#active.delete(w);
    this.#setBackoff(w);
    w.isLate = true;
    this.#activateWhenReady(w);
  }

  /** Something changed: pods it may help are tried again, once their back-off is over. */
  happened(event: ClusterEvent): void {
    this.#events++;
    for (const [plugin, refused] of this.#byPlugin) {
      if (refused.size === 0) continue;
      const hints = this.#rules.hints(plugin), hint = hints ? hints[event.kind] : true;
      if (!hint) continue;
      for (const w of refused) if (hint === true || hint(w.info, event)) { this.#leaveUnschedulable(w); this.#activateWhenReady(w); }
    }
  }
  /** Tries the pod again though nothing happened that a plug-in waits for; `late`: when its back-off is over. */
  activate(key: string, late = false): void {
    const w = this.#waiting.get(key);
    if (!w || !this.#leaveUnschedulable(w)) return;
    w.isLate = late;
    this.#activateWhenReady(w);
  }

  close(): void {
    this.#sweep?.cancel();
    for (const t of this.#backoff.values()) t.cancel();
    this.#backoff.clear();
  }

  #setBackoff(w: Waiting): void {
    w.since = this.#clock.now();
    w.readyAt = w.since + Math.min(this.#rules.backoff.most, this.#rules.backoff.first * 2 ** Math.max(0, w.attempts - 1));
  }

  #activateWhenReady(w: Waiting): void {
    const wait = w.readyAt - this.#clock.now();
    if (wait <= 0) { this.#activate(w); return; }
    if (this.#rules.gate(w.info) !== undefined) { this.#gated.add(w); return; }
    this.#backoff.get(w)?.cancel();
    this.#backoff.set(w, this.#clock.after(wait, () => { this.#backoff.delete(w); w.isEarly = false; this.#activate(w); }));
    // Two that take each other's place and give it back would otherwise do so without end.
    if (w.isLate) { w.isEarly = false; return; }
    if (!w.isEarly) this.#early.push(w);
    w.isEarly = true;
    this.#wake();
  }
  #leaveUnschedulable(w: Waiting): boolean {
    if (!this.#unschedulable.delete(w)) return false;
    for (const plugin of namesOf(w)) this.#byPlugin.get(plugin)?.delete(w);
    return true;
  }
  #activate(w: Waiting): void {
    if (this.#active.has(w)) return;
    if (this.#rules.gate(w.info) !== undefined) { this.#gated.add(w); return; }
    this.#active.add(w);
    this.#heap.push(w);
    this.#wake();
  }
  #sweepStale(): void {
    this.#sweep = undefined;
    const now = this.#clock.now();
    for (const w of this.#unschedulable) if (now - w.refusedAt >= STALE) { this.#leaveUnschedulable(w); this.#activateWhenReady(w); }
    if (this.#unschedulable.size) this.#sweep = this.#clock.after(30_000, () => this.#sweepStale());
  }
}
