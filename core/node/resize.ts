// In-place resize: what a pod asks for, what the node has given it (allocated), and what its containers run with (applied).
import { compareQuantity } from '../api/meta/quantity.ts';
import { formatTime } from '../api/meta/time.ts';
import type { Container, Pod, PodCondition, ResourceRequirements } from '../api/types/kubernetes.ts';

export type Requirements = ResourceRequirements | undefined;
const RESIZABLE = ['cpu', 'memory'] as const;
type Resizable = (typeof RESIZABLE)[number];

/** Conditions this file owns; there only while true. */
export const RESIZE_CONDITIONS: ReadonlySet<string> = new Set(['PodResizePending', 'PodResizeInProgress']);

/** What the pod as a whole is given stands under this name, which no container has. */
export const POD = '';

const resizable = (pod: Pod): Container[] => [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
/** Whether it asks for anything as a whole. */
export const hasPodLevel = (pod: Pod): boolean => Object.keys({ ...pod.spec?.resources?.limits, ...pod.spec?.resources?.requests }).length > 0;

/** Which of cpu and memory differ, in requests or limits. */
export function changed(a: Requirements, b: Requirements): Resizable[] {
  const differs = (x: string | undefined, y: string | undefined): boolean => (x === undefined || y === undefined ? x !== y : compareQuantity(x, y) !== 0);
  return RESIZABLE.filter(r => differs(a?.requests?.[r], b?.requests?.[r]) || differs(a?.limits?.[r], b?.limits?.[r]));
}

/** Whether the container must be restarted for these resources to change (its resizePolicy). */
export const needsRestart = (c: Container, what: readonly string[]): boolean => (c.resizePolicy ?? []).some(p => p.restartPolicy === 'RestartContainer' && what.includes(p.resourceName));

/** The limits a container has: its own, and the pod's where it has none. */
export function limitsOf(own: Requirements, ofPod: Requirements): Record<string, string> {
  const out = { ...own?.limits };
  for (const r of RESIZABLE) { const limit = ofPod?.limits?.[r]; if (out[r] === undefined && limit !== undefined) out[r] = limit; }
  return out;
}

/** Limits of a pod on its way from one size to another: its containers fit in while they grow and before they have shrunk. */
export function widest(a: Requirements, b: Requirements): Requirements {
  const limits: Record<string, string> = {};
  for (const r of RESIZABLE) { const x = a?.limits?.[r], y = b?.limits?.[r]; if (x !== undefined && y !== undefined) limits[r] = compareQuantity(x, y) > 0 ? x : y; }
  return { ...b, limits: { ...b?.limits, ...limits } };
}

/** What each container, and the pod as a whole, was given last: as the status says where it runs, else as it asks. */
export function allocatedOf(pod: Pod): Map<string, Requirements> {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const out = new Map<string, Requirements>(resizable(pod).map(c => {
    const s = statuses.find(x => x.name === c.name);
    return [c.name, s?.state?.running && s.resources && Object.keys(s.resources).length ? s.resources : c.resources];
  }));
  if (hasPodLevel(pod)) {
    const { resources, allocatedResources } = pod.status ?? {};
    out.set(POD, resources ? { ...resources, ...(allocatedResources ? { requests: allocatedResources } : {}) } : pod.spec!.resources);
  }
  return out;
}

/** What each container, and the pod as a whole, asks for. */
export function wantedOf(pod: Pod): Map<string, Requirements> {
  const out = new Map<string, Requirements>(resizable(pod).map(c => [c.name, c.resources]));
  if (hasPodLevel(pod)) out.set(POD, pod.spec!.resources);
  return out;
}

/** Whether the two differ for any container, or for the pod. */
export const differ = (a: ReadonlyMap<string, Requirements>, b: ReadonlyMap<string, Requirements>): boolean => [...b].some(([name, r]) => (a.has(name) || name === POD) && changed(a.get(name), r).length > 0);

/** The container with what the node has given it. */
export function granted(c: Container, allocated: ReadonlyMap<string, Requirements>): Container {
  const r = allocated.get(c.name);
  if (!allocated.has(c.name) || !changed(r, c.resources).length) return c;
  const { resources: _, ...rest } = c;
  return r ? { ...rest, resources: r } : rest;
}

/** The pod with what the node has given its containers; the pod itself where that is what it asks for. */
export function grantedPod(pod: Pod, allocated: ReadonlyMap<string, Requirements>): Pod {
  if (!pod.spec || !differ(allocated, wantedOf(pod))) return pod;
  const { containers, initContainers, resources, ...rest } = pod.spec;
  const whole = allocated.has(POD) ? allocated.get(POD) : resources && !hasPodLevel(pod) ? resources : undefined;
  return { ...pod, spec: { ...rest, ...(whole ? { resources: whole } : {}), containers: containers.map(c => granted(c, allocated)), ...(initContainers ? { initContainers: initContainers.map(c => granted(c, allocated)) } : {}) } };
}

export interface ResizeState {
  /** Why the node does not give what is asked for. */
  pending?: { reason: 'Infeasible' | 'Deferred'; message: string } | undefined;
  /** A container does not run with what it was given; with a reason where that failed. */
  inProgress?: { reason?: string; message?: string } | undefined;
}

/** The conditions of a resize, their times kept. */
export function resizeConditions(s: ResizeState, pod: Pod, current: readonly PodCondition[], now: number): PodCondition[] {
  const generation = pod.metadata?.generation;
  return ([['PodResizePending', s.pending], ['PodResizeInProgress', s.inProgress]] as const).flatMap(([type, v]) => (v ? [{
    type, status: 'True', ...(v.reason ? { reason: v.reason } : {}), ...(v.message ? { message: v.message } : {}),
    lastTransitionTime: current.find(c => c.type === type)?.lastTransitionTime ?? formatTime(now), ...(generation === undefined ? {} : { observedGeneration: generation }),
  }] : []));
}
