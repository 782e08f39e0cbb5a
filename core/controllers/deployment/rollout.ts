// One pass over one Deployment: what it knows and the writes its phases share.
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { deployment as deploymentKind } from '../../api/kinds/apps/deployment.ts';
import { replicaSet as replicaSetKind } from '../../api/kinds/apps/replica-set.ts';
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '../../api/types/kubernetes.ts';
import type { Informer } from '../../client/informer.ts';
import type { ControllerContext, Keys } from '../controller.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { isTerminal } from '../../api/meta/pod.ts';
import { dependentsOf } from '../ownership.ts';
import { setSizes } from './annotations.ts';
import { replicasOf, sumStatus } from './bounds.ts';

export { deploymentKind, podKind, replicaSetKind };
export const TEMPLATE_HASH = 'pod-template-hash';

/** The new set (absent until made) and all others, oldest first. */
export interface Sets { readonly newSet: ReplicaSet | undefined; readonly oldSets: readonly ReplicaSet[] }

/** The Deployment, its sets and its writes, for the length of one pass. */
export class Rollout {
  readonly ctx: ControllerContext;
  readonly keys: Keys;
  /** As the cache has it, then as our own writes answered; replaced, never mutated. */
  d: Deployment;
  /** Its ReplicaSets. */
  readonly sets: readonly ReplicaSet[];
  readonly #pods: Informer<Pod>;

  constructor(ctx: ControllerContext, keys: Keys, pods: Informer<Pod>, d: Deployment, sets: readonly ReplicaSet[]) {
    this.ctx = ctx;
    this.keys = keys;
    this.#pods = pods;
    this.d = d;
    this.sets = sets;
  }

  get now(): number { return this.ctx.clock.now(); }

  podsOf(rs: ReplicaSet): Pod[] { return dependentsOf(this.#pods, rs.metadata?.uid ?? ''); }

  /** Whether pods of these sets run; one being deleted does until it is gone. */
  stillRun(sets: readonly ReplicaSet[]): boolean {
    return sumStatus(sets, 'replicas') > 0 || sets.some(rs => this.podsOf(rs).some(p => !isTerminal(p)));
  }

  event(type: 'Normal' | 'Warning', reason: string, message: string): void { this.ctx.recorder.event(this.d, type, reason, message); }

  /** Writes the status if it differs; true when it did. */
  async writeStatus(status: DeploymentStatus): Promise<boolean> {
    if (semanticEqual(withoutZeros(this.d.status), withoutZeros(status))) return false;
    this.d = await this.ctx.client.updateStatus<Deployment>(deploymentKind, { ...this.d, status });
    return true;
  }

  /** Sets a set's size (and its size annotations), telling it in an event; answers the set as it is then. */
  async resize(rs: ReplicaSet, replicas: number): Promise<ReplicaSet> {
    const before = replicasOf(rs);
    const annotations = { ...rs.metadata?.annotations };
    const annotated = setSizes(annotations, this.d);
    if (before === replicas && !annotated) return rs;
    const next: ReplicaSet = { ...rs, metadata: { ...rs.metadata, annotations }, spec: { ...rs.spec!, replicas } };
    const written = await this.ctx.client.update<ReplicaSet>(replicaSetKind, next);
    if (before !== replicas)
      this.event('Normal', 'ScalingReplicaSet', `Scaled ${replicas > before ? 'up' : 'down'} replica set ${rs.metadata?.name} from ${before} to ${replicas}`);
    return written;
  }
}

const withoutZeros = (s: DeploymentStatus | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(s ?? {}).filter(([, v]) => v !== 0));

/** Creation order, the name deciding between equals. */
export const byAge = (a: ReplicaSet, b: ReplicaSet): number => {
  const x = a.metadata?.creationTimestamp ?? '';
  const y = b.metadata?.creationTimestamp ?? '';
  return x < y ? -1 : x > y ? 1 : (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
};
export const isActiveSet = (rs: ReplicaSet): boolean => replicasOf(rs) > 0;

/** The sets that still have pods wished for, and the new one. */
export const allOf = (s: Sets): ReplicaSet[] => (s.newSet ? [...s.oldSets, s.newSet] : [...s.oldSets]);
