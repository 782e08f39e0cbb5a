// The secret a window shows in its first frame.
import { randomBytes, timingSafeEqual } from 'node:crypto';

/** 192 random bits, safe in a URL. */
export const newToken = (): string => randomBytes(24).toString('base64url');

/** Compares without telling by time how much was right. */
export function sameToken(a: string | undefined, b: string): boolean {
  const x = Buffer.from(a ?? '');
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}
