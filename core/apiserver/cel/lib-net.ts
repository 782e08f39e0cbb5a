// Kubernetes' CEL functions for addresses and ranges: ip, cidr. IPv4 addresses mapped into IPv6 and zones are refused, as upstream does.
import { isIPv4, isIPv6 } from '../../api/meta/ip.ts';
import { traversal, TRAVERSAL } from './functions.ts';
import type { Overload } from './signature.ts';
import { opaque } from './types.ts';
import { CelError, Opaque, type Value } from './values.ts';

const IP = opaque('net.IP'), CIDR = opaque('net.CIDR');

class Address {
  readonly bits: bigint;
  readonly width: 32 | 128;
  constructor(bits: bigint, width: 32 | 128) { this.bits = bits; this.width = width; }
  get size(): number { return this.width / 8; }
  equals(other: Address): boolean { return this.bits === other.bits && this.width === other.width; }
  toString(): string {
    if (this.width === 32) return [24n, 16n, 8n, 0n].map(s => (this.bits >> s) & 255n).join('.');
    const groups = Array.from({ length: 8 }, (_, i) => Number((this.bits >> BigInt(112 - 16 * i)) & 0xffffn));
    let best = { at: -1, length: 1 };
    for (let i = 0; i < 8; i++) { let n = 0; while (i + n < 8 && groups[i + n] === 0) n++; if (n > best.length) best = { at: i, length: n }; }
    const text = (from: number, to: number): string => groups.slice(from, to).map(g => g.toString(16)).join(':');
    return best.at < 0 ? text(0, 8) : `${text(0, best.at)}::${text(best.at + best.length, 8)}`;
  }
}
class Net {
  readonly address: Address;
  readonly prefix: number;
  constructor(address: Address, prefix: number) { this.address = address; this.prefix = prefix; }
  get size(): number { return Math.ceil(this.prefix / 8); }
  equals(other: Net): boolean { return this.address.equals(other.address) && this.prefix === other.prefix; }
  masked(): Net { const shift = BigInt(this.address.width - this.prefix); return new Net(new Address((this.address.bits >> shift) << shift, this.address.width), this.prefix); }
  contains(a: Address): boolean { const shift = BigInt(this.address.width - this.prefix); return a.width === this.address.width && a.bits >> shift === this.address.bits >> shift; }
  toString(): string { return `${String(this.address)}/${this.prefix}`; }
}

