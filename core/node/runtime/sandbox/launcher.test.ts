import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FrameReader } from '../frames.ts';
import { FRAME, HEADER_BYTES, encodeFrame, writeSettings } from './launcher.ts';
import { seccompFilter } from './seccomp.ts';

it('cuts frames wherever the stream is cut', () => {
  const bytes = Buffer.concat([encodeFrame(FRAME.stdin, Buffer.from('hello')), encodeFrame(FRAME.stdinEnd), encodeFrame(FRAME.stdout, Buffer.alloc(100_000, 1))]);
  const reader = new FrameReader(HEADER_BYTES);
  const frames = [...bytes].flatMap(b => reader.push(Buffer.from([b])));
  expect(frames.map(f => [f.type, f.payload.length])).toEqual([[0, 5], [4, 0], [1, 65_536], [1, 34_464]]);
});
it('refuses a NUL byte in a setting: it would begin another', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'settings-'));
  try {
    await expect(writeSettings(join(dir, 's'), [['e', 'A=\0fV']])).rejects.toThrow('NUL');
    await writeSettings(join(dir, 's'), [['a', 'ls'], ['U', 5]]);
    expect(readFileSync(join(dir, 's'), 'latin1')).toBe('als\0U5\0');
  } finally { rmSync(dir, { recursive: true }); }
});
it('has a filter that fits the launcher, whose jumps stay inside', () => {
  for (const arch of ['x64', 'arm64']) {
    const f = seccompFilter(arch) ?? Buffer.alloc(0);
    const n = f.length / 8;
    expect(n).toBeGreaterThan(50); expect(n).toBeLessThanOrEqual(512);
    for (let i = 0; i < n; i++) expect(i + 1 + Math.max(f[i * 8 + 2] ?? 0, f[i * 8 + 3] ?? 0)).toBeLessThan(n + 1);
  }
  expect(seccompFilter('riscv64')).toBeUndefined();
});
