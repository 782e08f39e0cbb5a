// Why a pending pod has no node: each reason in plain words, with the nodes it rules out.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { Node, Pod } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { podAmounts, readable } from '../../kinds/sections/allocation.ts';
import { Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { pendingOf, untolerated, type Refusal } from './pending.ts';
import './placement.css';

const NODE = kindFor('', 'v1', 'nodes')!;
const CLAIM = kindFor('', 'v1', 'persistentvolumeclaims')!;

export function PlacementSection({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const pod = object as Pod;
  const pending = pendingOf(pod);
  // Only where they are not named already.
  const { items: nodes } = useObjects<Node>(pending?.refusals.some(r => r.why === 'taints') ? { cluster, resource: NODE } : undefined);
  if (!pending) return null;
  const { state, total, refusals, preemption, names } = pending;
  const claims = (pod.spec?.volumes ?? []).map(v => v.persistentVolumeClaim?.claimName).filter(n => n !== undefined);
  return (
    <Section title={t('placement.title')} aside={total === undefined ? null : <span className="quiet">{t('placement.lookedAt', { count: total })}</span>}>
      <div data-testid="placement" data-state={state}>
        {state === 'refused' ? null : <p className="placement-state">{t(`placement.states.${state}`, { names: names.join(', '), count: names.length })}</p>}
        {state === 'making' ? <button type="button" className="link-button mono" onClick={() => workspace.openObject(targetOf(cluster, NODE, undefined, names[0]!))}>{names[0]}</button> : null}
        {refusals.length > 0 ? <ul className="placement-list">{refusals.map(r => <Row key={r.text} refusal={r} total={total} pod={pod} taints={r.why === 'taints' ? untolerated(pod, nodes).map(x => x.taint) : []} />)}</ul> : null}
        {refusals.some(r => r.why === 'unbound' || r.why === 'noVolume') ? <p>{claims.map(name => <button key={name} type="button" className="link-button mono" onClick={() => workspace.openObject(targetOf(cluster, CLAIM, object.metadata?.namespace, name))}>{name}</button>)}</p> : null}
        {preemption ? <p className="quiet">{t(`placement.preemption.${preemption}`)}</p> : null}
      </div>
    </Section>
  );
}

function Row({ refusal: r, total, pod, taints }: { refusal: Refusal; total: number | undefined; pod: Pod; taints: readonly string[] }) {
  const { t } = useTranslation();
  const resource = r.values.resource;
  const asks = resource === undefined ? undefined : podAmounts(pod, 'requests')[resource];
  return (
    <li data-why={r.why} title={r.text}>
      <span className="placement-count">{r.nodes === undefined ? '' : t('placement.nodes', { count: r.nodes })}</span>
      {r.nodes !== undefined && total ? <span className="part-bar full"><span style={{ width: `${Math.min(1, r.nodes / total) * 100}%` }} /></span> : <span />}
      <span>{r.why === 'other' ? r.text : t(`placement.why.${r.why}`, { ...r.values, value: r.values.value ? `=${r.values.value}` : '' })}{taints.length > 0 ? <span className="quiet mono"> {taints.slice(0, 5).join(', ')}</span> : null}{asks ? <span className="quiet"> {t('placement.asks', { amount: readable(resource!, asks) })}</span> : null}</span>
    </li>
  );
}
