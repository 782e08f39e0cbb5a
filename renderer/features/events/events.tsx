// The events of an object in a tab of their own, live, beside whatever else is looked at.
import type { Feature } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { lazyView } from '../../kit/lazy-view.ts';
import { editTarget } from '../yaml/target.ts';

const EventsView = lazyView(async () => (await import('./EventsView.tsx')).EventsView);

export const events: Feature = {
  id: 'events',
  dockViews: { events: EventsView },
  actions: [{
    id: 'events', icon: 'event', key: 'e', bulk: false,
    applies: kind => kind.kind !== 'Event' && kind.verbs.includes('watch'),
    kubectl: c => kubectl(c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster), c.objects[0]?.metadata?.namespace, 'events', '--for', resourceArg(c.kind, c.objects[0]?.metadata?.name ?? '')),
    run(c) {
      const o = c.objects[0];
      if (!o) return;
      const target = editTarget(c.cluster, c.kind, o);
      c.app.lastCommand.set(this.kubectl!(c));
      c.app.workspace.openDock({ id: `events:${JSON.stringify(target)}`, view: 'events', title: target.name ?? '', icon: 'event', props: target });
    },
  }],
};
