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

/** How much of the logs is asked for, as kubectl says it. */
export interface Asked { previous?: boolean; tail?: number; since?: string; timestamps?: boolean }

export function targetOfObjects(cluster: string, info: ClusterInfo | undefined, kind: KindSpec, objects: readonly KubeObject[]): LogTarget | undefined {
  const chosen = objects.filter(o => setOf(kind, o) !== undefined);
  const first = chosen[0];
  if (!first) return undefined;
  const commands = chosen.map(o => {
    const ns = o.metadata?.namespace, name = o.metadata?.name ?? '';
    if (kind.kind === 'Pod') return kubectl(info, ns, 'logs', '-f', '--all-containers', name);
    const selector = setOf(kind, o)!.labelSelector!;
    // kubectl knows the pods of these by themselves; for a service it would take one pod only.
    return kind.kind === 'Service' ? kubectl(info, ns, 'logs', '-f', '--all-containers', '--prefix', '-l', selector) : kubectl(info, ns, 'logs', '-f', '--all-containers', '--all-pods', '--prefix', resourceArg(kind, name));
  });
  const labels = Object.entries(first.metadata?.labels ?? {}).filter(([k]) => !PER_REVISION.has(k));
  const replaced = kind.kind === 'Pod' && chosen.length === 1 && labels.length > 0 && first.metadata?.ownerReferences?.some(r => r.controller);
  return { cluster, sets: chosen.map(o => setOf(kind, o)!), command: commands.join(' & '), ...(replaced ? { siblings: { namespace: first.metadata?.namespace ?? '', labelSelector: labels.map(([k, v]) => `${k}=${v}`).join(',') } } : {}) };
}

/** The command with what the toolbar asks for. */
export function commandWith(command: string, a: Asked): string {
  const words = [a.previous ? '--previous' : '', a.tail === undefined ? '' : `--tail=${a.tail}`, a.since ? `--since=${a.since}` : '', a.timestamps ? '--timestamps' : ''].filter(Boolean).join(' ');
  // A previous container writes no more: there is nothing to follow.
  return command.split(' & ').map(c => c.replace(/ logs -f(?= )/, `${a.previous ? ' logs' : ' logs -f'}${words ? ` ${words}` : ''}`)).join(' & ');
}

/** What a dock tab was opened with, if it is one of ours. */
export function readTarget(props: unknown): LogTarget | undefined {
  const p = props as Partial<LogTarget> | null;
  if (typeof p !== 'object' || p === null || typeof p.cluster !== 'string' || !Array.isArray(p.sets)) return undefined;
  if (!p.sets.every(s => typeof s?.namespace === 'string')) return undefined;
  return { cluster: p.cluster, sets: p.sets, command: typeof p.command === 'string' ? p.command : '', ...(typeof p.siblings?.namespace === 'string' ? { siblings: p.siblings } : {}) };
}
