// SPDY/3.1 as Kubernetes uses it: many two-way streams over one connection, each end closing on its own. Every stream has a window
// of its own where the other side has windows (spdy-window.ts), so one that nobody reads holds back nobody else. Go's implementation
// has none: what it sends for a stream that nobody reads is kept, up to a limit, before the connection as a whole has to wait.
import { Duplex } from 'node:stream';
import { systemClock } from '../clock.ts';
import { HeaderReader, HeaderWriter, type Headers } from './spdy-headers.ts';
import { SpdyWindows, type StreamWindow } from './spdy-window.ts';

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const HEADERS = 8;
const WINDOW_UPDATE = 9;
const FIN = 1;
/** RST_STREAM status codes. */
const PROTOCOL_ERROR = 1;
const INVALID_STREAM = 2;
const CANCEL = 5;
const STREAM_IN_USE = 8;
const STREAM_ALREADY_CLOSED = 9;

/** Largest DATA frame sent: long enough to be cheap, short enough that streams take turns. */
const DATA_MAX = 32 << 10;
/** Bytes a stream has at hand for its reader; what came beyond that is kept and counts as not read. */
const AT_HAND = 64 << 10;
/** The protocol allows 16 MiB; control frames of that size are an attack. */
const CONTROL_MAX = 64 << 10;

/** What a connection keeps unread before it is no longer read: of a peer without windows (about what Go keeps), and of one that has them, where only very many stalled streams get there. */
const HELD_BLIND = 4 << 20;
const HELD_MOST = 64 << 20;

const LINGER_MS = 10_000;

export interface SpdyOptions {
  side: 'server' | 'client';
  /** Bytes that came with the upgrade. */
  head?: Buffer;
  /** A stream the other side opened. It must be answered by `reply()` (or destroyed). */
  onStream?(stream: SpdyStream): void;
}

