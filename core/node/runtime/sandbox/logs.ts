// The log the launcher writes: `<time> <stream> <F|P> <text>`, rotated to log.1, log.2, ... (higher is older).
import { watch } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { diskUsageOf } from '../../disk-usage.ts';
import type { LogLine, LogOptions } from '../runtime.ts';

/** Parses one line of the file, without its newline; undefined for what is none. */
export function parseLine(line: Buffer): LogLine | undefined {
  const a = line.indexOf(32); const b = line.indexOf(32, a + 1);
  if (a < 0 || b < 0 || line[b + 2] !== 32) return undefined;
  const text = line.subarray(b + 3);
  return { time: line.toString('latin1', 0, a), stream: line.toString('latin1', a + 1, b) === 'stderr' ? 'stderr' : 'stdout', data: line[b + 1] === 70 ? Buffer.concat([text, NEWLINE]) : text };
}
const NEWLINE = Buffer.from('\n');

/** Bytes on disk of a container's log, rotated files included. */
export const logBytes = (dir: string): Promise<number> => diskUsageOf(dir, name => /^log(\.\d+)?$/.test(name));

/** Entries of a container's log, oldest first. `ended` tells whether its process has ended: a follow goes on until then. */
export async function* readLog(dir: string, ended: () => boolean, o: LogOptions): AsyncGenerator<LogLine> {
  const since = o.since === undefined ? undefined : new Date(o.since).toISOString().slice(0, -1);
  const wanted = (l: LogLine | undefined): l is LogLine => l !== undefined && (since === undefined || l.time >= since);
  let wake = (): void => {};
  // Watching begins before reading: what is written in between is not missed.
  const watcher = o.follow ? watch(dir, () => { wake(); }) : undefined;
  const abort = (): void => { wake(); };
  o.signal.addEventListener('abort', abort, { once: true });
  let file: FileHandle | undefined;
  try {
    let rest: Buffer = Buffer.alloc(0);
    let old: LogLine[] = [];
    const trim = (slack: number): void => { if (o.tailLines !== undefined && old.length > 2 * o.tailLines + slack) old = lastLines(old, o.tailLines); };
    const names = (await readdir(dir)).filter(n => /^log\.\d+$/.test(n)).sort((a, b) => Number(b.slice(4)) - Number(a.slice(4)));
    if (o.tailLines !== 0) for (const name of names) {
      const lines = await wholeFile(join(dir, name));
      for (const l of lines) if (wanted(l)) old.push(l);
      trim(1000);
    }
    try { file = await open(join(dir, 'log')); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; }
    const chunk = Buffer.alloc(262_144);
    const more = async (): Promise<LogLine[] | undefined> => {
      const read = (await file?.read(chunk, 0, chunk.length, null))?.bytesRead ?? 0;
      if (read === 0) return undefined;
      rest = Buffer.concat([rest, chunk.subarray(0, read)]);
      const lines: LogLine[] = [];
      for (let nl = rest.indexOf(10); nl >= 0; nl = rest.indexOf(10)) {
        const line = parseLine(Buffer.from(rest.subarray(0, nl)));
        if (wanted(line)) lines.push(line);
        rest = rest.subarray(nl + 1);
      }
      return lines;
    };
    if (o.tailLines === undefined) {
      for (const l of old) { if (o.signal.aborted) return; yield l; }
    } else {
      for (let lines = await more(); lines; lines = await more()) { for (const l of lines) old.push(l); trim(1000); }
      for (const l of lastLines(old, o.tailLines)) { if (o.signal.aborted) return; yield l; }
    }
    for (;;) {
      if (o.signal.aborted) return;
      const changed = new Promise<void>(resolve => { wake = resolve; });
      const last = ended();
      const lines = await more();
      if (lines) { for (const l of lines) { yield l; if (o.signal.aborted) return; } continue; }
      const next = await successor(file, dir);
      if (next) {
        // What was written between our last look and the rotation: now that it has rotated, no more will come.
        for (let late = await more(); late; late = await more()) for (const l of late) { yield l; if (o.signal.aborted) { await next.close(); return; } }
        await file?.close();
        rest = Buffer.alloc(0); file = next;
        continue;
      }
      if (!o.follow || last) return;
      await changed;
    }
  } finally {
    o.signal.removeEventListener('abort', abort);
    watcher?.close();
    await file?.close();
  }
}

// The last `n` lines. Partial entries belong to the line that ends them.
function lastLines(entries: LogLine[], n: number): LogLine[] {
  if (n === 0) return [];
  let at = entries.length; let left = n;
  while (at > 0) { if (entries[at - 1]?.data.at(-1) === 10 && left-- === 0) break; at--; }
  return entries.slice(at);
}

// The file after the one being read: the current one, or an elder if it rotated more than once meanwhile. Undefined while ours is current.
async function successor(file: FileHandle | undefined, dir: string): Promise<FileHandle | undefined> {
  const ours = file && (await file.stat()).ino;
  let newer: FileHandle | undefined;
  for (let n = 0, missing = 0; ; n++) {
    let here: FileHandle;
    try { here = await open(join(dir, n === 0 ? 'log' : `log.${n}`)); } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // In the middle of a rotation one number is free: the file we seek may be behind it.
      if (missing++ > 0) return newer;
      continue;
    }
    if ((await here.stat()).ino === ours) { await here.close(); return newer; }
    await newer?.close();
    newer = here;
    // Nothing was being read yet: begin with the current file.
    if (ours === undefined) return newer;
  }
}

async function wholeFile(path: string): Promise<LogLine[]> {
  let file: FileHandle;
  // Rotated away while we were reading its elders.
  try { file = await open(path); } catch (error) { if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; throw error; }
  try {
    const data = await file.readFile();
    const lines: LogLine[] = [];
    for (let at = 0; at < data.length;) {
      const nl = data.indexOf(10, at);
      const line = parseLine(data.subarray(at, nl < 0 ? data.length : nl));
      if (line) lines.push(line);
      at = nl < 0 ? data.length : nl + 1;
    }
    return lines;
  } finally { await file.close(); }
}
