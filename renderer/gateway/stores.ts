// The window's live lists: one per scope, shared by every component that shows it, closed a moment after the last one left.
import { apiVersionOf, type KubeObject, type ResourceType } from '../../core/api/meta/object.ts';
import type { Connection, Scope } from './connection.ts';
import { WatchStore } from './watch-store.ts';

const LINGER = 5000;
interface Entry { store: WatchStore; watch: { close(): void; retry(): void }; users: number; linger?: ReturnType<typeof setTimeout> }

export const scopeKey = (s: Scope): string => [s.cluster, apiVersionOf(s.resource), s.resource.plural, s.namespace ?? '', s.labelSelector ?? '', s.fieldSelector ?? ''].join('|');

export class Stores {
  #connection: Connection;
  #entries = new Map<string, Entry>();
  constructor(connection: Connection) { this.#connection = connection; }

  /** The live list of a scope; `release` when done. */
  acquire<T extends KubeObject>(scope: Scope): { store: WatchStore<T>; retry(): void; release(): void } {
    const key = scopeKey(scope);
    let entry = this.#entries.get(key);
    if (!entry) {
      const store = new WatchStore();
      entry = { store, watch: this.#connection.watch(scope, store), users: 0 };
      this.#entries.set(key, entry);
    }
    const here = entry;
    here.users++;
    clearTimeout(here.linger);
    let released = false;
    return {
      store: here.store as unknown as WatchStore<T>,
      retry: () => here.watch.retry(),
      release: () => {
        if (released) return;
        released = true;
        if (--here.users > 0) return;
        here.linger = setTimeout(() => {
          if (here.users > 0) return;
          here.watch.close();
          this.#entries.delete(key);
        }, LINGER);
      },
    };
  }

  /** An object as some open list has it, so that it can be shown before it is asked for by name. */
  peek<T extends KubeObject>(cluster: string, resource: ResourceType, key: string): T | undefined {
    const prefix = [cluster, apiVersionOf(resource), resource.plural, ''].join('|');
    for (const [scope, { store }] of this.#entries) {
      const known = scope.startsWith(prefix) ? store.get(key) : undefined;
      if (known) return known as T;
    }
    return undefined;
  }

  /** A list that is open anyway, for those who only want to look (the palette). */
  *open(cluster: string): Iterable<{ scope: string; store: WatchStore }> {
    for (const [scope, { store }] of this.#entries) if (scope.startsWith(`${cluster}|`)) yield { scope, store };
  }
}
