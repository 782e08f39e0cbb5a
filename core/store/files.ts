// Names of the store's files and the few file-system calls that durability needs.
import { close, fdatasync, fsync, ftruncate, open, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const syncFile = promisify(fsync);

export const closeFd: (fd: number) => Promise<void> = promisify(close);
export const datasync: (fd: number) => Promise<void> = promisify(fdatasync);
export const truncateFd: (fd: number, length: number) => Promise<void> = promisify(ftruncate);
const writeFd = promisify(write) as (fd: number, b: Buffer, offset: number, length: number, position: number) => Promise<{ bytesWritten: number }>;

const digits = (revision: number): string => String(revision).padStart(16, '0');
/** A segment holds what was written from `revision` on, until the next segment's. */
export const segmentName = (revision: number): string => `log-${digits(revision)}`;
/** The state at `revision`. */
export const snapshotName = (revision: number): string => `snapshot-${digits(revision)}`;
const revisionIn = (pattern: RegExp) => (name: string): number | undefined => {
  const m = pattern.exec(name);
  return m ? Number(m[1]) : undefined;
};
export const segmentRevision = revisionIn(/^log-(\d{16})$/);
export const snapshotRevision = revisionIn(/^snapshot-(\d{16})$/);
/** What an interrupted snapshot leaves behind. */
export const isLeftover = (name: string): boolean => name.endsWith('.tmp');

/** Up to here a copy into the page cache takes less time than waking a thread for it. */
const AT_ONCE = 64 << 10;

/** Writes all of `b` at `position`, however many calls that takes. Rejects as write(2) fails; part of it may be written then. */
export async function writeAll(fd: number, b: Buffer, position: number): Promise<void> {
  if (b.length <= AT_ONCE) {
    for (let done = 0; done < b.length;) done += writeSync(fd, b, done, b.length - done, position + done);
    return;
  }
  for (let done = 0; done < b.length;) done += (await writeFd(fd, b, done, b.length - done, position + done)).bytesWritten;
}

/** Opens for writing; a new file is private to its owner. */
export const openForWrite = (path: string, flags: 'wx' | 'r+' | 'w'): Promise<number> => openFile(path, flags, 0o600);

/** Makes creations, renames and removals in `dir` durable. Windows cannot open directories and needs no such call. */
export async function syncDirectory(dir: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = await openFile(dir, 'r');
  try { await syncFile(fd); } finally { await closeFd(fd); }
}
