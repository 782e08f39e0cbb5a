// What a pod needs next, from its spec and what is known of its containers. Pure: no clock, no runtime.
import type { Container, Pod } from '../api/types/kubernetes.ts';
import { isRunning, latest, members, specHash, LABEL, type ContainerRecord, type Member } from './pod-record.ts';

export interface Plan {
  /** A sandbox is needed before anything can start. */
  createSandbox: boolean;
  /** Containers that should run and do not; the worker applies back-off. */
  start: Member[];
  kill: { member: Member; message: string; reason: string }[];
  /** Nothing will start any more: the pod has succeeded or failed. */
  over: boolean;
  /** A container ended in a way that starts the whole pod anew, in place. */
  restartAll: boolean;
}

/** What the first rule that names this exit code says. */
export function ruleFor(c: Container, exitCode: number): string | undefined {
  return c.restartPolicyRules?.find(({ exitCodes }) => {
    const hit = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes?.operator === 'NotIn' ? !hit : hit;
  })?.action;
}

/** Some container has a rule that starts the whole pod anew. */
export const couldRestartAll = (pod: Pod): boolean => members(pod).some(m => m.container.restartPolicyRules?.some(r => r.action === 'RestartAllContainers'));

/** Whether a container that ended with `exitCode` is started again (restart policies of pod and container, and their rules). */
export function restarts(pod: Pod, c: Container, exitCode: number, init: boolean): boolean {
  if (ruleFor(c, exitCode) !== undefined) return true;
  const policy = c.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always';
  if (policy === 'Never') return false;
  return policy === 'OnFailure' || init ? exitCode !== 0 : true;
}

/** `sandboxId`: of the sandbox that is ready, if any. */
export function planPod(pod: Pod, records: ReadonlyMap<string, ContainerRecord>, sandboxId: string | undefined): Plan {
  const plan: Plan = { createSandbox: false, start: [], kill: [], over: false, restartAll: false };
  const all = members(pod);
  const app = all.filter(m => m.role === 'app');
  const record = (m: Member): ContainerRecord | undefined => records.get(m.container.name);
  const ended = (m: Member): number | undefined => { const s = latest(record(m))?.state; if (record(m)?.again) return undefined; return s?.phase === 'exited' ? s.exitCode : undefined; };
  /** Ended and not to be started again. */
  const done = (m: Member): boolean => { const code = ended(m); return code !== undefined && !restarts(pod, m.container, code, m.role === 'init'); };

  plan.restartAll = sandboxId !== undefined && all.some(m => { const code = ended(m); return code !== undefined && ruleFor(m.container, code) === 'RestartAllContainers'; });
  if (plan.restartAll) return plan;
  if (app.every(m => done(m) && !record(m)?.busy)) { plan.over = true; return plan; }
  const initFailed = all.some(m => m.role === 'init' && done(m) && ended(m) !== 0);
  if (initFailed && !app.some(m => isRunning(record(m)))) { plan.over = true; return plan; }
  if (sandboxId === undefined) { plan.createSandbox = true; return plan; }

  const here = (m: Member): boolean => latest(record(m))?.state.sandboxId === sandboxId;
  const initialized = app.some(m => here(m));
  for (const m of all.filter(x => x.role === 'init' || x.role === 'sidecar')) {
    const r = record(m);
    if (m.role === 'sidecar') {
      if (!isRunning(r) || !here(m)) { plan.start.push(m); if (!initialized) return plan; continue; }
      if (verdict(plan, m, r!)) continue;
      if (!initialized && (r!.hooking || !(r!.prober?.started ?? true))) return plan;
      continue;
    }
    if (initialized) continue;
    if (here(m) && ended(m) === 0) continue;
    if (here(m) && isRunning(r)) return plan;
    plan.start.push(m);
    return plan;
  }
  for (const m of app) {
    const r = record(m);
    if (isRunning(r) && here(m)) { verdict(plan, m, r!); continue; }
    if (!done(m)) plan.start.push(m);
  }
  for (const m of all) if (m.role === 'ephemeral' && !latest(record(m))) plan.start.push(m);
  return plan;
}

function verdict(plan: Plan, m: Member, r: ContainerRecord): boolean {
  const hash = latest(r)?.state.labels[LABEL.hash];
  const c = m.container.name;
  if (hash !== undefined && hash !== specHash(m.container)) plan.kill.push({ member: m, reason: 'Killing', message: `Container ${c} definition changed, will be restarted` });
  else if (r.prober?.failed === 'liveness') plan.kill.push({ member: m, reason: 'Killing', message: `Container ${c} failed liveness probe, will be restarted` });
  else if (r.prober?.failed === 'startup') plan.kill.push({ member: m, reason: 'Killing', message: `Container ${c} failed startup probe, will be restarted` });
  else return false;
  return true;
}
