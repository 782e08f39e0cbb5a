// Services as one nftables table of our own. Verdict maps decide by address and port; every service port has one chain.
// Changes are incremental: only chains of services that changed are rewritten, all in one transaction per batch.
//
// The guard stands before the first address is handed out: an address of the service range that no rule matches is rejected, and so is
// one of the pod range that no pod network takes (our device has the routes of both ranges), because otherwise it leaves the machine by
// the default route (seen). Local addresses are excepted, or the host could not reach the DNS address that lies on one of its own devices.
import { createHash } from 'node:crypto';
import { run } from '../run.ts';
import type { Backend, ServicePort } from './service-table.ts';

export interface NftConfig {
  /** Name of the table: unique per cluster. */
  table: string;
  serviceCidr: string;
  podCidr: string;
  /** The cluster's device: what is routed to it has nobody to go to. */
  device: string;
  /** Bridge pods' same-segment traffic passes netfilter (net.bridge.bridge-nf-call-iptables=1): pods keep their own source address.
   *  Without it replies would bypass the translation, so everything translated is masqueraded. */
  bridgeNetfilter: boolean;
}

const MARK = '0x4000';
const id = (key: string): string => createHash('sha1').update(key).digest('hex').slice(0, 12);
/** One set per endpoint of a service with affinity remembers who was sent there. */
const affinitySet = (chain: string, i: number): string => `aff_${chain}_${i}`;

/** Everything before the first service: sets, maps, hooks and the guard. In the output hook what has just been translated still carries the route of the service address. */
export function baseRules(c: NftConfig): string {
  return `add table ip ${c.table}
delete table ip ${c.table}
table ip ${c.table} {
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  map nodeports { type inet_proto . inet_service : verdict; }
  set nodeips { type ipv4_addr; }
  set hairpin { type ipv4_addr . ipv4_addr; }
  chain pre {
    type nat hook prerouting priority -105; policy accept;
    ip daddr . meta l4proto . th dport vmap @services
    ip daddr @nodeips meta l4proto . th dport vmap @nodeports
  }
  chain out {
    type nat hook output priority -105; policy accept;
    ip daddr . meta l4proto . th dport vmap @services
    ip daddr @nodeips meta l4proto . th dport vmap @nodeports
  }
  chain post {
    type nat hook postrouting priority 95; policy accept;
    meta mark & ${MARK} == ${MARK} masquerade
    ${c.bridgeNetfilter ? 'ct status dnat ip saddr . ip daddr @hairpin masquerade' : `ct status dnat ip daddr ${c.podCidr} masquerade`}
  }
  chain guard_forward {
    type filter hook forward priority -5; policy accept;
    ip daddr ${c.serviceCidr} reject
    oifname "${c.device}" reject
  }
  chain guard_output {
    type filter hook output priority -5; policy accept;
    ip daddr ${c.serviceCidr} fib daddr type local accept
    ip daddr ${c.serviceCidr} reject
    oifname "${c.device}" ct status dnat accept
    oifname "${c.device}" reject
  }
}
`;
}

/** What is chosen for some only, by its own chain. Such a part has no address: the row it belongs to leads to it. */
const partKey = (p: ServicePort, how: 'from' | 'at', node: string): string => `${p.key}@${how} ${node}`;
const isPart = (key: string): boolean => key.includes('@');
function withParts(p: ServicePort): ServicePort[] {
  const part = (how: 'from' | 'at', x: { node: string; backends: Backend[] }): ServicePort =>
    ({ key: partKey(p, how, x.node), clusterIP: '', protocol: p.protocol, port: p.port, nodePort: undefined, affinitySeconds: p.affinitySeconds, backends: x.backends });
  return [...(p.from ?? []).map(x => part('from', x)), ...(p.at ?? []).map(x => part('at', x)), p];
}

/** The chain that the service's address leads to: the one of all, or one that first looks who asks. */
const entry = (p: ServicePort): string => `s_${id(p.key)}${p.from ? 'i' : ''}`;

/** Those who go elsewhere, before all others. Where there is nobody for them, nothing goes through, as upstream drops it. */
function entryLines(c: NftConfig, p: ServicePort): string[] {
  const t = `ip ${c.table}`, chain = `s_${id(p.key)}`, lines: string[] = [];
  const to = (how: 'from' | 'at', x: { node: string; backends: Backend[] }): string => (x.backends.length ? `goto s_${id(partKey(p, how, x.node))}` : 'drop');
  if (p.from) {
    lines.push(`add chain ${t} ${chain}i`, `flush chain ${t} ${chain}i`, ...p.from.map(x => `add rule ${t} ${chain}i ip saddr ${x.cidr} ${to('from', x)}`), `add rule ${t} ${chain}i goto ${chain}`);
  }
  if (!p.nodePort) return lines;
  lines.push(`add chain ${t} ${chain}x`, `flush chain ${t} ${chain}x`);
  // Pods are inside the cluster, whichever door they take: only who comes from outside is held to the node whose port it is.
  if (p.at) lines.push(...p.at.map(x => `add rule ${t} ${chain}x ip daddr ${x.ip} ip saddr != { ${p.at!.map(y => y.cidr).join(', ')} } ${to('at', x)}`));
  // With externalTrafficPolicy Local the pod sees who asks.
  lines.push(`add rule ${t} ${chain}x ${p.keepsSource ? '' : `meta mark set meta mark | ${MARK} `}goto ${chain}`);
  return lines;
}