function readAddress(text: string): Address {
  if (isIPv4(text)) return new Address(text.split('.').reduce((n, p) => (n << 8n) | BigInt(p), 0n), 32);
  if (text.includes('%')) throw new CelError(`IP Address ${JSON.stringify(text)} with zone value is not allowed`);
  if (!isIPv6(text)) throw new CelError(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`);
  if (/^::ffff:/i.test(text) && text.includes('.')) throw new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  let s = text;
  if (s.includes('.')) { const at = s.lastIndexOf(':'), b = s.slice(at + 1).split('.').map(Number); s = `${s.slice(0, at + 1)}${(b[0]! * 256 + b[1]!).toString(16)}:${(b[2]! * 256 + b[3]!).toString(16)}`; }
  const [head, tail] = s.split('::').map(h => (h === '' ? [] : h.split(':'))), fill = tail ? Array.from({ length: 8 - head!.length - tail.length }, () => '0') : [];
  const bits = [...head!, ...fill, ...(tail ?? [])].reduce((n, g) => (n << 16n) | BigInt(`0x${g}`), 0n);
  if (bits >> 32n === 0xffffn) throw new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new Address(bits, 128);
}
function readNet(text: string): Net {
  const m = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(text);
  let address: Address | undefined;
  if (m) { try { address = readAddress(m[1]!); } catch (e) { if (!(e instanceof CelError) || /not allowed/.test(e.message)) throw e; } }
  if (!m || !address || Number(m[2]) > address.width) throw new CelError(`network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)})`);
  return new Net(address, Number(m[2]));
}

const str = (v: Value | undefined): string => v as string;
const ok = (read: (text: string) => unknown) => ([s]: readonly Value[]): Value => { try { read(str(s)); return true; } catch (e) { if (!(e instanceof CelError)) throw e; return false; } };

export function net(def: (signature: string, id: string, run: Overload['run'], cost?: Overload['cost']) => void): void {
  const a = (v: Value | undefined): Address => (v as Opaque<Address>).data, n = (v: Value | undefined): Net => (v as Opaque<Net>).data;
  const once: Overload['cost'] = x => traversal(x[0]!);
  const address = (v: Address): Opaque => new Opaque(IP, v), network = (v: Net): Opaque => new Opaque(CIDR, v);
  def('ip(string): net.IP', 'string_to_ip', ([s]) => address(readAddress(str(s))), once);
  def('isIP(string): bool', 'is_ip', ok(readAddress), once);
  def('ip.isCanonical(string): bool', 'ip_is_canonical', ([s]) => String(readAddress(str(s))) === str(s), x => traversal(x[0]!, 2));
  def('net.IP->family(): int', 'family', ([x]) => (a(x).width === 32 ? 4n : 6n));
  def('net.IP->isUnspecified(): bool', 'is_unspecified', ([x]) => a(x).bits === 0n);
  def('net.IP->isLoopback(): bool', 'is_loopback', ([x]) => (a(x).width === 32 ? a(x).bits >> 24n === 127n : a(x).bits === 1n));
  def('net.IP->isLinkLocalMulticast(): bool', 'is_link_local_multicast', ([x]) => (a(x).width === 32 ? a(x).bits >> 8n === 0xe00000n : (a(x).bits >> 112n & 0xff0fn) === 0xff02n));
  def('net.IP->isLinkLocalUnicast(): bool', 'is_link_local_unicast', ([x]) => (a(x).width === 32 ? a(x).bits >> 16n === 0xa9fen : a(x).bits >> 118n === 0x3fan));
  def('net.IP->isGlobalUnicast(): bool', 'is_global_unicast', ([x]) => {
    const { bits, width } = a(x);
    if (bits === 0n) return false;
    return width === 32 ? bits !== 0xffffffffn && bits >> 24n !== 127n && bits >> 28n !== 0xen && bits >> 16n !== 0xa9fen : bits !== 1n && bits >> 120n !== 0xffn && bits >> 118n !== 0x3fan;
  });
  def('string(net.IP): string', 'ip_to_string', ([x]) => String(a(x)));
  def('cidr(string): net.CIDR', 'string_to_cidr', ([s]) => network(readNet(str(s))), once);
  def('isCIDR(string): bool', 'is_cidr', ok(readNet), once);
  def('net.CIDR->ip(): net.IP', 'cidr_ip', ([c]) => address(n(c).address));
  def('net.CIDR->prefixLength(): int', 'prefix_length', ([c]) => BigInt(n(c).prefix));
  def('net.CIDR->masked(): net.CIDR', 'masked_cidr', ([c]) => network(n(c).masked()));
  const bytes = (v: Value | undefined): number => Math.ceil(2 * n(v).size * TRAVERSAL);
  def('net.CIDR->containsIP(net.IP): bool', 'cidr_contains_ip_ip', ([c, x]) => n(c).contains(a(x)), x => bytes(x[0]));
  def('net.CIDR->containsIP(string): bool', 'cidr_contains_ip_string', ([c, s]) => n(c).contains(readAddress(str(s))), x => bytes(x[0]) + traversal(x[1]!));
  const within = (c: Net, o: Net): boolean => c.prefix <= o.prefix && c.contains(o.address);
  const more = (v: Value | undefined): number => bytes(v) + Math.ceil(n(v).size * TRAVERSAL) + 1;
  def('net.CIDR->containsCIDR(net.CIDR): bool', 'cidr_contains_cidr', ([c, o]) => within(n(c), n(o)), x => more(x[0]));
  def('net.CIDR->containsCIDR(string): bool', 'cidr_contains_cidr_string', ([c, s]) => within(n(c), readNet(str(s))), x => more(x[0]) + traversal(x[1]!));
  def('string(net.CIDR): string', 'cidr_to_string', ([c]) => String(n(c)));
}
