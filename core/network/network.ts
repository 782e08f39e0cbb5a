// The cluster's network on this machine: guard, service proxy, NodePorts on loopback, DNS. Pods' own interfaces belong to the runtime.
// Order matters: `guard` stands before the first virtual address is handed out, and falls only after the last one is gone.
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { InformerFactory } from '../client/informer.ts';
import { machineUpstreams, DnsServer, type Upstream } from './dns/server.ts';
import { Records } from './dns/records.ts';
import { ClusterDevice, enableBridgeNetfilter, ForwardRules, whyNoNft } from './machine.ts';
import { Joining } from './proxy/joining.ts';
import { LoopbackNodePorts } from './proxy/loopback.ts';
import { NftProxy } from './proxy/nft.ts';
import { ServiceTable } from './proxy/service-table.ts';
import { run } from './run.ts';

export interface NetworkConfig {
  /** Short unique id of the cluster: names of table and device. */
  clusterId: string;
  serviceCidr: string; podCidr: string;
  /** The cluster DNS' service address. */
  dnsIp: string;
  /** Addresses of the nodes of this host; carried by our device. */
  nodeIps: readonly string[];
  /** Where names outside the cluster are asked; the machine's own resolvers by default. */
  upstreams?: readonly Upstream[];
  /** False when no pod has a real address (simulated runtime): nothing on the machine is touched. */
  real: boolean;
  clock: Clock; log: Log;
}

/** Changes are collected this long, then written in one transaction. */
const BATCH_MS = 20;
/** An address that no service leads to any more still gets this long for requests that were on their way. */
const QUIET_MS = 200;

export class Network {
  readonly mode: 'nft' | 'userspace';
  /** Why it is not nft, for people. */
  readonly why: string;
  readonly #c: NetworkConfig;
  readonly #nft: NftProxy | undefined;
  readonly #device: ClusterDevice;
  readonly #loopback: LoopbackNodePorts;
  readonly #forward: ForwardRules;
  readonly #joining: Joining | undefined;
  #table: ServiceTable | undefined;
  #dns: DnsServer | undefined;
  readonly #dirty = new Set<string>();
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Addresses whose owners wait for services to let go of them, and when services let go of one lately. */
  readonly #awaited = new Map<string, (() => void)[]>();
  readonly #left = new Map<string, number>();
  #closed = false;
  /** Port of the DNS server: 53 on the first node's address, which the kube-dns service leads to; another on 127.0.0.1 without nft. */
  dnsPort = 53;

  private constructor(c: NetworkConfig, nft: NftProxy | undefined, why: string) {
    this.#c = c;
    this.#nft = nft;
    this.mode = nft ? 'nft' : 'userspace';
    this.why = why;
    this.#device = new ClusterDevice(`phs${c.clusterId}`, c.serviceCidr, c.podCidr);
    this.#loopback = new LoopbackNodePorts(c.clock, c.log);
    // Elsewhere this process may not reach pods at all.
    this.#joining = nft && new Joining(c.clock, key => this.#changed(key));
    this.#forward = new ForwardRules(c.podCidr, `pilothouse_${c.clusterId}`);
  }

  /** Chooses the means and installs the guard. */
  static async open(c: NetworkConfig): Promise<Network> {
    const why = c.real ? await whyNoNft() : 'pods have no addresses on this machine';
    if (why) return new Network(c, undefined, why);
    const nft = new NftProxy({ table: `pilothouse_${c.clusterId}`, serviceCidr: c.serviceCidr, podCidr: c.podCidr, device: `phs${c.clusterId}`, bridgeNetfilter: await enableBridgeNetfilter() });
    await nft.guard();
    const network = new Network(c, nft, '');
    await network.#device.up(c.nodeIps);
    await nft.setNodeIps(c.nodeIps);
    await network.#forward.add();
    return network;
  }

