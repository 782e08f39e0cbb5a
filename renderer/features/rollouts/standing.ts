// How far a rollout is, in figures: by the rules `kubectl rollout status` ends by, for each kind of workload.
import type { DaemonSet, Deployment, StatefulSet } from '../../../core/api/types/kubernetes.ts';
import type { Workload } from './target.ts';

export interface Standing {
  want: number;
  updated: number;
  ready: number;
  available: number;
  /** Pods of older revisions that are still there. */
  old: number;
  done: boolean;
  paused: boolean;
  /** Pods are replaced only when somebody deletes them (strategy OnDelete). */
  byHand: boolean;
}

export function standingOf(kind: string, o: Workload): Standing {
  const seen = (o.status?.observedGeneration ?? 0) >= (o.metadata?.generation ?? 0);
  return kind === 'StatefulSet' ? ofStatefulSet(o as StatefulSet, seen) : kind === 'DaemonSet' ? ofDaemonSet(o as DaemonSet, seen) : ofDeployment(o as Deployment, seen);
}

function ofDeployment(d: Deployment, seen: boolean): Standing {
  const s = d.status ?? {};
  const want = d.spec?.replicas ?? 1, updated = s.updatedReplicas ?? 0, total = s.replicas ?? 0, available = s.availableReplicas ?? 0;
  return { want, updated, ready: s.readyReplicas ?? 0, available, old: Math.max(0, total - updated), done: seen && updated >= want && total <= updated && available >= updated, paused: d.spec?.paused === true, byHand: false };
}

function ofStatefulSet(o: StatefulSet, seen: boolean): Standing {
  const s = o.status ?? { replicas: 0 };
  const want = o.spec?.replicas ?? 1, ready = s.readyReplicas ?? 0, updated = s.updatedReplicas ?? 0;
  const byHand = o.spec?.updateStrategy?.type === 'OnDelete';
  // Pods below the partition keep the older template on purpose.
  const partition = o.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const due = Math.max(0, want - partition);
  const turned = byHand || (partition > 0 ? updated >= due : updated >= want || s.updateRevision === s.currentRevision);
  return { want, updated, ready, available: s.availableReplicas ?? 0, old: Math.max(0, s.replicas - updated), done: seen && ready >= want && s.replicas <= want && turned, paused: false, byHand };
}

function ofDaemonSet(o: DaemonSet, seen: boolean): Standing {
  const s = o.status;
  const want = s?.desiredNumberScheduled ?? 0, updated = s?.updatedNumberScheduled ?? 0, available = s?.numberAvailable ?? 0;
  const byHand = o.spec?.updateStrategy?.type === 'OnDelete';
  return { want, updated, ready: s?.numberReady ?? 0, available, old: Math.max(0, (s?.currentNumberScheduled ?? 0) - updated), done: seen && (byHand || updated >= want) && available >= want, paused: false, byHand };
}
