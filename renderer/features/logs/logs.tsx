// Logs: of a pod with all its containers, or of everything a workload or a service selects.
import type { ActionContext, Feature } from '../../app/feature.ts';
import { lazyView } from '../../kit/lazy-view.ts';
import { wantFocus } from './focus.ts';
import { targetOfObjects } from './target.ts';

const LogView = lazyView(async () => (await import('./LogView.tsx')).LogView);

export const logs: Feature = {
  id: 'logs',
  dockViews: { logs: LogView },
  actions: [{
    id: 'logs', icon: 'logs', key: 'l', bulk: true, quick: true,
    kubectl: c => targetOfObjects(c.cluster, infoOf(c), c.kind, c.objects)?.command ?? '',
    run(c) {
      const target = targetOfObjects(c.cluster, infoOf(c), c.kind, c.objects);
      if (!target) return;
      const name = c.objects[0]?.metadata?.name ?? '';
      const title = c.objects.length === 1 ? name : `${name} + ${c.objects.length - 1}`;
      c.app.lastCommand.set(target.command);
      const id = `logs:${c.cluster}:${JSON.stringify(target.sets)}`;
      wantFocus(id);
      c.app.workspace.openDock({ id, view: 'logs', title, icon: 'logs', props: target });
    },
  }],
};
const infoOf = (c: ActionContext) => c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster);
