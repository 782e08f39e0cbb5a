// What a cluster has on the machine, found by its id and its data directory wherever such things can be.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const lines = (command: string, ...args: string[]): string[] => {
  const r = spawnSync(command, args, { encoding: 'utf8', timeout: 30_000 });
  if (r.error || r.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${r.error?.message ?? r.stderr}`);
  return r.stdout.split('\n').filter(Boolean);
};

function processes(): string[] {
  return readdirSync('/proc').filter(p => /^\d+$/.test(p)).flatMap(pid => {
    // A process may end while we look.
    try { return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')} ${readFileSync(`/proc/${pid}/cgroup`, 'latin1').replaceAll('\n', ' ')} ${readlinkSync(`/proc/${pid}/root`)}`]; } catch { return []; }
  });
}

/** `container …`, `table …`, `device …`, `route …`, `mount …`, `cgroup …`, `process …`: one line each. */
export function leftovers(id: string, data: string): string[] {
  const named = (what: string, all: string[]): string[] => all.filter(l => l.includes(id) || l.includes(data)).map(l => `${what} ${l}`);
  return [
    ...named('container', lines('docker', 'ps', '-a', '--format', '{{.Names}} {{.Labels}}')),
    ...named('docker network', lines('docker', 'network', 'ls', '--format', '{{.Name}}')),
    ...named('table', lines('nft', 'list', 'tables')),
    ...named('device', lines('ip', '-o', 'link')),
    ...named('route', lines('ip', 'route', 'show', 'table', 'all')),
    ...named('rule', lines('ip', 'rule')),
    ...named('namespace', lines('ip', 'netns')),
    ...named('mount', readFileSync('/proc/self/mounts', 'utf8').split('\n')),
    ...named('cgroup', lines('find', '/sys/fs/cgroup', '-type', 'd')),
    ...named('process', processes()),
  ];
}

/** Images for a test of its own: alpine, in the engine or as archives for the sandbox runtime. */
export function ownImage(runtime: 'docker' | 'sandbox'): void {
  lines('bash', join(import.meta.dirname, '../images/build.sh'), ...(runtime === 'sandbox' ? ['--out', '/var/cache/pilothouse-test-images'] : []), 'alpine:latest', 'alpine:3.20', 'pause:3.9');
}
