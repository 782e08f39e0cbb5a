// scheduler_*: what kube-scheduler counts of its attempts and its queue.
import { exponential, type Counter, type Figures, type Histogram } from '../base/figures.ts';

export type Result = 'scheduled' | 'unschedulable' | 'error';

/** What is known of the scheduler when somebody asks. */
export interface Standing {
  /** Pods by the part of the queue they wait in: active, backoff, unschedulable, gated. */
  pending(): Readonly<Record<string, number>>;
  /** Pods that wait for something to change, by profile and by the plug-in that refused them. */
  refused(): Iterable<readonly [plugin: string, profile: string, pods: number]>;
  /** What the snapshot holds: nodes, pods, assumed_pods. */
  held(): Readonly<Record<string, number>>;
}

export class SchedulerFigures {
  readonly #attempts: Counter;
  readonly #took: Histogram;
  readonly #algorithm: Histogram;
  readonly #sli: Histogram;
  readonly #tries: Histogram;
  readonly #preemptions: Counter;
  readonly #victims: Histogram;

  constructor(f: Figures, standing: Standing) {
    const fine = exponential(0.001, 2, 15);
    this.#attempts = f.counter('scheduler_schedule_attempts_total', 'Attempts to place pods, by their result.', ['profile', 'result']);
    this.#took = f.histogram('scheduler_scheduling_attempt_duration_seconds', 'Seconds of an attempt, binding included.', ['profile', 'result'], fine);
    this.#algorithm = f.histogram('scheduler_scheduling_algorithm_duration_seconds', 'Seconds to choose a node.', [], fine);
    this.#sli = f.histogram('scheduler_pod_scheduling_sli_duration_seconds', 'Seconds from when a pod could be placed first until it was, by the attempts it took.', ['attempts'], exponential(0.01, 2, 20));
    this.#tries = f.histogram('scheduler_pod_scheduling_attempts', 'Attempts it took to place a pod.', [], exponential(1, 2, 5));
    this.#preemptions = f.counter('scheduler_preemption_attempts_total', 'Looks for pods that could make room.');
    this.#victims = f.histogram('scheduler_preemption_victims', 'Pods that were told to make room.', [], exponential(1, 2, 7));
    this.#preemptions.add([], 0);
    const rows = (label: string, of: Readonly<Record<string, number>>): [Record<string, string>, number][] => Object.entries(of).map(([k, n]) => [{ [label]: k }, n]);
    f.observed({ name: 'scheduler_pending_pods', type: 'gauge', help: 'Pods that wait, by the part of the queue they are in.', read: () => rows('queue', standing.pending()) });
    f.observed({ name: 'scheduler_unschedulable_pods', type: 'gauge', help: 'Pods that wait for a change, by the plug-in that refused them.', read: () => [...standing.refused()].map(([plugin, profile, n]) => [{ plugin, profile }, n]) });
    f.observed({ name: 'scheduler_cache_size', type: 'gauge', help: 'Nodes, pods and assumed pods in the cache.', read: () => rows('type', standing.held()) });
  }

  /** How long the choice took; milliseconds. */
  chose(ms: number): void { this.#algorithm.observe([], ms / 1000); }
  /** One attempt is over; `ms` where it is known how long it took. */
  ended(profile: string, result: Result, ms?: number): void {
    this.#attempts.add([profile, result]);
    if (ms !== undefined) this.#took.observe([profile, result], ms / 1000);
  }
  /** A pod has its node: after so many attempts, and so many milliseconds since it could be tried first. */
  placed(attempts: number, ms: number): void {
    this.#tries.observe([], attempts);
    this.#sli.observe([attempts > 15 ? '16+' : String(attempts)], ms / 1000);
  }
  looked(): void { this.#preemptions.add([]); }
  madeRoom(victims: number): void { this.#victims.observe([], victims); }
}
