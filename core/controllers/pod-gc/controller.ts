// Clears away pods nobody else will: those of nodes that are gone, those deleted before they got a node, and finished ones in excess.
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Node, Pod } from '../../api/types/kubernetes.ts';
import type { Counter } from '../../base/figures.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { BY_NODE, indexByNode } from '../node-lifecycle/controller.ts';

const SWEEP = 'sweep', POD = 'pod:';
/** Index of pods that finished, and of those that are going by their node. */
const STATE = 'gc-state', FINISHED = 'finished';
const going = (node = ''): string => `going/${node}`;

export const podGcController: Controller = {
  name: 'pod-garbage-collector-controller', account: 'pod-garbage-collector', alias: 'podgc', queue: 'orphaned_pods_nodes', workers: 1,
  start(ctx, keys) {
    const pods = ctx.informers.for<Pod>(podKind);
    const nodes = ctx.informers.for<Node>(nodeKind);
    const podsOn = indexByNode(pods);
    pods.addIndex(STATE, p => [...(isTerminal(p) ? [FINISHED] : []), ...(isTerminating(p) ? [going(p.spec?.nodeName)] : [])]);
    /** Node name -> since when it has been missing. */
    const missing = new Map<string, number>();
    collected(ctx);
    keys.add(SWEEP);
    const known = (name: string | undefined): boolean => !name || nodes.lister.get(undefined, name) !== undefined;
    // Nobody will ever end these: who deletes a pod of a node that is gone (or declared out of service), or its namespace, would wait for the next sweep.
    const unattended = (p: Pod): boolean => {
      if (!isTerminating(p)) return false;
      const name = p.spec?.nodeName, node = name ? nodes.lister.get(undefined, name) : undefined;
      return node === undefined || outOfService(node);
    };
    const look = (p: Pod): void => { if (unattended(p)) keys.add(`${POD}${objectKey(p)}`); };
    pods.on({ add: look, update: look });

    /** One that is going: its node is asked for before it is given up. */
    const one = async (p: Pod): Promise<void> => {
      const name = p.spec?.nodeName ?? '', orphaned = !known(name);
      if (!unattended(p) || (orphaned && !(await goneNodes(ctx, [name])).has(name))) return;
      await collect(ctx, p, orphaned);
    };
    /** What no event tells: nodes that have been away for long, and too many finished. Looks at nodes and at what is to go, never at all pods. */
    const sweep = async (): Promise<void> => {
      const now = ctx.clock.now();
      const gone = await goneNodes(ctx, pods.lister.valuesOf(BY_NODE).filter(name => !known(name)));
      for (const name of missing.keys()) if (!gone.has(name)) missing.delete(name);
      for (const name of gone) if (!missing.has(name)) missing.set(name, now);
      const orphaned = new Set<Pod>(), doomed = new Set<Pod>();
      for (const [name, since] of missing) for (const p of podsOn(name)) if (isTerminating(p) || now - since >= ctx.config.podGcQuarantine) orphaned.add(p);
      const excess = pods.lister.countIn(STATE, FINISHED) - ctx.config.terminatedPodThreshold;
      if (excess > 0) for (const p of pods.lister.byIndex(STATE, FINISHED).sort(evictedThenOldest).slice(0, excess)) doomed.add(p);
      for (const name of ['', ...nodes.lister.list().filter(outOfService).map(n => n.metadata?.name)]) for (const p of pods.lister.byIndex(STATE, going(name))) doomed.add(p);
      for (const p of new Set([...doomed, ...orphaned])) await collect(ctx, p, orphaned.has(p));
    };
    return async key => {
      if (key === SWEEP) { await sweep(); return { requeueAfter: ctx.config.podGcPeriod }; }
      const pod = pods.lister.getByKey(key.slice(POD.length));
      if (pod) await one(pod);
      return undefined;
    };
  },
};

/** Evicted pods say the least of what is worth keeping; of equal times the first by name. */
function evictedThenOldest(a: Pod, b: Pod): number {
  const evicted = (p: Pod): number => Number(p.status?.reason === 'Evicted'), when = (p: Pod): string => p.metadata?.creationTimestamp ?? '', name = (p: Pod): string => p.metadata?.name ?? '';
  return evicted(b) - evicted(a) || (when(a) < when(b) ? -1 : when(a) > when(b) ? 1 : name(a) < name(b) ? -1 : 1);
}

/** Not ready, and said to be off for good: its pods may be let go without its word. */
function outOfService(node: Node): boolean {
  const ready = node.status?.conditions?.find(c => c.type === 'Ready')?.status === 'True';
  return !ready && (node.spec?.taints ?? []).some(t => t.key === 'node.kubernetes.io/out-of-service');
}

/** Those of `names` the server does not know either. */
async function goneNodes(ctx: ControllerContext, names: Iterable<string>): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const name of names) {
    try { await ctx.client.get(nodeKind, undefined, name); } catch (error) {
      if (!isNotFound(error)) throw error;
      gone.add(name);
    }
  }
  return gone;
}

const collected = (ctx: ControllerContext): Counter => ctx.figures.counter('pod_gc_collector_force_delete_pods_total', 'Pods that were cleared away, by why.', ['namespace', 'reason']);

async function collect(ctx: ControllerContext, pod: Pod, orphaned: boolean): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata ?? {};
  try {
    if (!isTerminal(pod)) {
      const others = (pod.status?.conditions ?? []).filter(c => c.type !== 'DisruptionTarget');
      const disrupted = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists', lastTransitionTime: formatTime(ctx.clock.now()) };
      await ctx.client.patch(podKind, namespace, name, 'application/merge-patch+json',
        { metadata: { uid }, status: { phase: 'Failed', ...(orphaned ? { conditions: [...others, disrupted] } : {}) } }, 'status');
    }
    await ctx.client.delete(podKind, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    collected(ctx).add([namespace ?? '', orphaned ? 'orphaned' : !isTerminating(pod) ? 'terminated' : pod.spec?.nodeName ? 'out-of-service' : 'unscheduled']);
    ctx.log.info('pod collected', { pod: `${namespace}/${name}`, orphaned });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
