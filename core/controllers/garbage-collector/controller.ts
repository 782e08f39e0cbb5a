// Deletes what its owners left behind: background, foreground and orphan deletion.
import { customResourceDefinition as crdKind } from '../../api/kinds/apiextensions/custom-resource-definition.ts';
import type { ResourceType } from '../../api/meta/object.ts';
import type { Controller } from '../controller.ts';
import { Collector } from './collect.ts';
import { Graph } from './graph.ts';

/** Kinds that own nothing and are owned by nobody, in numbers. */
const IGNORED = new Set(['events']);

/** The key under which it looks for new kinds, and how often (as Kubernetes' does). */
const KINDS = 'kinds', KINDS_EVERY_MS = 30_000;

export const garbageCollectorController: Controller = {
  name: 'garbage-collector-controller', account: 'generic-garbage-collector', alias: 'garbagecollector', queue: 'garbage_collector_attempt_to_delete', workers: 20,
  start(ctx, keys) {
    const graph = new Graph({ toDelete: uid => keys.add(`delete/${uid}`), toOrphan: uid => keys.add(`orphan/${uid}`) });
    const followed = new Map<string, ResourceType>();
    /** Follows the kinds served now, and lets go of those that are no more; true when there are new ones. */
    const follow = (): boolean => {
      const served = new Map(ctx.config.resources().filter(r => !IGNORED.has(r.plural)).map(r => [`${r.group}/${r.version}/${r.plural}`, r]));
      for (const [id, r] of followed) if (!served.has(id)) { followed.delete(id); ctx.informers.drop(r); }
      let fresh = false;
      for (const [id, r] of served) {
        if (followed.has(id)) continue;
        followed.set(id, r);
        fresh = true;
        ctx.informers.for(r).on({ add: o => graph.seen(r, o), update: o => graph.seen(r, o), delete: o => graph.gone(o.metadata?.uid ?? '') });
        // Custom kinds come and go with their definitions.
        const again = (): void => keys.add(KINDS);
        if (r.group === crdKind.group && r.plural === crdKind.plural) ctx.informers.for(r).on({ add: again, update: again, delete: again });
      }
      return fresh;
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
