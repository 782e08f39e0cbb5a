// Where a terminal goes: a pod, or whichever pod of a workload is ready.
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { LabelSelector, Pod } from '../../../core/api/types/kubernetes.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';

export interface TerminalTarget { cluster: string; namespace: string; mode: 'exec' | 'attach'; pod?: string; labelSelector?: string; /** Finds the pods that replace this one. */ siblings?: string }

/** Labels a controller adds per revision: without them a selector finds the replacements too. */
const PER_REVISION = new Set(['pod-template-hash', 'controller-revision-hash', 'statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index', 'pod-template-generation']);

export function terminalTarget(cluster: string, kind: KindSpec, o: KubeObject, mode: TerminalTarget['mode']): TerminalTarget | undefined {
  const namespace = o.metadata?.namespace ?? '';
  if (kind.kind === 'Pod') {
    const labels = Object.entries(o.metadata?.labels ?? {}).filter(([k]) => !PER_REVISION.has(k)).map(([k, v]) => `${k}=${v}`);
    const replaced = labels.length > 0 && o.metadata?.ownerReferences?.some(r => r.controller);
    return { cluster, namespace, mode, pod: o.metadata?.name ?? '', ...(replaced ? { siblings: labels.join(',') } : {}) };
  }
  const selector = (o as { spec?: { selector?: LabelSelector } }).spec?.selector;
  return selector ? { cluster, namespace, mode, labelSelector: selectorText(selector) } : undefined;
}

export function readTarget(props: unknown): TerminalTarget | undefined {
  const p = props as Partial<TerminalTarget> | null;
  if (typeof p !== 'object' || p === null || typeof p.cluster !== 'string' || typeof p.namespace !== 'string' || (p.mode !== 'exec' && p.mode !== 'attach')) return undefined;
  if (typeof p.pod !== 'string' && typeof p.labelSelector !== 'string') return undefined;
  return p as TerminalTarget;
}

/** Containers one can be in, the default first. */
export function containersOf(pod: Pod): string[] {
  const names = [...pod.spec?.containers ?? [], ...(pod.spec?.initContainers ?? []).filter(c => c.restartPolicy === 'Always'), ...pod.spec?.ephemeralContainers ?? []].map(c => c.name ?? '');
  const first = pod.metadata?.annotations?.['kubectl.kubernetes.io/default-container'];
  return first && names.includes(first) ? [first, ...names.filter(n => n !== first)] : names;
}

const ready = (p: Pod): boolean => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false;
const rank = (p: Pod): number => (p.metadata?.deletionTimestamp ? 3 : ready(p) ? 0 : p.status?.phase === 'Running' ? 1 : 2);
/** Ready pods first, ending ones last. */
export const byUse = (pods: readonly Pod[]): Pod[] => [...pods].sort((a, b) => rank(a) - rank(b) || (a.metadata?.name ?? '').localeCompare(b.metadata?.name ?? ''));
const statusOf = (p: Pod, container: string) => [...p.status?.containerStatuses ?? [], ...p.status?.initContainerStatuses ?? [], ...p.status?.ephemeralContainerStatuses ?? []].find(s => s.name === container);
/** May a terminal be opened in this container now? */
export const isRunning = (p: Pod, container: string): boolean => !p.metadata?.deletionTimestamp && statusOf(p, container)?.state?.running !== undefined;
/** The present run of a container: changes when it or its pod is replaced. */
export const instanceOf = (p: Pod, container: string): string => { const s = statusOf(p, container); return `${p.metadata?.uid}/${s?.restartCount ?? 0}/${s?.containerID ?? ''}`; };
