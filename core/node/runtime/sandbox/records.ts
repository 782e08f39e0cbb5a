// What is kept on disk about pods and containers, so that the next host finds everything: `pods/<id>/spec.json`, `pods/<id>/c/<id>/spec.json`,
// and beside the latter the launcher's own `pid`, `exit`, `ctl` and `log`.
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { ContainerSpec, ContainerState, SandboxSpec } from '../runtime.ts';
import { readJson, type ImageConfig } from './archive.ts';

export interface ContainerRecord {
  id: string; sandboxId: string; spec: ContainerSpec; image: ImageConfig; layers: string[]; createdAt: number; startedAt: number;
  /** Why a start failed. */
  failure?: string; failedAt?: number;
}
export interface PodRecord { id: string; spec: SandboxSpec; createdAt: number }

export interface LiveContainer { record: ContainerRecord; dir: string; group: string; control: Socket | undefined; ended: Promise<void> | undefined }
export interface LivePod { record: PodRecord; dir: string; group: string; control: Socket | undefined; pid: number; containers: Map<string, LiveContainer> }

/** The exit the launcher wrote: code, signal, whether the kernel killed for memory, ms since the epoch. */
export function readExit(dir: string): { code: number; signal: number; oom: boolean; at: number } | undefined {
  const file = join(dir, 'exit');
  if (!existsSync(file)) return undefined;
  const [code = 137, signal = 0, oom = 0, at = 0] = readFileSync(file, 'latin1').trim().split(' ').map(Number);
  return { code, signal, oom: oom === 1, at };
}

/** The process id a launcher wrote; 0 when it wrote none. */
export function readPid(dir: string): number {
  const file = join(dir, 'pid');
  return existsSync(file) ? Number(readFileSync(file, 'latin1')) : 0;
}

/** A container as the seam shows it. */
export function stateOf(c: LiveContainer): ContainerState {
  const r = c.record;
  const exit = readExit(c.dir);
  const base = { id: r.id, sandboxId: r.sandboxId, name: r.spec.name, attempt: r.spec.attempt, image: r.spec.image, imageId: r.spec.imageId, createdAt: r.createdAt, startedAt: r.startedAt, labels: r.spec.labels };
  // 128 is what a container has that never ran.
  if (r.failure !== undefined) return { ...base, phase: 'exited', startedAt: 0, finishedAt: r.failedAt ?? r.createdAt, exitCode: 128, oomKilled: false, message: r.failure };
  if (exit) return { ...base, phase: 'exited', finishedAt: Math.max(exit.at, r.startedAt), exitCode: exit.oom && exit.signal === 9 ? 137 : exit.code, ...(exit.signal === 0 ? {} : { signal: exit.signal }), oomKilled: exit.oom };
  return { ...base, phase: r.startedAt === 0 ? 'created' : 'running', finishedAt: 0, exitCode: 0, oomKilled: false };
}

/** Everything below `pods`, in no order. A folder without a readable record is what a killed host was just making. */
export async function readRecords(podsDir: string, groupOf: (pod: string, container?: string) => string): Promise<{ pods: LivePod[]; broken: string[] }> {
  const pods: LivePod[] = []; const broken: string[] = [];
  for (const id of await readdir(podsDir)) {
    const dir = join(podsDir, id);
    const record = await readJson<PodRecord>(join(dir, 'spec.json'));
    if (!record) { broken.push(dir); continue; }
    const containers = new Map<string, LiveContainer>();
    for (const cid of await readdir(join(dir, 'c'))) {
      const cdir = join(dir, 'c', cid);
      const c = await readJson<ContainerRecord>(join(cdir, 'spec.json'));
      if (c) containers.set(c.id, { record: c, dir: cdir, group: groupOf(record.id, c.id), control: undefined, ended: undefined });
      else broken.push(cdir);
    }
    pods.push({ record, dir, group: groupOf(record.id), control: undefined, pid: 0, containers });
  }
  return { pods, broken };
}
