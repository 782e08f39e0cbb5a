// kubelet's /stats/summary and /metrics, from the runtime's figures.
import { formatTime } from '../api/meta/time.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { memoryBytes } from './host.ts';
import type { PodWorker } from './pod-worker.ts';
import type { Runtime } from './runtime/runtime.ts';
import { VolumeUsage } from './volume-usage.ts';

interface Sample { cpuNanos: number; at: number }

/** Cpu rates need two readings: kept per container between calls. */
export class Stats {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #last = new Map<string, Sample>();
  readonly #usage: VolumeUsage;
  constructor(runtime: Runtime, clock: Clock, log: Log) { this.#runtime = runtime; this.#clock = clock; this.#startedAt = clock.now(); this.#usage = new VolumeUsage(clock, log); }

  async summary(nodeName: string, workers: Iterable<PodWorker>, onlyCpuAndMemory: boolean): Promise<unknown> {
    const fresh = new Map<string, Sample>();
    const now = formatTime(this.#clock.now());
    const total = { usageNanoCores: 0, usageCoreNanoSeconds: 0, memory: 0, rss: 0 };
    const pods = [];
    for (const w of workers) {
      const containers = [];
      const sum = { usageNanoCores: 0, usageCoreNanoSeconds: 0, memory: 0, rss: 0 };
      for (const c of [...(w.pod.spec?.containers ?? []), ...(w.pod.spec?.initContainers ?? [])]) {
        const run = w.runs(c.name)?.at(-1);
        if (run?.state.phase !== 'running') continue;
        const s = await this.#runtime.stats(run.state.id);
        if (!s) continue;
        const before = this.#last.get(run.state.id) ?? { cpuNanos: 0, at: run.state.startedAt };
        const rate = s.at > before.at ? Math.max(0, Math.round(((s.cpuNanos - before.cpuNanos) / (s.at - before.at)) * 1000)) : 0;
        fresh.set(run.state.id, { cpuNanos: s.cpuNanos, at: s.at });
        containers.push({ name: c.name, startTime: formatTime(run.state.startedAt), cpu: { time: formatTime(s.at), usageNanoCores: rate, usageCoreNanoSeconds: s.cpuNanos }, memory: { time: formatTime(s.at), workingSetBytes: s.memoryWorkingSetBytes, usageBytes: s.memoryWorkingSetBytes, rssBytes: s.memoryRssBytes } });
        sum.usageNanoCores += rate; sum.usageCoreNanoSeconds += s.cpuNanos; sum.memory += s.memoryWorkingSetBytes; sum.rss += s.memoryRssBytes;
      }
      if (!containers.length) continue;
      total.usageNanoCores += sum.usageNanoCores; total.usageCoreNanoSeconds += sum.usageCoreNanoSeconds; total.memory += sum.memory; total.rss += sum.rss;
      const m = w.pod.metadata;
      pods.push({ podRef: { name: m?.name, namespace: m?.namespace, uid: m?.uid }, startTime: w.status.startTime, containers, ...figures(sum, now), ...(onlyCpuAndMemory ? {} : { volume: await this.#usage.of(w.pod, name => w.volumePath(name)) }) });
    }
    this.#last = fresh;
    return { node: { nodeName, startTime: formatTime(this.#startedAt), ...figures(total, now, memoryBytes()) }, pods };
  }

  metrics(nodeName: string, workers: readonly PodWorker[]): string {
    const running = workers.filter(w => w.sandbox).length;
    const containers = workers.reduce((n, w) => n + (w.pod.spec?.containers ?? []).filter(c => w.runs(c.name)?.at(-1)?.state.phase === 'running').length, 0);
    return `# HELP kubelet_node_name The node's name. The count is always 1.\n# TYPE kubelet_node_name gauge\nkubelet_node_name{node="${nodeName}"} 1\n# HELP kubelet_running_pods Number of pods that have a running pod sandbox\n# TYPE kubelet_running_pods gauge\nkubelet_running_pods ${running}\n# HELP kubelet_running_containers Number of containers currently running\n# TYPE kubelet_running_containers gauge\nkubelet_running_containers{container_state="running"} ${containers}\n`;
  }
}

function figures(s: { usageNanoCores: number; usageCoreNanoSeconds: number; memory: number; rss: number }, time: string, all?: number): object {
  return { cpu: { time, usageNanoCores: s.usageNanoCores, usageCoreNanoSeconds: s.usageCoreNanoSeconds }, memory: { time, workingSetBytes: s.memory, usageBytes: s.memory, rssBytes: s.rss, ...(all === undefined ? {} : { availableBytes: Math.max(0, all - s.memory) }) } };
}
