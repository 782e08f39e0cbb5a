// The status of a pod as the API shows it.
import type { Container, ContainerState as ApiState, ContainerStatus, Pod, PodStatus } from '../../api/types/kubernetes.ts';
import { formatTime } from '../../api/meta/time.ts';
import { qosClass } from '../../api/meta/pod.ts';
import { couldRestartAll } from '../pod-plan.ts';
import { RESTARTING_ALL, isRunning, latest, members, type ContainerRecord, type Member, type Run } from '../pod-record.ts';
import { POD, RESIZE_CONDITIONS, resizeConditions, type Requirements, type ResizeState } from '../resize.ts';
import type { ImageStatus } from '../runtime/runtime.ts';
import { podConditions, podPhase } from './phase.ts';

export interface StatusInput {
  pod: Pod;
  /** The status last written. */
  previous: PodStatus;
  records: ReadonlyMap<string, ContainerRecord>;
  runtimeName: string;
  /** Mounts that ask to be read-only with all below them are. */
  recursiveReadOnly: boolean;
  imageOf(id: string): ImageStatus | undefined;
  sandboxReady: boolean;
  podIPs: readonly string[]; hostIPs: readonly string[];
  /** Every container has ended for good and the pod's sandbox with them. */
  over: boolean;
  /** Set by the agent over what containers say: eviction, deadline, rejection. */
  verdict?: { reason: string; message: string };
  /** The verdict was that the pod does not come here at all: of its containers there is nothing to say. */
  rejected?: boolean;
  /** Why nothing can start at all. */
  blocked?: { reason: string; message: string };
  /** What the node has given each container; the spec's where a name is missing. */
  allocated?: ReadonlyMap<string, Requirements>;
  /** What the sandbox as a whole runs with, while there is one. */
  podApplied?: Requirements;
  resize?: ResizeState;
  /** All containers are being ended to be started anew. */
  restarting?: boolean;
  now: number;
}

/** A run's end as containerStatuses show it. */
export function terminated(run: Run, runtimeName: string): NonNullable<ApiState['terminated']> {
  const s = run.state;
  const message = run.message || s.message;
  return {
    exitCode: s.exitCode, ...(s.signal === undefined ? {} : { signal: s.signal }), reason: s.oomKilled ? 'OOMKilled' : s.message && !s.startedAt ? 'StartError' : s.exitCode === 0 ? 'Completed' : 'Error',
    ...(message ? { message } : {}), ...(s.startedAt ? { startedAt: formatTime(s.startedAt) } : { startedAt: formatTime(s.createdAt) }), finishedAt: formatTime(s.finishedAt || s.createdAt), containerID: `${runtimeName}://${s.id}`,
  };
}

/** The image as status names it: a pullable digest where the registry gave one. */
function imageIdText(i: StatusInput, run: Run): string {
  const image = i.imageOf(run.state.imageId);
  const digest = image?.repoDigests[0];
  if (i.runtimeName === 'docker') return digest ? `docker-pullable://${digest}` : `docker://${run.state.imageId}`;
  return digest ?? run.state.imageId;
}

function one(i: StatusInput, m: Member, waitingDefault: string): ContainerStatus {
  const c = m.container; const r = i.records.get(c.name);
  const run = latest(r); const before = r?.runs.at(-2);
  const old = [...(i.previous.containerStatuses ?? []), ...(i.previous.initContainerStatuses ?? []), ...(i.previous.ephemeralContainerStatuses ?? [])].find(s => s.name === c.name);
  const running = isRunning(r) && !r?.hooking;
  const ended = run?.state.phase === 'exited' ? run : undefined;
  let state: ApiState; let last: ApiState = before?.state.phase === 'exited' ? { terminated: terminated(before, i.runtimeName) } : r?.lost ?? {};
  const waiting = i.blocked && !i.over ? i.blocked : r?.waiting;
  if (running) state = { running: { startedAt: formatTime(run!.state.startedAt) } };
  else if (ended && (!waiting || i.over)) state = { terminated: terminated(ended, i.runtimeName) };
  else if (ended) { state = { waiting: { reason: waiting!.reason, ...(waiting!.message ? { message: waiting!.message } : {}) } }; last = { terminated: terminated(ended, i.runtimeName) }; }
  else if (i.over && r?.lost) { state = r.lost; last = {}; }
  else state = { waiting: waiting ? { reason: waiting.reason, ...(waiting.message ? { message: waiting.message } : {}) } : { reason: waitingDefault } };
  const ready = m.role === 'init' ? ended?.state.exitCode === 0 : running && (r?.prober?.ready ?? r?.ready ?? false) && m.role !== 'ephemeral';
  return {
    name: c.name, state, lastState: last, ready, restartCount: run?.state.attempt ?? (r && r.restarts >= 0 ? r.restarts + (r.waiting?.reason === RESTARTING_ALL.reason ? 1 : 0) : old?.restartCount ?? 0),
    image: run?.state.image ?? c.image ?? '', imageID: run ? imageIdText(i, run) : old?.imageID ?? '', ...(run ? { containerID: `${i.runtimeName}://${run.state.id}` } : old?.containerID ? { containerID: old.containerID } : {}),
    started: running && (m.role !== 'init') && (r?.prober?.started ?? true),
    ...(!running ? {} : i.allocated?.has(c.name) ? resources(r?.applied, i.allocated.get(c.name)) : resources(c.resources, c.resources)), ...mounts(c, i.recursiveReadOnly),
  };
}

