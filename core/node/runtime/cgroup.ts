// Control groups, version 1 (a hierarchy per controller, as on this kind of machine) and version 2 (one).
import { constants, existsSync, realpathSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceNumbers } from '../disk-usage.ts';
import type { ContainerStats, Device, Resources } from './runtime.ts';
import { systemClock, type Clock } from '../../base/clock.ts';

const ROOT = '/sys/fs/cgroup';
const V1 = ['memory', 'cpu', 'cpuacct', 'pids', 'devices', 'freezer'];

/** 2 for the unified hierarchy, 1 for the old one, 0 where there is none. */
export const cgroupVersion: 0 | 1 | 2 = existsSync(join(ROOT, 'cgroup.controllers')) ? 2 : existsSync(join(ROOT, 'memory', 'cgroup.procs')) ? 1 : 0;

const controllers: readonly { name: string; root: string }[] = cgroupVersion === 2 ? [{ name: '', root: ROOT }]
  : V1.filter(c => existsSync(join(ROOT, c, 'cgroup.procs'))).map(name => ({ name, root: join(ROOT, name) }))
    .filter((c, i, all) => all.findIndex(d => realpathSync(d.root) === realpathSync(c.root)) === i);

/** The directories of a group, one per hierarchy; the first is the one that counts memory. */
export function groupDirs(path: string): string[] { return controllers.map(c => join(c.root, path)); }
/** Pairs of directory and the name it is shown under inside a container. */
export function groupView(path: string): string[] { return controllers.flatMap(c => [join(c.root, path), c.name]); }
/** The file that counts OOM kills. */
export function oomFile(path: string): string { return join(ROOT, cgroupVersion === 2 ? '' : 'memory', path, cgroupVersion === 2 ? 'memory.events' : 'memory.oom_control'); }

/** Creates a group with all its parents; on version 2 hands the controllers down. */
export async function makeGroup(path: string): Promise<void> {
  if (cgroupVersion === 2) {
    let dir = ROOT;
    for (const part of path.split('/')) {
      await writeFile(join(dir, 'cgroup.subtree_control'), '+cpu +memory +pids').catch((e: NodeJS.ErrnoException) => { if (e.code !== 'EBUSY') throw e; });
      dir = join(dir, part);
      await mkdir(dir, { recursive: true });
    }
  } else await Promise.all(groupDirs(path).map(dir => mkdir(dir, { recursive: true })));
}

