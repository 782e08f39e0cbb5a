// IPv4 arithmetic for the cluster's ranges of addresses: the service range, the pod range and its slices. Texts are taken as valid;
// `core/api/meta/ip.ts` judges what users write.

/** An address as an unsigned 32-bit number. */
export const ipToNumber = (ip: string): number => ip.split('.').reduce((n, part) => n * 256 + Number(part), 0);
export const numberToIp = (n: number): string => [24, 16, 8, 0].map(s => Math.floor(n / 2 ** s) % 256).join('.');

/** First address and count of addresses of a range like `10.96.0.0/16`. */
export function rangeOf(cidr: string): { base: number; size: number } {
  const [ip = '', bits = ''] = cidr.split('/');
  return { base: ipToNumber(ip), size: 2 ** (32 - Number(bits)) };
}

/** The address at `offset` in a range: `nth('10.96.0.0/16', 1)` is 10.96.0.1. Throws RangeError outside it. */
export function nth(cidr: string, offset: number): string {
  const { base, size } = rangeOf(cidr);
  if (offset < 0 || offset >= size) throw new RangeError(`no address ${offset} in ${cidr}`);
  return numberToIp(base + offset);
}

/** The /24 of node `index` (from 1) inside the cluster's pod range; slice 0 is for gateway and node addresses. */
export const podCidrOf = (clusterPodCidr: string, index: number): string => `${nth(clusterPodCidr, index * 256)}/24`;
/** Node addresses lie in slice 0, after the gateway: node 1 is .2. */
export const nodeIpOf = (clusterPodCidr: string, index: number): string => nth(clusterPodCidr, 1 + index);
