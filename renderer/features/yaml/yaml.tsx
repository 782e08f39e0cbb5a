// YAML: edit an object, create from a template, a file or what was dropped.
import { t } from 'i18next';
import type { App, Feature } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { lazyView } from '../../kit/lazy-view.ts';
import { dropped, joined } from './files.ts';
import { openEditor } from './open.ts';
import { editTarget } from './target.ts';
import { templates } from './templates.ts';

const YamlView = lazyView(async () => (await import('./YamlView.tsx')).YamlView);
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
  commands: () => [
    { id: 'create.yaml', title: t('yaml.create'), hint: 'kubectl apply -f', icon: 'plus', run: a => openEditor(a, { title: t('yaml.newTitle'), props: { cluster: a.workspace.cluster } }) },
    ...templates.map(x => ({ id: `new.${x.id}`, title: t('yaml.newFrom', { what: t(`yaml.template.${x.id}`) }), hint: t('yaml.fromTemplate'), icon: 'template', run: (a: App) => openEditor(a, { title: t('yaml.newTitle'), props: { cluster: a.workspace.cluster, text: x.text } }) })),
  ],
  drop(app, data) {
    dropped(data).then(files => {
      if (files.length === 0) { app.notify({ level: 'bad', text: t('yaml.nothingDropped') }); return; }
      openEditor(app, { title: files.length === 1 ? files[0]!.name : t('yaml.files', { first: files[0]!.name, count: files.length - 1 }), props: { cluster: app.workspace.cluster, text: joined(files), file: files[0]!.name } });
    }).catch((e: unknown) => app.notify({ level: 'bad', text: e instanceof Error ? e.message : String(e) }));
  },
};
