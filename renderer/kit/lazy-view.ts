// A view whose code is loaded when it is first shown.
import { lazy, type ComponentType } from 'react';

/** A browser drops what it loads when a network interface of the machine comes or goes, and with containers they do: ask again. */
const AGAIN_MS = [100, 400, 1500] as const;

/** Like React's `lazy`, of a named component; loading is tried four times before the failure is shown. */
export function lazyView<P>(load: () => Promise<ComponentType<P>>, wait: (ms: number) => Promise<void> = pause): ComponentType<P> {
  return lazy(async () => ({ default: await persistently(load, wait) })) as unknown as ComponentType<P>;
}

const pause = (ms: number): Promise<void> => new Promise(done => { setTimeout(done, ms); });

export async function persistently<T>(load: () => Promise<T>, wait: (ms: number) => Promise<void>): Promise<T> {
  for (const ms of AGAIN_MS) {
    try { return await load(); } catch (e) { console.warn('loading a view failed, trying again', e); }
    await wait(ms);
  }
  return load();
}
