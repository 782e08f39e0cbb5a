// The probes of one container run: startup first, then liveness and readiness, each with its own period and thresholds.
import type { Probe } from '../../api/types/kubernetes.ts';
import type { Timer } from '../../base/clock.ts';
import { probe, type Handler, type Target } from './handlers.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export interface ProberEvents {
  /** A verdict changed: `started`, `ready`, or the container is to be killed because of `kind`. */
  changed(): void;
  event(type: 'Warning', reason: 'Unhealthy' | 'ProbeWarning', message: string): void;
}

const WORD: Readonly<Record<ProbeKind, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' };

export class Prober {
  readonly #target: Target;
  readonly #events: ProberEvents;
  readonly #startedAt: number;
  readonly #timers = new Map<ProbeKind, Timer>();
  readonly #runs = new Map<ProbeKind, { good: boolean; count: number }>();
  readonly #stopped = new Set<ProbeKind>();
  /** The startup probe has succeeded, or there is none. */
  started: boolean;
  ready: boolean;
  /** Which probe wants the container killed. */
  failed: 'liveness' | 'startup' | undefined;

  /** `adopted`: verdicts of a container that ran before this agent did. */
  constructor(target: Target, startedAt: number, events: ProberEvents, adopted?: { started: boolean; ready: boolean }) {
    this.#target = target; this.#events = events; this.#startedAt = startedAt;
    const c = target.container;
    this.started = !c.startupProbe || (adopted?.started ?? false);
    this.ready = (!c.readinessProbe && this.started) || (adopted?.ready ?? false);
    if (!this.started) this.#schedule('startup', c.startupProbe!, true);
    else this.#begin();
  }

  #begin(): void {
    const c = this.#target.container;
    if (c.livenessProbe) this.#schedule('liveness', c.livenessProbe, true);
    if (c.readinessProbe) this.#schedule('readiness', c.readinessProbe, true);
    else this.ready = true;
  }

  #schedule(kind: ProbeKind, p: Probe, first: boolean): void {
    if (this.#stopped.has(kind)) return;
    const now = this.#target.clock.now();
    const wait = first ? Math.max(0, this.#startedAt + (p.initialDelaySeconds ?? 0) * 1000 - now) : (p.periodSeconds ?? 10) * 1000;
    this.#timers.set(kind, this.#target.clock.after(wait, () => { void this.#run(kind, p); }));
  }

  async #run(kind: ProbeKind, p: Probe): Promise<void> {
    const result = await probe(p as Handler, this.#target, (p.timeoutSeconds ?? 1) * 1000);
    if (this.#stopped.has(kind)) return;
    if (result.outcome === 'unknown') this.#events.event('Warning', 'Unhealthy', `${WORD[kind]} probe errored: ${result.message}`);
    else {
      const good = result.outcome !== 'failure';
      if (result.outcome === 'warning') this.#events.event('Warning', 'ProbeWarning', `${WORD[kind]} probe warning: ${result.message}`);
      if (!good) this.#events.event('Warning', 'Unhealthy', `${WORD[kind]} probe failed: ${result.message}`);
      const run = this.#runs.get(kind);
      const count = run?.good === good ? run.count + 1 : 1;
      this.#runs.set(kind, { good, count });
      if (count >= (good ? p.successThreshold ?? 1 : p.failureThreshold ?? 3)) this.#verdict(kind, good);
    }
    const over = this.failed !== undefined || (kind === 'startup' && this.started);
    if (!over) this.#schedule(kind, p, false);
  }

  #verdict(kind: ProbeKind, good: boolean): void {
    if (kind === 'readiness') { if (this.ready !== good) { this.ready = good; this.#events.changed(); } return; }
    if (!good) { this.failed = kind; this.stop(); this.#events.changed(); return; }
    if (kind === 'startup' && !this.started) { this.started = true; this.#begin(); this.#events.changed(); }
  }

  /** Ends startup and liveness probes; readiness goes on while the pod terminates. */
  stopKilling(): void { for (const k of ['startup', 'liveness'] as const) this.#stop(k); }
  stop(): void { for (const k of ['startup', 'liveness', 'readiness'] as const) this.#stop(k); }
  #stop(kind: ProbeKind): void {
    this.#stopped.add(kind);
    this.#timers.get(kind)?.cancel();
    this.#timers.delete(kind);
  }
}
