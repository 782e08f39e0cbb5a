// Finding the set of the current template among a Deployment's ReplicaSets, numbering revisions, making the set when it is missing.
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../api/types/kubernetes.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { controllerOf, controllerReference } from '../../api/meta/owner.ts';
import { maxRevision, REVISION, setNewSetAnnotations } from './annotations.ts';
import { isRolling, newSetSize } from './bounds.ts';
import { condition, conditionOf, hasDeadline, withCondition } from './conditions.ts';
import { templateHash } from './hash.ts';
import { namespaceTerminating } from '../terminating.ts';
import { byAge, deploymentKind, isActiveSet, replicaSetKind, TEMPLATE_HASH, type Rollout, type Sets } from './rollout.ts';

/** A template without what differs between a Deployment and its set though nothing was changed. */
function comparable(t: PodTemplateSpec | undefined): unknown {
  const { [TEMPLATE_HASH]: _hash, ...labels } = t?.metadata?.labels ?? {};
  const { creationTimestamp: _created, ...metadata } = t?.metadata ?? {};
  return { metadata: { ...metadata, labels }, spec: t?.spec };
}
export const sameTemplate = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean => semanticEqual(comparable(a), comparable(b));

/** The oldest set with the current template, and all others. */
export function findSets(r: Rollout): Sets {
  const sorted = [...r.sets].sort(byAge);
  const newSet = sorted.find(rs => sameTemplate(rs.spec?.template, r.d.spec?.template));
  return { newSet, oldSets: sorted.filter(rs => rs !== newSet) };
}

/** As findSets, with the new set's revision and annotations brought up to date, and the set made if `create` and it is missing. */
export async function syncedSets(r: Rollout, create: boolean): Promise<Sets> {
  const { newSet, oldSets } = findSets(r);
  const revision = maxRevision(oldSets) + 1n;
  if (newSet) return { newSet: await refresh(r, newSet, revision), oldSets };
  return { newSet: create ? await make(r, oldSets, revision) : undefined, oldSets };
}

async function refresh(r: Rollout, rs: ReplicaSet, revision: bigint): Promise<ReplicaSet> {
  const annotations = { ...rs.metadata?.annotations };
  const minReadySeconds = r.d.spec?.minReadySeconds ?? 0;
  let current = rs;
  if (setNewSetAnnotations(annotations, r.d, revision, true) || (rs.spec?.minReadySeconds ?? 0) !== minReadySeconds)
    current = await r.ctx.client.update<ReplicaSet>(replicaSetKind, { ...rs, metadata: { ...rs.metadata, annotations }, spec: { ...rs.spec!, minReadySeconds } });
  await setRevision(r, current);
  if (hasDeadline(r.d) && !conditionOf(r.d.status?.conditions, 'Progressing'))
    await progressing(r, 'True', 'FoundNewReplicaSet', `Found new replica set "${rs.metadata?.name}"`);
  return current;
}

async function make(r: Rollout, oldSets: readonly ReplicaSet[], revision: bigint): Promise<ReplicaSet | undefined> {
  // A rollback looks for its revision also while a Recreate still waits for old pods to be gone.
  const waits = !isRolling(r.d) && (oldSets.some(isActiveSet) || r.stillRun(oldSets));
  const wanted = newSetOf(r.d, waits ? 0 : newSetSize(r.d, oldSets, 0), revision);
  let made: ReplicaSet;
  let existed = false;
  try {
    made = await r.ctx.client.create<ReplicaSet>(replicaSetKind, wanted);
  } catch (error) {
    if (isAlreadyExists(error)) {
      made = await existing(r, wanted, error);
      existed = true;
    } else if (namespaceTerminating(error)) throw error;
    else {
      const message = `Failed to create new replica set "${wanted.metadata?.name}": ${error instanceof Error ? error.message : String(error)}`;
      if (hasDeadline(r.d)) await progressing(r, 'False', 'ReplicaSetCreateError', message);
      r.event('Warning', 'ReplicaSetCreateError', message);
      throw error;
    }
  }
  if (!existed && (made.spec?.replicas ?? 0) > 0)
    r.event('Normal', 'ScalingReplicaSet', `Scaled up replica set ${made.metadata?.name} from 0 to ${made.spec?.replicas}`);
  await setRevision(r, made);
  if (!existed && hasDeadline(r.d)) await progressing(r, 'True', 'NewReplicaSetCreated', `Created new replica set "${made.metadata?.name}"`);
  return made;
}

/** The set whose name is taken: our own, not yet in the cache, or a stranger's, after which the next try hashes differently. */
async function existing(r: Rollout, wanted: ReplicaSet, error: unknown): Promise<ReplicaSet> {
  let found: ReplicaSet | undefined;
  try {
    found = await r.ctx.client.get<ReplicaSet>(replicaSetKind, wanted.metadata?.namespace, wanted.metadata?.name ?? '');
  } catch (missing) {
    if (!isNotFound(missing)) throw missing;
    throw error;
  }
  if (controllerOf(found)?.uid === r.d.metadata?.uid && sameTemplate(found.spec?.template, r.d.spec?.template)) return found;
  await r.writeStatus({ ...r.d.status, collisionCount: (r.d.status?.collisionCount ?? 0) + 1 });
  throw error;
}

/** The longest name a ReplicaSet may have. */
const LONGEST_NAME = 253;
const setName = (deployment: string, hash: string): string => `${deployment.slice(0, LONGEST_NAME - 1 - hash.length)}-${hash}`;

function newSetOf(d: Deployment, replicas: number, revision: bigint): ReplicaSet {
  const template = structuredClone(d.spec!.template);
  const hash = templateHash(comparable(template), d.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
  delete template.metadata?.creationTimestamp;
  const annotations: Record<string, string> = {};
  setNewSetAnnotations(annotations, d, revision, false);
  return {
    apiVersion: 'apps/v1', kind: 'ReplicaSet',
    metadata: {
      name: setName(d.metadata?.name ?? '', hash), namespace: d.metadata?.namespace, labels, annotations, ownerReferences: [controllerReference(d, deploymentKind)],
    },
    spec: {
      replicas,
      ...(d.spec?.minReadySeconds ? { minReadySeconds: d.spec.minReadySeconds } : {}),
      selector: { ...d.spec?.selector, matchLabels: { ...d.spec?.selector.matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** The Deployment carries the revision of its new set. */
async function setRevision(r: Rollout, rs: ReplicaSet): Promise<void> {
  const revision = rs.metadata?.annotations?.[REVISION];
  if (revision === undefined || r.d.metadata?.annotations?.[REVISION] === revision) return;
  // Metadata, so not by the status door, which may keep annotations as they were.
  r.d = await r.ctx.client.update<Deployment>(deploymentKind, { ...r.d, metadata: { ...r.d.metadata, annotations: { ...r.d.metadata?.annotations, [REVISION]: revision } } });
}

async function progressing(r: Rollout, status: 'True' | 'False', reason: string, message: string): Promise<void> {
  await r.writeStatus({ ...r.d.status, conditions: withCondition(r.d.status?.conditions, condition('Progressing', status, reason, message, r.now)) });
}
