// Slow start: a first write, then twice as many at once as long as all succeed. A quota that is exhausted or a webhook that refuses
// is so met by a few requests, not by five hundred.

/** Writes in flight at most; beyond it, a batch no longer doubles. */
const WIDEST = 64;

/**
 * Runs `write` `count` times in batches of 1, 2, 4…; after the first batch with a failure no further one is begun.
 * Answers how many succeeded and the first error.
 */
export async function slowStart(count: number, write: (index: number) => Promise<void>): Promise<{ succeeded: number; error?: Error }> {
  let succeeded = 0;
  let begun = 0;
  for (let size = Math.min(count, 1); size > 0; size = Math.min(size * 2, WIDEST, count - begun)) {
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => write(begun + i)));
    begun += size;
    const failed = results.filter(r => r.status === 'rejected');
    succeeded += size - failed.length;
    if (failed[0]) return { succeeded, error: failed[0].reason instanceof Error ? failed[0].reason : new Error(String(failed[0].reason)) };
  }
  return { succeeded };
}
