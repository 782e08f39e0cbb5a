// Answers on the wire: whole ones, packed where the client takes gzip, and lists piece by piece as fast as the client takes them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, createGzip, gzip } from 'node:zlib';
import type { Pieces } from './list-pieces.ts';

const GZIP_FROM = 128 * 1024;
/** The lowest level: on lists it is within a few per cent of the best, in a third of the time. */
const GZIP = { level: constants.Z_BEST_SPEED, chunkSize: 256 * 1024 };
/** Small enough for a processor's cache: a piece is filled, encrypted and gone before the next. */
const PIECE = 256 * 1024;
/** Around a piece: its length and line ends as HTTP/1.1 wants them, and the end of all. */
const BEFORE = 10, AFTER = 7;
/** Buffers kept for the next list. */
const SPARE = 4;
const spare: Buffer[] = [];

/** Sends `body` with its headers; of HEAD requests the headers alone. A list that fails on its way ends the connection. */
export function send(req: IncomingMessage, res: ServerResponse, code: number, contentType: string, body: Buffer | Pieces): void {
  if (typeof body === 'function') sendPieces(req, res, code, contentType, body);
  else if (body.length >= GZIP_FROM && acceptsGzip(req) && !res.hasHeader('Content-Encoding')) sendPacked(req, res, code, contentType, body);
  else finish(res, req, code, contentType, body);
}

function sendPacked(req: IncomingMessage, res: ServerResponse, code: number, contentType: string, body: Buffer): void {
  gzip(body, GZIP, (error, packed) => {
    if (error) { res.destroy(error); return; }
    res.setHeader('Content-Encoding', 'gzip');
    finish(res, req, code, contentType, packed);
  });
}

function sendPieces(req: IncomingMessage, res: ServerResponse, code: number, contentType: string, pieces: Pieces): void {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(BEFORE + PIECE + AFTER);
  const release = (): void => { if (spare.length < SPARE) spare.push(buffer); };
  const made = pieces(buffer.subarray(BEFORE, BEFORE + PIECE)), first = made.next();
  if (first.done) {
    // Nothing more to come: an ordinary answer, and the buffer is free at once.
    const body = Buffer.from(first.value);
    release();
    send(req, res, code, contentType, body);
    return;
  }
  const packs = acceptsGzip(req);
  if (packs) res.setHeader('Content-Encoding', 'gzip');
  heads(res, code, contentType);
  if (req.method === 'HEAD') { res.end(); release(); return; }
  const out = packs ? packer(res) : plain(res, buffer);
  let piece: IteratorResult<Buffer, Buffer> = first;
  const step = (error?: Error | null): void => {
    if (error || res.destroyed) { release(); return; }
    if (piece.done) { out.end(piece.value, release); return; }
    // The next piece overwrites this one, so it waits until this one is out, and others get their turn between.
    out.write(piece.value, e => setImmediate(() => {
      try { if (!e && !res.destroyed) piece = made.next(); } catch (failure) { res.destroy(failure as Error); }
      step(e);
    }));
  };
  step();
}

interface Out { write(piece: Buffer, done: (error?: Error | null) => void): void; end(piece: Buffer, done: () => void): void }

/** Pieces as they are. Chunks of HTTP/1.1 are framed here, in the buffer itself, so that each is one write. */
function plain(res: ServerResponse, buffer: Buffer): Out {
  res.flushHeaders();
  if (!res.chunkedEncoding) return { write: (p, done) => { res.write(p, done); }, end: (p, done) => { res.end(p, done); } };
  res.chunkedEncoding = false;
  const framed = (p: Buffer, tail: string): Buffer => {
    const head = `${p.length.toString(16)}\r\n`;
    if (p.buffer !== buffer.buffer) return Buffer.concat([Buffer.from(head), p, Buffer.from(tail)]);
    const from = BEFORE - head.length, end = BEFORE + p.length;
    buffer.write(head, from, 'latin1');
    return buffer.subarray(from, end + buffer.write(tail, end, 'latin1'));
  };
  return { write: (p, done) => { res.write(framed(p, '\r\n'), done); }, end: (p, done) => { res.end(framed(p, '\r\n0\r\n\r\n'), done); } };
}

function packer(res: ServerResponse): Out {
  const zip = createGzip(GZIP);
  zip.on('error', error => res.destroy(error));
  res.once('close', () => zip.destroy());
  zip.pipe(res);
  return { write: (p, done) => { zip.write(p, done); }, end: (p, done) => { zip.end(p, done); } };
}

const acceptsGzip = (req: IncomingMessage): boolean => /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)/.test(String(req.headers['accept-encoding'] ?? ''));

function heads(res: ServerResponse, code: number, contentType: string): void {
  if (contentType) res.setHeader('Content-Type', contentType);
  if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'no-cache, private');
  res.statusCode = code;
}

function finish(res: ServerResponse, req: IncomingMessage, code: number, contentType: string, body: Buffer): void {
  if (code === 304 || code === 204) { res.statusCode = code; res.end(); return; }
  heads(res, code, contentType);
  res.setHeader('Content-Length', body.length);
  if (req.method === 'HEAD') res.end(); else res.end(body);
}
