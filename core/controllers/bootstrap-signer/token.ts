// Bootstrap tokens as secrets of kube-system: what is in one, and whether its time is over.
import { isTime, parseTime } from '../../api/meta/time.ts';
import type { Secret } from '../../api/types/kubernetes.ts';

const TYPE = 'bootstrap.kubernetes.io/token', PREFIX = 'bootstrap-token-';

export const isBootstrapToken = (s: Secret): boolean => s.type === TYPE && s.metadata?.namespace === 'kube-system';

/** A value of the secret as text; '' without one. */
export const field = (s: Secret, name: string): string => Buffer.from(s.data?.[name] ?? '', 'base64').toString();

/** When the token ends, in ms; Infinity for one without an end. One whose end cannot be read (RFC 3339) has ended. */
export function endOf(s: Secret): number {
  const text = field(s, 'expiration');
  if (text === '') return Number.POSITIVE_INFINITY;
  return isTime(text) ? parseTime(text) : Number.NEGATIVE_INFINITY;
}

/** Id and secret of a token that may sign now; undefined of one that may not: misnamed, incomplete, over, or not made for it. */
export function signingToken(s: Secret, now: number): { id: string; secret: string } | undefined {
  const id = field(s, 'token-id'), secret = field(s, 'token-secret');
  if (!id || !secret || s.metadata?.name !== `${PREFIX}${id}` || s.metadata.deletionTimestamp !== undefined) return undefined;
  return endOf(s) > now && field(s, 'usage-bootstrap-signing') === 'true' ? { id, secret } : undefined;
}
