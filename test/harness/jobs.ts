// Jobs over FakeApi with what the real server would have made of them, and pods that end as told.
import { job as jobKind } from '../../core/api/kinds/batch/job.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { isActive } from '../../core/api/meta/pod.ts';
import { formatTime } from '../../core/api/meta/time.ts';
import type { Job, JobSpec, Pod } from '../../core/api/types/kubernetes.ts';
import { reapPods, runPods, world, type World } from './controllers.ts';

let serial = 0;
/** Defaulted, selected and labelled as when it is created; `template` overrides the pod's spec. */
export function jobOf(spec: Partial<JobSpec> = {}, template: object = {}, name = 'sums'): Job {
  const job: Job = {
    apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default', uid: `job-${serial++}` },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }], ...template } }, ...spec },
  };
  jobKind.setDefaults?.(job);
  jobKind.prepareForCreate?.(job);
  return job;
}

/** A world with one job, and short words for what happens in it. */
export class JobWorld {
  readonly w: World;
  constructor(w: World) { this.w = w; }
  static async with(spec: Partial<JobSpec> = {}, template: object = {}): Promise<JobWorld> {
    return new JobWorld(await world(['job'], api => { api.put(jobKind, jobOf(spec, template)); }));
  }

  get job(): Job { return this.w.api.get<Job>(jobKind, 'default/sums')!; }
  get status(): NonNullable<Job['status']> { return this.job.status ?? {}; }
  get pods(): Pod[] { return this.w.api.all<Pod>(podKind); }
  get active(): Pod[] { return this.pods.filter(isActive); }
  /** Indexes of the active pods, in order. */
  get indexes(): number[] { return this.active.map(p => Number(p.metadata?.annotations?.['batch.kubernetes.io/job-completion-index'])).sort((a, b) => a - b); }
  at(index: number): Pod { return this.active.find(p => p.metadata?.annotations?.['batch.kubernetes.io/job-completion-index'] === String(index))!; }
  /** `Complete CompletionsReached Reached expected…` of those that are True. */
  get conditions(): string[] { return (this.status.conditions ?? []).map(c => `${c.type}=${c.status} ${c.reason} ${c.message}`); }
  /** Pods that were made in all. */
  get made(): number { return this.w.events.filter(e => e.includes(' SuccessfulCreate ')).length; }

  async run(): Promise<void> { await this.w.settle(); runPods(this.w.api); await this.w.settle(); }
  async change(f: (j: Job) => void): Promise<void> { this.w.api.change<Job>(jobKind, 'default/sums', j => { f(j); j.metadata!.generation!++; }); await this.w.settle(); }
  async after(seconds: number): Promise<void> { await this.w.clock.advance(seconds * 1000); await this.w.settle(); }
  /** Removes what is being deleted, as its kubelet would. */
  async reap(): Promise<void> { reapPods(this.w.api); await this.w.settle(); }

  /** Ends these pods: with an exit code, and conditions where they matter. */
  async end(pods: Pod | readonly Pod[], exitCode = 0, conditions: { type: string; status: string }[] = []): Promise<void> {
    const now = formatTime(this.w.clock.now());
    for (const p of 'metadata' in pods ? [pods] : pods as readonly Pod[]) {
      this.w.api.change<Pod>(podKind, `default/${p.metadata?.name}`, o => {
        o.spec!.nodeName ??= 'node-0';
        o.status = {
          phase: exitCode === 0 ? 'Succeeded' : 'Failed', conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: now }, ...conditions],
          containerStatuses: o.spec!.containers.map(c => ({ name: c.name, image: 'x', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode, finishedAt: now } } })),
        };
      });
    }
    await this.w.settle();
  }
  stop(): Promise<void> { return this.w.stop(); }
}
