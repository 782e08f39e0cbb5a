// A view whose code is loaded when it is first shown, or, if it is a small one, when the window has nothing else to do.
import { createElement, lazy, useState, type ComponentType } from 'react';

/** A browser drops what it loads when a network interface of the machine comes or goes, and with containers they do: ask again. */
const AGAIN_MS = [100, 400, 1500] as const;
const small: (() => Promise<unknown>)[] = [];

/** Like React's `lazy`, of a named component; loading is tried four times before the failure is shown, and again when the view is shown anew. */
export function lazyView<P extends object>(load: () => Promise<ComponentType<P>>, wait: (ms: number) => Promise<void> = pause): ComponentType<P> {
  const make = (): ComponentType<P> => lazy(() => persistently(load, wait).then(View => ({ default: View }), (e: unknown) => { current = make(); throw e; })) as unknown as ComponentType<P>;
  let current = make();
  return function Lazy(props: P) {
    const [View] = useState(() => current);
    return createElement(View, props);
  };
}

/** A lazy view of a few kilobytes: `warmUp` loads it ahead, so that it is there at once, and also while the host is away. */
export function smallView<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  small.push(load);
  return lazyView(load);
}

/** Loads the small views while nothing else is to be done. What cannot be had now is loaded when it is shown. */
export function warmUp(): void {
  requestIdleCallback(() => { for (const load of small) load().catch((e: unknown) => console.warn('a view could not be loaded ahead', e)); }, { timeout: 5000 });
}

const pause = (ms: number): Promise<void> => new Promise(done => { setTimeout(done, ms); });

export async function persistently<T>(load: () => Promise<T>, wait: (ms: number) => Promise<void>): Promise<T> {
  for (const ms of AGAIN_MS) {
    try { return await load(); } catch (e) { console.warn('loading a view failed, trying again', e); }
    await wait(ms);
  }
  return load();
}
