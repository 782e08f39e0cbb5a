// A merged log: every container of every pod that a target names, followed as pods come, restart and go. Lines stay when pods go.
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { ContainerStatus, Pod } from '../../../core/api/types/kubernetes.ts';
import type { Connection } from '../../gateway/connection.ts';
import type { Stores } from '../../gateway/stores.ts';
import { nextFrame } from '../../gateway/watch-store.ts';
import { LogRing, type LogLine } from './log-ring.ts';
import { Tail, type ContainerFacts, type TailOptions, type TailState } from './tail.ts';

const POD = kindFor('', 'v1', 'pods')!;
/** Logs read at once before somebody asks for more; the others wait for their turn and are counted. */
export const MAX_TAILS = 120;
/** Milliseconds between two looks at the screen's lines. */
const FLUSH_MS = 80;

/** Which pods: a selector, or one by name. Plain data: it survives a restart in the dock's props. */
export interface PodSet { namespace: string; labelSelector?: string; fieldSelector?: string }
export interface Source {
  readonly pod: string;
  readonly namespace: string;
  readonly container: string;
  readonly init: boolean;
  /** Order of appearance; gives the colour. */
  readonly index: number;
  state: TailState | 'gone' | 'queued';
  why?: string;
}
interface Entry { tail: Tail | undefined; source: Source; facts: ContainerFacts; /** Came after the first complete list: read from its beginning. */ late: boolean }

export class LogSession {
  readonly ring = new LogRing();
  readonly sources: Source[] = [];
  #connection: Connection;
  #cluster: string;
  #options: TailOptions;
  #entries = new Map<string, Entry>();
  #stores: { acquired: ReturnType<Stores['acquire']>; off: () => void; set: PodSet }[] = [];
  #pending: LogLine[] = [];
  #id = 0;
  #version = 0;
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<() => void>();
  #limit: number;
  /** The first complete lists are in: pods that come later are read from their beginning. */
  #settled = false;
  #wasLive = false;
  #closed = false;

  constructor(connection: Connection, stores: Stores, cluster: string, sets: readonly PodSet[], options: TailOptions, limit = MAX_TAILS) {
    this.#connection = connection;
    this.#cluster = cluster;
    this.#options = options;
    this.#limit = limit;
    for (const set of sets) {
      const acquired = stores.acquire({ cluster, resource: POD, namespace: set.namespace, labelSelector: set.labelSelector, fieldSelector: set.fieldSelector });
      this.#stores.push({ acquired, set, off: acquired.store.subscribe(() => this.#look()) });
    }
    this.#look();
  }

