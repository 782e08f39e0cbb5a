// A value that can be watched: what React reads with useSyncExternalStore and everything else reads directly.
import { useSyncExternalStore } from 'react';

export interface Readable<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

/** Listeners run synchronously, after the value has changed; setting an identical value tells nobody. */
export class Store<T> implements Readable<T> {
  #value: T;
  #listeners = new Set<() => void>();
  constructor(value: T) { this.#value = value; }
  readonly get = (): T => this.#value;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  };
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const l of this.#listeners) l();
  }
  update(change: (value: T) => T): void { this.set(change(this.#value)); }
}

export const useStore = <T>(store: Readable<T>): T => useSyncExternalStore(store.subscribe, store.get);

/** A part of a store; re-renders only when `pick` gives another value (compared by identity). */
export const usePart = <T, P>(store: Readable<T>, pick: (value: T) => P): P => useSyncExternalStore(store.subscribe, () => pick(store.get()));
