// The rollout tab of a workload: how far it is and what holds it up, its revisions, the difference between any two, and its levers.
import Button from '@mui/material/Button';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { ControllerRevision, CoreEvent, Deployment, Pod, ReplicaSet } from '../../../core/api/types/kubernetes.ts';
import { actionsFor } from '../../app/actions.ts';
import { useApp } from '../../app/context.ts';
import type { ActionContext, DockViewProps } from '../../app/feature.ts';
import { useObject, useObjects } from '../../gateway/hooks.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import { FreshnessMark } from '../../kit/Freshness.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { Quotient } from '../../kit/Quotient.tsx';
import { Loading, StateMessage } from '../../kit/states.tsx';
import { StatusPill, type Level } from '../../kit/StatusPill.tsx';
import { LineDiff } from './LineDiff.tsx';
import { progressOf, type Progress } from './progress.ts';
import type { Maker } from './reasons.ts';
import { Reasons } from './Reasons.tsx';
import { controllerRevisionsOf, ownedBy, revisionsOf, type Revision } from './revisions.ts';
import { pairOf, RevisionTable } from './RevisionTable.tsx';
import { kindOfWorkload, readTarget, type RolloutTarget, type Workload } from './target.ts';
import { templateText, UndoDialog } from './UndoDialog.tsx';
import './rollouts.css';

const REPLICA_SET = kindFor('apps', 'v1', 'replicasets')!;
const CONTROLLER_REVISION = kindFor('apps', 'v1', 'controllerrevisions')!;
const POD = kindFor('', 'v1', 'pods')!;
const EVENT = kindFor('', 'v1', 'events')!;
const LEVEL: Record<Progress['state'], Level> = { done: 'good', moving: 'busy', stuck: 'bad', paused: 'warning' };

export function RolloutView({ props }: DockViewProps) {
  const { t } = useTranslation();
  const target = useMemo(() => readTarget(props), [props]);
  return target ? <RolloutPane target={target} /> : <StateMessage icon="deployment" title={t('dock.unknown')} />;
}

function RolloutPane({ target }: { target: RolloutTarget }) {
  const { t } = useTranslation();
  const { cluster, namespace, name } = target;
  const kind = kindOfWorkload(target.kind);
  const { object, gone, freshness } = useObject<Workload>(cluster, kind, namespace, name);
  if (object) return <Rollout target={target} object={object} gone={gone} mark={freshness.state === 'live' ? null : <FreshnessMark freshness={freshness} />} />;
  if (gone) return <StateMessage icon={kind.view.icon} title={t('drawer.missing', { kind: kind.kind })} text={t('drawer.missingText')} />;
  if (freshness.state === 'forbidden' || freshness.state === 'failed') return <StateMessage icon="secret" level="warning" title={t('drawer.refused')} detail={freshness.reason} />;
  return <Loading rows={6} />;
}

/** Revisions, pods and makers of a workload, live. */
function useRollout({ cluster, namespace, kind: kindName }: RolloutTarget, o: Workload): { revisions: Revision[]; progress: Progress; history: ReturnType<typeof useObjects>['freshness'] } {
  const labelSelector = o.spec?.selector ? selectorText(o.spec.selector) : undefined;
  const mine = labelSelector === undefined ? undefined : { cluster, namespace, labelSelector };
  const isDeployment = kindName === 'Deployment';
  const sets = useObjects<ReplicaSet>(isDeployment && mine ? { ...mine, resource: REPLICA_SET } : undefined);
  // Controller revisions carry the labels of the pod template in some versions and those of the selector in others.
  const kept = useObjects<ControllerRevision>(isDeployment ? undefined : { cluster, namespace, resource: CONTROLLER_REVISION });
  const { items: pods } = useObjects<Pod>(mine && { ...mine, resource: POD });
  const { items: events } = useObjects<CoreEvent>({ cluster, namespace, resource: EVENT, fieldSelector: 'type=Warning' });
  const own = isDeployment ? [] : pods.filter(p => ownedBy(p, o.metadata?.uid));
  const revisions = isDeployment ? revisionsOf(o as Deployment, sets.items) : controllerRevisionsOf(o, kept.items, own);
  const newest = revisions.find(r => r.current)?.keeper;
  const maker: Maker = isDeployment && newest ? { ...(newest as ReplicaSet), kind: 'ReplicaSet' } : { ...(o as Maker), kind: kindName };
  const progress = progressOf(kindName, o, maker, isDeployment ? pods.filter(p => ownedBy(p, newest?.metadata?.uid)) : own, events);
  return { revisions, progress, history: isDeployment ? sets.freshness : kept.freshness };
}

