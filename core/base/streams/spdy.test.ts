import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createDeflate, constants, deflateRawSync } from 'node:zlib';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SpdyConnection, type SpdyStream } from './spdy.ts';
import { DICTIONARY, HeaderReader, HeaderWriter } from './spdy-headers.ts';

let server: Server | undefined;
/** Of a machine that has much else to do. */
const PATIENT = { timeout: 10_000 };
afterEach(() => { server?.close(); });

/** Two ends of a real TCP connection. */
async function wire(): Promise<[Socket, Socket]> {
  server = createServer({ allowHalfOpen: true });
  await new Promise<void>(resolve => { server!.listen(0, '127.0.0.1', resolve); });
  const accepted = new Promise<Socket>(resolve => { server!.once('connection', resolve); });
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  return [near, await accepted];
}
async function pair(onStream: (s: SpdyStream) => void): Promise<{ client: SpdyConnection; server: SpdyConnection; near: Socket; far: Socket }> {
  const [near, far] = await wire();
  return { near, far, server: new SpdyConnection(far, { side: 'server', onStream }), client: new SpdyConnection(near, { side: 'client' }) };
}

describe('SPDY headers', () => {
  it('has the dictionary of the draft', () => {
    let a = 1, b = 0;
    for (const c of DICTIONARY) { a = (a + c) % 65521; b = (b + a) % 65521; }
    expect((b * 65536 + a).toString(16)).toBe('e3c6a7c2');
  });

  it('reads what zlib with the dictionary wrote, block after block of one context', async () => {
    const deflate = createDeflate({ dictionary: DICTIONARY });
    const reader = new HeaderReader();
    const plain = new HeaderWriter();
    for (let i = 0; i < 40; i++) {
      const headers = new Map([['streamtype', i % 2 ? 'data' : 'error'], ['port', '8080'], ['requestid', String(i)], ['long', 'x'.repeat(i * 100)]]);
      const block = plain.write(headers);
      const inner = Buffer.concat(stored(block, i === 0));
      const chunks: Buffer[] = [];
      deflate.on('data', (c: Buffer) => chunks.push(c));
      deflate.write(inner);
      await new Promise<void>(resolve => { deflate.flush(constants.Z_SYNC_FLUSH, resolve); });
      deflate.removeAllListeners('data');
      expect([...reader.read(Buffer.concat(chunks))]).toEqual([...headers]);
    }
  });

  it('reads its own writing and refuses noise and bombs', () => {
    const w = new HeaderWriter(), r = new HeaderReader();
    for (let i = 0; i < 3; i++) expect(r.read(w.write(new Map([['A', `ü${i}`]]))).get('a')).toBe(`ü${i}`);
    expect(() => new HeaderReader().read(Buffer.from('garbage'))).toThrow();
    expect(() => new HeaderReader().read(Buffer.concat([Buffer.from([0x78, 0x01]), deflateRawSync(Buffer.alloc(50 << 20))]))).toThrow();
  });
});

/** The plain text inside stored blocks. */
function stored(block: Buffer, first: boolean): Buffer[] {
  const out: Buffer[] = [];
  for (let at = first ? 2 : 0; at < block.length;) { const n = block.readUInt16LE(at + 1); out.push(block.subarray(at + 5, at + 5 + n)); at += 5 + n; }
  return out;
}

