// Clears away pods nobody else will: those of nodes that are gone, those deleted before they got a node, and finished ones in excess.
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Node, Pod } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isTerminal } from '../../api/meta/pod.ts';

const SWEEP = 'sweep';

export const podGcController: Controller = {
  name: 'pod-garbage-collector-controller', account: 'pod-garbage-collector', alias: 'podgc', workers: 1,
  start(ctx, keys) {
    const pods = ctx.informers.for<Pod>(podKind);
    const nodes = ctx.informers.for<Node>(nodeKind);
    /** Node name -> since when it has been missing. */
    const missing = new Map<string, number>();
    keys.add(SWEEP);
    // Nobody will ever end these: who deletes a pod of a node that is gone (or declared out of service), or its namespace, would wait for the next sweep.
    const unattended = (p: Pod): boolean => {
      if (p.metadata?.deletionTimestamp === undefined) return false;
      const name = p.spec?.nodeName;
      if (!name) return true;
      const node = nodes.lister.get(undefined, name);
      return node === undefined || outOfService(node);
    };
    const look = (p: Pod): void => { if (unattended(p)) keys.add(SWEEP); };
    pods.on({ add: look, update: look });
    return async () => {
      const all = pods.lister.list();
      const now = ctx.clock.now();
      const known = (p: Pod): boolean => !p.spec?.nodeName || nodes.lister.get(undefined, p.spec.nodeName) !== undefined;
      const gone = await goneNodes(ctx, new Set(all.filter(p => !known(p)).map(p => p.spec?.nodeName ?? '')));
      for (const name of missing.keys()) if (!gone.has(name)) missing.delete(name);
      for (const name of gone) if (!missing.has(name)) missing.set(name, now);
      const orphaned = (p: Pod): boolean => {
        const since = missing.get(p.spec?.nodeName ?? '');
        return since !== undefined && (p.metadata?.deletionTimestamp !== undefined || now - since >= ctx.config.podGcQuarantine);
      };
      const finished = all.filter(isTerminal);
      const excess = finished.length - ctx.config.terminatedPodThreshold;
      const doomed = new Set<Pod>(excess > 0 ? finished.sort((a, b) => ((a.metadata?.creationTimestamp ?? '') < (b.metadata?.creationTimestamp ?? '') ? -1 : 1)).slice(0, excess) : []);
      for (const p of all) if (orphaned(p) || (known(p) && unattended(p))) doomed.add(p);
      for (const p of doomed) await collect(ctx, p, orphaned(p));
      return { requeueAfter: ctx.config.podGcPeriod };
    };
  },
};

/** Not ready, and said to be off for good: its pods may be let go without its word. */
function outOfService(node: Node): boolean {
  const ready = node.status?.conditions?.find(c => c.type === 'Ready')?.status === 'True';
  return !ready && (node.spec?.taints ?? []).some(t => t.key === 'node.kubernetes.io/out-of-service');
}

/** Those of `names` the server does not know either. */
async function goneNodes(ctx: ControllerContext, names: ReadonlySet<string>): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const name of names) {
    try { await ctx.client.get(nodeKind, undefined, name); } catch (error) {
      if (!isNotFound(error)) throw error;
      gone.add(name);
    }
  }
  return gone;
}

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
    ctx.log.info('pod collected', { pod: `${namespace}/${name}`, orphaned });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
