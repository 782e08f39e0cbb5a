// The cluster's network on this machine: guard, service proxy, NodePorts on loopback, DNS. Pods' own interfaces belong to the runtime.
// Order matters: `guard` stands before the first virtual address is handed out, and falls only after the last one is gone.
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { InformerFactory } from '../client/informer.ts';
import { machineUpstreams, DnsServer, type Upstream } from './dns/server.ts';
import { Records } from './dns/records.ts';
import { ClusterDevice, enableBridgeNetfilter, ForwardRules, whyNoNft } from './machine.ts';
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

export class Network {
  readonly mode: 'nft' | 'userspace';
  /** Why it is not nft, for people. */
  readonly why: string;
  readonly #c: NetworkConfig;
  readonly #nft: NftProxy | undefined;
  readonly #device: ClusterDevice;
  readonly #loopback: LoopbackNodePorts;
  readonly #forward: ForwardRules;
  #table: ServiceTable | undefined;
  #dns: DnsServer | undefined;
  readonly #dirty = new Set<string>();
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
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
    this.#table = new ServiceTable(informers, key => {
      this.#dirty.add(key);
      this.#timer ??= this.#c.clock.after(BATCH_MS, () => { this.#timer = undefined; this.#flush(); });
    });
  }

  #flush(): void {
    if (this.#closed || !this.#table) return;
    const keys = [...this.#dirty];
    this.#dirty.clear();
    const changes = keys.map(k => this.#table!.refresh(k)).filter(c => c.before.length || c.after.length);
    if (changes.length === 0) return;
    this.#loopback.apply(changes);
    if (this.#nft) this.#writing = this.#writing.then(() => this.#write(changes));
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
    await this.#writing;
    this.#loopback.close();
    await this.#dns?.close();
    if (!this.#nft || keep) return;
    await this.#forward.remove();
    await this.#device.down();
    await this.#nft.close();
  }
}
