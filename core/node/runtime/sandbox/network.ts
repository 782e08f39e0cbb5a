// The pod network: one bridge per cluster, a veth pair per pod, and an nftables table of our own for the way out and host ports.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { RuntimeConfig, SandboxSpec } from '../runtime.ts';
import type { Log } from '../../../base/log.ts';

/** Runs a program with text on its standard input; throws with its own words. */
export function run(program: string, args: string[], input = '', cwd?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 16 << 20, cwd }, (error, stdout, stderr) => { if (error) reject(new Error(`${program}: ${stderr.trim() || error.message}`)); else resolve(stdout); });
    child.stdin?.on('error', () => { /* it ended before reading: its exit status says why */ });
    child.stdin?.end(input);
  });
}

type Net = Pick<RuntimeConfig, 'clusterId' | 'clusterPodCidr' | 'gateway'>;
export const bridgeOf = (clusterId: string): string => `ph-${clusterId}`.slice(0, 15);
const tableOf = (clusterId: string): string => `pilothouse_pods_${clusterId.replace(/[^A-Za-z0-9_]/g, '_')}`;
/** The host's end of a pod's cable. */
export const vethOf = (sandboxId: string): string => `phv${sandboxId.slice(0, 11)}`;

/** Makes bridge, rules and kernel settings; harmless when another node of the cluster did. */
export async function ensureNetwork(net: Net, log: Log): Promise<void> {
  const bridge = bridgeOf(net.clusterId); const table = tableOf(net.clusterId);
  const prefix = net.clusterPodCidr.split('/')[1];
  // The table comes first: nothing of the pod range may leave by the default route unmasqueraded.
  await run('nft', ['-f', '-'], `
table ip ${table} {
  map hostports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map hostipports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  chain prerouting { type nat hook prerouting priority -100; }
  chain output { type nat hook output priority -100; }
  chain postrouting { type nat hook postrouting priority 100; }
  chain raw { type filter hook prerouting priority -300; }
}
flush chain ip ${table} prerouting
flush chain ip ${table} output
flush chain ip ${table} postrouting
flush chain ip ${table} raw
table ip ${table} {
  chain prerouting {
    fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @hostipports
    fib daddr type local dnat ip to meta l4proto . th dport map @hostports
  }
  chain output {
    fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @hostipports
    fib daddr type local dnat ip to meta l4proto . th dport map @hostports
  }
  chain postrouting {
    ip saddr ${net.clusterPodCidr} ip daddr ${net.clusterPodCidr} return
    ip saddr ${net.clusterPodCidr} oifname != "${bridge}" masquerade
    ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade
  }
  chain raw { iifname "${bridge}" ip daddr 127.0.0.0/8 drop; }
}
`);
  if (!existsSync(`/sys/class/net/${bridge}`)) await run('ip', ['link', 'add', bridge, 'type', 'bridge']).catch((e: Error) => { if (!/exists/.test(e.message)) throw e; });
  await run('ip', ['-batch', '-'], `addr replace ${net.gateway}/${prefix} dev ${bridge}\nlink set ${bridge} up\nroute replace unreachable ${net.clusterPodCidr} metric 4096\n`);
  for (const [file, value, needed] of [['/proc/sys/net/ipv4/ip_forward', '1', true], [`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1', true], ['/proc/sys/net/bridge/bridge-nf-call-iptables', '1', false]] as const) {
    try { await writeFile(file, value); } catch (error) { if (needed) throw error; log.debug('kernel setting not made', { file, error }); }
  }
  await openForward(net, log);
}

// Docker's or another firewall's FORWARD chain may drop by default: a verdict of ours cannot undo that, only a rule in that chain can.
async function openForward(net: Net, log: Log): Promise<void> {
  const bridge = bridgeOf(net.clusterId);
  let chain: string;
  try { chain = await run('nft', ['list', 'chain', 'ip', 'filter', 'FORWARD']); } catch { return; }
  if (!/policy drop/.test(chain)) return;
  const name = chain.includes('DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD';
  const now = await run('nft', ['list', 'chain', 'ip', 'filter', name]);
  if (now.includes(`iifname "${bridge}"`)) return;
  await run('nft', ['-f', '-'], `insert rule ip filter ${name} iifname "${bridge}" accept\ninsert rule ip filter ${name} oifname "${bridge}" accept\n`).catch((error: unknown) => { log.warn('pods may not reach the outside: the forward chain takes no rule', { error }); });
}

/** Removes bridge, table and rules of a cluster. */
export async function removeNetwork(net: Net): Promise<void> {
  const bridge = bridgeOf(net.clusterId);
  const ignore = (e: Error): void => { if (!/No such|Cannot find|does not exist/i.test(e.message)) throw e; };
  await run('nft', ['delete', 'table', 'ip', tableOf(net.clusterId)]).catch(ignore);
  for (const name of ['DOCKER-USER', 'FORWARD']) {
    const chain = await run('nft', ['-a', 'list', 'chain', 'ip', 'filter', name]).catch(() => '');
    for (const line of chain.split('\n')) {
      const handle = line.includes(`ifname "${bridge}" accept`) || line.includes(`ifname "${bridge}" counter`) ? /# handle (\d+)/.exec(line)?.[1] : undefined;
      if (handle !== undefined) await run('nft', ['delete', 'rule', 'ip', 'filter', name, 'handle', handle]).catch(ignore);
    }
  }
  await run('ip', ['link', 'del', bridge]).catch(ignore);
  await run('ip', ['route', 'del', 'unreachable', net.clusterPodCidr, 'metric', '4096']).catch(ignore);
}

/** Gives a sandbox its cable and address. */
export async function plug(program: string, net: Net, sandboxId: string, pid: number, spec: SandboxSpec): Promise<void> {
  if (spec.ip === undefined) { await run(program, ['net', String(pid)]); return; }
  const bridge = bridgeOf(net.clusterId); const veth = vethOf(sandboxId);
  // hairpin: a pod that reaches itself through a Service gets its own frame back.
  await run('ip', ['-batch', '-'], `link add ${veth} type veth peer name eth0 netns ${pid}\nlink set ${veth} master ${bridge}\nlink set ${veth} type bridge_slave hairpin on\nlink set ${veth} up\n`);
  await run(program, ['net', String(pid), spec.ip, net.clusterPodCidr.split('/')[1] ?? '16', net.gateway]);
  await hostPorts(net, spec, 'add');
}

/** Takes the cable and the host ports away; harmless when they are gone. */
export async function unplug(net: Net, sandboxId: string, spec: SandboxSpec): Promise<void> {
  if (existsSync(`/sys/class/net/${vethOf(sandboxId)}`)) await run('ip', ['link', 'del', vethOf(sandboxId)]).catch((e: Error) => { if (!/Cannot find|No such device/.test(e.message)) throw e; });
  await hostPorts(net, spec, 'delete');
}

async function hostPorts(net: Net, spec: SandboxSpec, what: 'add' | 'delete'): Promise<void> {
  if (spec.hostNetwork || spec.ip === undefined) return;
  for (const p of spec.ports) {
    const any = p.hostIP === '' || p.hostIP === '0.0.0.0';
    const key = `${any ? '' : `${p.hostIP} . `}${p.protocol.toLowerCase()} . ${p.hostPort}`;
    const element = `${key} : ${spec.ip} . ${p.containerPort}`;
    try { await run('nft', [what, 'element', 'ip', tableOf(net.clusterId), any ? 'hostports' : 'hostipports', `{ ${element} }`]); } catch (error) {
      // Taken already (a sandbox that was never unplugged), or gone already.
      if (what === 'delete' && /No such file|does not exist/.test((error as Error).message)) continue;
      throw error;
    }
  }
}