describe('SpdyConnection', () => {
  it('carries streams both ways, each half ending on its own', async () => {
    const p = await pair(s => { s.reply(); void text(s).then(t => { s.end(`${s.headers.get('streamtype')}:${t}`); return t; }); });
    const answers = await Promise.all(['a', 'b', 'c'].map(async type => {
      const s = await p.client.open({ streamType: type });
      s.end(`hello ${type}`);
      return text(s);
    }));
    expect(answers).toEqual(['a:hello a', 'b:hello b', 'c:hello c']);
    await p.client.ping();
    await p.server.ping();
    p.client.close();
    await Promise.all([p.server.closed, p.client.closed]);
  });

  it('moves much data unharmed in both directions at once', async () => {
    const p = await pair(s => { s.reply(); s.pipe(s); });
    const s = await p.client.open({ streamType: 'data' });
    const sent = Buffer.alloc(20 << 20, 'abcdefghij');
    const got: Buffer[] = [];
    const all = new Promise<void>(resolve => { s.on('data', (b: Buffer) => got.push(b)); s.on('end', resolve); });
    s.end(sent);
    await all;
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    p.client.close();
  });

  /** Writes up to `total` bytes as the stream takes them; `written` says how far it came. */
  function pump(s: SpdyStream, total: number): { written(): number } {
    let written = 0;
    const piece = Buffer.alloc(64 << 10);
    const go = (): void => { while (written < total) { written += piece.length; if (!s.write(piece)) { s.once('drain', go); return; } } s.end(); };
    go();
    return { written: () => written };
  }

  it('a stream that nobody reads waits for its window, and no other stream waits with it', async () => {
    const streams: SpdyStream[] = [];
    const p = await pair(s => { s.reply(); streams.push(s); });
    const [stuck, lively] = [await p.client.open({ streamType: 'data' }), await p.client.open({ streamType: 'data' })];
    const total = 8 << 20;
    const pumped = pump(stuck, total);
    pump(lively, total);
    expect(await bytesOf(streams[1]!)).toBe(total);
    // Its window, what its own buffer takes and the piece on its way.
    expect(pumped.written()).toBeLessThanOrEqual((256 + 64 + 64) << 10);
    // The other way likewise, while the first is still stuck.
    pump(streams[1]!, total);
    const back = pump(streams[0]!, total);
    expect(await bytesOf(lively)).toBe(total);
    expect(back.written()).toBeLessThan(1 << 20);
    expect(await bytesOf(streams[0]!)).toBe(total);
    expect(await bytesOf(stuck)).toBe(total);
    p.client.close();
  });

  it('keeps what a peer without windows sends for a stream nobody reads, up to a limit, and lets the others through till then', async () => {
    const [near, far] = await wire();
    const streams: SpdyStream[] = [];
    const server = new SpdyConnection(far, { side: 'server', onStream: s => { s.reply(); streams.push(s); } });
    const { syn, data, frames } = bare(near);
    near.write(Buffer.concat([syn(1), syn(3)]));
    for (let i = 0; i < 64; i++) near.write(data(1, 32 << 10));
    near.write(data(3, 5));
    await expect.poll(() => streams.length, PATIENT).toBe(2);
    const [first] = await once(streams[1]!, 'data') as [Buffer];
    expect(first.length).toBe(5);
    // It is told of no window: those it would only queue.
    expect(frames().filter(f => f === 9 || f === 4)).toEqual([]);
    // Beyond the limit the connection as a whole waits, until somebody reads.
    let flushed = 0;
    for (let i = 0; i < 512; i++) near.write(data(1, 32 << 10), () => { flushed++; });
    expect(await stable(() => flushed)).toBeLessThan(512);
    let read = 0;
    streams[0]!.on('data', (b: Buffer) => { read += b.length; });
    await expect.poll(() => read, { timeout: 10_000 }).toBe((64 + 512) * (32 << 10));
    near.destroy();
    await server.closed;
  });

  it('opens the windows of a strict peer that only falls silent where they end', async () => {
    const [near, far] = await wire();
    const server = new SpdyConnection(far, { side: 'server', onStream: s => { s.reply(); s.resume(); } });
    const { syn, data, granted } = bare(near);
    near.write(Buffer.concat([syn(1), data(1, 32 << 10), data(1, 32 << 10)]));
    await expect.poll(() => [granted(0), granted(1)], PATIENT).toEqual([64 << 10, 64 << 10]);
    near.destroy();
    await server.closed;
  });

  it('keeps to the windows of a peer that has spoken of them', async () => {
    const [near, far] = await wire();
    const streams: SpdyStream[] = [];
    const server = new SpdyConnection(far, { side: 'server', onStream: s => { s.reply(); streams.push(s); } });
    const { syn, frames, update, received } = bare(near);
    near.write(Buffer.concat([update(0, 1), syn(1)]));
    await expect.poll(() => frames().includes(4) && streams.length === 1, PATIENT).toBe(true);
    pump(streams[0]!, 1 << 20);
    await expect.poll(() => received(1), PATIENT).toBe(64 << 10);
    near.write(update(0, 2 << 20));
    expect(await stable(() => received(1))).toBe(64 << 10);
    near.write(update(1, 2 << 20));
    await expect.poll(() => received(1), PATIENT).toBe(1 << 20);
    near.destroy();
    await server.closed;
  });

  it('stops taking data when a reader is slow, and goes on when it reads again', async () => {
    const streams: SpdyStream[] = [];
    const p = await pair(s => { s.reply(); streams.push(s); });
    const s = await p.client.open({ streamType: 'data' });
    const total = 64 << 20;
    const pumped = pump(s, total);
    expect(await stable(pumped.written)).toBeLessThan(total / 2);
    expect(await bytesOf(streams[0]!)).toBe(total);
    p.client.close();
  });

  it('hands over what came in whole before the connection ended', async () => {
    const p = await pair(s => { s.reply(); s.end('x'.repeat(200_000), () => p.server.close()); });
    const s = await p.client.open({ streamType: 'data' });
    expect((await text(s)).length).toBe(200_000);
  });

  it('resets a stream that is destroyed and breaks all when the connection does', async () => {
    const streams: SpdyStream[] = [];
    const p = await pair(s => { s.reply(); streams.push(s); });
    const a = await p.client.open({ streamType: 'a' });
    const b = await p.client.open({ streamType: 'b' });
    const gone = new Promise<void>(resolve => { streams[0]!.once('close', resolve); });
    a.destroy();
    await gone;
    const broken = new Promise<void>(resolve => { b.once('close', resolve); });
    p.far.destroy();
    await broken;
    await expect(p.client.open({ streamType: 'c' })).rejects.toThrow('closed');
  });

  it('ends a connection that speaks nonsense, and takes frames in any pieces', async () => {
    const p = await pair(s => s.reply());
    p.near.write(Buffer.from('800300010000ffff', 'hex'));
    p.near.write(Buffer.alloc(0xffff, 1));
    await p.server.closed;

    const slow = new Duplex({ read() { /* pushed */ }, write(_c, _e, done) { done(); } });
    const seen: string[] = [];
    const far = new SpdyConnection(slow, { side: 'server', onStream: s => { s.reply(); s.on('data', (b: Buffer) => seen.push(String(b))); } });
    const bytes: Buffer[] = [];
    const client = new SpdyConnection(new Duplex({ read() { /* silent */ }, write(c: Buffer, _e, done) { bytes.push(c); done(); } }), { side: 'client' });
    void client.open({ streamType: 'data' }).then(s => s, () => undefined);
    for (const b of Buffer.concat([...bytes, Buffer.from('0000000100000003616263', 'hex')])) slow.push(Buffer.from([b]));
    await stable(() => seen.length);
    expect(seen.join('')).toBe('abc');
    far.close();
  });
});

