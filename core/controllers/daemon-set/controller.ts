// Keeps one pod on every node that is to have one.
import { controllerRevision as revisionKind } from '../../api/kinds/apps/controller-revision.ts';
import { daemonSet as setKind } from '../../api/kinds/apps/daemon-set.ts';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { cachedSelectorFrom, type Selector } from '../../api/meta/labels.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import type { ControllerRevision, DaemonSet, Node, Pod } from '../../api/types/kubernetes.ts';
import { selecting } from '../../client/selection.ts';
import { slowStart } from '../batch.ts';
import type { Controller, ControllerContext, Keys, Outcome, Reconcile } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { FailureBackoff } from '../failure-backoff.ts';
import { claim, indexByController } from '../ownership.ts';
import { wakeByPods } from '../pod-events.ts';
import { createPod, deletePod } from '../pod-writes.ts';
import { podKey, untilAvailable } from '../pods.ts';
import { namespaceTerminating } from '../terminating.ts';
import { judgeFor } from './eligibility.ts';
import { manage, podsByNode, update, type Plan, type Scene } from './plan.ts';
import { freshBy, newPod } from './pods.ts';
import { hashIn, syncHistory, truncateHistory, type History } from './revisions.ts';
import { statusOf } from './status.ts';

/** Pods made and pods deleted in one pass at most; the rest follows when these have been seen. */
const BURST = 250;
/** Between two pods on a node where they fail, at most; ms. */
const LONGEST_WAIT = 15 * 60_000;

export const daemonSetController: Controller = { name: 'daemonset-controller', alias: 'daemonset', account: 'daemon-set-controller', workers: 2, start };

/** What a node is judged by has not changed: its heartbeats wake nobody. */
const looksTheSame = (a: Node, b: Node): boolean => semanticEqual(a.metadata?.labels, b.metadata?.labels) && semanticEqual(a.spec?.taints, b.spec?.taints);

