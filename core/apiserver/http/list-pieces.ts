// Lists as they leave: one piece after the other in one buffer, so that a list of any length takes no more memory than a short one.
import type { Entry } from '../../store/store.ts';
import { newSpan, type Span } from '../registry/resource.ts';

/** Makes an answer in pieces. Each is good until the next one is asked for: most lie in `buffer`. The last one is returned. */
export type Pieces = (buffer: Buffer) => Generator<Buffer, Buffer, void>;

const END = ']}\n';
/** Bytes of one UTF-16 code unit in UTF-8, at most. */
const WIDEST = 3;

function put(s: Span, out: Buffer, from: number): number {
  let at = from + out.write(s.before, from);
  if (s.bytes) at += s.bytes.copy(out, at, s.start, s.end);
  if (s.after !== '') at += out.write(s.after, at);
  return at;
}
const most = (s: Span): number => (s.before.length + s.after.length) * WIDEST + s.end - s.start;

/** `head` up to the opening bracket, what `shape` puts into the span for each entry, and the end. */
export function listPieces(head: string, entries: readonly Entry[], shape: (entry: Entry, span: Span) => void): Pieces {
  return function* (buffer) {
    const s = newSpan(), room = buffer.length - END.length;
    s.before = head;
    let at = 0;
    for (let i = -1; i < entries.length; i++) {
      if (i >= 0) shape(entries[i]!, s);
      const need = most(s) + 1;
      if (at + need > room && at > 0) { yield buffer.subarray(0, at); at = 0; }
      if (need > room) {
        // Larger than the buffer: it goes alone.
        const own = Buffer.allocUnsafe(need);
        let end = 0;
        if (i > 0) own[end++] = 0x2c;
        yield own.subarray(0, put(s, own, end));
        continue;
      }
      if (i > 0) buffer[at++] = 0x2c;
      at = put(s, buffer, at);
    }
    return buffer.subarray(0, at + buffer.write(END, at, 'latin1'));
  };
}

/** The whole answer in one buffer. */
export function joined(pieces: Pieces): Buffer {
  const made = pieces(Buffer.allocUnsafe(1 << 16)), out: Buffer[] = [];
  for (let p = made.next(); ; p = made.next()) {
    out.push(Buffer.from(p.value));
    if (p.done) return out.length === 1 ? out[0]! : Buffer.concat(out);
  }
}
