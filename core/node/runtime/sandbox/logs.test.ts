import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseLine, readLog } from './logs.ts';

let dir = '';
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'logs-')); });
afterEach(() => { rmSync(dir, { recursive: true }); });
const entry = (n: number, tag = 'F'): string => `2026-01-01T00:00:0${n}.000000000Z stdout ${tag} line ${n}\n`;
const read = async (o: { tailLines?: number; since?: number } = {}): Promise<string> => {
  let text = '';
  for await (const l of readLog(dir, () => true, { follow: false, signal: new AbortController().signal, ...o })) text += l.data.toString();
  return text;
};

it('parses full and partial entries', () => {
  expect(parseLine(Buffer.from('T stderr F a b'))).toEqual({ time: 'T', stream: 'stderr', data: Buffer.from('a b\n') });
  expect(parseLine(Buffer.from('T stdout P '))?.data.length).toBe(0);
  expect(parseLine(Buffer.from('garbage'))).toBeUndefined();
});
it('reads rotated files oldest first, and its last lines across them', async () => {
  writeFileSync(join(dir, 'log.2'), entry(1)); writeFileSync(join(dir, 'log.1'), entry(2)); writeFileSync(join(dir, 'log'), entry(3) + entry(4));
  expect(await read()).toBe('line 1\nline 2\nline 3\nline 4\n');
  expect(await read({ tailLines: 3 })).toBe('line 2\nline 3\nline 4\n');
  expect(await read({ since: Date.UTC(2026, 0, 1, 0, 0, 3) })).toBe('line 3\nline 4\n');
});
it('counts the pieces of a long line as one', async () => {
  writeFileSync(join(dir, 'log'), entry(1) + entry(2, 'P') + entry(3));
  expect(await read({ tailLines: 1 })).toBe('line 2line 3\n');
});
it('follows over two rotations without losing a line', async () => {
  writeFileSync(join(dir, 'log'), entry(1));
  let ended = false; let text = '';
  for await (const l of readLog(dir, () => ended, { follow: true, signal: AbortSignal.timeout(5000) })) {
    text += l.data.toString();
    if (text === 'line 1\n') {
      renameSync(join(dir, 'log'), join(dir, 'log.2')); writeFileSync(join(dir, 'log.1'), entry(2)); writeFileSync(join(dir, 'log'), entry(3));
    } else if (l.data.toString() === 'line 3\n') { ended = true; appendFileSync(join(dir, 'log'), entry(4)); }
  }
  expect(text).toBe('line 1\nline 2\nline 3\nline 4\n');
});
