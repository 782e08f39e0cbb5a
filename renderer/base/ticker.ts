// One clock for every age on the screen: ticks once a second while somebody looks and the page is visible.
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (document.hidden) return;
  now = Date.now();
  for (const l of listeners) l();
}
/** Calls `listener` each second the page is seen; returns the way out. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) { now = Date.now(); timer = setInterval(tick, 1000); }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** `render(now)` again each second, re-rendering only when its text changes. `render` must be pure. */
export const useTicking = (render: (now: number) => string): string => useSyncExternalStore(onTick, () => render(now));
/** The second the screen shows. */
export function shownNow(): number {
  if (timer === undefined) now = Date.now();
  return now;
}
