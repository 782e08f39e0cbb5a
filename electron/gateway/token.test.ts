import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keptToken, sameToken } from './token.ts';

const dir = mkdtempSync(join(tmpdir(), 'pilothouse-token-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('token', () => {
  it('is the same after a restart, and its owner alone may read it', () => {
    const file = join(dir, 'data', 'window-token');
    const token = keptToken(file);
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(keptToken(file)).toBe(token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keptToken(join(dir, 'other'))).not.toBe(token);
  });
  it('is made anew when the file holds no token', () => {
    const file = join(dir, 'short');
    writeFileSync(file, 'x');
    expect(keptToken(file)).toMatch(/^[\w-]{32}$/);
  });
  it('compares whole tokens only', () => {
    expect(sameToken('abc', 'abc')).toBe(true);
    expect(sameToken('abd', 'abc')).toBe(false);
    expect(sameToken('ab', 'abc')).toBe(false);
    expect(sameToken(undefined, 'abc')).toBe(false);
  });
});
