// What the conformance cases share: a host on a runtime with the test images there, and a namespace per case.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { eventually, read, startHost, type Host } from '../harness/host.ts';
import { Kube, kubectls, type Kubectl } from '../harness/kubectl.ts';
import { ARCHIVES, Stage, type RuntimeName } from './stories/story.ts';

const IMAGES = join(import.meta.dirname, '../images');
const LOCK = '/run/lock/pilothouse-test-images';
/** Every kubectl of this machine, oldest first, and the newest. */
export const versions: readonly Kubectl[] = kubectls();
export const newest: Kubectl = versions.at(-1)!;

/** Builds the images that are missing (in Docker, or as archives for `sandbox`) and starts a host. */
export async function openHost(runtime: RuntimeName, args: readonly string[] = []): Promise<Host> {
  const out = runtime === 'sandbox' ? ['--out', ARCHIVES] : [];
  for (const [command, list] of [['bash', [join(IMAGES, 'build.sh'), ...out]], ['node', [join(IMAGES, 'examples.mjs'), ...out]]] as const) {
    // One builder at a time: files of a suite may run beside one another.
    const r = spawnSync('flock', [LOCK, command, ...list], { encoding: 'utf8' });
    if (r.status !== 0) throw new Error(`${list[0]}: ${r.stderr}`);
  }
  return startHost(['--runtime', runtime, ...args], { timeoutMs: 120_000, env: { PILOTHOUSE_IMAGE_DIRS: ARCHIVES } });
}

/** Runs `play` in a namespace of its own and deletes that again; answers how many pods it had. */
export async function inNamespace(ns: string, host: Host, runtime: RuntimeName | 'simulated', play: (s: Stage) => Promise<void>, kubectl = newest): Promise<number> {
  const stage = new Stage(new Kube(kubectl.binary, host.ready.kubeconfig, ns), host, runtime as RuntimeName);
  await stage.open();
  let count = 0;
  try { await play(stage); } finally { count = await stage.close(); }
  return count;
}

/** At most `n` at a time. */
export function gate(n: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async work => {
    if (running >= n) await new Promise<void>(resolve => { waiting.push(resolve); });
    else running++;
    try { return await work(); } finally { const next = waiting.shift(); if (next) next(); else running--; }
  };
}

/** The cluster's id, which everything it makes on the machine carries in its name. */
export const clusterId = (host: Host): string => (JSON.parse(read(join(host.data, 'cluster.json'))) as { id: string }).id;

/** What a cluster has left on the machine: containers, network namespaces, links, cgroups, mounts, nft tables, processes. */
export function leftovers(id: string, data: string): string[] {
  return [
    `docker ps -a --format '{{.Names}} {{.Labels}}' | grep -F ${id}`, `docker network ls --format '{{.Name}}' | grep -F ${id}`, `grep -F ' ${data}' /proc/self/mounts`, `ls /var/run/netns | grep -F ${id}`, `ip -o link | grep -F ${id}`,
    `nft list tables | grep -F ${id}`, `find /sys/fs/cgroup -maxdepth 4 -type d -name '*${id}*'`, `pgrep -af ${data}`,
  ].flatMap(c => spawnSync('bash', ['-c', `${c} 2>/dev/null`], { encoding: 'utf8', timeout: 10_000 }).stdout.split('\n').filter(l => l !== '' && !l.includes('pgrep')));
}

/** Stops the host, resets its cluster and answers what is left all the same. */
export async function closeHost(host: Host | undefined): Promise<string[]> {
  if (!host) return [];
  const id = clusterId(host);
  await host.dispose();
  return leftovers(id, host.data);
}

export { eventually };