  readonly subscribe = (l: () => void): (() => void) => { this.#listeners.add(l); return () => { this.#listeners.delete(l); }; };
  readonly version = (): number => this.#version;
  /** Pods named now. */
  get pods(): number { let n = 0; for (const s of this.#stores) n += s.acquired.store.size; return n; }
  /** The lists of pods are known: "no pods" may be said. */
  get complete(): boolean { return this.#stores.every(s => s.acquired.store.complete); }
  /** Why the pods cannot be listed, in the server's words, while they cannot. */
  get refused(): string | undefined { return this.#stores.map(s => s.acquired.store.freshness.get()).find(f => f.state === 'forbidden' || f.state === 'failed')?.reason; }
  /** Sources that wait because so many are read already. */
  get queued(): number { let n = 0; for (const s of this.sources) if (s.state === 'queued') n++; return n; }
  get limit(): number { return this.#limit; }

  /** Reads so many sources more at once. */
  raise(by = MAX_TAILS): void { this.#limit += by; this.#admit(); this.#touch(); }

  clear(): void { this.#pending = []; this.ring.clear(); this.#touch(); }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const s of this.#stores) { s.off(); s.acquired.release(); }
    for (const { tail } of this.#entries.values()) tail?.close();
    this.#entries.clear();
  }

  /** What is listed is what is there: a pod's name still means the pod we know. */
  #live(): boolean { return this.#stores.every(s => { const { state } = s.acquired.store.freshness.get(); return state === 'live' || state === 'catching-up'; }); }

  #look(): void {
    if (this.#closed) return;
    const live = this.#live();
    const back = live && !this.#wasLive;
    this.#wasLive = live;
    const seen = new Set<string>();
    for (const { acquired } of this.#stores) for (const pod of acquired.store.values() as Iterable<Pod>) this.#pod(pod, seen);
    if (this.complete) {
      for (const [key, { tail, source }] of this.#entries) {
        if (seen.has(key)) continue;
        // What is still on its way is let come: a stream ends by itself when its container is gone.
        if (source.state === 'open') { source.state = 'gone'; continue; }
        if (source.state === 'gone' && tail && !tail.resting) continue;
        tail?.close();
        this.#entries.delete(key);
        source.state = 'gone';
      }
      this.#settled = true;
    }
    if (back) for (const { tail } of this.#entries.values()) tail?.retry();
    this.#admit();
    this.#touch();
  }

  #pod(pod: Pod, seen: Set<string>): void {
    const name = pod.metadata?.name ?? '', namespace = pod.metadata?.namespace ?? '';
    const statuses = new Map<string, ContainerStatus>();
    for (const s of [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? [], ...pod.status?.ephemeralContainerStatuses ?? []]) statuses.set(s.name ?? '', s);
    const containers = [
      ...(pod.spec?.initContainers ?? []).map(c => ({ name: c.name ?? '', init: c.restartPolicy !== 'Always' })),
      ...(pod.spec?.containers ?? []).map(c => ({ name: c.name ?? '', init: false })),
      ...(pod.spec?.ephemeralContainers ?? []).map(c => ({ name: c.name ?? '', init: false })),
    ];
    for (const c of containers) {
      const key = `${namespace}/${name}/${pod.metadata?.uid}/${c.name}`;
      seen.add(key);
      let entry = this.#entries.get(key);
      if (!entry) {
        const source: Source = { pod: name, namespace, container: c.name, init: c.init, index: this.sources.length, state: 'queued' };
        this.sources.push(source);
        this.#entries.set(key, entry = { tail: undefined, source, facts: { instance: undefined, running: false }, late: this.#settled });
      } else if (entry.source.state === 'gone') entry.source.state = 'open';
      const s = statuses.get(c.name);
      const ran = s?.state?.running ?? s?.state?.terminated ?? s?.lastState?.terminated;
      entry.facts = { instance: ran ? `${s?.restartCount ?? 0}/${s?.containerID ?? ''}` : undefined, running: s?.state?.running !== undefined, restarts: s?.restartCount ?? 0 };
      entry.tail?.update(entry.facts);
    }
  }

  /** Opens what waits, as far as the limit allows; those that run come before those that ended or have not begun. */
  #admit(): void {
    let busy = 0;
    const waiting: [string, Entry][] = [];
    for (const [key, e] of this.#entries) {
      if (!e.tail) { if (e.source.state === 'queued') waiting.push([key, e]); } else if (!e.tail.resting) busy++;
    }
    if (waiting.length === 0) return;
    if (busy + waiting.length > this.#limit) waiting.sort(([, a], [, b]) => Number(b.facts.running) - Number(a.facts.running) || a.source.index - b.source.index);
    for (const [key, e] of waiting) {
      if (busy >= this.#limit) return;
      busy++;
      this.#begin(key, e);
    }
  }

  #begin(key: string, entry: Entry): void {
    const { source } = entry;
    source.state = 'waiting';
    const options = entry.late ? { previous: this.#options.previous } : this.#options;
    const take = (line: Omit<LogLine, 'id' | 'source'>): void => {
      this.#pending.push({ id: ++this.#id, source: source.index, ...line });
      // A window in the background draws seldom; what comes meanwhile must be bounded as well.
      if (this.#pending.length >= 10_000) { this.ring.add(this.#pending); this.#pending = []; }
      this.#touch();
    };
    entry.tail = new Tail(this.#connection, { cluster: this.#cluster, namespace: source.namespace, pod: source.pod, container: source.container }, options, {
      line: (at, k, text) => take({ at, key: k, text }),
      restarted: (at, k, lost) => take({ at, key: k, text: '', restarted: { lost } }),
      mayOpen: () => this.#live(),
      state: (state, why) => {
        if (source.state === 'gone' && state !== 'open') { entry.tail?.close(); this.#entries.delete(key); } else if (source.state !== 'gone') { source.state = state; source.why = why; }
        // A log that has been read to its end makes room for one that waits; asked once the tail has made up its mind.
        if (state === 'ended' || state === 'failed') queueMicrotask(() => { if (!this.#closed) this.#admit(); });
        this.#touch();
      },
    });
    entry.tail.update(entry.facts);
  }

  #touch(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#timer = setTimeout(() => nextFrame(() => {
      this.#scheduled = false;
      if (this.#closed) return;
      const batch = this.#pending;
      this.#pending = [];
      this.ring.add(batch);
      this.#version++;
      for (const l of this.#listeners) l();
    }), FLUSH_MS);
  }
}
