// Brings back what was acknowledged: the newest snapshot, then the segments behind it. An unfinished write at the very end is cut off
// and kept aside; damage anywhere else stops the start with words that name file and place, rather than losing what lies behind it.
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import { isLeftover, segmentName, segmentRevision, snapshotRevision } from './files.ts';
import { readRecord, recordEnd, soundRecordAfter, type Change } from './record.ts';

/** The files contradict themselves; nothing was changed. */
export class StoreDamaged extends Error {
  readonly file: string;
  readonly offset: number;
  constructor(file: string, offset: number, what: string) {
    super(`${file} is damaged at byte ${offset}: ${what}. Nothing was changed; restore the data directory from a copy, or move this file away to lose what it holds`);
    this.name = 'StoreDamaged'; this.file = file; this.offset = offset;
  }
}

export interface Recovered { snapshotRevision: number; revision: number; segment: { path: string; bytes: number; room: number }; logBytes: number; snapshotBytes: number }

/** First revision of an empty store; lists of it are at revision 1, as etcd's. */
export const FIRST = 1;

/** Who takes over what is found: the snapshot's entries, then its revision, then the changes since. */
export interface Heir { load(c: Change): void; loaded(revision: number): void; replay(c: Change): void }

/** Reads the directory into `heir` and says where the log goes on. Throws StoreDamaged; changes nothing but an unfinished end. */
export function recover(dir: string, log: Log, heir: Heir): Recovered {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const names = readdirSync(dir);
  for (const name of names.filter(isLeftover)) rmSync(join(dir, name), { force: true });
  const newest = Math.max(0, ...names.map(n => snapshotRevision(n) ?? 0));
  let snapshotBytes = 0;
  let base = FIRST;
  const snapshot = names.find(n => snapshotRevision(n) === newest);
  if (newest > 0 && snapshot !== undefined) {
    base = newest;
    snapshotBytes = readSnapshot(join(dir, snapshot), c => heir.load(c));
    heir.loaded(newest);
  }

  const segments = names.filter(n => segmentRevision(n) !== undefined).sort();
  let revision = base;
  let logBytes = 0;
  let segment: Recovered['segment'] | undefined;
  for (const [i, name] of segments.entries()) {
    const path = join(dir, name);
    const first = segmentRevision(name) ?? 0;
    if (first > revision + 1) throw new StoreDamaged(path, 0, `it starts at revision ${first}, but the files before end at ${revision}: one is missing`);
    const { bytes, room } = readSegment(path, i === segments.length - 1, log, (c, offset) => {
      if (c.revision <= revision) {
        if (c.revision > base) throw new StoreDamaged(path, offset, `revision ${c.revision} comes after ${revision}`);
        return;
      }
      if (c.revision !== revision + 1) throw new StoreDamaged(path, offset, `revision ${c.revision} follows ${revision}: a file is missing`);
      revision = c.revision;
      heir.replay(c);
    });
    logBytes += bytes;
    segment = { path, bytes, room };
  }
  if (!segment) {
    const path = join(dir, segmentName(revision + 1));
    writeFileSync(path, '', { mode: 0o600, flag: 'wx' });
    sync(dir);
    segment = { path, bytes: 0, room: 0 };
  }
  return { snapshotRevision: newest, revision, segment, logBytes, snapshotBytes };
}

function readSnapshot(path: string, onEntry: (c: Change) => void): number {
  const b = readFileSync(path);
  let expected = -1;
  let seen = 0;
  for (let at = 0; at < b.length;) {
    const end = recordEnd(b, at);
    if (end === undefined) throw new StoreDamaged(path, at, 'its checksum does not match');
    readRecord(b, at, end, c => {
      if (expected < 0 && c.key === '') { expected = (JSON.parse(String(c.value)) as { entries: number }).entries; return; }
      seen++;
      onEntry(c);
    });
    at = end;
  }
  if (seen !== expected) throw new StoreDamaged(path, b.length, `it holds ${seen} of ${expected} entries`);
  return b.length;
}

/** Returns the sound length and how many zeros follow: room that was made for records to come. */
function readSegment(path: string, last: boolean, log: Log, onChange: (c: Change, offset: number) => void): { bytes: number; room: number } {
  const b = readFileSync(path);
  let at = 0;
  for (let end = recordEnd(b, at); end !== undefined; end = recordEnd(b, at)) {
    const offset = at;
    readRecord(b, at, end, c => onChange(c, offset));
    at = end;
  }
  const used = endOfData(b, at);
  if (used === at) return { bytes: at, room: b.length - at };
  const next = soundRecordAfter(b, at);
  if (next !== undefined) throw new StoreDamaged(path, at, `its checksum does not match, but a sound record follows at byte ${next}`);
  if (!last) throw new StoreDamaged(path, at, 'it ends in the middle of a record, but a later file exists');
  const aside = `${path}.cut-${at}`;
  writeFileSync(aside, b.subarray(at, used), { mode: 0o600 });
  log.warn('the log ended in an unfinished write, which was never acknowledged; it was cut off and put aside', { file: path, at, bytes: used - at, aside });
  const fd = openSync(path, 'r+');
  try { ftruncateSync(fd, at); fsyncSync(fd); } finally { closeSync(fd); }
  return { bytes: at, room: 0 };
}

const ZEROS = Buffer.alloc(1 << 16);
/** Behind the last byte from `from` on that is not zero; `from` where all are. */
function endOfData(b: Buffer, from: number): number {
  let end = b.length;
  for (let n = Math.min(ZEROS.length, end - from); n > 0 && b.compare(ZEROS, 0, n, end - n, end) === 0; n = Math.min(ZEROS.length, end - from)) end -= n;
  while (end > from && b[end - 1] === 0) end--;
  return end;
}

function sync(dir: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(dir, 'r');
  try { fsyncSync(fd); } finally { closeSync(fd); }
}
