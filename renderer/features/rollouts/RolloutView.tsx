// The rollout tab of a deployment: how far it is and what holds it up, its revisions, the difference between any two, and its levers.
import Button from '@mui/material/Button';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { CoreEvent, Deployment, Pod, ReplicaSet } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import type { ActionContext, DockViewProps } from '../../app/feature.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObject, useObjects } from '../../gateway/hooks.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import { Age } from '../../kit/Age.tsx';
import { FreshnessMark } from '../../kit/Freshness.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { Quotient } from '../../kit/Quotient.tsx';
import { Loading, StateMessage } from '../../kit/states.tsx';
import { StatusPill, StatusShape, type Level } from '../../kit/StatusPill.tsx';
import { LineDiff } from './LineDiff.tsx';
import { progressOf, type Progress } from './progress.ts';
import { ownedBy, revisionsOf, type Revision } from './revisions.ts';
import { readTarget, type RolloutTarget } from './target.ts';
import { templateText, UndoDialog } from './UndoDialog.tsx';
import './rollouts.css';

const DEPLOYMENT = kindFor('apps', 'v1', 'deployments')!;
const REPLICA_SET = kindFor('apps', 'v1', 'replicasets')!;
const POD = kindFor('', 'v1', 'pods')!;
const EVENT = kindFor('', 'v1', 'events')!;
const LEVEL: Record<Progress['state'], Level> = { done: 'good', moving: 'busy', stuck: 'bad', paused: 'warning' };

export function RolloutView({ props }: DockViewProps) {
  const { t } = useTranslation();
  const target = useMemo(() => readTarget(props), [props]);
  return target ? <RolloutPane target={target} /> : <StateMessage icon="deployment" title={t('dock.unknown')} />;
}