/** Lines that (re)write the chains of one service port. */
function chainLines(c: NftConfig, p: ServicePort): string[] {
  const chain = `s_${id(p.key)}`, t = `ip ${c.table}`;
  const lines = [`add chain ${t} ${chain}`, `flush chain ${t} ${chain}`];
  const dnat = (ip: string, port: number): string => `meta l4proto ${p.protocol} dnat to ${ip}:${port}`;
  const n = p.backends.length;
  if (p.affinitySeconds > 0) {
    p.backends.forEach((b, i) => {
      const set = affinitySet(id(p.key), i);
      lines.push(`add set ${t} ${set} { type ipv4_addr; flags dynamic,timeout; timeout ${p.affinitySeconds}s; }`, `add chain ${t} ${chain}_${i}`, `flush chain ${t} ${chain}_${i}`,
        `add rule ${t} ${chain}_${i} update @${set} { ip saddr } ${dnat(b.ip, b.port)}`);
    });
    p.backends.forEach((_, i) => lines.push(`add rule ${t} ${chain} ip saddr @${affinitySet(id(p.key), i)} goto ${chain}_${i}`));
    lines.push(`add rule ${t} ${chain} numgen random mod ${n} vmap { ${p.backends.map((_, i) => `${i} : goto ${chain}_${i}`).join(', ')} }`);
  } else if (n === 1) {
    lines.push(`add rule ${t} ${chain} ${dnat(p.backends[0]!.ip, p.backends[0]!.port)}`);
  } else {
    // `meta l4proto` is mandatory before a map of ports.
    lines.push(`add rule ${t} ${chain} meta l4proto ${p.protocol} dnat ip to numgen random mod ${n} map { ${p.backends.map((b, i) => `${i} : ${b.ip} . ${b.port}`).join(', ')} }`);
  }
  lines.push(...entryLines(c, p));
  return lines;
}

/** What empties the chains of a port, and what takes them away once nothing leads to them. */
function dropLines(c: NftConfig, p: ServicePort): { empty: string[]; remove: string[] } {
  const chain = `s_${id(p.key)}`, t = `ip ${c.table}`;
  const all = [...(p.nodePort ? [`${chain}x`] : []), ...(p.from ? [`${chain}i`] : []), chain, ...(p.affinitySeconds > 0 ? p.backends.map((_, i) => `${chain}_${i}`) : [])];
  return { empty: all.map(x => `flush chain ${t} ${x}`), remove: [...all.map(x => `delete chain ${t} ${x}`), ...(p.affinitySeconds > 0 ? p.backends.map((_, i) => `delete set ${t} ${affinitySet(id(p.key), i)}`) : [])] };
}

/** A client that keeps sending UDP keeps its old translation for ever: those to endpoints that are gone are taken out of the kernel's memory. */
async function forgetFlows(before: ReadonlyMap<string, ServicePort>, after: ReadonlyMap<string, ServicePort>): Promise<void> {
  for (const [key, old] of before) {
    if (old.protocol !== 'udp' || after.get(key) === old) continue;
    const kept = new Set(after.get(key)?.backends.map(b => b.ip));
    for (const b of old.backends) {
      if (kept.has(b.ip)) continue;
      try { await run('conntrack', ['-D', '-p', 'udp', '--reply-src', b.ip, '--reply-port-src', String(b.port)]); } catch { continue; /* no such flow, or no such tool: then they end by their own time-out */ }
    }
  }
}

const vip = (p: ServicePort): string => `${p.clusterIP} . ${p.protocol} . ${p.port}`;
const node = (p: ServicePort): string => `${p.protocol} . ${p.nodePort}`;
const same = (a: ServicePort, b: ServicePort): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Applies batches of changes; `current` mirrors what the kernel has, so that a failed batch can be followed by a full write. */
export class NftProxy {
  readonly #config: NftConfig;
  #current = new Map<string, ServicePort>();
  /** How many ports use an endpoint address: its hairpin element goes with the last. */
  #hairpins = new Map<string, number>();
  #nodeIps: readonly string[] = [];