async function set(controller: string, path: string, file: string, value: string | number, optional = false): Promise<void> {
  try { await writeFile(join(ROOT, cgroupVersion === 2 ? '' : controller, path, file), String(value)); } catch (error) {
    if (optional && ['ENOENT', 'EACCES', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
    throw error;
  }
}

/** Applies what is given; the rest stays as it is. */
export async function limitGroup(path: string, r: Resources): Promise<void> {
  if (r.memoryLimitBytes !== undefined) {
    if (cgroupVersion === 2) { await set('', path, 'memory.max', r.memoryLimitBytes); await set('', path, 'memory.swap.max', 0, true); await set('', path, 'memory.oom.group', 1, true); }
    else {
      // The limit with swap may never be below the one without: which comes first depends on the direction.
      const swap = (): Promise<void> => set('memory', path, 'memory.memsw.limit_in_bytes', r.memoryLimitBytes ?? 0, true);
      try { await set('memory', path, 'memory.limit_in_bytes', r.memoryLimitBytes); await swap(); } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
        await swap(); await set('memory', path, 'memory.limit_in_bytes', r.memoryLimitBytes);
      }
    }
  }
  if (r.cpuLimitMilli !== undefined) {
    const quota = Math.max(1000, r.cpuLimitMilli * 100);
    if (cgroupVersion === 2) await set('', path, 'cpu.max', `${quota} 100000`);
    else { await set('cpu', path, 'cpu.cfs_period_us', 100_000, true); await set('cpu', path, 'cpu.cfs_quota_us', quota, true); }
  }
  if (r.cpuShares !== undefined) {
    const shares = Math.min(262_144, Math.max(2, r.cpuShares));
    // The mapping every runtime uses: 2..262144 shares to 1..10000 of weight.
    if (cgroupVersion === 2) await set('', path, 'cpu.weight', Math.floor(1 + (shares - 2) * 9999 / 262_142));
    else await set('cpu', path, 'cpu.shares', shares);
  }
  if (r.pidsLimit !== undefined && r.pidsLimit > 0) await set('pids', path, 'pids.max', r.pidsLimit);
}

/** Docker's default devices: null, zero, full, random, urandom, tty, terminals, and mknod of anything; and those the container was given. Version 1 only. */
export async function limitDevices(path: string, more: readonly Device[] = []): Promise<void> {
  if (cgroupVersion !== 1 || !controllers.some(c => c.name === 'devices')) return;
  await set('devices', path, 'devices.deny', 'a');
  for (const line of ['c *:* m', 'b *:* m', 'c 1:3 rwm', 'c 1:5 rwm', 'c 1:7 rwm', 'c 1:8 rwm', 'c 1:9 rwm', 'c 5:0 rwm', 'c 5:1 rwm', 'c 5:2 rwm', 'c 136:* rwm', ...await Promise.all(more.map(rule))]) await set('devices', path, 'devices.allow', line);
}

/** A device's line in the list: its kind, its numbers, what is allowed. */
async function rule(d: Device): Promise<string> {
  const { rdev, ...s } = await stat(d.hostPath, { bigint: true });
  const { major, minor } = deviceNumbers(rdev);
  return `${(Number(s.mode) & constants.S_IFMT) === constants.S_IFBLK ? 'b' : 'c'} ${major}:${minor} ${d.readOnly ? 'r' : 'rwm'}`;
}

/** Kills what is left in a group and in those below it. */
export async function killGroup(path: string): Promise<void> {
  const [first] = groupDirs(path);
  if (first === undefined || !existsSync(first)) return;
  for (const sub of await readdir(first, { withFileTypes: true })) if (sub.isDirectory()) await killGroup(join(path, sub.name));
  const pids = (await readFile(join(first, 'cgroup.procs'), 'latin1')).split('\n').filter(p => p !== '');
  for (const pid of pids) try { process.kill(Number(pid), 'SIGKILL'); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; }
}

/** Removes a group and those below it; a group the kernel still counts a dying process in is tried again a few times. */
export async function removeGroup(path: string, clock: Clock = systemClock): Promise<void> {
  await Promise.all(groupDirs(path).map(async dir => {
    for (let attempt = 0; ; attempt++) {
      try { await removeTree(dir); return; } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'ENOENT') return;
        if (code !== 'EBUSY' || attempt > 40) throw error;
        await new Promise<void>(resolve => { clock.after(5 * (attempt + 1), resolve); });
      }
    }
  }));
}

async function removeTree(dir: string): Promise<void> {
  for (const sub of await readdir(dir, { withFileTypes: true })) if (sub.isDirectory()) await removeTree(join(dir, sub.name));
  await rmdir(dir);
}

/** Removes a group only if nothing is in it. */
export async function removeEmptyGroup(path: string): Promise<void> {
  for (const dir of groupDirs(path)) try { await rmdir(dir); } catch (error) { if (!['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error; }
}

/** CPU time and memory of a group; undefined when it is gone. */
export async function groupStats(path: string, at: number): Promise<ContainerStats | undefined> {
  const read = (controller: string, file: string): Promise<string> => readFile(join(ROOT, cgroupVersion === 2 ? '' : controller, path, file), 'latin1');
  const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  try {
    const [cpu, usage, memory] = await Promise.all(cgroupVersion === 2 ? [read('', 'cpu.stat'), read('', 'memory.current'), read('', 'memory.stat')] : [read('cpuacct', 'cpuacct.usage'), read('memory', 'memory.usage_in_bytes'), read('memory', 'memory.stat')]);
    const inactive = field(memory, cgroupVersion === 2 ? 'inactive_file' : 'total_inactive_file');
    return { cpuNanos: cgroupVersion === 2 ? field(cpu, 'usage_usec') * 1000 : Number(cpu), memoryWorkingSetBytes: Math.max(0, Number(usage) - inactive), memoryRssBytes: field(memory, cgroupVersion === 2 ? 'anon' : 'total_rss'), at };
  } catch (error) { if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined; throw error; }
}
