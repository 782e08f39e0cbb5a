// Kubernetes' channel protocols over WebSocket: every message is one channel number and its bytes. `base64.` variants carry text
// messages whose first character is the channel's digit; v5 adds the half-close message [255, n].
import { PassThrough, Writable, type Readable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { systemClock, type Clock, type Timer } from '../clock.ts';
import { bytesOf } from './websocket-duplex.ts';

/** In order of preference; '' is a client that names none and means the binary protocol without versions. */
export const CHANNEL_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io'] as const;
const CLOSE = 255;
const BUFFER = 256 << 10;
/** The protocol has no windows: what comes for a channel nobody reads is kept up to this, so that sizes, half-closes and pings behind it get through. Beyond it nothing is read. */
const HELD = 4 << 20;
/** While nothing is read no ping is answered either. kubectl takes a minute's silence for death: it hears every so often that this end lives. */
const ALIVE_MS = 15_000;
/** Bytes per message: other servers refuse large ones. */
const MESSAGE = 32 << 10;

/** Both ends speak it alike; which channel means what is the caller's. */
export class ChannelSocket {
  readonly #ws: WebSocket;
  readonly #base64: boolean;
  readonly #halfClose: boolean;
  readonly #readers = new Map<number, PassThrough>();
  readonly #closed = Promise.withResolvers<{ code: number }>();
  readonly #clock: Clock;
  #stopped = false;
  #alive: Timer | undefined;

  /** Messages come from the next turn on: ask for readers before. */
  constructor(ws: WebSocket, protocol: string, clock: Clock = systemClock) {
    this.#ws = ws;
    this.#clock = clock;
    this.#base64 = protocol.includes('base64.');
    this.#halfClose = protocol.startsWith('v5.');
    ws.on('message', (data: RawData, binary: boolean) => this.#take(bytesOf(data), binary));
    ws.on('error', () => { /* 'close' follows and carries what there is to say */ });
    ws.on('close', (code: number) => {
      this.#alive?.cancel();
      for (const r of this.#readers.values()) r.end();
      this.#closed.resolve({ code });
    });
    ws.resume();
  }
  get closed(): Promise<{ code: number }> { return this.#closed.promise; }

  /** What arrives on channel `n`. Channels nobody asked for are ignored. */
  reader(n: number): Readable {
    const r = new PassThrough({ highWaterMark: BUFFER });
    this.#readers.set(n, r);
    return r;
  }

  /** Writes to channel `n`, as fast as the other side takes it. Ending it sends a half-close where the protocol has one and `tell` is set. */
  writer(n: number, tell = false): Writable {
    const pieces = (chunk: Buffer, at: number, done: (error?: Error | null) => void): void => {
      const end = at + MESSAGE;
      this.send(n, chunk.subarray(at, end), error => { if (error || end >= chunk.length) done(error); else pieces(chunk, end, done); });
    };
    const w = new Writable({
      write: (chunk: Buffer, _encoding, done) => pieces(chunk, 0, done),
      final: done => { if (tell && this.#halfClose) this.#raw(Buffer.from([CLOSE, n]), done); else done(); },
    });
    // That the connection is gone is told by `closed`; a writer nobody listens to must not end the process.
    w.on('error', () => w.destroy());
    return w;
  }

  send(n: number, chunk: Buffer, done: (error?: Error | null) => void = () => undefined): void {
    if (this.#base64) this.#raw(`${n}${chunk.toString('base64')}`, done);
    else this.#raw(Buffer.concat([Buffer.from([n]), chunk]), done);
  }

  /** Ends the connection normally once everything sent is out. */
  close(): void { this.#ws.close(1000); }
  terminate(): void { this.#ws.terminate(); }

  #raw(message: Buffer | string, done: (error?: Error | null) => void): void {
    if (this.#ws.readyState !== 1) { done(new Error('the connection is closed')); return; }
    this.#ws.send(message, error => done(error ?? null));
  }

  #take(b: Buffer, binary: boolean): void {
    if (b.length === 0) return;
    const base64 = this.#base64 && !binary;
    const n = base64 ? b[0]! - 0x30 : b[0]!;
    if (n === CLOSE && this.#halfClose) { this.#readers.get(b[1] ?? CLOSE)?.end(); return; }
    const r = this.#readers.get(n);
    const body = base64 ? Buffer.from(b.toString('latin1', 1), 'base64') : b.subarray(1);
    if (!r || r.writableEnded || r.destroyed || body.length === 0 || r.write(body)) return;
    if (this.#held() <= HELD) return;
    if (!this.#stopped) this.#stop();
    const free = (): void => {
      r.off('drain', free);
      r.off('close', free);
      if (this.#stopped && this.#held() <= HELD) this.#goOn();
    };
    r.on('drain', free);
    r.on('close', free);
  }

  /** Bytes of all channels that nobody has read. */
  #held(): number {
    let sum = 0;
    for (const r of this.#readers.values()) if (!r.destroyed) sum += r.writableLength + r.readableLength;
    return sum;
  }
  #stop(): void {
    this.#stopped = true;
    this.#ws.pause();
    const say = (): void => {
      if (this.#ws.readyState !== 1) return;
      this.#ws.pong();
      this.#alive = this.#clock.after(ALIVE_MS, say);
    };
    this.#alive = this.#clock.after(ALIVE_MS, say);
  }
  #goOn(): void {
    this.#stopped = false;
    this.#alive?.cancel();
    this.#ws.resume();
  }
}
