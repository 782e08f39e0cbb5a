// A limit range as tables: what each container, pod or claim gets unasked, and may have at least and at most.
import { useTranslation } from 'react-i18next';
import type { LimitRange } from '../../../core/api/types/kubernetes.ts';
import { Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { limitTables } from './quota.ts';
import './budgets.css';

export function LimitSection({ object }: SectionProps) {
  const { t } = useTranslation();
  const tables = limitTables(object as LimitRange);
  return (
    <Section title={t('limits.title')}>
      {tables.every(x => x.rows.length === 0) ? <p className="quiet">{t('limits.none')}</p> : null}
      {tables.filter(x => x.rows.length > 0).map(x => (
        <div key={x.type} data-limits={x.type}>
          <h4>{t('limits.each', { type: x.type })}</h4>
          <table className="allocation">
            <thead><tr><th>{t('allocation.resource')}</th>{x.bounds.map(b => <th key={b} className="num" title={t(`limits.help.${b}`)}>{t(`limits.bounds.${b}`)}</th>)}</tr></thead>
            <tbody>{x.rows.map(r => <tr key={r.resource} data-resource={r.resource}><th scope="row">{r.resource}</th>{x.bounds.map(b => <td key={b} className="num">{r.bounds[b] ?? '–'}</td>)}</tr>)}</tbody>
          </table>
        </div>
      ))}
    </Section>
  );
}
