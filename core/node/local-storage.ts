// Disk that pods have put a limit on: measured every round for those that did, and only for those; who is over a limit is evicted
// (kubelet's local storage eviction: an emptyDir's sizeLimit, then the sum of the containers' ephemeral-storage limits, then each container's).
import { podAmounts } from '../api/meta/pod.ts';
import { canonicalQuantity, formatQuantity, parseQuantity, wholeOf } from '../api/meta/quantity.ts';
import type { Pod } from '../api/types/kubernetes.ts';
import type { Log } from '../base/log.ts';
import { diskUsage } from './disk-usage.ts';
import { volumeKind } from './unsupported.ts';

const STORAGE = 'ephemeral-storage';

/** What the measure needs of a pod that runs here. */
export interface StoredPod {
  readonly pod: Pod;
  /** Where a volume is on this machine; undefined while it is not. */
  volumePath(name: string): string | undefined;
  /** Bytes of a container's writable layer and its logs; undefined where that is not known. */
  containerDisk(name: string): Promise<number | undefined>;
  evict(message: string): void;
}

const onDisk = (pod: Pod) => (pod.spec?.volumes ?? []).filter(v => volumeKind(v) === 'emptyDir' && v.emptyDir?.medium !== 'Memory');
const limitOf = (c: { resources?: { limits?: Record<string, string> } }): string | undefined => { const l = c.resources?.limits?.[STORAGE]; return wholeOf(l) > 0 ? l : undefined; };

/** Whether the pod has put a limit on disk. */
export function limitsStorage(pod: Pod): boolean {
  return onDisk(pod).some(v => wholeOf(v.emptyDir?.sizeLimit) > 0) || [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].some(c => limitOf(c) !== undefined);
}

/** Kubelet's words for the first limit that is passed; undefined when none is. Reads the disk. */
export async function overLimit(p: StoredPod, signal?: AbortSignal): Promise<string | undefined> {
  const { pod } = p; const spec = pod.spec;
  if (!spec) return undefined;
  const used = async (name: string): Promise<number> => { const path = p.volumePath(name); return path === undefined ? 0 : diskUsage(path, signal); };
  const volumes = new Map<string, number>();
  const total = podAmounts(spec, 'limits')[STORAGE] ?? 0;
  for (const v of onDisk(pod)) {
    const limit = v.emptyDir?.sizeLimit; const bytes = wholeOf(limit);
    if (bytes <= 0 && total <= 0) continue;
    volumes.set(v.name, await used(v.name));
    if (limit !== undefined && bytes > 0 && volumes.get(v.name)! > bytes) return `Usage of EmptyDir volume "${v.name}" exceeds the limit "${canonicalQuantity(limit)}". `;
  }
  if (total <= 0) return undefined;
  const containers = new Map<string, number>();
  for (const c of [...spec.containers, ...(spec.initContainers ?? [])]) containers.set(c.name, await p.containerDisk(c.name) ?? 0);
  let sum = 0;
  for (const n of [...volumes.values(), ...containers.values()]) sum += n;
  for (const v of spec.volumes ?? []) if (volumeKind(v) === 'configMap') sum += await used(v.name);
  if (sum > total) {
    const first = [...spec.containers, ...(spec.initContainers ?? [])].map(limitOf).find(l => l !== undefined) ?? '0';
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity({ nanos: BigInt(total) * 1_000_000_000n, format: parseQuantity(first).format })}. `;
  }
  for (const c of spec.containers) {
    const limit = limitOf(c);
    if (limit !== undefined && containers.get(c.name)! > wholeOf(limit)) return `Container ${c.name} exceeded its local ephemeral storage limit "${canonicalQuantity(limit)}". `;
  }
  return undefined;
}

/** One round at a time, one pod after another. */
export class LocalStorage {
  readonly #log: Log;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  constructor(log: Log) { this.#log = log; }

  /** Measures the pods that ask for it; a round that is asked for while one runs is that one. */
  round(pods: Iterable<StoredPod>): Promise<void> {
    this.#running ??= this.#round([...pods].filter(p => limitsStorage(p.pod))).finally(() => { this.#running = undefined; });
    return this.#running;
  }

  async #round(pods: readonly StoredPod[]): Promise<void> {
    for (const p of pods) {
      if (this.#abort.signal.aborted) return;
      try {
        const message = await overLimit(p, this.#abort.signal);
        if (message !== undefined) p.evict(message);
      } catch (e) { if (!this.#abort.signal.aborted) this.#log.warn('disk of a pod not measured', { pod: `${p.pod.metadata?.namespace}/${p.pod.metadata?.name}`, error: e }); }
    }
  }

  close(): void { this.#abort.abort(new Error('node is closing')); }
}
