// One live list in the window: objects by key, and listeners that are told which of them changed, at most once per frame.
import { objectKey, type KubeObject } from '../../core/api/meta/object.ts';
import type { Freshness } from '../../electron/contract/frames.ts';
import { Store } from '../base/store.ts';
import type { WatchHandlers } from './connection.ts';

/** Runs `fn` at the next frame; a hidden page gets no frames, so it falls back to a slow timer. */
export const nextFrame = (fn: () => void): void => {
  if (typeof document === 'undefined' || document.hidden) setTimeout(fn, 200); else requestAnimationFrame(fn);
};

export class WatchStore<T extends KubeObject = KubeObject> implements WatchHandlers {
  readonly freshness = new Store<Freshness>({ state: 'loading', since: Date.now() });
  /** Raised by every told change. */
  version = 0;
  /** The server's whole list has arrived at least once. */
  complete = false;
  #objects = new Map<string, T>();
  #listeners = new Set<(changed: ReadonlySet<string>) => void>();
  #dirty = new Set<string>();
  #seen: Set<string> | undefined = new Set();
  #scheduled = false;
  #schedule: (fn: () => void) => void;

  constructor(schedule: (fn: () => void) => void = nextFrame) { this.#schedule = schedule; }

  get size(): number { return this.#objects.size; }
  readonly get = (key: string): T | undefined => this.#objects.get(key);
  keys(): IterableIterator<string> { return this.#objects.keys(); }
  values(): IterableIterator<T> { return this.#objects.values(); }

  /** `changed`: keys that came, changed or went; none when only the state of the list did. */
  readonly subscribe = (listener: (changed: ReadonlySet<string>) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  };

  snapshot(f: { items: unknown[]; done: boolean }): void {
    for (const item of f.items as T[]) {
      const key = objectKey(item);
      this.#seen?.add(key);
      this.#put(key, item);
    }
    if (f.done) {
      if (this.#seen) for (const key of this.#objects.keys()) if (!this.#seen.has(key)) this.#drop(key);
      this.#seen = undefined;
      this.complete = true;
    }
    this.#touch();
  }
  events(f: { events: readonly { type: string; object?: unknown }[] }): void {
    for (const e of f.events) {
      const object = e.object as T;
      const key = objectKey(object);
      if (e.type === 'DELETED') this.#drop(key); else { this.#seen?.add(key); this.#put(key, object); }
    }
    this.#touch();
  }
  state(s: Freshness): void {
    this.freshness.set(s);
    this.#touch();
  }
  restart(): void { this.#seen = new Set(); }

  #put(key: string, object: T): void {
    const known = this.#objects.get(key);
    if (known && known.metadata?.resourceVersion === object.metadata?.resourceVersion && known.metadata?.uid === object.metadata?.uid) return;
    this.#objects.set(key, object);
    this.#dirty.add(key);
  }
  #drop(key: string): void { if (this.#objects.delete(key)) this.#dirty.add(key); }
  #touch(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.version++;
      const dirty = this.#dirty;
      this.#dirty = new Set();
      for (const l of this.#listeners) l(dirty);
    });
  }
}
