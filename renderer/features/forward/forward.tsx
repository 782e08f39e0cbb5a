// Ports of pods and services on this machine, kept by the host until they are stopped.
import { t } from 'i18next';
import type { App, DockViewProps, Feature } from '../../app/feature.ts';
import { lazyView } from '../../kit/lazy-view.ts';
import { ForwardDialog } from './ForwardDialog.tsx';
import { forwardCommand, portsOf } from './ports.ts';

const ForwardsView = lazyView<DockViewProps>(async () => (await import('./ForwardsView.tsx')).ForwardsView);
const show = (app: App): void => { app.workspace.openDock({ id: 'forwards', view: 'forwards', icon: 'forward', title: t('forward.list'), props: {} }); };

export const forward: Feature = {
  id: 'forward',
  dockViews: { forwards: ForwardsView },
  actions: [{
    id: 'forward', icon: 'forward', key: 'f', bulk: false,
    kubectl: c => forwardCommand(c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster), c.kind, c.objects[0]?.metadata?.namespace, c.objects[0]?.metadata?.name ?? '', portsOf(c.kind, c.objects[0] ?? {})[0]?.port ?? 'PORT'),
    run: c => c.app.openDialog(close => <ForwardDialog c={c} close={close} onOpen={() => show(c.app)} />),
  }],
  commands: app => [{ id: 'forwards', title: t('forward.show'), icon: 'forward', run: () => show(app) }],
};
