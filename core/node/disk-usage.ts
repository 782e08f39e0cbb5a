// How much disk a directory takes: blocks, not lengths, as `du` counts.
import { lstat, opendir, readdir } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';

/** A tree of more entries than this is measured as far as that: a walk must end. */
const MAX_ENTRIES = 1_000_000;
const BLOCK = 512;

/** What a race with the pod (gone meanwhile) or a foreign owner (not for this user to see) gives. */
const UNSEEN = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);
async function unlessUnseen<T>(work: Promise<T>): Promise<T | undefined> {
  try { return await work; } catch (e) { if (UNSEEN.has((e as NodeJS.ErrnoException).code ?? '')) return undefined; throw e; }
}

/**
 * Bytes on disk of everything below `path` and of itself, on its own file system: what is mounted below is somebody else's. Links are not
 * followed, a file with several names counts once. One entry at a time, so that the process stays free; ends with `signal`. 0 for what is not there.
 */
export async function diskUsage(path: string, signal?: AbortSignal): Promise<number> {
  const top = await unlessUnseen(lstat(path));
  if (!top) return 0;
  const seen = new Set<number>();
  let bytes = top.blocks * BLOCK; let entries = 0;
  const open = top.isDirectory() ? [path] : [];
  for (let dir = open.pop(); dir !== undefined; dir = open.pop()) {
    const list = await unlessUnseen(opendir(dir));
    if (!list) continue;
    for await (const entry of list) {
      signal?.throwIfAborted();
      if (++entries > MAX_ENTRIES) return bytes;
      const file = join(dir, entry.name);
      const s: Stats | undefined = await unlessUnseen(lstat(file));
      if (!s || s.dev !== top.dev) continue;
      if (s.isDirectory()) open.push(file);
      else if (s.nlink > 1) { if (seen.has(s.ino)) continue; seen.add(s.ino); }
      bytes += s.blocks * BLOCK;
    }
  }
  return bytes;
}

/** Bytes on disk of the files of one directory whose names are `wanted`; 0 when it is not there or not to be seen. */
export async function diskUsageOf(dir: string, wanted: (name: string) => boolean): Promise<number> {
  let sum = 0;
  for (const name of await unlessUnseen(readdir(dir)) ?? []) if (wanted(name)) sum += await diskUsage(join(dir, name));
  return sum;
}

/** The numbers of a device as Linux keeps them in `rdev`: the low bits of both together, the high ones apart. */
export const deviceNumbers = (rdev: bigint): { major: bigint; minor: bigint } => ({ major: (rdev >> 8n & 0xfffn) | (rdev >> 32n & ~0xfffn), minor: (rdev & 0xffn) | (rdev >> 12n & ~0xffn & 0xffffffffn) });
