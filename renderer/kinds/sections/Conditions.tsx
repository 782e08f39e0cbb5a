import { useTranslation } from 'react-i18next';
import type { Condition } from '../../../core/api/types/kubernetes.ts';
import { Age } from '../../kit/Age.tsx';
import { StatusShape, type Level } from '../../kit/StatusPill.tsx';
import { Section, type SectionProps } from './section.tsx';

/** Conditions whose True is bad news. */
const BAD_WHEN_TRUE = /Pressure$|Unavailable$|Failure$|^Failed$|^Stalled$|DisruptionTarget|^ReplicaFailure$|^ScalingLimited$|^FailureTarget$/;
/** Good, bad, or not known; a rollout that has ended is no trouble. */
export function conditionLevel(c: { type: string; status: string; reason?: string }): Level {
  if (c.status === 'Unknown') return 'warning';
  if (c.status === 'False' && c.reason === 'PodCompleted') return 'none';
  const good = BAD_WHEN_TRUE.test(c.type) ? c.status === 'False' : c.status === 'True';
  return good ? 'good' : 'bad';
}

export function Conditions({ object }: SectionProps) {
  const { t } = useTranslation();
  const conditions = (object as { status?: { conditions?: Condition[] } }).status?.conditions ?? [];
  if (conditions.length === 0) return null;
  return (
    <Section title={t('sections.conditions')}>
      <ul className="conditions">
        {conditions.map(c => (
          <li key={c.type} className={`condition condition-${conditionLevel(c)}`}>
            <StatusShape level={conditionLevel(c)} /><span className="condition-type">{c.type}</span><span className="quiet">{c.status === 'True' ? '' : c.status}{c.reason ? ` ${c.reason}` : ''}</span><span className="spacer" /><span className="quiet"><Age at={c.lastTransitionTime} /></span>
            {c.message ? <p>{c.message}</p> : null}
          </li>
        ))}
      </ul>
    </Section>
  );
}
