// Terminals: a shell in a container, or attaching to its main process. Straight from the host: no kubectl, no local shell.
import type { ActionContext, ActionSpec, Feature } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { wantFocus } from '../../kit/focus.ts';
import { lazyView } from '../../kit/lazy-view.ts';
import { freeTitle } from './title.ts';
import { terminalTarget, type TerminalTarget } from './target.ts';

const TerminalView = lazyView(async () => (await import('./TerminalView.tsx')).TerminalView);

const action = (id: 'shell' | 'attach', mode: TerminalTarget['mode'], key: string): ActionSpec => ({
  id, icon: id, key, bulk: false, quick: id === 'shell',
  kubectl: c => commandOf(c, mode),
  run(c) {
    const o = c.objects[0];
    const target = o && terminalTarget(c.cluster, c.kind, o, mode);
    if (!target) return;
    c.app.lastCommand.set(commandOf(c, mode));
    const dock = c.app.workspace.get().dock;
    const tab = `terminal:${Date.now().toString(36)}${dock.length}`;
    wantFocus(tab);
    c.app.workspace.openDock({ id: tab, view: 'terminal', title: freeTitle(o.metadata?.name ?? '', dock.map(d => (d.view === 'terminal' ? d.title : ''))), icon: id, props: target });
  },
});

function commandOf(c: ActionContext, mode: TerminalTarget['mode']): string {
  const info = c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster);
  const o = c.objects[0];
  const what = resourceArg(c.kind, o?.metadata?.name ?? '').replace(/^pod\//, '');
  return mode === 'exec' ? kubectl(info, o?.metadata?.namespace, 'exec', '-it', what, '--', 'sh') : kubectl(info, o?.metadata?.namespace, 'attach', '-it', what);
}

export const terminal: Feature = {
  id: 'terminal',
  dockViews: { terminal: TerminalView },
  actions: [action('shell', 'exec', 's'), action('attach', 'attach', 'a')],
};
