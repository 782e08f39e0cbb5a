// A disruption budget: how many pods may be taken away now, the rule in words, and why none where there is none.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { Pod, PodDisruptionBudget } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { budgetOf } from './budget.ts';
import './budgets.css';

const POD = kindFor('', 'v1', 'pods')!;
const SHOWN = 10;

export function BudgetSection({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const budget = object as PodDisruptionBudget;
  const namespace = object.metadata?.namespace, selector = budget.spec?.selector;
  const text = selector ? selectorText(selector) : undefined;
  // An empty selector takes every pod of the namespace, none takes none.
  const { items } = useObjects<Pod>(text === undefined ? undefined : { cluster, resource: POD, namespace, ...(text === '' ? {} : { labelSelector: text }) });
  const s = budgetOf(budget, items);
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const pods = s.blocked === 'unhealthy' ? s.unready : [];
  return (
    <Section title={t('budget.title')}>
      <div data-testid="budget" data-blocked={s.blocked ?? ''}>
        <p className="budget-allowed"><StatusShape level={s.blocked === undefined ? 'good' : s.blocked === 'syncFailed' ? 'bad' : 'warning'} /><b>{s.allowed}</b> {t('budget.allowed', { count: s.allowed })}</p>
        {s.blocked ? <p>{t(`budget.why.${s.blocked}`, { ...s, count: s.unready.length })}{s.text ? <span className="quiet"> {s.text}</span> : null}</p> : null}
        {pods.length > 0 ? <p>{pods.slice(0, SHOWN).map(name => <button key={name} type="button" className="link-button mono" onClick={() => workspace.openObject(targetOf(cluster, POD, namespace, name))}>{name}</button>)}{pods.length > SHOWN ? <span className="quiet"> {t('pods.more', { count: pods.length - SHOWN })}</span> : null}</p> : null}
        {s.expected > 0 ? <Scale healthy={s.healthy} desired={s.desired} expected={s.expected} /> : null}
        <dl className="facts">
          <Fact name={t('budget.rule')}>{maxUnavailable !== undefined ? t('budget.maxUnavailable', { amount: String(maxUnavailable) }) : t('budget.minAvailable', { amount: String(minAvailable ?? 1) })}</Fact>
          <Fact name={t('facts.selector')}>{text === undefined ? t('budget.selectsNone') : text === '' ? t('budget.selectsAll') : <code>{text}</code>}</Fact>
          <Fact name={t('budget.unhealthy')}>{budget.spec?.unhealthyPodEvictionPolicy ? t(`budget.unhealthyPolicy.${budget.spec.unhealthyPodEvictionPolicy}`) : undefined}</Fact>
          <Fact name={t('budget.leaving')}>{s.leaving.length > 0 ? s.leaving.join(', ') : undefined}</Fact>
        </dl>
      </div>
    </Section>
  );
}

/** Healthy of expected as a bar, with a mark where it must not fall below. */
function Scale({ healthy, desired, expected }: { healthy: number; desired: number; expected: number }) {
  const { t } = useTranslation();
  const most = Math.max(expected, healthy, desired);
  return (
    <div className="budget-scale" role="img" aria-label={t('budget.scale', { healthy, desired, expected })}>
      <span className={`budget-bar${healthy <= desired ? ' full' : ''}`}><span style={{ width: `${healthy / most * 100}%` }} /><i style={{ left: `${desired / most * 100}%` }} /></span>
      <span className="quiet">{t('budget.scale', { healthy, desired, expected })}</span>
    </div>
  );
}
