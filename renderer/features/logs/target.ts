// Whose logs: from objects to sets of pods, and back to a kubectl command.
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { LabelSelector } from '../../../core/api/types/kubernetes.ts';
import type { ClusterInfo } from '../../../electron/contract/frames.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import type { PodSet } from './log-session.ts';

export interface LogTarget { cluster: string; sets: PodSet[]; command: string; /** Present for one pod: how to find the pods that replace it. */ siblings?: PodSet }

/** Labels a controller adds per revision: without them a selector finds the replacements too. */
const PER_REVISION = new Set(['pod-template-hash', 'controller-revision-hash', 'statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index', 'pod-template-generation']);

export function setOf(kind: KindSpec, o: KubeObject): PodSet | undefined {
  const namespace = o.metadata?.namespace ?? '';
  if (kind.kind === 'Pod') return { namespace, fieldSelector: `metadata.name=${o.metadata?.name}` };
  const selector = (o as { spec?: { selector?: LabelSelector | Record<string, string> } }).spec?.selector;
  const labelSelector = selector ? selectorText(selector) : '';
  return labelSelector === '' ? undefined : { namespace, labelSelector };
}

export function targetOfObjects(cluster: string, info: ClusterInfo | undefined, kind: KindSpec, objects: readonly KubeObject[]): LogTarget | undefined {
  const sets = objects.map(o => setOf(kind, o)).filter(s => s !== undefined);
  if (sets.length === 0) return undefined;
  const first = objects[0]!;
  const ns = first.metadata?.namespace;
  const name = first.metadata?.name ?? '';
  const selector = sets[0]!.labelSelector;
  const command = kind.kind === 'Pod' ? kubectl(info, ns, 'logs', '-f', '--all-containers', '--timestamps', name)
    : kind.kind === 'Service' ? kubectl(info, ns, 'logs', '-f', '--all-containers', '--prefix', '-l', selector ?? '')
      : kubectl(info, ns, 'logs', '-f', '--all-containers', '--all-pods', '--prefix', resourceArg(kind, name));
  const labels = Object.entries(first.metadata?.labels ?? {}).filter(([k]) => !PER_REVISION.has(k));
  const replaced = kind.kind === 'Pod' && objects.length === 1 && labels.length > 0 && first.metadata?.ownerReferences?.some(r => r.controller);
  return { cluster, sets, command, ...(replaced ? { siblings: { namespace: ns ?? '', labelSelector: labels.map(([k, v]) => `${k}=${v}`).join(',') } } : {}) };
}

/** What a dock tab was opened with, if it is one of ours. */
export function readTarget(props: unknown): LogTarget | undefined {
  const p = props as Partial<LogTarget> | null;
  if (typeof p !== 'object' || p === null || typeof p.cluster !== 'string' || !Array.isArray(p.sets)) return undefined;
  if (!p.sets.every(s => typeof s?.namespace === 'string')) return undefined;
  return { cluster: p.cluster, sets: p.sets, command: typeof p.command === 'string' ? p.command : '', ...(typeof p.siblings?.namespace === 'string' ? { siblings: p.siblings } : {}) };
}
