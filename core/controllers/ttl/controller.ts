// Tells node agents how long they may keep secrets and config maps without asking again: the larger the cluster, the longer.
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Node } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';

const TTL = 'node.alpha.kubernetes.io/ttl';
/** Sizes overlap, so that a cluster at a border does not go to and fro. */
const STEPS = [
  { min: 0, max: 100, seconds: 0 }, { min: 90, max: 500, seconds: 15 }, { min: 450, max: 1000, seconds: 30 }, { min: 900, max: 2000, seconds: 60 },
  { min: 1800, max: Number.POSITIVE_INFINITY, seconds: 300 },
] as const;

export const ttlController: Controller = {
  name: 'ttl-controller', alias: 'ttl', queue: 'ttlcontroller',
  start(ctx, keys) {
    const nodes = ctx.informers.for<Node>(nodeKind);
    let step = 0, count = 0;
    const resize = (by: 1 | -1): void => {
      count += by;
      if (by > 0 && count > STEPS[step]!.max) step++;
      if (by < 0 && count < STEPS[step]!.min) step--;
    };
    const wake = (n: Node): void => { if (n.metadata?.annotations?.[TTL] !== String(STEPS[step]!.seconds)) keys.add(n.metadata?.name ?? ''); };
    // After a step the others are told when they are next heard of: nobody walks over all nodes for it.
    nodes.on({ add: n => { resize(1); wake(n); }, update: wake, delete: () => resize(-1) });
    return async name => {
      const seconds = String(STEPS[step]!.seconds);
      if (nodes.lister.get(undefined, name)?.metadata?.annotations?.[TTL] === seconds) return;
      try {
        await ctx.client.patch(nodeKind, undefined, name, 'application/strategic-merge-patch+json', { metadata: { annotations: { [TTL]: seconds } } });
      } catch (e) {
        if (!isNotFound(e)) throw e;
      }
    };
  },
};
