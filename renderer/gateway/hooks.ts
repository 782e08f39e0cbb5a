// React's way to the cluster: live lists, single objects, counts, and calls with their state.
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import { objectKey, type KubeObject, type ResourceType } from '../../core/api/meta/object.ts';
import type { Freshness } from '../../electron/contract/frames.ts';
import { Store, useStore } from '../base/store.ts';
import { useApp } from '../app/context.ts';
import { HostError, type Scope } from './connection.ts';
import { scopeKey } from './stores.ts';
import { WatchStore } from './watch-store.ts';

const NOTHING = new WatchStore();

/** The live list of a scope, or an empty one that stays `loading` while `scope` is undefined. Does not re-render by itself: see useVersion. */
export function useList<T extends KubeObject>(scope: Scope | undefined): { store: WatchStore<T>; retry(): void } {
  const { stores } = useApp();
  const key = scope ? scopeKey(scope) : '';
  // Acquired while rendering so that the first paint can already show a shared list; the effect owns the release.
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the scope, which is made anew by every render
  const held = useMemo(() => (scope ? stores.acquire<T>(scope) : undefined), [stores, key]);
  useEffect(() => {
    if (!held || !scope) return undefined;
    const mine = stores.acquire<T>(scope);
    held.release();
    return mine.release;
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `held` changes exactly when the scope does
  }, [held]);
  return held ?? { store: NOTHING as unknown as WatchStore<T>, retry: () => undefined };
}

/** Re-renders whenever the list has changed (at most once per frame); returns its version. */
export const useVersion = <T extends KubeObject>(store: WatchStore<T>): number => useSyncExternalStore(store.subscribe, () => store.version);
export const useFreshness = <T extends KubeObject>(store: WatchStore<T>): Freshness => useStore(store.freshness);

/** All objects of a scope, re-rendering on change: for short lists such as events of one object. */
export function useObjects<T extends KubeObject>(scope: Scope | undefined): { items: T[]; freshness: Freshness; complete: boolean } {
  const { store } = useList<T>(scope);
  const version = useVersion(store);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the store is mutable; its version says when it changed
  const items = useMemo(() => [...store.values()], [store, version]);
  return { items, freshness: useFreshness(store), complete: store.complete };
}

/** One object, live; from the start as an open list has it. `gone` once the answer is complete and it is not in it; the last known state stays. */
export function useObject<T extends KubeObject>(cluster: string, resource: ResourceType, namespace: string | undefined, name: string): { object: T | undefined; gone: boolean; freshness: Freshness } {
  const { store } = useList<T>({ cluster, resource, namespace, fieldSelector: `metadata.name=${name}` });
  useVersion(store);
  const key = objectKey({ metadata: { namespace, name } });
  const now = store.get(key);
  const { stores } = useApp();
  const [last, setLast] = useState<{ key: string; object: T } | undefined>(() => {
    const object = stores.peek<T>(cluster, resource, key);
    return object && { key, object };
  });
  if (now && now !== last?.object) setLast({ key, object: now });
  const known = last?.key === key ? last.object : undefined;
  return { object: now ?? known, gone: now === undefined && store.complete, freshness: useFreshness(store) };
}

/** The kinds of a cluster, its custom ones among them as they come and go. */
export function useKinds(cluster: string): readonly KindSpec[] {
  return useStore(useApp().clusterKinds.of(cluster));
}

export interface Counts { total: number; bad: number; warning: number; namespaces: Record<string, { total: number; bad: number; warning: number }> }

/** How many objects of a kind there are; undefined until known or while not `wanted`. */
export function useCounts(cluster: string, resource: ResourceType, wanted: boolean): Counts | undefined {
  const { connection } = useApp();
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- a new cluster or resource must not show the old counts
  const store = useMemo(() => new Store<Counts | undefined>(undefined), [cluster, resource]);
  useEffect(() => {
    if (!wanted) return undefined;
    return connection.count(cluster, resource, f => store.set(f)).close;
  }, [connection, cluster, resource, wanted, store]);
  return useStore(store);
}

/** A deed with its state: `run` returns what the deed returned, or undefined when it failed (then `error` says why). */
export function useAction<A extends unknown[], R>(deed: (...args: A) => Promise<R>): { run(...args: A): Promise<R | undefined>; busy: boolean; error: HostError | undefined; clear(): void } {
  const [state, setState] = useState<{ busy: boolean; error?: HostError }>({ busy: false });
  const latest = useRef(deed);
  useEffect(() => { latest.current = deed; });
  const run = useCallback(async (...args: A) => {
    setState({ busy: true });
    try {
      const result = await latest.current(...args);
      setState({ busy: false });
      return result;
    } catch (error) {
      setState({ busy: false, error: error instanceof HostError ? error : new HostError({ code: 0, reason: 'Error', message: error instanceof Error ? error.message : String(error) }) });
      return undefined;
    }
  }, []);
  return { run, busy: state.busy, error: state.error, clear: useCallback(() => setState({ busy: false }), []) };
}
