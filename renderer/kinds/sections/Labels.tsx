import { useTranslation } from 'react-i18next';
import { Fact, Section, type SectionProps } from './section.tsx';

export function Labels({ object }: SectionProps) {
  const { t } = useTranslation();
  const { labels = {}, annotations = {}, finalizers, uid, resourceVersion, generation } = object.metadata ?? {};
  // The last-applied annotation is the whole object again.
  const notes = Object.entries(annotations).filter(([k]) => k !== 'kubectl.kubernetes.io/last-applied-configuration');
  return (
    <Section title={t('sections.metadata')}>
      {Object.keys(labels).length > 0 ? <><h4>{t('sections.labels')}</h4><ul className="label-list">{Object.entries(labels).map(([k, v]) => <li key={k} title={`${k}=${v}`}><span className="quiet">{k}</span>{v ? <b>{v}</b> : null}</li>)}</ul></> : null}
      {notes.length > 0 ? <><h4>{t('sections.annotations')}</h4><dl className="facts facts-wide">{notes.map(([k, v]) => <Fact key={k} name={k}>{v.length > 400 ? `${v.slice(0, 400)}…` : v || '""'}</Fact>)}</dl></> : null}
      <dl className="facts"><Fact name={t('facts.uid')}><code>{uid}</code></Fact><Fact name={t('facts.version')}>{resourceVersion}</Fact><Fact name={t('facts.generation')}>{generation}</Fact><Fact name={t('facts.finalizers')}>{finalizers?.join(', ')}</Fact></dl>
    </Section>
  );
}
