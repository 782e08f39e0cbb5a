// A pod's phase and conditions from its containers' states, by kubelet's rules.
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '../../api/types/kubernetes.ts';
import { formatTime } from '../../api/meta/time.ts';

export const isSidecar = (c: Container): boolean => c.restartPolicy === 'Always';

/** Phase of a pod whose statuses are complete. `over`: every container has ended and none will start again. */
export function podPhase(pod: Pod, status: Pick<PodStatus, 'containerStatuses' | 'initContainerStatuses'>, over: boolean): string {
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const byName = new Map((status.initContainerStatuses ?? []).map(s => [s.name, s]));
  let pendingInit = 0; let failedInit = 0;
  for (const c of pod.spec?.initContainers ?? []) {
    const s = byName.get(c.name);
    if (isSidecar(c)) { if (!s?.started && !s?.state?.terminated) pendingInit++; continue; }
    const end = s?.state?.terminated ?? (s?.state?.waiting ? s.lastState?.terminated : undefined);
    if (!end) pendingInit++;
    else if (end.exitCode !== 0) failedInit++;
  }
  let running = 0; let waiting = 0; let stopped = 0; let succeeded = 0;
  for (const s of status.containerStatuses ?? []) {
    if (s.state?.running) running++;
    else if (s.state?.terminated) { stopped++; if (s.state.terminated.exitCode === 0) succeeded++; }
    else if (s.lastState?.terminated) stopped++;
    else waiting++;
  }
  if (over) return failedInit === 0 && pendingInit === 0 && stopped > 0 && succeeded === stopped && waiting === 0 ? 'Succeeded' : 'Failed';
  if (failedInit > 0 && policy === 'Never') return 'Failed';
  if (pendingInit > 0 || failedInit > 0 || waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped > 0) {
    if (policy === 'Always') return 'Running';
    if (stopped === succeeded) return 'Succeeded';
    return policy === 'Never' ? 'Failed' : 'Running';
  }
  return 'Pending';
}

interface Verdict { status: 'True' | 'False'; reason?: string; message?: string }

const unready = (statuses: readonly ContainerStatus[]): string[] => statuses.filter(s => !s.ready).map(s => s.name);

function initialized(pod: Pod, status: PodStatus, phase: string): Verdict {
  const init = pod.spec?.initContainers ?? [];
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (init.length === 0) return { status: 'True' };
  const byName = new Map((status.initContainerStatuses ?? []).map(s => [s.name, s]));
  const open = init.filter(c => { const s = byName.get(c.name); return isSidecar(c) ? !s?.started : !s?.ready; }).map(c => c.name);
  // Once app containers run, initialization is history, whatever a sidecar does now.
  if (open.length === 0 || (status.containerStatuses ?? []).some(s => s.state?.running ?? s.state?.terminated)) return { status: 'True' };
  return { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${open.join(' ')}]` };
}

function containersReady(pod: Pod, status: PodStatus, phase: string): Verdict {
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter(isSidecar).map(c => c.name));
  const names = [...unready((status.initContainerStatuses ?? []).filter(s => sidecars.has(s.name))), ...unready(status.containerStatuses ?? [])];
  return names.length ? { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${names.join(' ')}]` } : { status: 'True' };
}

function ready(pod: Pod, containers: Verdict, current: readonly PodCondition[]): Verdict {
  if (containers.status === 'False') return containers;
  const messages: string[] = [];
  for (const gate of pod.spec?.readinessGates ?? []) {
    const c = current.find(x => x.type === gate.conditionType);
    if (!c) messages.push(`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`);
    else if (c.status !== 'True') messages.push(`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${c.status}`);
  }
  return messages.length ? { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') } : { status: 'True' };
}

/** AllContainersRestarting, of a pod that a container's rule may start anew. */
function restarting(phase: string, now: boolean): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  return now ? { status: 'True', reason: 'RestartAllContainersStarted', message: 'container exited with restart policy rule' } : { status: 'False' };
}

/**
 * The conditions a node owns, in kubelet's order; others of `current` are left to their owners. `restartsAll`: whether all containers are
 * being started anew; undefined where no rule of the pod asks for that.
 */
export function podConditions(pod: Pod, status: PodStatus, phase: string, sandboxReady: boolean, current: readonly PodCondition[], now: number, restartsAll?: boolean): PodCondition[] {
  const containers = containersReady(pod, status, phase);
  const generation = pod.metadata?.generation;
  const make = (type: string, v: Verdict): PodCondition => {
    const old = current.find(c => c.type === type);
    return {
      type, status: v.status, ...(v.reason ? { reason: v.reason } : {}), ...(v.message ? { message: v.message } : {}),
      lastTransitionTime: old?.status === v.status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(now),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  };
  return [
    make('PodReadyToStartContainers', { status: sandboxReady ? 'True' : 'False' }),
    make('Initialized', restartsAll !== undefined && current.some(c => c.type === 'Initialized' && c.status === 'True') ? { status: 'True' } : initialized(pod, status, phase)),
    make('Ready', ready(pod, containers, current)),
    make('ContainersReady', containers),
    make('PodScheduled', { status: 'True' }),
    ...(restartsAll === undefined ? [] : [make('AllContainersRestarting', restarting(phase, restartsAll))]),
  ];
}
