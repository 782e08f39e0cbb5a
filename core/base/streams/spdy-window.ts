// Flow control of SPDY/3.1 (sections 2.6.8 and 2.6.10 of the draft): a window per stream and one for the connection, opened further by WINDOW_UPDATE.
// Go's implementation, which kubectl and the kubelet use, has no windows: it never waits for ours and never opens one for us, and every
// WINDOW_UPDATE takes a place in a queue that a stalled stream may block. So windows are kept from the first byte on, but hold only for
// a peer that shows it has them: by SETTINGS, by a WINDOW_UPDATE of its own, or by falling silent exactly where a window ends.

/** Every window at the start, as the draft has it. */
export const INITIAL_WINDOW = 64 << 10;
/** What a stream may send us unread, once the other side knows of it. */
export const STREAM_WINDOW = 256 << 10;
/** The connection's own window is no bound of ours: as wide as the protocol allows. */
const WIDEST = 0x7fffffff;
const INITIAL_WINDOW_SIZE = 7;

/** The windows of one stream, or of the connection (id 0). Counted in bytes. */
export class StreamWindow {
  readonly id: number;
  /** What we may still send; below zero when a peer without windows was sent more. */
  send: number;
  /** What the other side may still send. */
  receive: number;
  /** Taken by the reader and not given back yet. */
  taken = 0;
  asked = false;
  constructor(id: number, send: number, receive: number) { this.id = id; this.send = send; this.receive = receive; }
}

export interface WindowWire {
  /** Sends WINDOW_UPDATE. */
  grant(id: number, bytes: number): void;
  /** Sends SETTINGS with our initial window. */
  settings(body: Buffer): void;
  /** Resolves when the other side has answered everything sent so far. */
  ping(): Promise<void>;
}

/** The windows of one connection. */
export class SpdyWindows {
  readonly #wire: WindowWire;
  readonly #streams = new Map<number, StreamWindow>();
  readonly #session = new StreamWindow(0, INITIAL_WINDOW, INITIAL_WINDOW);
  #peer: 'unknown' | 'windows' | 'none' = 'unknown';
  #announced = false;
  #sendInitial = INITIAL_WINDOW;
  constructor(wire: WindowWire) { this.#wire = wire; }

  /** Whether the other side keeps to our windows. */
  get kept(): boolean { return this.#peer === 'windows'; }

  open(id: number): StreamWindow {
    const w = new StreamWindow(id, this.#sendInitial, this.#announced ? STREAM_WINDOW : INITIAL_WINDOW);
    this.#streams.set(id, w);
    return w;
  }
  close(w: StreamWindow): void { this.#streams.delete(w.id); }

  /** Tells the other side of our windows; once. One without windows reads over it. */
  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#wire.settings(settingsBody(STREAM_WINDOW));
    for (const w of this.#streams.values()) w.receive += STREAM_WINDOW - INITIAL_WINDOW;
    this.#grant(this.#session, WIDEST - INITIAL_WINDOW);
  }

  /** How much of `bytes` may go out now. */
  allowed(w: StreamWindow, bytes: number): number { return this.kept ? Math.max(0, Math.min(bytes, w.send, this.#session.send)) : bytes; }
  sent(w: StreamWindow, bytes: number): void { w.send -= bytes; this.#session.send -= bytes; }

  /** Data came; `w` is undefined for a stream that is gone. */
  received(w: StreamWindow | undefined, bytes: number): void {
    const s = this.#session;
    s.receive -= bytes;
    if (w) w.receive -= bytes;
    if (this.#peer === 'unknown' && (s.receive < 0 || (w?.receive ?? 0) < 0)) this.#peer = 'none';
    s.taken += bytes;
    this.#offer(s);
  }
  /** The stream's reader took this much. */
  consumed(w: StreamWindow, bytes: number): void {
    w.taken += bytes;
    this.#offer(w);
  }

  /** SETTINGS came. Streams may be able to go on. */
  takeSettings(body: Buffer): void {
    for (let at = 4, left = body.length < 4 ? 0 : body.readUInt32BE(0); left > 0 && at + 8 <= body.length; at += 8, left--) {
      if ((body.readUInt32BE(at) & 0xffffff) !== INITIAL_WINDOW_SIZE) continue;
      const initial = body.readUInt32BE(at + 4) & WIDEST;
      for (const w of this.#streams.values()) w.send += initial - this.#sendInitial;
      this.#sendInitial = initial;
    }
    this.#has();
  }
  /** WINDOW_UPDATE came. Streams may be able to go on. */
  takeUpdate(id: number, bytes: number): void {
    const w = id === 0 ? this.#session : this.#streams.get(id);
    if (w) w.send = Math.min(WIDEST, w.send + bytes);
    this.#has();
  }

  #has(): void {
    if (this.kept) return;
    this.#peer = 'windows';
    this.announce();
    for (const w of this.#streams.values()) this.#offer(w);
  }

  #offer(w: StreamWindow): void {
    if (w.taken === 0 || this.#peer === 'none') return;
    if (this.kept) {
      if (w.taken * 2 >= (w.id === 0 ? WIDEST : STREAM_WINDOW)) this.#grant(w, w.taken);
      return;
    }
    if (w.receive !== 0 || w.asked) return;
    // It has sent just what it may. If it says nothing more within a round trip, it may be waiting for us.
    w.asked = true;
    void this.#wire.ping().then(() => {
      w.asked = false;
      if (this.#peer === 'unknown' && w.receive === 0) this.#grant(w, w.taken);
    }, () => undefined);
  }

  #grant(w: StreamWindow, bytes: number): void {
    w.receive += bytes;
    w.taken = Math.max(0, w.taken - bytes);
    this.#wire.grant(w.id, bytes);
  }
}

function settingsBody(initialWindow: number): Buffer {
  const b = Buffer.alloc(12);
  b.writeUInt32BE(1, 0);
  b.writeUInt32BE(INITIAL_WINDOW_SIZE, 4);
  b.writeUInt32BE(initialWindow, 8);
  return b;
}
