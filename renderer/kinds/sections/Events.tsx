import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { CoreEvent } from '../../../core/api/types/kubernetes.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Age } from '../../kit/Age.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { Section, type SectionProps } from './section.tsx';

const EVENT = kindFor('', 'v1', 'events')!;
const when = (e: CoreEvent): string => e.series?.lastObservedTime ?? e.lastTimestamp ?? e.eventTime ?? e.metadata?.creationTimestamp ?? '';

const SHOWN = 50;

/** Newest first. */
export function Events({ cluster, object, kind }: SectionProps) {
  const { t } = useTranslation();
  const uid = object.metadata?.uid;
  // Agents name their node where its uid would stand.
  const about = kind.kind === 'Node' ? `involvedObject.kind=Node,involvedObject.name=${object.metadata?.name}` : `involvedObject.uid=${uid}`;
  const { items, freshness, complete } = useObjects<CoreEvent>(uid && kind.kind !== 'Event' ? { cluster, resource: EVENT, namespace: object.metadata?.namespace, fieldSelector: about } : undefined);
  if (kind.kind === 'Event') return null;
  const list = [...items].sort((a, b) => when(b).localeCompare(when(a)));
  return (
    <Section title={t('sections.events')} count={complete ? list.length : undefined}>
      {list.length === 0 ? <p className="quiet section-none">{freshness.state === 'forbidden' || freshness.state === 'failed' ? freshness.reason : complete ? t('events.none') : t('states.loading')}</p> : null}
      <ul className="events">
        {list.slice(0, SHOWN).map(e => {
          const count = e.series?.count ?? e.count ?? 1;
          return <li key={e.metadata?.uid ?? e.metadata?.name}><StatusShape level={e.type === 'Warning' ? 'warning' : 'none'} /><span className="event-reason">{e.reason}{count > 1 ? <span className="quiet"> ×{count}</span> : null}</span><span className="quiet event-age"><Age at={when(e)} /></span><p>{e.message}</p></li>;
        })}
      </ul>
      {list.length > SHOWN ? <p className="quiet section-none">{t('pods.more', { count: list.length - SHOWN })}</p> : null}
    </Section>
  );
}
