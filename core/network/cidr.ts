// IPv4 arithmetic for the cluster's virtual ranges.

export const ipToNumber = (ip: string): number => ip.split('.').reduce((n, part) => n * 256 + Number(part), 0);
export const numberToIp = (n: number): string => [24, 16, 8, 0].map(s => Math.floor(n / 2 ** s) % 256).join('.');

/** The address at `offset` in a range: `nth('10.96.0.0/16', 1)` is 10.96.0.1. */
export function nth(cidr: string, offset: number): string {
  const [base, bits] = cidr.split('/') as [string, string];
  if (offset < 0 || offset >= 2 ** (32 - Number(bits))) throw new RangeError(`no address ${offset} in ${cidr}`);
  return numberToIp(ipToNumber(base) + offset);
}

export function contains(cidr: string, ip: string): boolean {
  const [base, bits] = cidr.split('/') as [string, string];
  const size = 2 ** (32 - Number(bits));
  return Math.floor(ipToNumber(ip) / size) === Math.floor(ipToNumber(base) / size);
}

/** The /24 of node `index` (from 1) inside the cluster's pod range; slice 0 is for gateway and node addresses. */
export const podCidrOf = (clusterPodCidr: string, index: number): string => `${nth(clusterPodCidr, index * 256)}/24`;
/** Node addresses lie in slice 0, after the gateway: node 1 is .2. */
export const nodeIpOf = (clusterPodCidr: string, index: number): string => nth(clusterPodCidr, 1 + index);
