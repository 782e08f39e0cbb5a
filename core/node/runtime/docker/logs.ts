// A container's output out of Docker's log API: framed for plain containers, raw for terminals, a timestamp before every entry.
import { basename, dirname } from 'node:path';
import type Docker from 'dockerode';
import { diskUsageOf } from '../../disk-usage.ts';
import { FrameReader } from '../frames.ts';
import type { LogLine, LogOptions } from '../runtime.ts';
import { dockerStatus } from './errors.ts';

/** Bytes on disk of a container's log, rotated files included; 0 where the daemon's files are not this user's to see (or another machine's). */
export async function logBytes(path: string | undefined): Promise<number> {
  return path ? await diskUsageOf(dirname(path), name => name === basename(path) || name.startsWith(`${basename(path)}.`)) : 0;
}

interface Entry { stream: 'stdout' | 'stderr'; payload: Buffer }

/** Cuts Docker's multiplexed stream: 1 byte of stream, 3 zero, 4 of big-endian length, payload. */
export class StreamReader {
  readonly #frames = new FrameReader(8);
  push(chunk: Buffer): Entry[] { return this.#frames.push(chunk).map(f => ({ stream: f.type === 2 ? 'stderr' : 'stdout', payload: f.payload })); }
}

/** Cuts raw terminal output into lines; `end` gives what is left without a newline. */
class LineReader {
  #rest: Buffer = Buffer.alloc(0);
  push(chunk: Buffer): Entry[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const lines: Entry[] = [];
    for (let nl = this.#rest.indexOf(10); nl >= 0; nl = this.#rest.indexOf(10)) {
      lines.push({ stream: 'stdout', payload: this.#rest.subarray(0, nl + 1) });
      this.#rest = this.#rest.subarray(nl + 1);
    }
    return lines;
  }
  end(): Entry[] { return this.#rest.length === 0 ? [] : [{ stream: 'stdout', payload: this.#rest }]; }
}

/** Takes the leading timestamp off a log entry. */
export function logLine(entry: Entry): LogLine {
  const space = entry.payload.indexOf(32);
  return { time: entry.payload.toString('latin1', 0, space), stream: entry.stream, data: entry.payload.subarray(space + 1) };
}

/** Entries a follower remembers per stream; more than a log file of the usual 10 MiB has. */
const REMEMBERED = 200_000;

/**
 * Docker before 23.0 reads a rotated file again for whoever follows it, so entries come twice. An entry is known by its time, which
 * has nanoseconds; the parts of a long line share one. Times that go back without having been seen are those of a clock that was set.
 */
export class Repeats {
  readonly #times = { stdout: [] as number[], stderr: [] as number[] };
  readonly #open = { stdout: false, stderr: false };
  #base: number | undefined;

  /** Whether the entry has been given before; if not, it is remembered. */
  seen(l: LogLine): boolean {
    const times = this.#times[l.stream];
    const ms = Date.parse(`${l.time.slice(0, 19)}Z`);
    this.#base ??= ms;
    const at = (ms - this.#base) * 1e6 + Number(`${l.time.slice(20, -1)}000000000`.slice(0, 9));
    const last = times.at(-1);
    const part = this.#open[l.stream] && at === last;
    if (last !== undefined && at <= last && !part && has(times, at)) return true;
    this.#open[l.stream] = l.data.at(-1) !== 10;
    if (last !== undefined && at < last) times.length = 0;
    times.push(at);
    if (times.length > REMEMBERED) times.splice(0, REMEMBERED / 2);
    return false;
  }
}

function has(sorted: readonly number[], value: number): boolean {
  let low = 0; let high = sorted.length - 1;
  while (low <= high) {
    const mid = (low + high) >> 1;
    const v = sorted[mid]!;
    if (v === value) return true;
    if (v < value) low = mid + 1; else high = mid - 1;
  }
  return false;
}

/** Entries of a container, oldest first; with `follow` until it exits or the signal aborts. A container that is gone has none. */
export async function* containerLogs(container: Docker.Container, tty: boolean, o: LogOptions): AsyncGenerator<LogLine> {
  if (o.signal.aborted) return;
  const query = {
    stdout: true as const, stderr: true as const, timestamps: true, ...(o.tailLines === undefined ? {} : { tail: o.tailLines }),
    // Docker takes seconds with a fraction and compares strictly enough that a millisecond is kept.
    ...(o.since === undefined ? {} : { since: (o.since / 1000).toFixed(3) as unknown as number }),
  };
  const repeats = o.follow ? new Repeats() : undefined;
  const reader = tty ? new LineReader() : new StreamReader();
  const emit = (entries: Entry[]): LogLine[] => entries.filter(f => f.payload.length > 0).map(logLine);
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
      for (const line of emit(reader.push(chunk))) {
        if (repeats?.seen(line)) continue;
        yield line;
        if (o.signal.aborted) return;
      }
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
