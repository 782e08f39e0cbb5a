import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { CoreEvent } from '../../../core/api/types/kubernetes.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Age } from '../../kit/Age.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { Section, type SectionProps } from './section.tsx';

const EVENT = kindFor('', 'v1', 'events')!;
const when = (e: CoreEvent): string => e.series?.lastObservedTime ?? e.lastTimestamp ?? e.eventTime ?? e.metadata?.creationTimestamp ?? '';

/** Newest first. */
export function Events({ cluster, object }: SectionProps) {
  const { t } = useTranslation();
  const uid = object.metadata?.uid;
  const { items, freshness } = useObjects<CoreEvent>(uid && object.kind !== 'Event' ? { cluster, resource: EVENT, namespace: object.metadata?.namespace, fieldSelector: `involvedObject.uid=${uid}` } : undefined);
  if (object.kind === 'Event') return null;
  const list = [...items].sort((a, b) => when(b).localeCompare(when(a)));
  return (
    <Section title={t('sections.events')} count={list.length}>
      {list.length === 0 ? <p className="quiet section-none">{freshness.state === 'forbidden' ? freshness.reason : t('events.none')}</p> : null}
      <ul className="events">
        {list.slice(0, 50).map(e => {
          const count = e.series?.count ?? e.count ?? 1;
          return <li key={e.metadata?.uid ?? e.metadata?.name}><StatusShape level={e.type === 'Warning' ? 'warning' : 'none'} /><span className="event-reason">{e.reason}{count > 1 ? <span className="quiet"> ×{count}</span> : null}</span><span className="quiet event-age"><Age at={when(e)} /></span><p>{e.message}</p></li>;
        })}
      </ul>
    </Section>
  );
}