function resources(applied: Requirements, allocated: Requirements): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const { limits, requests } = applied ?? {};
  return { resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) }, ...(allocated?.requests ? { allocatedResources: allocated.requests } : {}) };
}
function mounts(c: Container, can: boolean): Partial<ContainerStatus> {
  if (!c.volumeMounts?.length) return {};
  return { volumeMounts: c.volumeMounts.map(m => ({ name: m.name, mountPath: m.mountPath, ...(m.readOnly ? { readOnly: true, recursiveReadOnly: can && (m.recursiveReadOnly === 'Enabled' || m.recursiveReadOnly === 'IfPossible') ? 'Enabled' : 'Disabled' } : {}) })) };
}

const OWN = new Set(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled', 'AllContainersRestarting']);

/** The whole status; fields other writers own (nominatedNodeName, foreign conditions) are carried over. */
export function podStatus(i: StatusInput): PodStatus {
  const all = members(i.pod);
  const init = all.filter(m => m.role === 'init' || m.role === 'sidecar');
  const initStatuses = init.map(m => one(i, m, 'PodInitializing'));
  const started = all.some(m => m.role === 'app' && latest(i.records.get(m.container.name)));
  const apps = all.filter(m => m.role === 'app').map(m => one(i, m, init.length && !started ? 'PodInitializing' : 'ContainerCreating'));
  const ephemeral = all.filter(m => m.role === 'ephemeral').map(m => one(i, m, 'ContainerCreating'));
  const lists = { ...(initStatuses.length ? { initContainerStatuses: initStatuses } : {}), containerStatuses: apps, ...(ephemeral.length ? { ephemeralContainerStatuses: ephemeral } : {}) };
  const startsAnew = couldRestartAll(i.pod);
  let says = i.verdict ? 'Failed' : podPhase(i.pod, lists, i.over);
  // What has run and starts anew in place does not wait for its first start.
  if (startsAnew && says === 'Pending' && i.previous.phase === 'Running') says = 'Running';
  // A terminal phase is a promise that nothing of the pod runs any more.
  const phase = !i.over && (says === 'Succeeded' || says === 'Failed') ? i.previous.phase ?? 'Pending' : says;
  // The node's own conditions go on from what it wrote last, everyone else's from what the API has.
  const theirs = (i.pod.status?.conditions ?? []).filter(c => !OWN.has(c.type) && !RESIZE_CONDITIONS.has(c.type));
  const mine = (i.previous.conditions ?? []).filter(c => OWN.has(c.type));
  const own = podConditions(i.pod, lists, phase, i.sandboxReady, [...mine, ...theirs], i.now, startsAnew ? i.restarting ?? false : undefined);
  if (i.rejected && i.verdict && phase === 'Failed') {
    const generation = i.pod.metadata?.generation;
    return {
      phase, ...i.verdict, qosClass: i.previous.qosClass ?? qosClass(i.pod.spec!), startTime: i.previous.startTime ?? formatTime(i.now),
      ...(theirs.length ? { conditions: theirs } : {}), ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  }
  const resize = resizeConditions(i.resize ?? {}, i.pod, i.previous.conditions ?? [], i.now);
  const generation = i.pod.metadata?.generation;
  const ips = i.podIPs.length ? i.podIPs : (i.previous.podIPs ?? []).map(p => p.ip);
  const { message: _m, reason: _r, ...carried } = i.previous;
  return {
    ...carried, ...lists, phase, conditions: [...own, ...resize, ...theirs], qosClass: i.previous.qosClass ?? qosClass(i.pod.spec!), startTime: i.previous.startTime ?? formatTime(i.now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    hostIP: i.hostIPs[0] ?? '', hostIPs: i.hostIPs.map(ip => ({ ip })), ...(ips.length ? { podIP: ips[0]!, podIPs: ips.map(ip => ({ ip })) } : {}),
    ...(i.allocated?.has(POD) ? resources(i.podApplied ?? i.allocated.get(POD), i.allocated.get(POD)) : {}),
    ...(i.verdict ? { reason: i.verdict.reason, message: i.verdict.message } : {}),
  };
}
