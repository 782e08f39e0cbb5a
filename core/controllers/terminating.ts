// A namespace that is going away takes nothing new.
import { statusOf } from '../api/meta/status.ts';

/** The namespace is going away: nothing can be made in it, and trying again is of no use. */
export const namespaceTerminating = (error: unknown): boolean =>
  statusOf(error).details?.causes?.some(c => c.reason === 'NamespaceTerminating') === true || /because it is being terminated/.test(error instanceof Error ? error.message : '');
