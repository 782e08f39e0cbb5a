// Whose rollout a dock tab shows: a deployment, a stateful set or a daemon set.
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { DaemonSet, Deployment, StatefulSet } from '../../../core/api/types/kubernetes.ts';

export type Workload = Deployment | StatefulSet | DaemonSet;
export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';
export interface RolloutTarget { cluster: string; namespace: string; name: string; kind: WorkloadKind }

const KINDS: Readonly<Record<WorkloadKind, KindSpec>> = {
  Deployment: kindFor('apps', 'v1', 'deployments')!, StatefulSet: kindFor('apps', 'v1', 'statefulsets')!, DaemonSet: kindFor('apps', 'v1', 'daemonsets')!,
};
export const kindOfWorkload = (kind: WorkloadKind): KindSpec => KINDS[kind];
export const isWorkload = (kind: string): kind is WorkloadKind => Object.hasOwn(KINDS, kind);

/** The props of a dock tab, checked; tabs kept from before other kinds had a history are a deployment's. */
export function readTarget(props: unknown): RolloutTarget | undefined {
  if (typeof props !== 'object' || props === null) return undefined;
  const { cluster, namespace, name, kind = 'Deployment' } = props as Partial<RolloutTarget>;
  return typeof cluster === 'string' && typeof namespace === 'string' && typeof name === 'string' && isWorkload(kind) ? { cluster, namespace, name, kind } : undefined;
}
