// Keeps pods that have names: as many as asked for, each with its ordinal, its claims and its turn.
import { controllerRevision as revisionKind } from '../../api/kinds/apps/controller-revision.ts';
import { statefulSet as setKind } from '../../api/kinds/apps/stateful-set.ts';
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { cachedSelectorFrom } from '../../api/meta/labels.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet, StatefulSetStatus } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext, Keys, Reconcile } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { FailureBackoff } from '../failure-backoff.ts';
import { claim, indexByController } from '../ownership.ts';
import { wakeByPods } from '../pod-events.ts';
import { untilAvailable } from '../pods.ts';
import { namespaceTerminating } from '../terminating.ts';
import { isMember, parseName } from './identity.ts';
import { Pass } from './pass.ts';
import { StatefulPods } from './pods.ts';
import { syncRevisions, truncateRevisions } from './revisions.ts';
import { completeUpdate, countsOf, tidied } from './status.ts';

/** Between two pods of a name that fail, at most; ms. */
const LONGEST_WAIT = 10_000;

export const statefulSetController: Controller = { name: 'statefulset-controller', alias: 'statefulset', workers: 5, start };

function start(ctx: ControllerContext, keys: Keys): Reconcile {
  const sets = ctx.informers.for<StatefulSet>(setKind);
  const pods = ctx.informers.for<Pod>(podKind);
  const revisions = ctx.informers.for<ControllerRevision>(revisionKind);
  const claims = ctx.informers.for<PersistentVolumeClaim>(claimKind);
  const expectations = new Expectations(ctx.clock);
  const backoff = new FailureBackoff(ctx.clock, LONGEST_WAIT);
  const selectorOf = (set: StatefulSet): ReturnType<typeof cachedSelectorFrom> => cachedSelectorFrom(set.spec?.selector);
  indexByController(pods);
  indexByController(revisions);
  wakeByPods({ owners: sets, pods, selectorOf, keys, expectations });

  // A stranger that had the name of one of its pods is gone: the set need not wait for its next try.
  pods.on({ delete(pod) {
    const set = sets.lister.get(pod.metadata?.namespace, parseName(pod.metadata?.name ?? '').parent);
    if (set) keys.add(objectKey(set));
  } });
  /** `data-web-0` may be of the sets `web` and `data-web`: whoever has a template of the rest's name is asked. */
  const wakeByClaim = (c: PersistentVolumeClaim): void => {
    const { parent } = parseName(c.metadata?.name ?? '');
    for (let at = parent.indexOf('-'); at > 0; at = parent.indexOf('-', at + 1)) {
      const set = sets.lister.get(c.metadata?.namespace, parent.slice(at + 1));
      if (set?.spec?.volumeClaimTemplates?.some(t => t.metadata?.name === parent.slice(0, at))) keys.add(objectKey(set));
    }
  };
  // One that goes is made again under a pod that waits for it; until then a pod of that name may be waiting for it to go.
  claims.on({ delete: wakeByClaim });

  const writeStatus = async (set: StatefulSet, status: StatefulSetStatus): Promise<void> => {
    completeUpdate(set, status);
    const next = tidied(status);
    if (!semanticEqual(next, set.status)) await ctx.client.updateStatus<StatefulSet>(setKind, { ...set, status: next });
  };

  return async key => {
    const { namespace, name } = splitKey(key);
    const set = sets.lister.get(namespace, name);
    if (!set?.spec) { expectations.forget(key); return undefined; }
    // What was asked for and not yet seen brings the key back when it is.
    if (!expectations.satisfied(key)) return undefined;
    const selector = selectorOf(set), now = ctx.clock.now();
    const all = await claim<ControllerRevision>({ client: ctx.client, owner: set, ownerKind: setKind, dependentKind: revisionKind, informer: revisions, selector });
    const own = await claim<Pod>({ client: ctx.client, owner: set, ownerKind: setKind, dependentKind: podKind, informer: pods, selector, belongs: p => isMember(set, p) });
    if (set.metadata?.deletionTimestamp !== undefined) {
      // Its revisions may be gone already, and are not made again.
      const { currentRevision = '', updateRevision = '', collisionCount = 0 } = set.status ?? {};
      await writeStatus(set, countsOf(set, own, { current: currentRevision, update: updateRevision, collisionCount }, now));
      return undefined;
    }
    const waits: number[] = [];
    let error: Error | undefined;
    try {
      const both = await syncRevisions(ctx.client, set, all);
      const result = await new Pass(set, both, new StatefulPods(ctx, claims.lister, expectations, backoff, waits, set), own, now).run();
      error = result.error;
      await writeStatus(set, result.status);
      await truncateRevisions(ctx.client, set, all, own, both);
    } catch (cause) {
      error ??= cause instanceof Error ? cause : new Error(String(cause));
    }
    if (error && !namespaceTerminating(error)) throw error;
    for (const p of own) { const ms = untilAvailable(p, set.spec?.minReadySeconds ?? 0, now); if (ms) waits.push(ms); }
    return waits.length ? { requeueAfter: Math.min(...waits) } : undefined;
  };
}
