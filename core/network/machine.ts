// The machine's part of the cluster network on Linux as root: one device that carries the cluster's own addresses and the route of
// the service range and, behind every other, of the pod range, so that even with every rule gone nothing of them takes the default route.
import { access, readFile, writeFile } from 'node:fs/promises';
import { run } from './run.ts';

/** Why the machine cannot carry a real service network; undefined when it can. */
export async function whyNoNft(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  for (const tool of ['nft', 'ip']) {
    try { await run(tool, ['-V']); } catch { return `no ${tool} on this machine`; /* the reason is the answer */ }
  }
  return undefined;
}

/** Turns bridge traffic over to netfilter if the kernel can; false when it cannot. */
export async function enableBridgeNetfilter(): Promise<boolean> {
  const file = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  try { await access(file); } catch {
    try { await run('modprobe', ['br_netfilter']); } catch { return false; /* no such module: the caller masquerades instead */ }
  }
  try {
    if ((await readFile(file, 'utf8')).trim() !== '1') await writeFile(file, '1');
    return true;
  } catch { return false; /* read-only /proc: as if the module were missing */ }
}

export class ClusterDevice {
  readonly name: string;
  readonly #serviceCidr: string;
  readonly #podCidr: string;
  constructor(name: string, serviceCidr: string, podCidr: string) { this.name = name; this.#serviceCidr = serviceCidr; this.#podCidr = podCidr; }

  /** Creates the device with the addresses (each /32) and routes the service range to it, and the pod range as long as no runtime's bridge has a better route. Idempotent. A bridge without ports serves as a dummy device: not every kernel has those. */
  async up(addresses: readonly string[]): Promise<void> {
    await this.down();
    const lines = [`link add ${this.name} type bridge`, `link set ${this.name} up`, ...addresses.map(a => `addr add ${a}/32 dev ${this.name}`), `route replace ${this.#serviceCidr} dev ${this.name}`, `route replace ${this.#podCidr} dev ${this.name} metric 4000000000`];
    await run('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
  }

  async down(): Promise<void> {
    try { await access(`/sys/class/net/${this.name}`); } catch { return; /* not there */ }
    await run('ip', ['link', 'del', this.name]);
  }
}

/** Forward rules for the pods of a cluster where another program (Docker) has set iptables' FORWARD policy to DROP: an accept in our
 *  own nftables chain cannot undo a drop in theirs. Where there is no iptables there is no such drop. */
export class ForwardRules {
  readonly #podCidr: string;
  readonly #comment: string;
  constructor(podCidr: string, comment: string) { this.#podCidr = podCidr; this.#comment = comment; }

  async add(): Promise<void> {
    await this.remove();
    if (!(await dropsForwarded())) return;
    for (const side of ['-s', '-d']) await run('iptables', ['-w', '-I', 'FORWARD', side, this.#podCidr, ...this.#tag(), '-j', 'ACCEPT']);
  }

  async remove(): Promise<void> {
    for (const side of ['-s', '-d']) {
      for (;;) {
        try { await run('iptables', ['-w', '-D', 'FORWARD', side, this.#podCidr, ...this.#tag(), '-j', 'ACCEPT']); } catch { break; /* none left, or no iptables: the same to us */ }
      }
    }
  }

  #tag(): string[] { return ['-m', 'comment', '--comment', this.#comment]; }
}

async function dropsForwarded(): Promise<boolean> {
  try { return (await run('iptables', ['-w', '-S', 'FORWARD'])).includes('-P FORWARD DROP'); } catch { return false; /* no iptables */ }
}
