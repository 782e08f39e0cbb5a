// True facts of the machine a node stands for.
import { existsSync } from 'node:fs';
import { readFile, readdir, statfs } from 'node:fs/promises';
import { arch, availableParallelism, freemem, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import type { NodeSystemInfo } from '../api/types/kubernetes.ts';

async function text(path: string): Promise<string | undefined> {
  try { return (await readFile(path, 'utf8')).trim(); } catch (e) { if (['ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR'].includes((e as NodeJS.ErrnoException).code ?? '')) return undefined; throw e; }
}

/** Kubernetes' word for this machine's architecture. */
export const goArch = (): string => ({ x64: 'amd64', ia32: '386' } as Record<string, string>)[arch()] ?? arch();
/** …and operating system; containers are Linux' wherever they run. */
export const goOs = (): string => 'linux';

export interface Capacity { capacity: Record<string, string>; allocatable: Record<string, string> }

/** cpu, memory, ephemeral-storage, pods and huge pages. Kubelet keeps 10 % of the disk and 100 MiB of memory back for eviction; so do we. */
export async function capacityOf(dataDir: string, maxPods: number): Promise<Capacity> {
  const disk = await statfs(dataDir);
  const diskBytes = disk.blocks * disk.bsize;
  const memory = totalmem();
  const huge: Record<string, string> = {};
  try {
    for (const name of await readdir('/sys/kernel/mm/hugepages')) {
      const kb = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]);
      if (!kb) continue;
      const count = Number(await text(join('/sys/kernel/mm/hugepages', name, 'nr_hugepages')) ?? 0);
      huge[`hugepages-${kb >= 1 << 20 ? `${kb >> 20}Gi` : kb >= 1024 ? `${kb >> 10}Mi` : `${kb}Ki`}`] = count ? `${count * kb}Ki` : '0';
    }
  } catch (e) { if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e; }
  const base = { cpu: String(availableParallelism()), pods: String(maxPods), ...huge };
  return {
    capacity: { ...base, memory: `${Math.floor(memory / 1024)}Ki`, 'ephemeral-storage': `${Math.floor(diskBytes / 1024)}Ki` },
    allocatable: { ...base, memory: `${Math.floor(memory / 1024) - 100 * 1024}Ki`, 'ephemeral-storage': String(Math.floor(diskBytes * 0.9)) },
  };
}

/** `status.nodeInfo`: this machine's identity, kernel and system, read from the machine. */
export async function systemInfo(runtimeVersion: string, gitVersion: string): Promise<NodeSystemInfo> {
  const os = await text('/etc/os-release');
  const machineID = await text('/etc/machine-id') ?? '';
  return {
    machineID, systemUUID: await text('/sys/class/dmi/id/product_uuid') ?? machineID, bootID: await text('/proc/sys/kernel/random/boot_id') ?? '',
    kernelVersion: release(), osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(os ?? '')?.[1] ?? type(), containerRuntimeVersion: runtimeVersion,
    kubeletVersion: gitVersion, kubeProxyVersion: gitVersion, operatingSystem: goOs(), architecture: goArch(),
  };
}

export interface Pressure { memory: boolean; disk: boolean; pid: boolean }

/** Kubelet's default eviction thresholds: memory.available < 100Mi, nodefs.available < 10 %. */
export async function pressureOf(dataDir: string): Promise<Pressure> {
  const available = Number(/^MemAvailable:\s+(\d+) kB/m.exec(await text('/proc/meminfo') ?? '')?.[1] ?? freemem() / 1024);
  const disk = await statfs(dataDir);
  const max = Number(await text('/proc/sys/kernel/pid_max') ?? Number.NaN);
  const threads = Number(/\/(\d+) /.exec(await text('/proc/loadavg') ?? '')?.[1] ?? 0);
  return { memory: available < 100 * 1024, disk: disk.bavail < disk.blocks * 0.1, pid: threads > max - 1000 };
}

export const memoryBytes = totalmem;

/** Whether this machine's kernel enforces SELinux. */
export const seLinux: boolean = existsSync('/sys/fs/selinux/enforce');
