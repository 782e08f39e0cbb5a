// Addresses as Kubernetes validates them; nothing here resolves or opens anything.

const V4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

export const isIPv4 = (text: string): boolean => V4.test(text);

/** True for the text forms of RFC 4291, an IPv4 tail included, without a zone. */
export function isIPv6(text: string): boolean {
  let s = text;
  const lastColon = s.lastIndexOf(':');
  if (lastColon < 0) return false;
  if (s.includes('.')) {
    if (!V4.test(s.slice(lastColon + 1))) return false;
    s = `${s.slice(0, lastColon + 1)}0:0`;
  }
  const halves = s.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap(h => (h === '' ? [] : h.split(':')));
  if (!groups.every(g => /^[0-9a-fA-F]{1,4}$/.test(g))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

export const isIP = (text: string): boolean => isIPv4(text) || isIPv6(text);
export const IP_TEXT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
/** Messages for an address; none when valid. */
export const ipErrors = (text: string): readonly string[] => (isIP(text) ? [] : [IP_TEXT]);

/** `10.0.0.0/8`, `2001:db8::/64`. */
export function isCIDR(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0 || !/^\d{1,3}$/.test(text.slice(slash + 1))) return false;
  const bits = Number(text.slice(slash + 1)), address = text.slice(0, slash);
  return isIPv4(address) ? bits <= 32 : isIPv6(address) && bits <= 128;
}
export const CIDR_TEXT = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** What keeps an address from being an endpoint's: unspecified, loopback, link-local and multicast are of no use to others. */
export function specialIP(text: string): readonly string[] {
  if (!isIP(text)) return ['must be a valid IP address'];
  const v4 = isIPv4(text), lower = text.toLowerCase();
  if (v4 ? text === '0.0.0.0' : /^[0:]+$/.test(text)) return [`may not be unspecified (${text})`];
  if (v4 ? text.startsWith('127.') : /^(0*:)*0*1$/.test(text) && Number.parseInt(text.slice(text.lastIndexOf(':') + 1), 16) === 1) return ['may not be in the loopback range (127.0.0.0/8, ::1/128)'];
  if (v4 ? text.startsWith('169.254.') : /^fe[89ab]/.test(lower)) return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)'];
  if (v4 ? text.startsWith('224.0.0.') : /^ff[0-9a-f]2:/.test(lower)) return ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'];
  return [];
}

/** What will be refused one day, or is not written as it should be: IPv4 within IPv6, and IPv6 in another form than RFC 5952's. */
export function ipWarnings(text: string | undefined, path: string): string[] {
  const canonical = text !== undefined && isIPv6(text) ? canonicalIP(text) : undefined;
  if (canonical === undefined) return [];
  if (canonical.startsWith('::ffff:') && canonical.includes('.')) return [`${path}: non-standard IP address ${JSON.stringify(text)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical.slice(7))}`];
  return canonical === text ? [] : [`${path}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`];
}

/** The value of an address and how many bits its family has; undefined for text that is none. */
function numeric(text: string): { value: bigint; bits: 32 | 128 } | undefined {
  if (isIPv4(text)) return { value: text.split('.').reduce((v, part) => (v << 8n) | BigInt(part), 0n), bits: 32 };
  if (!isIPv6(text)) return undefined;
  let s = text;
  const colon = s.lastIndexOf(':');
  if (s.includes('.')) {
    const tail = s.slice(colon + 1).split('.').map(Number);
    s = `${s.slice(0, colon + 1)}${(tail[0]! * 256 + tail[1]!).toString(16)}:${(tail[2]! * 256 + tail[3]!).toString(16)}`;
  }
  const [head, rest] = s.split('::').map(h => (h === '' ? [] : h.split(':'))) as [string[], string[]?];
  const groups = rest === undefined ? head : [...head, ...Array<string>(8 - head.length - rest.length).fill('0'), ...rest];
  return { value: groups.reduce((v, g) => (v << 16n) | BigInt(`0x${g}`), 0n), bits: 128 };
}

/** The one way to write an address (RFC 5952); undefined for text that is none. An IPv4 address mapped into IPv6 keeps its dots. */
export function canonicalIP(text: string): string | undefined {
  const n = numeric(text);
  if (n === undefined || n.bits === 32) return n && text;
  if (n.value >> 32n === 0xffffn) return `::ffff:${[24n, 16n, 8n, 0n].map(shift => String((n.value >> shift) & 0xffn)).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((n.value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === '0') length++;
    if (length > best.length) best = { at, length };
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}

/** Whether the second block lies wholly within the first and is smaller; false when one of them is none. */
export function strictlyWithin(outer: string, inner: string): boolean {
  const [a, aBits] = outer.split('/'), [b, bBits] = inner.split('/');
  const x = numeric(a ?? ''), y = numeric(b ?? '');
  if (!x || !y || x.bits !== y.bits || Number(aBits) >= Number(bBits)) return false;
  const shift = BigInt(x.bits - Number(aBits));
  return x.value >> shift === y.value >> shift;
}