  constructor(config: NftConfig) { this.#config = config; }

  /** Installs the table with the guard and no service. Idempotent: an older table of this cluster is replaced. */
  async guard(): Promise<void> {
    await run('nft', ['-f', '-'], baseRules(this.#config));
    this.#current = new Map();
    this.#hairpins = new Map();
    if (this.#nodeIps.length) await this.setNodeIps(this.#nodeIps);
  }

  async setNodeIps(ips: readonly string[]): Promise<void> {
    this.#nodeIps = ips;
    const t = `ip ${this.#config.table}`;
    await run('nft', ['-f', '-'], `flush set ${t} nodeips\n${ips.length ? `add element ${t} nodeips { ${ips.join(', ')} }\n` : ''}`);
  }

  /** Replaces `before` rows by `after` rows of any number of services, in one transaction. A port without backends gets no rule: the guard rejects it. */
  async apply(changes: readonly { before: readonly ServicePort[]; after: readonly ServicePort[] }[]): Promise<void> {
    const t = `ip ${this.#config.table}`;
    const lines: string[] = [], elementsOut: string[] = [], chainsOut: string[] = [];
    const next = new Map(this.#current);
    const pins = new Map(this.#hairpins);
    const pinLines: string[] = [];
    for (const change of changes) {
      const wanted = new Map(change.after.filter(p => p.backends.length).flatMap(withParts).filter(p => p.backends.length).map(p => [p.key, p]));
      // Parts first: a rule may lead only to a chain that is there.
      const keys = new Set([...change.before.flatMap(withParts).map(p => p.key), ...wanted.keys()]);
      for (const key of [...keys].sort((a, b) => Number(isPart(b)) - Number(isPart(a)))) {
        const old = next.get(key), now = wanted.get(key);
        if (old && now && same(old, now)) continue;
        const part = isPart(key), moved = old && now && (vip(old) !== vip(now) || entry(old) !== entry(now));
        if (old && !part && (!now || moved)) elementsOut.push(`delete element ${t} services { ${vip(old)} }`);
        if (old?.nodePort && (!now || old.nodePort !== now.nodePort)) elementsOut.push(`delete element ${t} nodeports { ${node(old)} }`);
        if (old && now) {
          // Chains that only the old shape had: affinity chains of endpoints beyond the new count, the node port's entry.
          if (old.affinitySeconds > 0) {
            const keep = now.affinitySeconds === old.affinitySeconds ? now.backends.length : 0;
            for (let i = keep; i < old.backends.length; i++) {
              const c = `s_${id(key)}_${i}`;
              chainsOut.push(`delete chain ${t} ${c}`, `delete set ${t} ${affinitySet(id(key), i)}`);
              lines.push(`flush chain ${t} ${c}`);
            }
            if (keep === 0 && now.affinitySeconds > 0) { // other timeout: sets cannot be changed, the port starts anew
              lines.push(`flush chain ${t} s_${id(key)}`, ...chainsOut.splice(0));
            }
          }
          if (old.nodePort && !now.nodePort) { lines.push(`flush chain ${t} s_${id(key)}x`); chainsOut.push(`delete chain ${t} s_${id(key)}x`); }
          if (old.from && !now.from) { lines.push(`flush chain ${t} ${entry(old)}`); chainsOut.push(`delete chain ${t} ${entry(old)}`); }
        }
        if (now) {
          lines.push(...chainLines(this.#config, now));
          if (!part && (!old || moved)) lines.push(`add element ${t} services { ${vip(now)} : goto ${entry(now)} }`);
          if (now.nodePort && now.nodePort !== old?.nodePort) lines.push(`add element ${t} nodeports { ${node(now)} : goto s_${id(key)}x }`);
          next.set(key, now);
        } else if (old) {
          const { empty, remove } = dropLines(this.#config, old);
          lines.push(...empty);
          chainsOut.push(...remove);
          next.delete(key);
        }
        for (const b of now?.backends ?? []) { const c = pins.get(b.ip) ?? 0; pins.set(b.ip, c + 1); if (c === 0) pinLines.push(`add element ${t} hairpin { ${b.ip} . ${b.ip} }`); }
        for (const b of old?.backends ?? []) { const c = (pins.get(b.ip) ?? 1) - 1; if (c > 0) pins.set(b.ip, c); else { pins.delete(b.ip); pinLines.push(`delete element ${t} hairpin { ${b.ip} . ${b.ip} }`); } }
      }
    }
    // Elements that go come first (two services may swap an address), then new chains and elements, then chains nothing points to.
    const script = [...elementsOut, ...lines, ...pinLines, ...chainsOut];
    if (script.length === 0) return;
    await run('nft', ['-f', '-'], `${script.join('\n')}\n`);
    await forgetFlows(this.#current, next);
    this.#current = next;
    this.#hairpins = pins;
  }

  async close(): Promise<void> { await run('nft', ['delete', 'table', 'ip', this.#config.table]); }
}
