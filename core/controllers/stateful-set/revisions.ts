// The two revisions a stateful set stands between: the one its pods were made from, and the one they are to be made from.
import { controllerRevision as revisionKind } from '../../api/kinds/apps/controller-revision.ts';
import { statefulSet as setKind } from '../../api/kinds/apps/stateful-set.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import { isAlreadyExists } from '../../api/meta/status.ts';
import type { ControllerRevision, Pod, StatefulSet } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import { templateHash } from '../deployment/hash.ts';
import { byRevision, renumber, revisionName, sameData, templatePatch, truncate } from '../history.ts';
import { revisionOf, type Revisions } from './identity.ts';

const HASH = 'controller.kubernetes.io/hash';

/**
 * Finds or makes the revisions of a set out of all it has. A template that was there before gets its revision back under the next
 * number: that is a rollback.
 */
export async function syncRevisions(client: Client, set: StatefulSet, all: readonly ControllerRevision[]): Promise<Revisions> {
  const sorted = [...all].sort(byRevision);
  const newest = sorted.at(-1);
  const data = templatePatch(set.spec!.template);
  const next = (newest?.revision ?? 0) + 1;
  const equal = sorted.findLast(r => sameData(r, data));
  let collisionCount = set.status?.collisionCount ?? 0;
  let update: ControllerRevision;
  if (equal && newest && sameData(newest, data)) update = newest;
  else if (equal) update = await renumber(client, equal, next);
  else ({ revision: update, collisionCount } = await create(client, set, data, next, collisionCount));
  const current = sorted.find(r => r.metadata?.name === set.status?.currentRevision) ?? update;
  return { current: current.metadata?.name === update.metadata?.name ? update : current, update, collisionCount };
}

/** Goes round names that are taken by other data, counting how often. */
async function create(client: Client, set: StatefulSet, data: object, number: number, collisionCount: number): Promise<{ revision: ControllerRevision; collisionCount: number }> {
  const label = templateHash(data, collisionCount);
  for (let count = collisionCount; ; count++) {
    const name = revisionName(set, templateHash(data, count)), namespace = set.metadata?.namespace;
    const wanted: ControllerRevision = {
      apiVersion: 'apps/v1', kind: 'ControllerRevision', revision: number, data: data as ControllerRevision['data'],
      metadata: {
        name, namespace, labels: { ...set.spec?.template.metadata?.labels, [HASH]: label }, ownerReferences: [controllerReference(set, setKind)],
        ...(set.metadata?.annotations ? { annotations: { ...set.metadata.annotations } } : {}),
      },
    };
    try {
      return { revision: await client.create<ControllerRevision>(revisionKind, wanted), collisionCount: count };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const found = await client.get<ControllerRevision>(revisionKind, namespace, name);
      if (sameData(found, data)) return { revision: found, collisionCount: count };
    }
  }
}

/** Deletes the oldest of what neither the set nor any of its pods stands on. */
export async function truncateRevisions(client: Client, set: StatefulSet, all: readonly ControllerRevision[], pods: readonly Pod[], { current, update }: Revisions): Promise<void> {
  const live = new Set([current.metadata?.name, update.metadata?.name, ...pods.map(revisionOf)]);
  await truncate(client, all.filter(r => !live.has(r.metadata?.name)).sort(byRevision), set.spec?.revisionHistoryLimit ?? 10);
}
