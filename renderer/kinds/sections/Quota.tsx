// How much of a resource quota is used.
import { useTranslation } from 'react-i18next';
import { nanosOf } from '../../../core/api/meta/quantity.ts';
import type { ResourceQuota } from '../../../core/api/types/kubernetes.ts';
import { readable } from './allocation.ts';
import { Section, type SectionProps } from './section.tsx';

export function Quota({ object }: SectionProps) {
  const { t } = useTranslation();
  const { spec, status } = object as ResourceQuota;
  const hard = status?.hard ?? spec?.hard ?? {};
  const rows = Object.entries(hard).sort(([a], [b]) => a.localeCompare(b));
  return (
    <Section title={t('sections.quota')} count={rows.length}>
      <table className="allocation">
        <thead><tr><th>{t('allocation.resource')}</th><th aria-hidden="true" /><th className="num">{t('allocation.used')}</th><th className="num">{t('allocation.hard')}</th></tr></thead>
        <tbody>{rows.map(([name, most]) => {
          const used = status?.used?.[name];
          const whole = nanosOf(most), part = used === undefined || whole === 0n ? undefined : Number(nanosOf(used) * 1000n / whole) / 1000;
          return <tr key={name} data-resource={name}><th scope="row">{name}</th><td className="bar"><span className={`part-bar${(part ?? 0) > 0.9 ? ' full' : ''}`}><span style={{ width: `${Math.min(1, part ?? 0) * 100}%` }} /></span></td><td className="num">{used === undefined ? '–' : readable(name, used)}</td><td className="num">{readable(name, most)}</td></tr>;
        })}</tbody>
      </table>
    </Section>
  );
}
