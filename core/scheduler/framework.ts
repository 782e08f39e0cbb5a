// The words between the scheduling loop and its plug-ins: one plug-in may stand at any of the extension points of Kubernetes' scheduling
// framework. Deciding (from preEnqueue to reserve) is synchronous, so that no pod's decision is interleaved with another's; what talks to
// the API server (permit to postBind) runs beside the decisions for other pods.
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Snapshot } from './snapshot.ts';

/** Why a node will not do. `fixed`: taking pods off the node would not change it, so preemption need not look. */
export interface Refusal { readonly reasons: readonly string[]; readonly fixed: boolean }

/** What happened in the cluster, as far as it can make an unschedulable pod schedulable. */
export type EventKind = 'node-added' | 'node-removed' | 'node-resources' | 'node-labels' | 'node-taints' | 'pod-removed' | 'pod-leaving' | 'pod-placed' | 'pod-labels' | 'namespace-labels'
  | 'claim-changed' | 'volume-changed' | 'class-changed' | 'csi-changed' | 'device-claim' | 'devices-changed' | 'gates-changed';
export interface ClusterEvent {
  readonly kind: EventKind;
  readonly node?: NodeInfo | undefined;
  readonly pod?: PodInfo | undefined;
  /** `namespace/name` of the claim of `claim-changed` and `device-claim`; undefined when any claim's pods may profit. */
  readonly claim?: string;
}
/** Events after which a pod that the plug-in refused is worth another try; a function says whether this very event may help this very pod. */
export type Hints = Readonly<Partial<Record<EventKind, true | ((pod: PodInfo, event: ClusterEvent) => boolean)>>>;

/** One attempt to place one pod. */
export interface Cycle { readonly pod: PodInfo; readonly snapshot: Snapshot }

/** Bound to one pod: everything that depends on the pod alone is computed once, before the nodes are walked. */
export interface PodFilter {
  /** Only these nodes need be looked at. */
  readonly nodes?: ReadonlySet<string>;
  filter(node: NodeInfo): Refusal | undefined;
  /** A pod was put on (1) or taken off (-1) a node of the snapshot for the sake of a question; for filters that count. */
  moved?(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void;
}

/** Bound to one pod and the nodes that fit it. */
export interface Scorer {
  score(node: NodeInfo): number;
  /** Brings the raw scores (in the order of the nodes) to 0..100; without it they are so already. */
  normalize?(scores: Float64Array): void;
}

/** What making room came to: a node nominated, or why not. `clear`: an earlier nomination is void; `stop`: nobody else is asked; `work`: what was begun to help. */
export type PostFiltered =
  | { readonly node: string; readonly victims: readonly PodInfo[] }
  | { readonly node?: undefined; readonly message: string; readonly clear: boolean; readonly stop?: boolean; readonly work?: Promise<void> };

/** A pod in the queue, for the order of the queue. */
export interface Queued { readonly info: PodInfo; readonly since: number; readonly serial: number }

/** A pod that has its node and waits for a permission. */
export interface WaitingPod {
  readonly pod: PodInfo;
  readonly node: string;
  allow(plugin: string): void;
  reject(plugin: string, message: string): void;
}

export interface Plugin {
  readonly name: string;
  readonly events?: Hints;
  /** QueueSort: whether `a` is tried before `b`. Exactly one plug-in of a profile says so; all profiles use the same. */
  before?(a: Queued, b: Queued): boolean;
  /** Why the pod may not even be tried yet. */
  preEnqueue?(pod: PodInfo): string | undefined;
  /** Undefined when this pod has nothing the plug-in would look at; a Refusal refuses it everywhere. */
  preFilter?(cycle: Cycle): PodFilter | Refusal | undefined;
  /** A promise only where somebody outside has to be asked; no other pod is placed meanwhile. */
  postFilter?(cycle: Cycle, refusals: ReadonlyMap<NodeInfo, Refusal>): PostFiltered | Promise<PostFiltered>;
  /** Undefined when all nodes would be alike. */
  preScore?(cycle: Cycle, nodes: readonly NodeInfo[]): Scorer | undefined;
  /** The pod is going there. A Refusal takes the decision back. */
  reserve?(cycle: Cycle, node: NodeInfo): Refusal | undefined;
  /** The decision was taken back after `reserve`; must not throw and may come without it. */
  unreserve?(cycle: Cycle, node: string): void;
  /** A Refusal rejects; `wait` (ms) holds the pod until a WaitingPod of it is allowed or that time is over. */
  permit?(cycle: Cycle, node: string): Refusal | { readonly wait: number } | undefined;
  /** What must be done before the pod may be bound; a rejection takes the decision back. Undefined when there is nothing. */
  preBind?(cycle: Cycle, node: string): Promise<void> | undefined;
  /** False: not mine, ask the next. */
  bind?(cycle: Cycle, node: string): Promise<boolean>;
  postBind?(cycle: Cycle, node: string): void;
}

export const isRefusal = (x: PodFilter | Refusal | { readonly wait: number } | undefined): x is Refusal => x !== undefined && 'reasons' in x;

/** Scales to 0..100 by the largest; `reversed` when fewer is better. */
export function normalized(scores: Float64Array, reversed = false): void {
  let max = 0;
  for (const s of scores) if (s > max) max = s;
  for (let i = 0; i < scores.length; i++) {
    const share = max === 0 ? 0 : Math.trunc((scores[i]! * 100) / max);
    scores[i] = reversed ? 100 - share : share;
  }
}
/** Scales so that the smallest becomes 0 and the largest 100; all 0 where they are alike. */
export function stretched(scores: Float64Array): void {
  let min = Infinity, max = -Infinity;
  for (const s of scores) { if (s < min) min = s; if (s > max) max = s; }
  for (let i = 0; i < scores.length; i++) scores[i] = max > min ? Math.trunc((100 * (scores[i]! - min)) / (max - min)) : 0;
}
