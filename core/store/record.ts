// The log's bytes. A record is one group commit: every transaction in it was written together, and the next record is written only
// after this one is durable. So a bad record with a good one behind it is damage, and a bad one at the end is an unfinished write.
//
//   u32 magic | u32 length of body | u32 crc32 of body | u32 crc32 of the 12 bytes before
//   body: ops, each  u8 type | u48 revision | u48 create revision | u32 key bytes | u32 value bytes | key | value
// Numbers are little endian. Snapshots are files of such records, too.
import { crc32 } from 'node:zlib';

export const HEADER = 16;
const MAGIC = 0x31525350; // 'PSR1', little endian
const OP = 21;
const PUT = 1;
const DELETE = 2;

/** One durable change, as the log tells it. */
export interface Change { readonly type: 'put' | 'delete'; readonly key: string; readonly revision: number; /** 0 for a delete. */ readonly createRevision: number; readonly value: Buffer | undefined }

/** Collects changes into one record in a buffer that is used again; `take` ends it. */
export class RecordWriter {
  #buffer = Buffer.allocUnsafe(1 << 16);
  #end = HEADER;
  get bytes(): number { return this.#end; }
  get empty(): boolean { return this.#end === HEADER; }

  add(c: Change): void {
    const keyBytes = Buffer.byteLength(c.key);
    const valueBytes = c.value?.length ?? 0;
    this.#reserve(OP + keyBytes + valueBytes);
    const b = this.#buffer;
    let o = this.#end;
    b[o] = c.type === 'put' ? PUT : DELETE;
    b.writeUIntLE(c.revision, o + 1, 6);
    b.writeUIntLE(c.createRevision, o + 7, 6);
    b.writeUInt32LE(keyBytes, o + 13);
    b.writeUInt32LE(valueBytes, o + 17);
    o += OP;
    o += b.write(c.key, o, 'utf8');
    if (c.value) o += c.value.copy(b, o);
    this.#end = o;
  }

  /** The record's bytes; valid until the next `add`. */
  take(): Buffer {
    const b = this.#buffer;
    const body = b.subarray(HEADER, this.#end);
    b.writeUInt32LE(MAGIC, 0);
    b.writeUInt32LE(body.length, 4);
    b.writeUInt32LE(crc32(body), 8);
    b.writeUInt32LE(crc32(b.subarray(0, 12)), 12);
    const out = b.subarray(0, this.#end);
    this.#end = HEADER;
    return out;
  }

  #reserve(more: number): void {
    const need = this.#end + more;
    if (need <= this.#buffer.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(need, this.#buffer.length * 2));
    this.#buffer.copy(bigger, 0, 0, this.#end);
    this.#buffer = bigger;
  }
}

/** The record at `offset`: its end, or undefined if there is no whole and sound one. */
export function recordEnd(b: Buffer, offset: number): number | undefined {
  if (offset + HEADER > b.length || b.readUInt32LE(offset) !== MAGIC) return undefined;
  if (crc32(b.subarray(offset, offset + 12)) !== b.readUInt32LE(offset + 12)) return undefined;
  const end = offset + HEADER + b.readUInt32LE(offset + 4);
  if (end > b.length || crc32(b.subarray(offset + HEADER, end)) !== b.readUInt32LE(offset + 8)) return undefined;
  return end;
}

/** Offset of the first sound record after `offset`, wherever it starts; undefined if there is none. */
export function soundRecordAfter(b: Buffer, offset: number): number | undefined {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC, 0);
  for (let at = b.indexOf(magic, offset + 1); at >= 0; at = b.indexOf(magic, at + 1)) if (recordEnd(b, at) !== undefined) return at;
  return undefined;
}

/** The changes of the sound record between `offset` and `end`. Values are copies. Throws on a body that does not add up. */
export function readRecord(b: Buffer, offset: number, end: number, visit: (c: Change) => void): void {
  let o = offset + HEADER;
  while (o < end) {
    if (o + OP > end) throw new Error(`log record at ${offset}: an operation is cut short`);
    const type = b[o];
    const revision = b.readUIntLE(o + 1, 6);
    const createRevision = b.readUIntLE(o + 7, 6);
    const keyEnd = o + OP + b.readUInt32LE(o + 13);
    const valueEnd = keyEnd + b.readUInt32LE(o + 17);
    if (valueEnd > end || (type !== PUT && type !== DELETE)) throw new Error(`log record at ${offset}: an operation is not well-formed`);
    const key = b.toString('utf8', o + OP, keyEnd);
    visit({ type: type === PUT ? 'put' : 'delete', key, revision, createRevision, value: type === PUT ? Buffer.from(b.subarray(keyEnd, valueEnd)) : undefined });
    o = valueEnd;
  }
}
