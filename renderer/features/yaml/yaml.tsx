// YAML: edit an object, create from a template, a file or what was dropped.
import { t } from 'i18next';
import { lazy } from 'react';
import type { App, Feature } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { editTarget } from './target.ts';

const YamlView = lazy(async () => ({ default: (await import('./YamlView.tsx')).YamlView }));
/** An editor needs room: pixels of dock that are at least given to it. */
const ROOM = 440;

export function openEditor(app: App, tab: { id?: string; title: string; props: unknown }): void {
  app.workspace.openDock({ view: 'yaml', icon: 'yaml', ...tab });
  if (app.workspace.get().layout.dock < ROOM) app.workspace.layout({ dock: Math.min(ROOM, Math.round(window.innerHeight * 0.6)) });
}

export const yaml: Feature = {
  id: 'yaml',
  dockViews: { yaml: YamlView },
  actions: [{
    id: 'yaml', icon: 'yaml', key: 'y', bulk: false, quick: true,
    kubectl: c => kubectl(c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster), c.objects[0]?.metadata?.namespace, 'edit', resourceArg(c.kind, c.objects[0]?.metadata?.name ?? '')),
    run(c) {
      const o = c.objects[0];
      if (!o) return;
      const target = editTarget(c.cluster, c.kind, o);
      c.app.lastCommand.set(this.kubectl!(c));
      openEditor(c.app, { id: `yaml:${JSON.stringify(target)}`, title: target.name ?? '', props: target });
    },
  }],
  commands: () => [{ id: 'create.yaml', title: t('yaml.create'), hint: 'kubectl apply -f', icon: 'plus', run: a => openEditor(a, { title: t('yaml.newTitle'), props: { cluster: a.workspace.cluster } }) }],
};