function start(ctx: ControllerContext, keys: Keys): Reconcile {
  const sets = ctx.informers.for<DaemonSet>(setKind);
  const pods = ctx.informers.for<Pod>(podKind);
  const nodes = ctx.informers.for<Node>(nodeKind);
  const revisions = ctx.informers.for<ControllerRevision>(revisionKind);
  const expectations = new Expectations(ctx.clock);
  const backoff = new FailureBackoff(ctx.clock, LONGEST_WAIT);
  const selectorOf = (set: DaemonSet): Selector => cachedSelectorFrom(set.spec?.selector);
  indexByController(pods);
  indexByController(revisions);
  wakeByPods({ owners: sets, pods, selectorOf, keys, expectations });

  const wakeWhere = (node: Node, verdict: 'run' | 'stay'): void => { for (const set of sets.lister.list()) if (judgeFor(set)(node)[verdict]) keys.add(objectKey(set)); };
  nodes.on({
    add: n => wakeWhere(n, 'run'), delete: n => wakeWhere(n, 'stay'),
    update(node, prev) {
      if (looksTheSame(node, prev)) return;
      for (const set of sets.lister.list()) {
        const judge = judgeFor(set), before = judge(prev), now = judge(node);
        if (before.run !== now.run || before.stay !== now.stay) keys.add(objectKey(set));
      }
    },
  });
  const adopters = selecting(sets, 'by-selected', selectorOf);
  const wakeOwner = (r: ControllerRevision): void => {
    const ref = controllerOf(r), set = ref?.kind === setKind.kind ? sets.lister.get(r.metadata?.namespace, ref.name) : undefined;
    if (set && set.metadata?.uid === ref?.uid) keys.add(objectKey(set));
    else if (!ref) for (const s of adopters.matching(r.metadata?.namespace, r.metadata?.labels)) keys.add(objectKey(s));
  };
  revisions.on({ add: r => { if (!controllerOf(r)) wakeOwner(r); }, update: wakeOwner, delete: r => { if (controllerOf(r)) wakeOwner(r); } });

  /** Failed pods are deleted ever more seldom per node and generation; those that succeeded at once. */
  const mayReplace = (set: DaemonSet, waits: number[]) => (pod: Pod, node: string): boolean => {
    const what = `daemon pod ${podKey(pod)} on node ${node}, will try to`;
    if (pod.status?.phase === 'Succeeded') {
      ctx.recorder.event(set, 'Normal', 'SucceededDaemonPod', `Found succeeded ${what} delete it`);
      return true;
    }
    const key = `${set.metadata?.uid}/${set.status?.observedGeneration ?? 0}/${node}`, left = backoff.left(key);
    if (left > 0) { waits.push(left); return false; }
    backoff.note(key);
    ctx.recorder.event(set, 'Warning', 'FailedDaemonPod', `Found failed ${what} kill it`);
    return true;
  };

  const carryOut = async (key: string, set: DaemonSet, hash: string, plan: Plan): Promise<void> => {
    const create = plan.create.slice(0, BURST), remove = plan.remove.slice(0, BURST);
    if (create.length + remove.length === 0) return;
    expectations.raise(key, create.length, remove.map(podKey));
    const made = await slowStart(create.length, async i => { await createPod(ctx, set, newPod(set, hash, create[i]!)); });
    expectations.creationObserved(key, create.length - made.succeeded);
    const removed = await Promise.allSettled(remove.map(async pod => {
      let begun = false;
      try { begun = await deletePod(ctx, set, pod); } finally { if (!begun) expectations.deletionObserved(key, podKey(pod)); }
    }));
    const failed = removed.find(r => r.status === 'rejected');
    if (made.error && !namespaceTerminating(made.error)) throw made.error;
    if (failed) throw failed.reason;
  };

  const act = async (key: string, scene: Scene, { hash }: History, waits: number[]): Promise<void> => {
    const plan = manage(scene, mayReplace(scene.set, waits));
    await carryOut(key, scene.set, hash, plan);
    // An update begins from what stands: while there is something to put right, the pods it would count are not the ones there are.
    if (plan.create.length + plan.remove.length === 0 && scene.set.spec?.updateStrategy?.type === 'RollingUpdate') await carryOut(key, scene.set, hash, update(scene));
  };

  return async (key): Promise<Outcome | void> => {
    const { namespace, name } = splitKey(key);
    const set = sets.lister.get(namespace, name);
    if (!set?.spec) { expectations.forget(key); return undefined; }
    const selector = selectorOf(set);
    if (selector.everything) {
      ctx.recorder.event(set, 'Warning', 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
      return undefined;
    }
    // Whether its pods or its revisions go first is not said, so nothing it counts would be right.
    if (set.metadata?.deletionTimestamp !== undefined) return undefined;
    // Asked before the pods are read: what is seen between the two can only make the count more right.
    const maySync = expectations.satisfied(key);
    const all = await claim<ControllerRevision>({ client: ctx.client, owner: set, ownerKind: setKind, dependentKind: revisionKind, informer: revisions, selector });
    const own = await claim<Pod>({ client: ctx.client, owner: set, ownerKind: setKind, dependentKind: podKind, informer: pods, selector });
    const history = await syncHistory(ctx.client, set, all, own);
    const scene: Scene = { set, isFresh: freshBy(set, history.hash, new Set(history.old.map(hashIn))), nodes: nodes.lister.list(), judge: judgeFor(set), pods: podsByNode(own), now: ctx.clock.now() };
    const waits = own.map(p => untilAvailable(p, set.spec?.minReadySeconds ?? 0, scene.now)).filter(ms => ms !== undefined && ms > 0) as number[];
    let error: unknown;
    if (maySync) {
      try {
        await act(key, scene, history, waits);
        await truncateHistory(ctx.client, set, history, own);
      } catch (cause) { error = cause; }
    }
    const status = statusOf(scene, maySync);
    if (!semanticEqual(status, set.status)) await ctx.client.updateStatus<DaemonSet>(setKind, { ...set, status });
    if (error !== undefined) throw error;
    return waits.length ? { requeueAfter: Math.min(...waits) } : undefined;
  };
}
