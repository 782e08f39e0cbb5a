// Sends pods off nodes with NoExecute taints: at once, or after as long as they tolerate it.
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { isTerminal, podCondition } from '../../api/meta/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { tolerates } from '../../api/meta/taint.ts';
import { formatTime, parseTime } from '../../api/meta/time.ts';
import type { Node, Pod, Taint } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { indexByNode } from './controller.ts';

const LATE = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];
const noExecute = (n: Node | undefined): Taint[] => (n?.spec?.taints ?? []).filter(t => t.effect === 'NoExecute');

/** Seconds a pod stays under these taints: 0 not at all, Infinity for ever. Of several tolerations for one taint the first is the one that counts. */
export function tolerationSeconds(pod: Pod, taints: readonly Taint[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const used = pod.spec?.tolerations?.find(t => tolerates(t, taint));
    if (!used) return 0;
    if (used.tolerationSeconds !== undefined) least = Math.min(least, Math.max(0, used.tolerationSeconds));
  }
  return least;
}

/**
 * Since when a pod has been under all of its node's taints, in ms: not before the last of them came, nor before it came itself. A taint
 * that does not say when it came has come just now.
 */
function underSince(pod: Pod, taints: readonly Taint[], now: number): number {
  const added = Math.max(...taints.map(t => (t.timeAdded ? parseTime(t.timeAdded) : now)));
  const here = parseTime(podCondition(pod, 'PodScheduled')?.lastTransitionTime ?? pod.status?.startTime ?? pod.metadata?.creationTimestamp);
  return Math.min(now, Math.max(added, Number.isNaN(here) ? added : here));
}

export const taintEvictionController: Controller = {
  name: 'taint-eviction-controller', account: 'node-controller', alias: 'taint-eviction', queue: 'noexec_taint_pod', workers: 8,
  start(ctx, keys) {
    const nodes = ctx.informers.for<Node>(nodeKind);
    const pods = ctx.informers.for<Pod>(podKind);
    const podsOn = indexByNode(pods);
    const deletions = ctx.figures.counter('taint_eviction_controller_pod_deletions_total', 'Pods that were deleted for their node\'s taints.');
    const late = ctx.figures.histogram('taint_eviction_controller_pod_deletion_duration_seconds', 'Seconds from when a pod was due until it was deleted.', [], LATE);
    /** Pod uid -> since when it has been on borrowed time. */
    const since = new Map<string, number>();

    nodes.on({
      add: n => { if (noExecute(n).length) for (const p of podsOn(n.metadata?.name ?? '')) keys.add(objectKey(p)); },
      update: (n, prev) => { if (noExecute(n).length || noExecute(prev).length) for (const p of podsOn(n.metadata?.name ?? '')) keys.add(objectKey(p)); },
    });
    const wake = (p: Pod): void => { if (p.spec?.nodeName && noExecute(nodes.lister.get(undefined, p.spec.nodeName)).length) keys.add(objectKey(p)); };
    pods.on({ add: wake, update: (p, prev) => { if (p.spec?.nodeName !== prev.spec?.nodeName || p.metadata?.generation !== prev.metadata?.generation) wake(p); }, delete: p => { since.delete(p.metadata?.uid ?? ''); } });

    return async key => {
      const { namespace, name } = splitKey(key);
      const pod = pods.lister.get(namespace, name);
      const uid = pod?.metadata?.uid ?? '';
      if (!pod?.spec?.nodeName || pod.metadata?.deletionTimestamp !== undefined || isTerminal(pod)) return undefined;
      const taints = noExecute(nodes.lister.get(undefined, pod.spec.nodeName));
      const seconds = taints.length === 0 ? Number.POSITIVE_INFINITY : tolerationSeconds(pod, taints);
      if (seconds === Number.POSITIVE_INFINITY) {
        if (since.delete(uid)) ctx.recorder.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
        return undefined;
      }
      const now = ctx.clock.now();
      let start = since.get(uid);
      if (start === undefined) {
        since.set(uid, start = underSince(pod, taints, now));
      }
      const left = start + seconds * 1000 - now;
      if (left > 0) return { requeueAfter: left };
      since.delete(uid);
      await evict(ctx, pod);
      deletions.add([]);
      late.observe([], (ctx.clock.now() - now - left) / 1000);
      return undefined;
    };
  },
};

async function evict(ctx: ControllerContext, pod: Pod): Promise<void> {
  const { namespace, name = '', uid, generation } = pod.metadata ?? {};
  ctx.recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint', observedGeneration: generation, lastTransitionTime: formatTime(ctx.clock.now()) };
  try {
    await ctx.client.patch(podKind, namespace, name, 'application/merge-patch+json',
      { metadata: { uid }, status: { conditions: [...(pod.status?.conditions ?? []).filter(c => c.type !== condition.type), condition] } }, 'status');
    await ctx.client.delete(podKind, namespace, name, { preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
