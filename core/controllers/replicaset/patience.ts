// Where pods fail as soon as they are made (a node that refuses them, say), their successors fail as well: without patience a set would
// make thousands, and none of them is ever deleted. Nothing is remembered for it: the failed pods themselves say how it went.
import { parseTime } from '../../api/meta/time.ts';
import type { Pod } from '../../api/types/kubernetes.ts';

/** Failures of pods made this long ago no longer count; ms. */
const WINDOW = 60_000;
const FIRST = 1_000, LONGEST = 10_000;

/**
 * Milliseconds until successors of failed pods may be made. As many as there are `replicas` may fail within a minute and are replaced at
 * once; for each beyond, the next is made 1, 2, 4 … 10 seconds after the last.
 */
export function untilReplaced(pods: readonly Pod[], replicas: number, now: number): number {
  let failed = 0, last = 0;
  for (const p of pods) {
    if (p.status?.phase !== 'Failed') continue;
    const made = parseTime(p.metadata?.creationTimestamp);
    if (!(now - made < WINDOW)) continue;
    failed++;
    last = Math.max(last, made);
  }
  return failed === 0 || failed < replicas ? 0 : Math.max(0, last + Math.min(LONGEST, FIRST * 2 ** Math.min(failed - replicas, 10)) - now);
}
