// What a rollout waits for, each in a sentence, with the way to the pod or the maker whose events tell the rest.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { StatusShape } from '../../kit/StatusPill.tsx';
import type { Reason } from './reasons.ts';
import { isWorkload, kindOfWorkload } from './target.ts';

const POD = kindFor('', 'v1', 'pods')!;
const REPLICA_SET = kindFor('apps', 'v1', 'replicasets')!;
const SETTINGS: Readonly<Record<string, KindSpec>> = { ConfigMap: kindFor('', 'v1', 'configmaps')!, Secret: kindFor('', 'v1', 'secrets')!, PersistentVolumeClaim: kindFor('', 'v1', 'persistentvolumeclaims')! };

export function Reasons({ cluster, namespace, reasons, paused }: { cluster: string; namespace: string; reasons: readonly Reason[]; paused: boolean }) {
  const { t } = useTranslation();
  if (reasons.length === 0 && !paused) return null;
  return (
    <ul className="rollout-reasons" aria-label={t('rollouts.reasons')}>
      {paused ? <li className="held" data-reason="paused"><StatusShape level="warning" /><div><b>{t('rollouts.why.paused')}</b></div></li> : null}
      {reasons.map(r => <ReasonItem key={`${r.kind} ${JSON.stringify(r.values)}`} reason={r} cluster={cluster} namespace={namespace} />)}
    </ul>
  );
}

function ReasonItem({ reason: r, cluster, namespace }: { reason: Reason; cluster: string; namespace: string }) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const open = (kind: KindSpec, name: string): void => workspace.openObject(targetOf(cluster, kind, namespace, name));
  const made = r.maker && (r.maker.kind === 'ReplicaSet' ? REPLICA_SET : isWorkload(r.maker.kind) ? kindOfWorkload(r.maker.kind) : undefined);
  const values = { ...r.values, ...(typeof r.values.what === 'string' ? { what: SETTINGS[r.values.what]?.kind ?? r.values.what } : {}), count: r.count };
  return (
    <li className={r.grave ? 'bad' : undefined} data-reason={r.kind}>
      <StatusShape level={r.grave ? 'bad' : 'busy'} />
      <div>
        <b>{t(`rollouts.why.${r.kind}`, values)}{r.pod !== undefined && r.count > 1 ? ` ${t('rollouts.andPods', { count: r.count - 1 })}` : ''}</b>
        {r.text ? <p>{r.text}</p> : null}
        {r.pod !== undefined ? <button type="button" className="link-button" onClick={() => open(POD, r.pod!)}>{t('rollouts.openPod')} <span className="mono">{r.pod}</span></button> : null}
        {made ? <button type="button" className="link-button" onClick={() => open(made, r.maker!.name)}>{t('rollouts.openEvents')} <span className="mono">{r.maker!.name}</span></button> : null}
      </div>
    </li>
  );
}
