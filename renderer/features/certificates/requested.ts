// What a certificate request asks for, read from its DER: just enough of PKCS#10 for a person to decide by.
import { decodeBase64 } from '../../../core/api/meta/base64.ts';

export interface Requested {
  /** `CN=ada`, `O=developers`: in their order. */
  subject: readonly string[];
  /** Host names, addresses, mail addresses and URIs. */
  names: readonly string[];
}

interface Part { tag: number; bytes: Uint8Array }
const SEQUENCE = 0x30, SET = 0x31, OID = 6, ATTRIBUTES = 0xa0;
const ALTERNATIVE_NAMES = '2.5.29.17', EXTENSIONS = '1.2.840.113549.1.9.14';
const SHORT: Readonly<Record<string, string>> = { '2.5.4.3': 'CN', '2.5.4.6': 'C', '2.5.4.7': 'L', '2.5.4.8': 'ST', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.5': 'serialNumber' };
const utf8 = new TextDecoder();
const bytesOf = (binary: string): Uint8Array => Uint8Array.from(binary, c => c.charCodeAt(0));

/** `request` is the base64 of a PEM, as spec.request has it; undefined when it cannot be read. */
export function requested(request: string | undefined): Requested | undefined {
  const pem = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([^-]*)-----END/.exec(decodeBase64(request ?? ''))?.[1];
  if (pem === undefined) return undefined;
  try {
    const [whole] = partsOf(bytesOf(decodeBase64(pem)));
    const info = inside(inside(whole)[0]);
    const subject = inside(info[1]).flatMap(set => inside(set)).map(pair => { const [type, value] = inside(pair), oid = oidOf(type); return `${SHORT[oid] ?? oid}=${utf8.decode(value!.bytes)}`; });
    const extensions = inside(info.find(p => p.tag === ATTRIBUTES)).filter(a => oidOf(inside(a)[0]) === EXTENSIONS).flatMap(a => inside(inside(a)[1])).flatMap(inside);
    const names = extensions.filter(e => oidOf(inside(e)[0]) === ALTERNATIVE_NAMES).flatMap(e => inside(partsOf(inside(e).at(-1)!.bytes)[0])).map(nameOf);
    return { subject, names };
  } catch (e) {
    // Anybody may send anything; the server has its own word for it.
    if (e instanceof RangeError || e instanceof TypeError) return undefined;
    throw e;
  }
}

/** Elements one after another. Throws RangeError for what is no DER. */
function partsOf(bytes: Uint8Array): Part[] {
  const out: Part[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at++]!;
    let length = bytes[at++];
    if (length === undefined) throw new RangeError('cut off');
    if (length > 0x80) {
      let n = length & 0x7f;
      if (n > 3) throw new RangeError('too long');
      for (length = 0; n > 0; n--) length = (length << 8) | (bytes[at++] ?? 0);
    }
    if (at + length > bytes.length) throw new RangeError('cut off');
    out.push({ tag, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return out;
}
const inside = (p: Part | undefined): Part[] => (p && (p.tag === SEQUENCE || p.tag === SET || p.tag === ATTRIBUTES) ? partsOf(p.bytes) : []);

function oidOf(p: Part | undefined): string {
  if (p?.tag !== OID || p.bytes.length === 0) return '';
  const numbers: number[] = [];
  let n = 0;
  for (const b of p.bytes) { n = n * 128 + (b & 0x7f); if (b < 0x80) { numbers.push(n); n = 0; } }
  const first = Math.min(2, Math.floor(numbers[0]! / 40));
  return [first, numbers[0]! - first * 40, ...numbers.slice(1)].join('.');
}

/** A GeneralName: address bytes as an address, the rest is text. */
function nameOf(p: Part): string {
  if (p.tag !== 0x87) return utf8.decode(p.bytes);
  if (p.bytes.length === 4) return [...p.bytes].join('.');
  return Array.from({ length: p.bytes.length / 2 }, (_, i) => ((p.bytes[i * 2]! << 8) | p.bytes[i * 2 + 1]!).toString(16)).join(':');
}
