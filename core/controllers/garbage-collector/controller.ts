// Deletes what its owners left behind: background, foreground and orphan deletion.
import type { Controller } from '../controller.ts';
import { Collector } from './collect.ts';
import { Graph } from './graph.ts';

/** Kinds that own nothing and are owned by nobody, in numbers. */
const IGNORED = new Set(['events']);

/** The key under which it looks for new kinds, and how often (as Kubernetes' does). */
const KINDS = 'kinds', KINDS_EVERY_MS = 30_000;

export const garbageCollectorController: Controller = {
  name: 'garbage-collector-controller', alias: 'garbagecollector', workers: 20,
  start(ctx, keys) {
    const graph = new Graph({ toDelete: uid => keys.add(`delete/${uid}`), toOrphan: uid => keys.add(`orphan/${uid}`) });
    const followed = new Set<string>();
    /** Begins to follow kinds that were not served before; true when there were any. */
    const follow = (): boolean => {
      const before = followed.size;
      for (const r of ctx.config.resources()) {
        const id = `${r.group}/${r.plural}`;
        if (IGNORED.has(r.plural) || followed.has(id)) continue;
        followed.add(id);
        ctx.informers.for(r).on({ add: o => graph.seen(r, o), update: o => graph.seen(r, o), delete: o => graph.gone(o.metadata?.uid ?? '') });
      }
      return followed.size > before;
    };
    follow();
    keys.addAfter(KINDS, KINDS_EVERY_MS);
    const collector = new Collector(ctx, graph);
    return async key => {
      if (key === KINDS) {
        if (follow()) void ctx.informers.start();
        return { requeueAfter: KINDS_EVERY_MS };
      }
      const uid = key.slice(key.indexOf('/') + 1);
      await (key.startsWith('delete/') ? collector.delete(uid) : collector.orphan(uid));
      return undefined;
    };
  },
};
