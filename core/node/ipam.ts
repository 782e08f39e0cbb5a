// Addresses of this node's pods, from its pod range. The first is the gateway where the range starts with it; the last is broadcast.
import { isCIDR } from '../api/meta/ip.ts';
import { ipToNumber, numberToIp, rangeOf } from '../base/cidr.ts';

export interface PodIpam {
  /** The address of the pod; the same for the same uid until released. Throws when the range is used up. */
  allocate(uid: string): string;
  /** Takes an address that is in use already (adoption); false when another pod has it or it is outside the range. */
  reserve(uid: string, ip: string): boolean;
  release(uid: string): void;
  readonly used: number;
}

/** `taken`: addresses in the range that belong to others (gateway). Hands out round robin, so that a released address rests a while. */
export function createIpam(cidr: string, taken: readonly string[] = []): PodIpam {
  const { base: start, size } = rangeOf(cidr);
  if (!isCIDR(cidr) || !(size >= 4)) throw new Error(`pod range ${cidr}: expected an IPv4 range of at least 4 addresses`);
  const byUid = new Map<string, number>();
  const byIp = new Map<number, string>();
  const reserved = new Set(taken.map(ipToNumber));
  let next = 2;
  return {
    get used() { return byUid.size; },
    allocate(uid) {
      const had = byUid.get(uid);
      if (had !== undefined) return numberToIp(had);
      for (let tries = 0; tries < size; tries++) {
        const n = start + next;
        next = next >= size - 2 ? 2 : next + 1;
        if (byIp.has(n) || reserved.has(n)) continue;
        byIp.set(n, uid); byUid.set(uid, n);
        return numberToIp(n);
      }
      throw new Error(`no IP addresses available in range ${cidr}`);
    },
    reserve(uid, ip) {
      const n = ipToNumber(ip);
      if (n < start + 2 || n >= start + size - 1 || (byIp.get(n) ?? uid) !== uid) return false;
      const old = byUid.get(uid);
      if (old !== undefined && old !== n) byIp.delete(old);
      byIp.set(n, uid); byUid.set(uid, n);
      return true;
    },
    release(uid) {
      const n = byUid.get(uid);
      if (n !== undefined) { byIp.delete(n); byUid.delete(uid); }
    },
  };
}
