// The pods of a workload or on a node, and a workload's rollout in figures.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { Quotient } from '../../kit/Quotient.tsx';
import type { LabelSelector, Pod } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import type { Scope } from '../../gateway/connection.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Age } from '../../kit/Age.tsx';
import { StatusPill } from '../../kit/StatusPill.tsx';
import { uses } from './links.ts';
import { Fact, Section, type SectionProps } from './section.tsx';

const POD = kindFor('', 'v1', 'pods')!;

export function Pods({ object, kind, cluster }: SectionProps) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const scope = scopeOf(object, kind.kind, cluster);
  const { items, complete, freshness } = useObjects<Pod>(scope);
  if (!scope) return null;
  const pods = items.filter(p => kind.kind !== 'PersistentVolumeClaim' || uses(p.spec, { kind: kind.kind, name: object.metadata?.name ?? '' }))
   .sort((a, b) => (a.metadata?.name ?? '').localeCompare(b.metadata?.name ?? ''));
  return (
    <Section title={t('sections.pods')} count={complete ? pods.length : undefined}>
      {pods.length === 0 ? <p className="quiet section-none">{freshness.state === 'forbidden' || freshness.state === 'failed' ? freshness.reason : complete ? t('pods.none') : t('states.loading')}</p> : null}
      <ul className="pod-list">
        {pods.slice(0, 100).map(p => {
          const h = POD.view.health?.(p) ?? { level: 'none' as const, word: p.status?.phase ?? '' };
          return <li key={p.metadata?.uid}><button type="button" className="link-button mono ellipsis" onClick={() => workspace.openObject(targetOf(cluster, POD, p.metadata?.namespace, p.metadata?.name ?? ''))}>{p.metadata?.name}</button><StatusPill level={h.level} word={h.word} reason={h.reason} /><span className="spacer" /><span className="quiet"><Age at={p.metadata?.creationTimestamp} /></span></li>;
        })}
      </ul>
      {pods.length > 100 ? <p className="quiet section-none">{t('pods.more', { count: pods.length - 100 })}</p> : null}
    </Section>
  );
}

/** Which pods belong to an object: by node, by selector, or a service's plain labels. */
function scopeOf(object: SectionProps['object'], kind: string, cluster: string): Scope | undefined {
  const spec = (object as { spec?: { selector?: LabelSelector | Record<string, string> } }).spec;
  if (kind === 'Node') return { cluster, resource: POD, fieldSelector: `spec.nodeName=${object.metadata?.name}` };
  // Which of a namespace's pods use a claim only they know.
  if (kind === 'PersistentVolumeClaim') return { cluster, resource: POD, namespace: object.metadata?.namespace };
  const selector = spec?.selector;
  if (!selector) return undefined;
  const labelSelector = selectorText(selector);
  return labelSelector === '' ? undefined : { cluster, resource: POD, namespace: object.metadata?.namespace, labelSelector };
}

/** `app=web,tier in (a,b)` of a LabelSelector or a plain map. */
export function selectorText(selector: LabelSelector | Readonly<Record<string, string>>): string {
  const full = selector as LabelSelector;
  if (full.matchLabels === undefined && full.matchExpressions === undefined) return Object.entries(selector as Record<string, string>).map(([k, v]) => `${k}=${v}`).join(',');
  const words = Object.entries(full.matchLabels ?? {}).map(([k, v]) => `${k}=${v}`);
  for (const e of full.matchExpressions ?? []) {
    const values = `(${(e.values ?? []).join(',')})`;
    words.push(e.operator === 'Exists' ? e.key : e.operator === 'DoesNotExist' ? `!${e.key}` : `${e.key} ${e.operator === 'In' ? 'in' : 'notin'} ${values}`);
  }
  return words.join(',');
}

interface Strategy { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string; partition?: number } }
interface Rolled { spec?: { replicas?: number; paused?: boolean; strategy?: Strategy; updateStrategy?: Strategy; serviceName?: string }; status?: { replicas?: number; updatedReplicas?: number; readyReplicas?: number; availableReplicas?: number; currentNumberScheduled?: number; desiredNumberScheduled?: number; numberReady?: number; numberAvailable?: number; updatedNumberScheduled?: number } }
export function Rollout({ object }: SectionProps) {
  const { t } = useTranslation();
  const { spec, status } = object as Rolled;
  const want = spec?.replicas ?? status?.desiredNumberScheduled ?? 1;
  const revision = object.metadata?.annotations?.['deployment.kubernetes.io/revision'];
  const strategy = spec?.strategy ?? spec?.updateStrategy;
  const rolling = strategy?.rollingUpdate;
  const pace = rolling === undefined ? '' : rolling.partition ? ` · ${t('rollout.partition', { partition: rolling.partition })}` : rolling.maxSurge === undefined && rolling.maxUnavailable === undefined ? '' : ` · +${rolling.maxSurge ?? 0} / −${rolling.maxUnavailable ?? 0}`;
  return (
    <Section title={t('sections.rollout')} aside={revision ? <span className="quiet">{t('rollout.revision', { revision })}</span> : null}>
      <div className="quotients">
        <Quotient label={t('rollout.updated')} have={status?.updatedReplicas ?? status?.updatedNumberScheduled ?? 0} want={want} />
        <Quotient label={t('rollout.ready')} have={status?.readyReplicas ?? status?.numberReady ?? 0} want={want} />
        <Quotient label={t('rollout.available')} have={status?.availableReplicas ?? status?.numberAvailable ?? 0} want={want} />
      </div>
      <dl className="facts"><Fact name={t('rollout.strategy')}>{strategy?.type ? `${strategy.type}${pace}` : undefined}</Fact><Fact name={t('rollout.paused')}>{spec?.paused ? t('rollout.isPaused') : undefined}</Fact><Fact name={t('rollout.cause')}>{object.metadata?.annotations?.['kubernetes.io/change-cause']}</Fact></dl>
    </Section>
  );
}
