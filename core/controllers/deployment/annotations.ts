// What a Deployment writes on its ReplicaSets: revision, history, wished sizes, and its own annotations (change-cause among them).
import type { Deployment, ReplicaSet } from '../../api/types/kubernetes.ts';
import { maxSurge, replicasOf } from './bounds.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';
/** Characters of the history kept; the oldest revisions go first. */
const HISTORY_LENGTH = 2000;
const OWN = new Set(['kubectl.kubernetes.io/last-applied-configuration', REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO]);
/** Of the Deployment or the set alone, never taken over from one to the other. */
export const isOwnAnnotation = (key: string): boolean => OWN.has(key);

type Annotations = Record<string, string>;
const integer = (text: string | undefined): number | undefined => (text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined);

/** A whole number of 64 bits, as revisions are; undefined for what is none. */
export function parseRevision(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined;
  const n = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, n) === n ? n : undefined;
}
/** The revision of a set, 0 for none. */
export const revisionOf = (o: ReplicaSet | Deployment): bigint => parseRevision(o.metadata?.annotations?.[REVISION]) ?? 0n;
/** Lowest first. */
export const byRevision = (a: ReplicaSet, b: ReplicaSet): number => { const x = revisionOf(a), y = revisionOf(b); return x < y ? -1 : x > y ? 1 : 0; };
export const desiredOf = (rs: ReplicaSet): number | undefined => integer(rs.metadata?.annotations?.[DESIRED_REPLICAS]);
export const maxReplicasOf = (rs: ReplicaSet): number | undefined => integer(rs.metadata?.annotations?.[MAX_REPLICAS]);
export const maxRevision = (sets: readonly ReplicaSet[]): bigint => sets.reduce((max, rs) => { const n = revisionOf(rs); return n > max ? n : max; }, 0n);

/** Sets wished and maximal size; true when that changed anything. */
export function setSizes(annotations: Annotations, d: Deployment): boolean {
  const desired = String(replicasOf(d));
  const max = String(replicasOf(d) + maxSurge(d));
  if (annotations[DESIRED_REPLICAS] === desired && annotations[MAX_REPLICAS] === max) return false;
  annotations[DESIRED_REPLICAS] = desired;
  annotations[MAX_REPLICAS] = max;
  return true;
}

/** Brings the annotations of the new set up to date with the Deployment and `revision`; true when that changed anything. */
export function setNewSetAnnotations(annotations: Annotations, d: Deployment, revision: bigint, exists: boolean): boolean {
  let changed = false;
  for (const [key, value] of Object.entries(d.metadata?.annotations ?? {})) {
    if (OWN.has(key) || annotations[key] === value) continue;
    annotations[key] = value;
    changed = true;
  }
  const old = annotations[REVISION], number = parseRevision(old);
  // One that is no number is somebody's own and stays, with all else.
  if (old && number === undefined) return false;
  if ((number ?? 0n) < revision) {
    annotations[REVISION] = String(revision);
    changed = true;
    // A set that served before remembers under which numbers: rollback to those still finds it.
    if (old !== undefined) {
      const history = [...(annotations[REVISION_HISTORY] ?? '').split(',').filter(Boolean), old];
      while (history.length > 1 && history.join(',').length > HISTORY_LENGTH) history.shift();
      annotations[REVISION_HISTORY] = history.join(',');
    }
  }
  return (!exists && setSizes(annotations, d)) || changed;
}
