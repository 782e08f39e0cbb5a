// How V8 keeps the heap of a host. Left alone it lets a server's heap grow to a multiple of what is alive, as the machine's memory seems to
// allow; a cluster on somebody's desktop is not alone there. Measurements: docs/decisions/012-memory-of-stored-bytes.md.
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Growth of the heap between two full collections, per cent of what was alive after the last. */
const GROWTH = 30;
/** Bytes of both halves of the space where objects are made; V8's own limit is four times as much. */
const YOUNG = 32 << 20;

/** Call when a host starts. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  // The limit itself is fixed when a process begins, but not by how much the space grows: it doubles until it is large enough.
  let grows = true;
  new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(s => s.space_name === 'new_space')?.space_size ?? 0;
    if (grows === young < YOUNG) return;
    grows = !grows;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  }).observe({ entryTypes: ['gc'] });
}
