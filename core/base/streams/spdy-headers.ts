// Header blocks of SPDY/3: name-value pairs, zlib with the protocol's own dictionary, one compression context per direction.
// Each block ends in a sync flush, so a context is no more than the last 32 KiB of plain text: reading needs no lasting zlib object,
// and writing uses stored blocks, which every inflater reads (header blocks here are some 40 bytes; there is nothing to win).
import { constants, inflateRawSync } from 'node:zlib';

const WORDS = ('options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization ' +
  'cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range ' +
  'content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified ' +
  'location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding ' +
  'upgrade user-agent vary via warning www-authenticate method get status').split(' ')
  .concat('200 OK', 'version', 'HTTP/1.1', 'url', 'public', 'set-cookie', 'keep-alive', 'origin');
const TAIL = '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found' +
  '500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00' +
  ' Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,' +
  'text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

const u32 = (n: number): Buffer => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
/** The dictionary of the SPDY/3 draft, section 2.6.10.1. */
export const DICTIONARY: Buffer = Buffer.concat([...WORDS.flatMap(w => [u32(w.length), Buffer.from(w)]), Buffer.from(TAIL)]);

const WINDOW = 32 << 10;
/** More plain text than any sane header block: a bomb ends the connection. */
const MAX_PLAIN = 1 << 20;
const FLUSH = Buffer.from([0, 0, 0, 0xff, 0xff]);

export type Headers = ReadonlyMap<string, string>;

/** Reads the header blocks of one direction, in order. Throws on bytes that are no such block. */
export class HeaderReader {
  #window: Buffer | undefined;
  read(block: Buffer): Map<string, string> {
    let body = block;
    if (!this.#window) {
      const preset = block.length >= 2 && (block[1]! & 0x20) !== 0;
      if (block.length < 2 || (block[0]! & 0x0f) !== 8) throw new Error('SPDY headers do not start a zlib stream');
      this.#window = preset ? DICTIONARY : Buffer.alloc(0);
      body = block.subarray(preset ? 6 : 2);
    }
    const plain = inflateRawSync(body, { dictionary: this.#window.length > 0 ? this.#window : undefined, finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_PLAIN });
    this.#window = Buffer.concat([this.#window, plain]).subarray(-WINDOW);
    return parse(plain);
  }
}

/** Writes the header blocks of one direction, in order. */
export class HeaderWriter {
  #started = false;
  write(headers: Headers): Buffer {
    const plain = serialize(headers);
    const parts: Buffer[] = this.#started ? [] : [Buffer.from([0x78, 0x01])];
    this.#started = true;
    for (let at = 0; at < plain.length; at += 0xffff) {
      const piece = plain.subarray(at, at + 0xffff);
      const head = Buffer.alloc(5);
      head.writeUInt16LE(piece.length, 1);
      head.writeUInt16LE(piece.length ^ 0xffff, 3);
      parts.push(head, piece);
    }
    return Buffer.concat([...parts, FLUSH]);
  }
}

function serialize(headers: Headers): Buffer {
  const parts: Buffer[] = [u32(headers.size)];
  for (const [name, value] of headers) {
    const n = Buffer.from(name.toLowerCase());
    const v = Buffer.from(value);
    parts.push(u32(n.length), n, u32(v.length), v);
  }
  return Buffer.concat(parts);
}

function parse(b: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const length = b.readUInt32BE(at);
    at += 4 + length;
    if (at > b.length) throw new Error('SPDY headers are cut short');
    return b.toString('utf8', at - length, at);
  };
  for (let n = b.readUInt32BE(0); n > 0; n--) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}