async function bytesOf(s: SpdyStream): Promise<number> {
  let read = 0;
  for await (const b of s) read += (b as Buffer).length;
  return read;
}

/** A peer made of frames: what it sends, and what it was sent. */
function bare(socket: Socket): { syn(id: number): Buffer; data(id: number, bytes: number): Buffer; update(id: number, bytes: number): Buffer; frames(): number[]; granted(id: number): number; received(id: number): number } {
  const headers = new HeaderWriter();
  let seen = Buffer.alloc(0);
  const types: number[] = [], grants = new Map<number, number>(), got = new Map<number, number>();
  const add = (m: Map<number, number>, id: number, n: number): void => { m.set(id, (m.get(id) ?? 0) + n); };
  const control = (type: number, body: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003, 0);
    head.writeUInt16BE(type, 2);
    head.writeUIntBE(body.length, 5, 3);
    return Buffer.concat([head, body]);
  };
  const words = (...n: number[]): Buffer => { const b = Buffer.alloc(4 * n.length); n.forEach((x, i) => b.writeUInt32BE(x, 4 * i)); return b; };
  socket.on('data', (b: Buffer) => {
    seen = Buffer.concat([seen, b]);
    for (let size = 0; seen.length >= 8 && seen.length >= (size = 8 + seen.readUIntBE(5, 3)); seen = seen.subarray(size)) {
      const type = (seen[0]! & 0x80) === 0 ? 0 : seen.readUInt16BE(2);
      types.push(type);
      if (type === 0) add(got, seen.readUInt32BE(0), size - 8);
      if (type === 6) socket.write(seen.subarray(0, size));
      if (type === 9) add(grants, seen.readUInt32BE(8), seen.readUInt32BE(12));
    }
  });
  return {
    syn: id => control(1, Buffer.concat([words(id), Buffer.alloc(6), headers.write(new Map([['streamtype', 'data']]))])),
    data: (id, bytes) => Buffer.concat([words(id, bytes), Buffer.alloc(bytes)]),
    update: (id, bytes) => control(9, words(id, bytes)),
    frames: () => types, granted: id => grants.get(id) ?? 0, received: id => got.get(id) ?? 0,
  };
}

/** The value once it has not changed for ten turns of the loop's timers. */
async function stable(value: () => number): Promise<number> {
  let last = value();
  for (let same = 0; same < 10;) {
    await new Promise(resolve => { setTimeout(resolve, 5); });
    if (value() === last) same++; else { same = 0; last = value(); }
  }
  return last;
}
