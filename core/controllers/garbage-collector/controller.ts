// Deletes what its owners left behind: background, foreground and orphan deletion.
import type { Controller } from '../controller.ts';
import { Collector } from './collect.ts';
import { Graph } from './graph.ts';

/** Kinds that own nothing and are owned by nobody, in numbers. */
const IGNORED = new Set(['events']);

export const garbageCollectorController: Controller = {
  name: 'garbage-collector-controller', alias: 'garbagecollector', workers: 20,
  start(ctx, keys) {
    const graph = new Graph({ toDelete: uid => keys.add(`delete/${uid}`), toOrphan: uid => keys.add(`orphan/${uid}`) });
    for (const r of ctx.config.resources()) {
      if (IGNORED.has(r.plural)) continue;
      ctx.informers.for(r).on({ add: o => graph.seen(r, o), update: o => graph.seen(r, o), delete: o => graph.gone(o.metadata?.uid ?? '') });
    }
    const collector = new Collector(ctx, graph);
    return key => {
      const uid = key.slice(key.indexOf('/') + 1);
      return key.startsWith('delete/') ? collector.delete(uid) : collector.orphan(uid);
    };
  },
};
