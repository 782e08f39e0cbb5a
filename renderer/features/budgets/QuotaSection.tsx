// How much of a resource quota is used, the fullest first.
import { useTranslation } from 'react-i18next';
import type { ResourceQuota } from '../../../core/api/types/kubernetes.ts';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { quotaRows, scopesOf } from './quota.ts';
import './budgets.css';

export function QuotaSection({ object }: SectionProps) {
  const { t } = useTranslation();
  const quota = object as ResourceQuota;
  const rows = quotaRows(quota), scopes = scopesOf(quota);
  const full = rows.filter(r => r.level === 'bad' && r.hard !== '0');
  return (
    <Section title={t('sections.quota')} count={rows.length}>
      {full.length > 0 ? <p className="budget-note">{t('quota.full', { count: full.length, resources: full.map(r => r.resource).join(', ') })}</p> : null}
      {rows.length === 0 ? <p className="quiet">{t('quota.none')}</p> : (
        <table className="allocation quota" data-testid="quota">
          <thead><tr><th>{t('allocation.resource')}</th><th aria-hidden="true" /><th className="num">{t('allocation.used')}</th><th className="num">{t('allocation.hard')}</th><th className="num" aria-label={t('quota.percent')} /></tr></thead>
          <tbody>{rows.map(r => (
            <tr key={r.resource} data-resource={r.resource} data-level={r.level}>
              <th scope="row">{r.resource}</th>
              <td className="bar"><span className={`part-bar${r.level === 'bad' ? ' over' : r.level === 'warning' ? ' full' : ''}`}><span style={{ width: `${Math.min(1, r.part ?? 0) * 100}%` }} /></span></td>
              <td className="num">{r.used ?? '–'}</td><td className="num">{r.hard}</td><td className="num quiet">{r.part === undefined ? '' : `${Math.round(r.part * 100)} %`}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
      <dl className="facts"><Fact name={t('quota.scopes')}>{scopes.length > 0 ? scopes.join(', ') : undefined}</Fact></dl>
    </Section>
  );
}
