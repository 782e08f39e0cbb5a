// Finds in a server's log that one of its own workers tried what its role does not allow.
import { REFUSED } from '../../core/apiserver/local-transport.ts';

/** Throws when there is such a line. A node may well ask for what a pod used that is gone meanwhile. */
export function refusals(log: string): void {
  const lines = log.split('\n').filter(l => l.includes(REFUSED) && !l.includes('no relationship found between node'));
  if (lines.length) throw new Error(lines.join('\n'));
}