/** One stream. Ends half by half, as any Duplex; destroying it before both ends are closed resets it. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly window: StreamWindow;
  readonly #connection: SpdyConnection;
  /** What came in and its reader has not asked for. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #wanted = false;
  /** Goes on with a write that the window held up. */
  again: (() => void) | undefined;
  /** Set by the connection, which knows what came in. */
  remoteEnded = false;
  localEnded = false;
  reset = false;

  constructor(connection: SpdyConnection, id: number, headers: Headers, window: StreamWindow) {
    super({ allowHalfOpen: true, readableHighWaterMark: AT_HAND, writableHighWaterMark: AT_HAND });
    this.#connection = connection;
    this.id = id;
    this.headers = headers;
    this.window = window;
    // Everybody who holds a stream hears of its end through 'close'; an error without listener must not end the process.
    this.on('error', () => this.resume());
  }
  /** Accepts a stream that the other side opened. */
  reply(headers: Headers = new Map()): void { this.#connection.sendReply(this.id, headers); }

  /** For the connection: data came, or the end of it. */
  arrive(body: Buffer | null): void {
    if (body) {
      this.#kept.push(body);
      this.#keptBytes += body.length;
      this.#connection.kept(body.length);
    } else this.remoteEnded = true;
    this.#give();
  }
  #give(): void {
    while (this.#wanted && this.#kept.length > 0) {
      const b = this.#kept.shift()!;
      this.#keptBytes -= b.length;
      // Pushing may ask for more at once, from within.
      this.#wanted = false;
      if (this.push(b)) this.#wanted = true;
      this.#connection.taken(this, b.length);
    }
    if (!this.remoteEnded || this.#kept.length > 0 || this.destroyed) return;
    this.push(null);
    // Nobody may be reading (an error stream): the end must still be seen.
    if (this.readableLength === 0) this.read(0);
  }
  override _read(): void {
    this.#wanted = true;
    this.#give();
  }
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void { this.#connection.sendData(this, chunk, done); }
  override _final(done: (error?: Error | null) => void): void { this.localEnded = true; this.#connection.sendFin(this.id, done); }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const kept = this.#keptBytes;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#connection.dropped(this, kept);
    done(error);
  }
}

/** A SPDY/3.1 connection over any Duplex, client or server side. Protocol errors end it with GOAWAY. */
export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #server: boolean;
  readonly #onStream: ((s: SpdyStream) => void) | undefined;
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #replies = new Map<number, { resolve(s: SpdyStream): void; reject(e: Error): void }>();
  readonly #pings = new Map<number, () => void>();
  readonly #windows = new SpdyWindows({
    grant: (id, bytes) => this.#control(WINDOW_UPDATE, 0, Buffer.concat([u32(id), u32(bytes)])),
    settings: body => this.#control(SETTINGS, 0, body),
    ping: () => this.ping(),
  });
  /** Bytes of all streams that nobody has read yet. */
  #held = 0;
  #stopped = false;
  readonly #closed = Promise.withResolvers<void>();
  #chunks: Buffer[] = [];
  #length = 0;
  #nextStream: number;
  #nextPing: number;
  #lastSeen = 0;
  #done = false;

  constructor(socket: Duplex, o: SpdyOptions) {
    this.#socket = socket;
    this.#server = o.side === 'server';
    this.#onStream = o.onStream;
    this.#nextStream = this.#nextPing = this.#server ? 2 : 1;
    socket.on('data', (b: Buffer) => this.#data(b));
    socket.on('error', error => this.#end(error));
    socket.on('end', () => this.#end(undefined));
    socket.on('close', () => this.#end(undefined));
    // A server answers in kind: Go's clients, which have no windows, are told of none.
    if (!this.#server) this.#windows.announce();
    if (o.head && o.head.length > 0) this.#data(o.head);
  }

  /** Resolves when the connection is over, however it ended. */
  get closed(): Promise<void> { return this.#closed.promise; }

  /** Opens a stream; resolves when the other side has accepted it. */
  open(headers: Record<string, string>): Promise<SpdyStream> {
    if (this.#done) return Promise.reject(new Error('the connection is closed'));
    const id = this.#nextStream;
    this.#nextStream += 2;
    const named = new Map(Object.entries(headers));
    const stream = new SpdyStream(this, id, named, this.#windows.open(id));
    this.#streams.set(id, stream);
    const fixed = Buffer.alloc(10);
    fixed.writeUInt32BE(id, 0);
    return new Promise((resolve, reject) => {
      this.#replies.set(id, { resolve, reject });
      this.#control(SYN_STREAM, 0, Buffer.concat([fixed, this.#writer.write(named)]));
    });
  }

  /** Resolves when the other side has answered. */
  ping(): Promise<void> {
    if (this.#done) return Promise.reject(new Error('the connection is closed'));
    const id = this.#nextPing;
    this.#nextPing += 2;
    return new Promise(resolve => {
      this.#pings.set(id, resolve);
      this.#control(PING, 0, u32(id));
    });
  }

  /** Says goodbye and ends the connection. Streams that have not finished yet are cut off: wait for them first. */
  close(): void {
    if (this.#done) return;
    this.#control(GOAWAY, 0, Buffer.concat([u32(this.#lastSeen), u32(0)]));
    this.#end(undefined);
  }

  /** For SpdyStream. */
  sendReply(id: number, headers: Headers): void { this.#control(SYN_REPLY, 0, Buffer.concat([u32(id), this.#writer.write(headers)])); }
  sendFin(id: number, done: (error?: Error | null) => void): void {
    if (this.#done) { done(); return; }
    this.#socket.write(dataHead(id, FIN, 0), done);
  }
  sendData(s: SpdyStream, chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#done) { done(new Error('the connection is closed')); return; }
    const end = this.#windows.allowed(s.window, Math.min(chunk.length, DATA_MAX));
    if (end === 0 && chunk.length > 0) {
      // Where the connection ends meanwhile, what was still to be said is for nobody.
      s.again = () => { if (this.#done) done(); else this.sendData(s, chunk, done); };
      return;
    }
    this.#windows.sent(s.window, end);
    this.#socket.cork();
    this.#socket.write(dataHead(s.id, 0, end));
    this.#socket.write(chunk.subarray(0, end), error => {
      if (error || end === chunk.length) done(error ?? null);
      else this.sendData(s, chunk.subarray(end), done);
    });
    this.#socket.uncork();
  }
  kept(bytes: number): void {
    this.#held += bytes;
    if (this.#stopped || this.#held <= (this.#windows.kept ? HELD_MOST : HELD_BLIND)) return;
    this.#stopped = true;
    this.#socket.pause();
  }
  taken(s: SpdyStream, bytes: number): void {
    if (!this.#done) this.#windows.consumed(s.window, bytes);
    this.#released(bytes);
  }
  dropped(s: SpdyStream, kept: number): void {
    this.#released(kept);
    if (!this.#streams.delete(s.id)) return;
    this.#windows.close(s.window);
    this.#replies.get(s.id)?.reject(new Error('the stream was refused'));
    this.#replies.delete(s.id);
    if (!s.reset && !(s.remoteEnded && s.localEnded)) this.#reset(s.id, CANCEL);
  }
  #released(bytes: number): void {
    this.#held -= bytes;
    if (!this.#stopped || this.#held * 2 > HELD_BLIND) return;
    this.#stopped = false;
    this.#socket.resume();
  }
  /** Writes that waited for a window. */
  #goOn(streams: Iterable<SpdyStream | undefined>): void {
    for (const s of streams) {
      const write = s?.again;
      if (!write) continue;
      s.again = undefined;
      write();
    }
  }

  #data(b: Buffer): void {
    if (this.#done) return;
    this.#chunks.push(b);
    this.#length += b.length;
    try {
      for (let frame = this.#frame(); frame && !this.#done; frame = this.#frame()) this.#take(frame);
    } catch (error) {
      this.#control(GOAWAY, 0, Buffer.concat([u32(this.#lastSeen), u32(PROTOCOL_ERROR)]));
      this.#socket.destroy();
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The next whole frame, or undefined while it is still coming. Large frames are joined once, when complete. */
  #frame(): Buffer | undefined {
    if (this.#length < 8) return undefined;
    if (this.#chunks[0]!.length < 8) this.#chunks = [Buffer.concat(this.#chunks)];
    const first = this.#chunks[0]!;
    const size = 8 + first.readUIntBE(5, 3);
    if ((first[0]! & 0x80) !== 0 && size > CONTROL_MAX) throw new Error('SPDY control frame too large');
    if (this.#length < size) return undefined;
    const all = first.length >= size ? first : Buffer.concat(this.#chunks);
    if (all !== first) this.#chunks = [all];
    if (all.length === size) this.#chunks.shift(); else this.#chunks[0] = all.subarray(size);
    this.#length -= size;
    return all.subarray(0, size);
  }

  #take(f: Buffer): void {
    const flags = f[4]!;
    if ((f[0]! & 0x80) === 0) { this.#takeData(f.readUInt32BE(0), flags, f.subarray(8)); return; }
    const body = f.subarray(8);
    switch (f.readUInt16BE(2)) {
      case SYN_STREAM: this.#takeSyn(id(body), flags, this.#reader.read(body.subarray(10))); return;
      case SYN_REPLY: this.#takeReply(id(body), flags, this.#reader.read(body.subarray(4))); return;
      case HEADERS: this.#reader.read(body.subarray(4)); return;
      case RST_STREAM: this.#takeReset(id(body)); return;
      case PING: this.#takePing(body.readUInt32BE(0)); return;
      // The other side opens nothing more; what is open goes on until it closes the connection.
      case GOAWAY: return;
      case SETTINGS:
        this.#windows.takeSettings(body);
        this.#goOn(this.#streams.values());
        return;
      case WINDOW_UPDATE:
        this.#windows.takeUpdate(id(body), body.readUInt32BE(4) & 0x7fffffff);
        this.#goOn(id(body) === 0 ? this.#streams.values() : [this.#streams.get(id(body))]);
        return;
      // What later drafts invented means nothing here.
      default: return;
    }
  }

  #takeSyn(streamId: number, flags: number, headers: Map<string, string>): void {
    if (this.#streams.has(streamId)) { this.#reset(streamId, STREAM_IN_USE); return; }
    if (streamId % 2 === (this.#server ? 0 : 1) || streamId <= this.#lastSeen || !this.#onStream) { this.#reset(streamId, PROTOCOL_ERROR); return; }
    this.#lastSeen = streamId;
    const s = new SpdyStream(this, streamId, headers, this.#windows.open(streamId));
    this.#streams.set(streamId, s);
    if ((flags & FIN) !== 0) s.arrive(null);
    this.#onStream(s);
  }

  #takeReply(streamId: number, flags: number, _headers: Headers): void {
    const s = this.#streams.get(streamId);
    if (!s) { this.#reset(streamId, INVALID_STREAM); return; }
    this.#replies.get(streamId)?.resolve(s);
    this.#replies.delete(streamId);
    if ((flags & FIN) !== 0) s.arrive(null);
  }

  #takeData(streamId: number, flags: number, body: Buffer): void {
    const s = this.#streams.get(streamId);
    this.#windows.received(s?.window, body.length);
    // Late data of a stream that was dropped here is what a reset promised to ignore.
    if (!s) return;
    if (s.remoteEnded) { this.#reset(streamId, STREAM_ALREADY_CLOSED); return; }
    if (body.length > 0) s.arrive(body);
    if ((flags & FIN) !== 0) s.arrive(null);
  }

  #takeReset(streamId: number): void {
    const s = this.#streams.get(streamId);
    if (!s) return;
    s.reset = true;
    s.destroy(new Error('the stream was reset'));
  }

  #takePing(n: number): void {
    const own = this.#pings.get(n);
    if (own) { this.#pings.delete(n); own(); } else this.#control(PING, 0, u32(n));
  }

  #reset(streamId: number, status: number): void { this.#control(RST_STREAM, 0, Buffer.concat([u32(streamId), u32(status)])); }

  #control(type: number, flags: number, body: Buffer): void {
    if (this.#done || this.#socket.destroyed || this.#socket.writableEnded) return;
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003, 0);
    head.writeUInt16BE(type, 2);
    head[4] = flags;
    head.writeUIntBE(body.length, 5, 3);
    this.#socket.write(Buffer.concat([head, body]));
  }

  #end(error: Error | undefined): void {
    if (this.#done) return;
    this.#done = true;
    // What still arrives is for nobody, but has to be read for the socket to close; a peer that does not hang up is hung up on.
    this.#socket.resume();
    this.#socket.end();
    const timer = systemClock.after(LINGER_MS, () => this.#socket.destroy());
    this.#socket.once('close', () => timer.cancel());
    for (const s of this.#streams.values()) {
      s.reset = true;
      // What came in whole may still be read; all else is over.
      if (s.remoteEnded) { this.#goOn([s]); s.end(); }
      else s.destroy(error ?? new Error('the connection was closed'));
    }
    this.#streams.clear();
    for (const r of this.#replies.values()) r.reject(error ?? new Error('the connection was closed'));
    for (const wake of this.#pings.values()) wake();
    this.#closed.resolve();
  }
}

const u32 = (n: number): Buffer => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; };
const id = (body: Buffer): number => body.readUInt32BE(0) & 0x7fffffff;
function dataHead(streamId: number, flags: number, length: number): Buffer {
  const b = Buffer.alloc(8);
  b.writeUInt32BE(streamId, 0);
  b[4] = flags;
  b.writeUIntBE(length, 5, 3);
  return b;
}
