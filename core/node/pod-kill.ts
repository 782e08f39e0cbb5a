// Ending containers: preStop, stop signal, grace, kill; sidecars after the others, in reverse order.
import { runHook } from './hooks.ts';
import type { NodeContext } from './node-context.ts';
import type { Member } from './pod-record.ts';
import type { Target } from './probes/handlers.ts';

/** The least a container gets after its hook, as kubelet's. */
const LEAST_SECONDS = 2;

export interface KillRequest {
  member: Member; containerId: string; target: Target;
  /** ms since the epoch by which the container must be dead; may move closer while this runs. */
  deadline(): number;
  /** Aborts hooks when the deadline moves. */
  hurry: AbortSignal;
  message: string;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** Resolves when the container is dead. */
export async function killContainer(ctx: NodeContext, q: KillRequest): Promise<void> {
  q.event('Normal', 'Killing', q.message);
  const preStop = q.member.container.lifecycle?.preStop;
  const left = (): number => q.deadline() - ctx.clock.now();
  if (preStop && left() > 0) {
    const stop = new AbortController();
    const timer = ctx.clock.after(left(), () => stop.abort());
    const hurry = (): void => stop.abort();
    q.hurry.addEventListener('abort', hurry, { once: true });
    try { await Promise.race([runHook('PreStop', preStop, q.target, stop.signal), new Promise<void>(resolve => { stop.signal.addEventListener('abort', () => resolve(), { once: true }); })]); }
    catch (e) { q.event('Warning', 'FailedPreStopHook', 'PreStopHook failed'); ctx.log.info('preStop failed', { container: q.member.container.name, error: e }); }
    finally { timer.cancel(); q.hurry.removeEventListener('abort', hurry); }
  }
  const seconds = Math.max(LEAST_SECONDS, Math.ceil(left() / 1000));
  const done = ctx.runtime.stopContainer(q.containerId, seconds);
  // A shorter grace asked for meanwhile: the second stop wins.
  const sooner = (): void => { ctx.runtime.stopContainer(q.containerId, Math.max(0, Math.ceil(left() / 1000))).catch((e: unknown) => { ctx.log.warn('stop failed', { error: e }); }); };
  q.hurry.addEventListener('abort', sooner, { once: true });
  try { await done; } finally { q.hurry.removeEventListener('abort', sooner); }
}
