// A container's output out of Docker's log API: framed for plain containers, raw for terminals, a timestamp before every entry.
import type Docker from 'dockerode';
import type { LogLine, LogOptions } from '../runtime.ts';
import { dockerStatus } from './errors.ts';

export interface Frame { stream: 'stdout' | 'stderr'; payload: Buffer }

/** Cuts Docker's multiplexed stream into frames: 1 byte of stream, 3 zero, 4 of big-endian length, payload. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#rest.length - at >= 8) {
      const size = this.#rest.readUInt32BE(at + 4);
      if (this.#rest.length - at - 8 < size) break;
      frames.push({ stream: this.#rest[at] === 2 ? 'stderr' : 'stdout', payload: this.#rest.subarray(at + 8, at + 8 + size) });
      at += 8 + size;
    }
    this.#rest = this.#rest.subarray(at);
    return frames;
  }
}

/** Cuts raw terminal output into lines; `end` gives what is left without a newline. */
class LineReader {
  #rest: Buffer = Buffer.alloc(0);
  push(chunk: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const lines: Frame[] = [];
    for (let nl = this.#rest.indexOf(10); nl >= 0; nl = this.#rest.indexOf(10)) {
      lines.push({ stream: 'stdout', payload: this.#rest.subarray(0, nl + 1) });
      this.#rest = this.#rest.subarray(nl + 1);
    }
    return lines;
  }
  end(): Frame[] { return this.#rest.length === 0 ? [] : [{ stream: 'stdout', payload: this.#rest }]; }
}

/** Takes the leading timestamp off a log entry. */
export function logLine(frame: Frame): LogLine {
  const space = frame.payload.indexOf(32);
  return { time: frame.payload.toString('latin1', 0, space), stream: frame.stream, data: frame.payload.subarray(space + 1) };
}

/** Entries of a container, oldest first; with `follow` until it exits or the signal aborts. A container that is gone has none. */
export async function* containerLogs(container: Docker.Container, tty: boolean, o: LogOptions): AsyncGenerator<LogLine> {
  if (o.signal.aborted) return;
  const query = {
    stdout: true as const, stderr: true as const, timestamps: true, ...(o.tailLines === undefined ? {} : { tail: o.tailLines }),
    // Docker takes seconds with a fraction and compares strictly enough that a millisecond is kept.
    ...(o.since === undefined ? {} : { since: (o.since / 1000).toFixed(3) as unknown as number }),
  };
  const reader = tty ? new LineReader() : new FrameReader();
  const emit = (frames: Frame[]): LogLine[] => frames.filter(f => f.payload.length > 0).map(logLine);
  let source: Iterable<Buffer> | AsyncIterable<Buffer>;
  let stop = (): void => {};
  try {
    if (o.follow) {
      const stream = await container.logs({ ...query, follow: true }) as NodeJS.ReadableStream & { destroy(): void };
      stop = () => { stream.destroy(); };
      o.signal.addEventListener('abort', stop, { once: true });
      source = stream as unknown as AsyncIterable<Buffer>;
    } else source = [await container.logs({ ...query, follow: false })];
  } catch (error) {
    if (dockerStatus(error) === 404 || o.signal.aborted) return;
    throw error;
  }
  try {
    for await (const chunk of source) {
      if (o.signal.aborted) return;
      for (const line of emit(reader.push(chunk))) { yield line; if (o.signal.aborted) return; }
    }
    if (reader instanceof LineReader) yield* emit(reader.end());
  } catch (error) {
    // Destroying the stream is how a follow is ended: what it then says is no error.
    if (!o.signal.aborted) throw error;
  } finally {
    o.signal.removeEventListener('abort', stop);
    stop();
  }
}