function Rollout({ target, object: o, gone, mark }: { target: RolloutTarget; object: Workload; gone: boolean; mark: React.ReactNode }) {
  const app = useApp();
  const { t } = useTranslation();
  const { cluster, namespace } = target;
  const kind = kindOfWorkload(target.kind);
  const { revisions, progress, history } = useRollout(target, o);
  const [chosen, setChosen] = useState<readonly number[]>([]);
  const context: ActionContext = { app, cluster, kind, objects: [o] };
  const deeds = actionsFor(app, kind, [o]);
  const lever = (id: string, icon: 'image' | 'scale' | 'restart' | 'play' | 'pause', label: string) => {
    const deed = deeds.find(a => a.id === id);
    return deed ? <Button variant="outlined" startIcon={<Icon name={icon} size={14} />} title={deed.kubectl?.(context)} onClick={() => deed.run(context)}>{label}</Button> : null;
  };
  const pair = pairOf(revisions, chosen);
  const flip = (n: number): void => setChosen(list => (list.includes(n) ? list.filter(x => x !== n) : [...list.slice(-1), n]));
  const undo = (revision: Revision): void => app.openDialog(close => <UndoDialog app={app} cluster={cluster} kind={kind} workload={o} revision={revision} close={close} />);
  const paused = progress.paused;
  return (
    <section className="rollout" aria-label={t('actions.rollout')} data-testid="rollout" data-state={progress.state}>
      <div className="rollout-bar">
        <StatusPill level={gone ? 'none' : LEVEL[progress.state]} word={gone ? t('drawer.gone') : t(`rollouts.states.${progress.state}`)} />
        <span className="quiet ellipsis" role="status">{progress.done ? t('rollouts.doneText', { count: progress.want }) : t('rollouts.movingText', { updated: progress.updated, want: progress.want, old: progress.old })}{progress.byHand ? ` · ${t('rollouts.byHand')}` : ''}</span>
        {mark}
        <span className="spacer" />
        {gone ? null : <>{lever('setImage', 'image', t('actions.setImage'))}{lever('scale', 'scale', t('actions.scale'))}{lever('restart', 'restart', t('actions.restart'))}{lever('pause', paused ? 'play' : 'pause', paused ? t('rollouts.resume') : t('rollouts.pause'))}</>}
      </div>
      <div className="rollout-body">
        <div className="rollout-left">
          <div className="quotients"><Quotient label={t('rollout.updated')} have={progress.updated} want={progress.want} /><Quotient label={t('rollout.ready')} have={progress.ready} want={progress.want} /><Quotient label={t('rollout.available')} have={progress.available} want={progress.want} /></div>
          {gone ? null : <Reasons cluster={cluster} namespace={namespace} reasons={progress.reasons} paused={paused} />}
          {history.state === 'forbidden' || history.state === 'failed' ? <p className="inline-error">{history.reason}</p> : <RevisionTable revisions={revisions} chosen={chosen} flip={flip} undo={gone ? undefined : undo} />}
        </div>
        <div className="rollout-right">
          {pair ? <><p className="rollout-pair quiet">{t('rollouts.between', { from: pair[0].number, to: pair[1].number })}</p><LineDiff before={templateText(pair[0].template)} after={templateText(pair[1].template)} /></> : <p className="quiet rollout-pair">{t('rollouts.compareHelp')}</p>}
        </div>
      </div>
    </section>
  );
}