  /** Takes away what a host that was killed left on the machine. */
  static async removeLeftovers(clusterId: string, podCidr: string): Promise<void> {
    if (await whyNoNft()) return;
    await new ForwardRules(podCidr, `pilothouse_${clusterId}`).remove();
    await new ClusterDevice(`phs${clusterId}`, '', '').down();
    const table = `pilothouse_${clusterId}`;
    if ((await run('nft', ['list', 'tables', 'ip'])).split('\n').includes(`table ip ${table}`)) await run('nft', ['delete', 'table', 'ip', table]);
  }

  /** Serves DNS and programs services from now on. Call with informers before they start. */
  async start(informers: InformerFactory): Promise<void> {
    const records = new Records(informers);
    this.#dns = new DnsServer({ records, upstreams: this.#c.upstreams ?? machineUpstreams().filter(u => u.host !== this.#c.dnsIp), log: this.#c.log });
    this.dnsPort = this.#nft ? await this.#dns.listen(this.#c.nodeIps[0]!, 53) : await this.#dns.listen('127.0.0.1', 0);
    this.#table = new ServiceTable(informers, key => this.#changed(key));
  }

  #changed(key: string): void {
    if (this.#closed) return;
    this.#dirty.add(key);
    this.#timer ??= this.#c.clock.after(BATCH_MS, () => { this.#timer = undefined; this.#flush(); });
  }

  #flush(): void {
    if (this.#closed || !this.#table) return;
    const keys = [...this.#dirty];
    this.#dirty.clear();
    const table = this.#table;
    const changes = keys.map(k => table.refresh(k)).filter(c => c.before.length || c.after.length)
      .map(c => (this.#joining ? { ...c, after: this.#joining.admit(c.before, c.after) } : c));
    if (changes.length === 0) return;
    this.#loopback.apply(changes);
    const gone = [...new Set(changes.flatMap(c => c.left))].filter(ip => !table.serves(ip));
    const before = this.#writing;
    const write = async (): Promise<void> => {
      await before;
      if (this.#nft) await this.#write(changes);
      for (const ip of gone) this.#leave(ip);
    };
    this.#writing = write();
  }

  #leave(ip: string): void {
    const at = this.#c.clock.now();
    this.#left.set(ip, at);
    this.#c.clock.after(QUIET_MS, () => { if (this.#left.get(ip) === at) this.#left.delete(ip); });
    for (const wake of this.#awaited.get(ip) ?? []) wake();
    this.#awaited.delete(ip);
  }

  /**
   * Resolves when no service sends anything new to a pod's address, and what was sent last has had its moment: at once for an address
   * that none leads to. For whoever is about to stop the pod; waits as long as a service calls it ready, so bound it.
   */
  async drained(ip: string): Promise<void> {
    if (this.#closed || !this.#table) return;
    if (this.#table.serves(ip)) await new Promise<void>(resolve => { this.#awaited.set(ip, [...this.#awaited.get(ip) ?? [], resolve]); });
    // What is being written may be about it.
    else await this.#writing;
    const rest = QUIET_MS - (this.#c.clock.now() - (this.#left.get(ip) ?? Number.NEGATIVE_INFINITY));
    if (rest > 0) await new Promise<void>(resolve => { this.#c.clock.after(rest, resolve); });
  }

  async #write(changes: Parameters<NftProxy['apply']>[0]): Promise<void> {
    try { await this.#nft!.apply(changes); } catch (e) {
      // The kernel's table is not what we think it is (somebody flushed it): start over with everything.
      this.#c.log.warn('services could not be written; writing all of them anew', { error: e });
      try {
        await this.#nft!.guard();
        await this.#nft!.apply([{ before: [], after: this.#table!.all() }]);
      } catch (again) { this.#c.log.error('services could not be written', { error: again }); }
    }
  }

  /** Resolves when everything seen so far is in the kernel. */
  async settled(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flush();
    await this.#writing;
  }

  /** Stops serving. `keep` leaves rules and addresses for pods that keep running. */
  async close(keep = false): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#joining?.close();
    for (const wake of [...this.#awaited.values()].flat()) wake();
    await this.#writing;
    this.#loopback.close();
    await this.#dns?.close();
    if (!this.#nft || keep) return;
    await this.#forward.remove();
    await this.#device.down();
    await this.#nft.close();
  }
}
