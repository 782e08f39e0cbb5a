// How much of the disk a pod's volumes take, for who asks: a walk through a tree, so that an answer serves for a minute and nobody waits long.
import { readFile, stat, statfs } from 'node:fs/promises';
import { claimNameOf } from '../api/meta/claims.ts';
import { formatTime } from '../api/meta/time.ts';
import type { Pod } from '../api/types/kubernetes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { deviceNumbers, diskUsage } from './disk-usage.ts';

/** As kubelet's volumeStatsAggPeriod. */
const FRESH_MS = 60_000;
/** Paths remembered; the oldest are measured anew. */
const REMEMBER = 4096;
/** Whoever asks first waits no longer than this; what is not measured by then is in the next answer. */
const PATIENCE_MS = 250;

/** Bytes of a block device; undefined for anything else. */
async function deviceSize(path: string): Promise<number | undefined> {
  const found = await stat(path, { bigint: true }).catch((e: unknown) => { if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined; throw e; });
  if (!found?.isBlockDevice()) return undefined;
  const { major, minor } = deviceNumbers(found.rdev);
  return Number((await readFile(`/sys/dev/block/${major}:${minor}/size`, 'latin1')).trim()) * 512;
}

interface Measured { usedBytes: number; at: number }

export class VolumeUsage {
  readonly #clock: Clock;
  readonly #known = new Map<string, Measured>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #log: Log;
  constructor(clock: Clock, log: Log) { this.#clock = clock; this.#log = log; }

  /** The volumes of a pod that are its own or its claims', as `volume` of kubelet's summary has them. */
  async of(pod: Pod, pathOf: (name: string) => string | undefined): Promise<object[]> {
    const out: object[] = [];
    for (const v of pod.spec?.volumes ?? []) {
      const claim = claimNameOf(pod, v), path = claim !== undefined || v.emptyDir ? pathOf(v.name) : undefined;
      if (path === undefined) continue;
      // Of a block device nobody knows what is used of it: its size is all there is to say.
      const size = await deviceSize(path);
      if (size !== undefined) { out.push({ time: formatTime(this.#clock.now()), capacityBytes: size, name: v.name, ...(claim === undefined ? {} : { pvcRef: { name: claim, namespace: pod.metadata?.namespace } }) }); continue; }
      const used = await this.#used(path);
      if (!used) continue;
      const fs = await statfs(path);
      out.push({
        time: formatTime(used.at), availableBytes: fs.bavail * fs.bsize, capacityBytes: fs.blocks * fs.bsize, usedBytes: used.usedBytes, inodesFree: fs.ffree, inodes: fs.files, name: v.name,
        ...(claim === undefined ? {} : { pvcRef: { name: claim, namespace: pod.metadata?.namespace } }),
      });
    }
    return out;
  }

  async #used(path: string): Promise<Measured | undefined> {
    const known = this.#known.get(path);
    if (known && this.#clock.now() - known.at < FRESH_MS) return known;
    let walk = this.#running.get(path);
    if (!walk) this.#running.set(path, walk = this.#walk(path));
    if (known) return known;
    let timer: Timer | undefined;
    await Promise.race([walk, new Promise<void>(resolve => { timer = this.#clock.after(PATIENCE_MS, resolve); })]);
    timer?.cancel();
    return this.#known.get(path);
  }

  /** What cannot be measured is asked for again the next time. */
  async #walk(path: string): Promise<void> {
    try { this.#learn(path, await diskUsage(path)); } catch (e) { this.#log.debug('a volume was not measured', { path, error: e }); } finally { this.#running.delete(path); }
  }

  #learn(path: string, usedBytes: number): void {
    this.#known.delete(path);
    this.#known.set(path, { usedBytes, at: this.#clock.now() });
    if (this.#known.size > REMEMBER) this.#known.delete(this.#known.keys().next().value!);
  }
}
