// The secret a window shows in its first frame.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** 192 random bits, safe in a URL. */
const newToken = (): string => randomBytes(24).toString('base64url');

/**
 * The token of a data directory, made at its first start: a window that was open, or a bookmark, is still let in after a restart.
 * The file is readable by its owner only, as the kubeconfig beside it, which opens more.
 */
export function keptToken(file: string): string {
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (/^[\w-]{32}$/.test(known)) return known;
  const token = newToken();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/** Compares without telling by time how much was right. */
export function sameToken(a: string | undefined, b: string): boolean {
  const x = Buffer.from(a ?? '');
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}
