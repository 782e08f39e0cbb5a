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
  name: 'pod-garbage-collector-controller', alias: 'podgc', workers: 1,
  start(ctx, keys) {
    const pods = ctx.informers.for<Pod>(podKind);
    const nodes = ctx.informers.for<Node>(nodeKind);
    /** Node name -> since when it has been missing. */
    const missing = new Map<string, number>();
    keys.add(SWEEP);
    return async () => {
      const all = pods.lister.list();
      const now = ctx.clock.now();
      const gone = await goneNodes(ctx, all, name => nodes.lister.get(undefined, name) !== undefined, missing, now);
      const finished = all.filter(isTerminal);
      const excess = finished.length - ctx.config.terminatedPodThreshold;
      const doomed = new Set<Pod>(excess > 0 ? finished.sort((a, b) => ((a.metadata?.creationTimestamp ?? '') < (b.metadata?.creationTimestamp ?? '') ? -1 : 1)).slice(0, excess) : []);
      for (const p of all) if (gone.has(p.spec?.nodeName ?? '')) doomed.add(p);
      for (const p of all) if (!p.spec?.nodeName && p.metadata?.deletionTimestamp !== undefined) doomed.add(p);
      for (const p of doomed) await collect(ctx, p, gone.has(p.spec?.nodeName ?? ''));
      return { requeueAfter: ctx.config.podGcPeriod };
    };
  },
};

/** Nodes that pods name, that have been missing for the quarantine, and that the server does not know either. */
async function goneNodes(ctx: ControllerContext, pods: readonly Pod[], exists: (name: string) => boolean, missing: Map<string, number>, now: number): Promise<Set<string>> {
  const named = new Set(pods.map(p => p.spec?.nodeName).filter((n): n is string => !!n && !exists(n)));
  for (const name of missing.keys()) if (!named.has(name)) missing.delete(name);
  const gone = new Set<string>();
  for (const name of named) {
    const since = missing.get(name);
    if (since === undefined) { missing.set(name, now); continue; }
    if (now - since < ctx.config.podGcQuarantine) continue;
    try {
      await ctx.client.get(nodeKind, undefined, name);
    } catch (error) {
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
