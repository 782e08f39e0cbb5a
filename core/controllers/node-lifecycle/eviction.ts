// Sends pods off nodes with NoExecute taints: at once, or after as long as they tolerate it.
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { isTolerated, tolerates } from '../../api/meta/taint.ts';
import { formatTime, parseTime } from '../../api/meta/time.ts';
import type { Node, Pod, Taint } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isTerminal } from '../../api/meta/pod.ts';
import { indexByNode } from './controller.ts';

const noExecute = (n: Node | undefined): Taint[] => (n?.spec?.taints ?? []).filter(t => t.effect === 'NoExecute');

/** Seconds a pod stays under these taints: 0 not at all, Infinity for ever. */
export function tolerationSeconds(pod: Pod, taints: readonly Taint[]): number {
  const tolerations = pod.spec?.tolerations ?? [];
  if (!taints.every(t => isTolerated(t, tolerations))) return 0;
  const used = tolerations.filter(t => taints.some(taint => tolerates(t, taint)));
  return Math.min(Number.POSITIVE_INFINITY, ...used.map(t => t.tolerationSeconds).filter(s => s !== undefined).map(s => Math.max(0, s)));
}

export const taintEvictionController: Controller = {
  name: 'taint-eviction-controller', account: 'node-controller', alias: 'taint-eviction', workers: 8,
  start(ctx, keys) {
    const nodes = ctx.informers.for<Node>(nodeKind);
    const pods = ctx.informers.for<Pod>(podKind);
    const podsOn = indexByNode(pods);
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
        const added = Math.max(...taints.map(t => parseTime(t.timeAdded)).filter(t => !Number.isNaN(t)));
        since.set(uid, start = Number.isFinite(added) ? Math.min(added, now) : now);
      }
      const left = start + seconds * 1000 - now;
      if (left > 0) return { requeueAfter: left };
      since.delete(uid);
      await evict(ctx, pod);
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
