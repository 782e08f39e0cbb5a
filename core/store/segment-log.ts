// The durable side of the store: appends group commits to the current segment and writes snapshots beside it.
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from './store.ts';
import { closeFd, datasync, openForWrite, segmentName, segmentRevision, snapshotName, snapshotRevision, syncDirectory, truncateFd, writeAll } from './files.ts';
import { RecordWriter, type Change } from './record.ts';

/** Where committed changes go. */
export interface Sink {
  add(c: Change): void;
  /** Makes what was added durable. Rejects with NotWritten if nothing of it is on disk, with anything else if that is unknown. */
  commit(): Promise<void>;
  /** True when the log has outgrown the state and a snapshot would shorten the next start. */
  readonly wantsSnapshot: boolean;
  /** Between commits: starts a segment at `revision + 1`, so that a snapshot of `revision` replaces all before it. */
  rotate(revision: number): Promise<void>;
  /** Writes the state at `revision` (as given to `rotate`) and then removes what it replaces. */
  snapshot(revision: number, entries: readonly Entry[]): Promise<void>;
  close(): Promise<void>;
}

/** A commit that left the log as it was; the store stays usable. */
export class NotWritten extends Error {
  constructor(cause: unknown) { super(`not written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }); this.name = 'NotWritten'; }
}

const SNAPSHOT_RECORD = 1 << 20;

/**
 * Room is made ahead of the log's end by a quarter of its length, within these bounds: zeros that later records replace. Syncing what
 * replaces bytes is one write to the disk; syncing a file that grows waits for the file system's journal, and for whatever else is in it.
 */
const LEAST_ROOM = 64 << 10, MOST_ROOM = 4 << 20;
/** Larger records share one sync among so many writers that room would not pay: they make none. */
const LARGE = 32 << 10;

/** `segment`: the path of the one to go on with, its sound length and what follows that in zeros. */
export interface SegmentLogOptions { dir: string; segment: { path: string; bytes: number; room: number }; logBytes: number; snapshotBytes: number; minLogBytes: number }

export class SegmentLog implements Sink {
  readonly #dir: string;
  readonly #minLogBytes: number;
  readonly #writer = new RecordWriter();
  #fd: number;
  #end: number;
  /** Up to here the file is there; from `#end` on it is zeros. */
  #room: number;
  #logBytes: number;
  #snapshotBytes: number;

  private constructor(fd: number, o: SegmentLogOptions) {
    this.#fd = fd;
    this.#dir = o.dir;
    this.#end = o.segment.bytes;
    this.#room = o.segment.bytes + o.segment.room;
    this.#logBytes = o.logBytes;
    this.#snapshotBytes = o.snapshotBytes;
    this.#minLogBytes = o.minLogBytes;
  }
  static async open(o: SegmentLogOptions): Promise<SegmentLog> { return new SegmentLog(await openForWrite(o.segment.path, 'r+'), o); }

  add(c: Change): void { this.#writer.add(c); }

  async commit(): Promise<void> {
    if (this.#writer.empty) return;
    const bytes = this.#writer.take();
    try {
      if (this.#end + bytes.length > this.#room && bytes.length < LARGE) await this.#makeRoom(bytes.length);
      await writeAll(this.#fd, bytes, this.#end);
    } catch (error) {
      // A full disk: cut the part that went in, so that the log ends with the last good record. If that fails too, nobody knows.
      this.#room = this.#end;
      await truncateFd(this.#fd, this.#end);
      throw new NotWritten(error);
    }
    await datasync(this.#fd);
    this.#end += bytes.length;
    this.#room = Math.max(this.#room, this.#end);
    this.#logBytes += bytes.length;
  }

  /** The sync of the record that needs it makes it durable as well. On a disk with no place for it, records go on one by one. */
  async #makeRoom(bytes: number): Promise<void> {
    const room = Math.max(LEAST_ROOM, Math.min(MOST_ROOM, this.#logBytes >> 2));
    try {
      await writeAll(this.#fd, Buffer.alloc(bytes + room), this.#end);
      this.#room = this.#end + bytes + room;
    } catch (error) {
      this.#room = this.#end;
      await truncateFd(this.#fd, this.#end);
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC' && (error as NodeJS.ErrnoException).code !== 'EDQUOT') throw error;
    }
  }

  /** Takes the zeros off again: what stays behind ends with its last record. */
  async #trim(): Promise<void> {
    if (this.#room > this.#end) await truncateFd(this.#fd, this.#end);
  }

  get wantsSnapshot(): boolean { return this.#logBytes > Math.max(this.#minLogBytes, 2 * this.#snapshotBytes); }

  async rotate(revision: number): Promise<void> {
    const fd = await openForWrite(join(this.#dir, segmentName(revision + 1)), 'wx');
    await syncDirectory(this.#dir);
    await this.#trim();
    await closeFd(this.#fd);
    this.#fd = fd;
    this.#end = 0;
    this.#room = 0;
    this.#logBytes = 0;
  }

  async snapshot(revision: number, entries: readonly Entry[]): Promise<void> {
    const path = join(this.#dir, snapshotName(revision));
    const writer = new RecordWriter();
    const fd = await openForWrite(`${path}.tmp`, 'w');
    let end = 0;
    try {
      const flush = async (): Promise<void> => {
        const bytes = writer.take();
        await writeAll(fd, bytes, end);
        end += bytes.length;
      };
      writer.add({ type: 'put', key: '', revision, createRevision: revision, value: Buffer.from(JSON.stringify({ entries: entries.length })) });
      for (const e of entries) {
        writer.add({ type: 'put', key: e.key, revision: e.revision, createRevision: e.createRevision, value: e.value });
        if (writer.bytes >= SNAPSHOT_RECORD) await flush();
      }
      if (!writer.empty) await flush();
      await datasync(fd);
    } finally { await closeFd(fd); }
    renameSync(`${path}.tmp`, path);
    await syncDirectory(this.#dir);
    this.#snapshotBytes = end;
    for (const name of readdirSync(this.#dir)) {
      const old = segmentRevision(name.replace(/\.cut-\d+$/, '')) ?? snapshotRevision(name);
      if (old !== undefined && (name.startsWith('log-') ? old <= revision : old < revision)) rmSync(join(this.#dir, name), { force: true });
    }
  }

  async close(): Promise<void> {
    try { await this.#trim(); } finally { await closeFd(this.#fd); }
  }
}

/** Keeps nothing: for tests and clusters that may be forgotten. */
export const forgetful: Sink = {
  add() { /* nothing to keep */ },
  commit: () => Promise.resolve(),
  wantsSnapshot: false,
  rotate: () => Promise.resolve(),
  snapshot: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
