// Rollouts: history and progress of a workload, undo, pause and resume, new images.
import { t } from 'i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { resourcePath, type KubeList } from '../../../core/api/meta/object.ts';
import type { ControllerRevision, Deployment, ReplicaSet } from '../../../core/api/types/kubernetes.ts';
import type { ActionContext, Feature } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import { lazyView } from '../../kit/lazy-view.ts';
import { controllerRevisionsOf, revisionsOf } from './revisions.ts';
import { SetImageDialog } from './SetImageDialog.tsx';
import { isWorkload, type Workload } from './target.ts';

const RolloutView = lazyView(async () => (await import('./RolloutView.tsx')).RolloutView);
/** Pixels of dock the history is at least given. */
const ROOM = 340;
const REPLICA_SET = kindFor('apps', 'v1', 'replicasets')!;
const CONTROLLER_REVISION = kindFor('apps', 'v1', 'controllerrevisions')!;

const command = (c: ActionContext, ...words: string[]): string => {
  const o = c.objects[0];
  return kubectl(c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster), o?.metadata?.namespace, ...words, resourceArg(c.kind, o?.metadata?.name ?? ''));
};
const paused = (c: ActionContext): boolean => (c.objects[0] as Deployment | undefined)?.spec?.paused === true;

/** Asks for the revision before the current one. */
async function undoLast(c: ActionContext): Promise<void> {
  const { app, cluster, kind } = c;
  const named = c.objects[0]!.metadata;
  // Read anew: what the list shows may be a moment old, and an undo must speak of what is.
  const workload = await app.connection.request<Workload>({ cluster, method: 'GET', path: resourcePath(kind, named?.namespace, named?.name) });
  const all = kind.kind === 'Deployment'
    ? revisionsOf(workload as Deployment, (await app.connection.request<KubeList<ReplicaSet>>({ cluster, method: 'GET', path: resourcePath(REPLICA_SET, named?.namespace), query: { labelSelector: workload.spec?.selector ? selectorText(workload.spec.selector) : '' } })).items)
    : controllerRevisionsOf(workload, (await app.connection.request<KubeList<ControllerRevision>>({ cluster, method: 'GET', path: resourcePath(CONTROLLER_REVISION, named?.namespace) })).items, []);
  const before = all.find(r => !r.current);
  // With the dialog comes a YAML writer: not part of the first page.
  const { UndoDialog } = await import('./UndoDialog.tsx');
  if (before) app.openDialog(close => <UndoDialog app={app} cluster={cluster} kind={kind} workload={workload} revision={before} close={close} />);
  else app.notify({ level: 'bad', text: t('rollouts.noEarlier', { name: named?.name }) });
}

export const rollouts: Feature = {
  id: 'rollouts',
  dockViews: { rollout: RolloutView },
  actions: [
    {
      id: 'rollout', icon: 'revision', key: 'r', bulk: false, quick: true,
      applies: kind => isWorkload(kind.kind),
      kubectl: c => command(c, 'rollout', 'history'),
      run(c) {
        const m = c.objects[0]?.metadata;
        const props = { cluster: c.cluster, namespace: m?.namespace ?? '', name: m?.name ?? '', kind: c.kind.kind };
        c.app.lastCommand.set(command(c, 'rollout', 'history'));
        c.app.workspace.openDock({ id: `rollout:${JSON.stringify(props)}`, view: 'rollout', title: m?.name ?? '', icon: 'revision', props });
        if (c.app.workspace.get().layout.dock < ROOM) c.app.workspace.layout({ dock: ROOM });
      },
    },
    {
      id: 'setImage', icon: 'image', key: 'i', bulk: false,
      kubectl: c => command(c, 'set', 'image'),
      run: c => c.app.openDialog(close => <SetImageDialog c={c} close={close} />),
    },
    {
      id: 'rollback', icon: 'rollback', key: 'u', bulk: false,
      applies: kind => isWorkload(kind.kind),
      kubectl: c => command(c, 'rollout', 'undo'),
      run(c) { undoLast(c).catch((e: unknown) => c.app.notify({ level: 'bad', text: e instanceof Error ? e.message : String(e) })); },
    },
    {
      id: 'pause', icon: 'pause', bulk: false,
      applies: kind => kind.kind === 'Deployment',
      kubectl: c => command(c, 'rollout', paused(c) ? 'resume' : 'pause'),
      run(c) {
        const m = c.objects[0]?.metadata;
        const on = !paused(c);
        const words = command(c, 'rollout', on ? 'pause' : 'resume');
        c.app.connection.request({ cluster: c.cluster, method: 'PATCH', path: resourcePath(c.kind, m?.namespace, m?.name), query: { fieldManager: 'pilothouse' }, contentType: 'application/merge-patch+json', body: { spec: { paused: on ? true : null } } })
          .then(() => { c.app.lastCommand.set(words); c.app.notify({ level: 'good', text: t(on ? 'rollouts.isPaused' : 'rollouts.isResumed', { name: m?.name }), kubectl: words }); return undefined; })
          .catch((e: unknown) => c.app.notify({ level: 'bad', text: e instanceof Error ? e.message : String(e) }));
      },
    },
  ],
};
