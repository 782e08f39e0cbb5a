// The revisions of a daemon set: the one of its template, and those it had before.
import { controllerRevision as revisionKind } from '../../api/kinds/apps/controller-revision.ts';
import { daemonSet as setKind } from '../../api/kinds/apps/daemon-set.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { ControllerRevision, DaemonSet, Pod } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import { templateHash } from '../deployment/hash.ts';
import { byRevision, renumber, REVISION_HASH, revisionName, sameData, templatePatch, truncate } from '../history.ts';
import { hashOf } from './pods.ts';

export interface History { readonly current: ControllerRevision; readonly old: readonly ControllerRevision[]; readonly hash: string }

export const hashIn = (r: ControllerRevision): string => r.metadata?.labels?.[REVISION_HASH] ?? r.metadata?.name ?? '';

/** Finds or makes the revision of the template; one that comes back gets the next number: that is a rollback. */
export async function syncHistory(client: Client, set: DaemonSet, all: readonly ControllerRevision[], pods: readonly Pod[]): Promise<History> {
  const data = templatePatch(set.spec!.template);
  const labelled = await Promise.all(all.map(r => (r.metadata?.labels?.[REVISION_HASH] !== undefined ? r
    : client.update<ControllerRevision>(revisionKind, { ...r, metadata: { ...r.metadata, labels: { ...r.metadata?.labels, [REVISION_HASH]: r.metadata?.name ?? '' } } }))));
  const old = labelled.filter(r => !sameData(r, data));
  const next = Math.max(0, ...old.map(r => r.revision ?? 0)) + 1;
  const same = labelled.filter(r => sameData(r, data)).sort(byRevision);
  let current = same.at(-1);
  if (!current) current = await create(client, set, data, next);
  else {
    if (same.length > 1) await mergeInto(client, current, same.slice(0, -1), pods);
    if ((current.revision ?? 0) < next) current = await renumber(client, current, next);
  }
  return { current, old, hash: hashIn(current) };
}

async function create(client: Client, set: DaemonSet, data: object, number: number): Promise<ControllerRevision> {
  const hash = templateHash(set.spec!.template, set.status?.collisionCount), namespace = set.metadata?.namespace, name = revisionName(set, hash);
  try {
    return await client.create<ControllerRevision>(revisionKind, {
      apiVersion: 'apps/v1', kind: 'ControllerRevision', revision: number, data: data as ControllerRevision['data'],
      metadata: {
        name, namespace, labels: { ...set.spec?.template.metadata?.labels, [REVISION_HASH]: hash }, ownerReferences: [controllerReference(set, setKind)],
        ...(set.metadata?.annotations ? { annotations: { ...set.metadata.annotations } } : {}),
      },
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await client.get<ControllerRevision>(revisionKind, namespace, name);
    if (sameData(found, data)) return found;
    // Another's: the next try hashes differently.
    const live = await client.get<DaemonSet>(setKind, namespace, set.metadata?.name ?? '');
    if (live.status?.collisionCount !== set.status?.collisionCount)
      throw new Error(`found a stale collision count (${set.status?.collisionCount ?? 0}, expected ${live.status?.collisionCount ?? 0}) of DaemonSet "${set.metadata?.name}" while processing; will retry until it is updated`, { cause: error });
    await client.updateStatus<DaemonSet>(setKind, { ...live, status: { ...live.status!, collisionCount: (live.status?.collisionCount ?? 0) + 1 } });
    throw error;
  }
}

/** Of several revisions with one template the newest stays: pods are counted to it, then the others go. */
async function mergeInto(client: Client, keep: ControllerRevision, others: readonly ControllerRevision[], pods: readonly Pod[]): Promise<void> {
  const hash = hashIn(keep), gone = new Set(others.map(hashIn));
  await Promise.all(pods.filter(p => gone.has(hashOf(p) ?? '')).map(p =>
    client.patch<Pod>(podKind, p.metadata?.namespace, p.metadata?.name ?? '', 'application/merge-patch+json', { metadata: { labels: { [REVISION_HASH]: hash } } })));
  for (const r of others) {
    try {
      await client.delete(revisionKind, r.metadata?.namespace, r.metadata?.name ?? '');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Deletes the oldest of those that no pod was made from, until no more than the limit are left of all that are not current. */
export async function truncateHistory(client: Client, set: DaemonSet, { old }: History, pods: readonly Pod[]): Promise<void> {
  const live = new Set(pods.map(hashOf)), unused = old.filter(r => !live.has(hashIn(r))).sort(byRevision);
  const limit = set.spec?.revisionHistoryLimit ?? 10;
  await truncate(client, unused, Math.max(0, limit - (old.length - unused.length)));
}