function RolloutPane({ target }: { target: RolloutTarget }) {
  const app = useApp();
  const { t } = useTranslation();
  const { cluster, namespace, name } = target;
  const { object: d, gone, freshness } = useObject<Deployment>(cluster, DEPLOYMENT, namespace, name);
  const labelSelector = d?.spec?.selector ? selectorText(d.spec.selector) : undefined;
  const mine = labelSelector === undefined ? undefined : { cluster, namespace, labelSelector };
  const { items: sets } = useObjects<ReplicaSet>(mine && { ...mine, resource: REPLICA_SET });
  const { items: pods } = useObjects<Pod>(mine && { ...mine, resource: POD });
  const { items: events } = useObjects<CoreEvent>({ cluster, namespace, resource: EVENT });
  const [chosen, setChosen] = useState<readonly number[]>([]);
  if (!d) return gone ? <StateMessage icon="deployment" title={t('drawer.missing', { kind: 'Deployment' })} text={t('drawer.missingText')} /> : <Loading rows={6} />;
  const revisions = revisionsOf(d, sets);
  const newest = revisions.find(r => r.current)?.set;
  const progress = progressOf(d, newest, pods.filter(p => ownedBy(p, newest?.metadata?.uid)), events);
  const context: ActionContext = { app, cluster, kind: DEPLOYMENT, objects: [d] };
  const act = (id: string): void => app.actions.find(a => a.id === id)?.run(context);
  const pair = pairOf(revisions, chosen);
  const flip = (n: number): void => setChosen(list => (list.includes(n) ? list.filter(x => x !== n) : [...list.slice(-1), n]));
  const undo = (revision: Revision): void => app.openDialog(close => <UndoDialog app={app} cluster={cluster} kind={DEPLOYMENT} deployment={d} revision={revision} close={close} />);
  return (
    <section className="rollout" aria-label={t('actions.rollout')} data-testid="rollout" data-state={progress.state}>
      <div className="rollout-bar">
        <StatusPill level={gone ? 'none' : LEVEL[progress.state]} word={gone ? t('drawer.gone') : t(`rollouts.states.${progress.state}`)} />
        <span className="quiet ellipsis">{progress.state === 'done' ? t('rollouts.doneText', { count: progress.want }) : t('rollouts.movingText', { updated: progress.updated, want: progress.want, old: progress.old })}</span>
        {freshness.state !== 'live' ? <FreshnessMark freshness={freshness} /> : null}
        <span className="spacer" />
        {gone ? null : <>
          <Button variant="outlined" startIcon={<Icon name="image" size={14} />} onClick={() => act('setImage')}>{t('actions.setImage')}</Button>
          <Button variant="outlined" startIcon={<Icon name="scale" size={14} />} onClick={() => act('scale')}>{t('actions.scale')}</Button>
          <Button variant="outlined" startIcon={<Icon name="restart" size={14} />} onClick={() => act('restart')}>{t('actions.restart')}</Button>
          <Button variant="outlined" startIcon={<Icon name={d.spec?.paused ? 'play' : 'pause'} size={14} />} onClick={() => act('pause')}>{d.spec?.paused ? t('rollouts.resume') : t('rollouts.pause')}</Button>
        </>}
      </div>
      <div className="rollout-body">
        <div className="rollout-left">
          <div className="quotients"><Quotient label={t('rollout.updated')} have={progress.updated} want={progress.want} /><Quotient label={t('rollout.ready')} have={progress.ready} want={progress.want} /><Quotient label={t('rollout.available')} have={progress.available} want={progress.want} /></div>
          {progress.reasons.length > 0 && progress.state !== 'done' ? (
            <ul className="rollout-reasons" aria-label={t('rollouts.reasons')}>
              {progress.reasons.map(r => <li key={`${r.kind}${r.text}`} className={r.kind === 'creating' ? undefined : 'bad'} data-reason={r.kind}><StatusShape level={r.kind === 'creating' ? 'busy' : 'bad'} /><div><b>{t(`rollouts.why.${r.kind}`)}{r.count > 1 ? ` · ${t('rollouts.pods', { count: r.count })}` : ''}</b><p>{r.text}</p>{r.pod ? <button type="button" className="link-button mono" onClick={() => app.workspace.openObject(targetOf(cluster, POD, namespace, r.pod!))}>{r.pod}</button> : null}</div></li>)}
            </ul>
          ) : null}
          <table className="rollout-table">
            <thead><tr><th aria-label={t('rollouts.compare')} /><th>{t('rollouts.revision')}</th><th>{t('rollouts.images')}</th><th>{t('rollout.cause')}</th><th className="num">{t('rollouts.podsHead')}</th><th className="num">{t('rollouts.age')}</th><th /></tr></thead>
            <tbody>{revisions.map(r => (
              <tr key={r.number} className={chosen.includes(r.number) ? 'at' : undefined} data-revision={r.number}>
                <td><input type="checkbox" checked={chosen.includes(r.number)} onChange={() => flip(r.number)} aria-label={t('rollouts.compareOne', { revision: r.number })} /></td>
                <td><b>{r.number}</b>{r.current ? <span className="tag">{t('rollouts.current')}</span> : null}</td>
                <td className="mono" title={r.images.join('\n')}>{r.images.join(', ')}</td>
                <td className={r.cause ? undefined : 'quiet'} title={r.cause}>{r.cause ?? '–'}</td>
                <td className="num">{r.replicas > 0 ? `${r.ready}/${r.replicas}` : '0'}</td>
                <td className="num"><Age at={r.set.metadata?.creationTimestamp} /></td>
                <td>{r.current || gone ? null : <button type="button" className="link-button" onClick={() => undo(r)}>{t('rollouts.goBack')}</button>}</td>
              </tr>
            ))}</tbody>
          </table>
          {revisions.length === 0 ? <p className="quiet">{t('rollouts.none')}</p> : null}
        </div>
        <div className="rollout-right">
          {pair ? <><p className="rollout-pair quiet">{t('rollouts.between', { from: pair[0].number, to: pair[1].number })}</p><LineDiff before={templateText(pair[0].template)} after={templateText(pair[1].template)} /></> : <p className="quiet rollout-pair">{t('rollouts.compareHelp')}</p>}
        </div>
      </div>
    </section>
  );
}

/** Older and newer of what is compared: the two chosen, the one chosen and the current, or the last two. */
function pairOf(revisions: readonly Revision[], chosen: readonly number[]): [Revision, Revision] | undefined {
  const picked = revisions.filter(r => chosen.includes(r.number));
  const current = revisions.find(r => r.current);
  const two = picked.length === 2 ? picked : picked.length === 1 ? [picked[0]!, picked[0] === current ? revisions[revisions.indexOf(picked[0]!) + 1] : current] : revisions.slice(0, 2);
  const [a, b] = two;
  return a && b ? (a.number < b.number ? [a, b] : [b, a]) : undefined;
}
