// A merged log: every container of every pod that a target names, followed as pods come, restart and go. Lines stay when pods go.
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { ContainerStatus, Pod } from '../../../core/api/types/kubernetes.ts';
import type { Connection } from '../../gateway/connection.ts';
import type { Stores } from '../../gateway/stores.ts';
import { nextFrame } from '../../gateway/watch-store.ts';
import { LogRing, type LogLine } from './log-ring.ts';
import { Tail, type TailOptions, type TailState } from './tail.ts';

const POD = kindFor('', 'v1', 'pods')!;
/** Logs read at once; more sources wait for their turn and are told. */
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
export interface SessionView { sources: readonly Source[]; ring: LogRing; version: number; live: boolean }

export class LogSession {
  readonly ring = new LogRing();
  readonly sources: Source[] = [];
  #connection: Connection;
  #cluster: string;
  #options: TailOptions;
  #tails = new Map<string, { tail: Tail; source: Source }>();
  #stores: { acquired: ReturnType<Stores['acquire']>; off: () => void; set: PodSet }[] = [];
  #pending: LogLine[] = [];
  #id = 0;
  #version = 0;
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<() => void>();
  #offLink: () => void;
  /** The first complete lists are in: pods that come later are read from their beginning. */
  #settled = false;
  #closed = false;

  constructor(connection: Connection, stores: Stores, cluster: string, sets: readonly PodSet[], options: TailOptions) {
    this.#connection = connection;
    this.#cluster = cluster;
    this.#options = options;
    for (const set of sets) {
      const acquired = stores.acquire({ cluster, resource: POD, namespace: set.namespace, labelSelector: set.labelSelector, fieldSelector: set.fieldSelector });
      this.#stores.push({ acquired, set, off: acquired.store.subscribe(() => this.#look()) });
    }
    this.#offLink = connection.link.subscribe(() => { if (connection.link.get().state === 'open') for (const { tail } of this.#tails.values()) tail.retry(); });
    this.#look();
  }

  readonly subscribe = (l: () => void): (() => void) => { this.#listeners.add(l); return () => { this.#listeners.delete(l); }; };
  readonly version = (): number => this.#version;
  /** Pods named now. */
  get pods(): number { let n = 0; for (const s of this.#stores) n += s.acquired.store.size; return n; }
  /** The lists of pods are known: "no pods" may be said. */
  get complete(): boolean { return this.#stores.every(s => s.acquired.store.complete); }

  clear(): void { this.#pending = []; this.ring.clear(); this.#touch(); }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#offLink();
    for (const s of this.#stores) { s.off(); s.acquired.release(); }
    for (const { tail } of this.#tails.values()) tail.close();
    this.#tails.clear();
  }

  #look(): void {
    if (this.#closed) return;
    const seen = new Set<string>();
    for (const { acquired } of this.#stores) for (const pod of acquired.store.values() as Iterable<Pod>) this.#pod(pod, seen);
    if (this.complete) {
      for (const [key, { tail, source }] of this.#tails) {
        if (seen.has(key)) continue;
        // What is still on its way is let come: a stream ends by itself when its container is gone.
        if (source.state === 'open') { source.state = 'gone'; continue; }
        tail.close();
        this.#tails.delete(key);
        source.state = 'gone';
      }
      this.#settled = true;
    }
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
      let entry = this.#tails.get(key);
      if (!entry) {
        if (this.#tails.size >= MAX_TAILS) continue;
        entry = this.#begin(key, namespace, name, c);
      } else if (entry.source.state === 'gone') entry.source.state = 'open';
      const s = statuses.get(c.name);
      const ran = s?.state?.running ?? s?.state?.terminated ?? s?.lastState?.terminated;
      entry.tail.update({ instance: ran ? `${s?.restartCount ?? 0}/${s?.containerID ?? ''}` : undefined, running: s?.state?.running !== undefined });
    }
  }

  #begin(key: string, namespace: string, pod: string, c: { name: string; init: boolean }): { tail: Tail; source: Source } {
    const source: Source = { pod, namespace, container: c.name, init: c.init, index: this.sources.length, state: 'waiting' };
    this.sources.push(source);
    const options = this.#settled ? { previous: this.#options.previous } : this.#options;
    const tail = new Tail(this.#connection, { cluster: this.#cluster, namespace, pod, container: c.name }, options, {
      line: (at, k, text) => { this.#pending.push({ id: ++this.#id, source: source.index, at, key: k, text }); this.#touch(); },
      state: (state, why) => {
        if (source.state === 'gone' && state !== 'open') { this.#tails.get(key)?.tail.close(); this.#tails.delete(key); } else { source.state = state; source.why = why; }
        this.#touch();
      },
    });
    const entry = { tail, source };
    this.#tails.set(key, entry);
    return entry;
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
