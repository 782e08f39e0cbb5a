// A cron job: when it runs next, in the reader's zone and in its own, and how its runs went.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { ageText } from '../../../core/api/meta/time.ts';
import type { CronJob, Job } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { shownNow, useTicking } from '../../base/ticker.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { Age } from '../../kit/Age.tsx';
import { StatusPill, StatusShape } from '../../kit/StatusPill.tsx';
import { durationOf, isManual, runsOf, sameClock, timetableOf } from './next-runs.ts';
import './schedules.css';

const JOB = kindFor('batch', 'v1', 'jobs')!;
/** Runs looked ahead, and runs of the past that are shown. */
const AHEAD = 5, SHOWN = 20;
const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const formats = new Map<string, Intl.DateTimeFormat>();
function inZone(zone: string, ms: number): string {
  let f = formats.get(zone);
  if (!f) formats.set(zone, f = new Intl.DateTimeFormat(undefined, { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }));
  return f.format(ms);
}

export function ScheduleSection({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const cron = object as CronJob;
  const minute = useTicking(now => String(Math.floor(now / 60_000)));
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- once a minute the first of them has passed
  const table = useMemo(() => timetableOf(cron, shownNow(), AHEAD), [cron, minute]);
  const zone = table.zone ?? 'UTC';
  const both = table.error === undefined && !sameClock(zone, here, table.next);
  const suspended = cron.spec?.suspend === true;
  const held = table.overdue !== undefined && cron.spec?.concurrencyPolicy === 'Forbid' && (cron.status?.active?.length ?? 0) > 0;
  return (
    <Section title={t('schedule.title')} aside={<code>{cron.spec?.schedule}</code>}>
      <div data-testid="schedule" data-suspended={suspended}>
        {suspended ? <p className="schedule-note"><StatusShape level="warning" />{t('schedule.suspended')}</p> : null}
        {table.error === undefined ? null : <p className="inline-error">{t('schedule.unread', { why: table.error })}</p>}
        {table.overdue === undefined ? null : <p className="schedule-note"><StatusShape level={held ? 'busy' : 'warning'} />{t(held ? 'schedule.heldBack' : 'schedule.overdue', { at: inZone(here, table.overdue) })}</p>}
        {table.next.length === 0 ? table.error === undefined ? <p className="quiet">{t('schedule.never')}</p> : null : (
          <table className={`run-table${suspended ? ' quiet' : ''}`}>
            <thead><tr><th>{t('schedule.next')}</th><th>{t('schedule.here', { zone: here })}</th>{both ? <th>{table.zone === undefined ? t('schedule.controllerZone') : zone}</th> : null}</tr></thead>
            <tbody>{table.next.map(ms => <tr key={ms}><td><In at={ms} /></td><td>{inZone(here, ms)}</td>{both ? <td>{inZone(zone, ms)}</td> : null}</tr>)}</tbody>
          </table>
        )}
        <dl className="facts"><Fact name={t('schedule.lastStart')}>{cron.status?.lastScheduleTime ? <Age at={cron.status.lastScheduleTime} /> : undefined}</Fact><Fact name={t('schedule.lastSuccess')}>{cron.status?.lastSuccessfulTime ? <Age at={cron.status.lastSuccessfulTime} /> : undefined}</Fact></dl>
      </div>
      <Runs cron={cron} cluster={cluster} />
    </Section>
  );
}

const In = ({ at }: { at: number }) => { const { t } = useTranslation(); return useTicking(now => t('schedule.in', { time: ageText(Math.max(0, at - now)) })); };

function Runs({ cron, cluster }: { cron: CronJob; cluster: string }) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const { items, complete, freshness } = useObjects<Job>({ cluster, resource: JOB, namespace: cron.metadata?.namespace });
  const runs = runsOf(cron, items);
  return (
    <>
      <h4>{t('schedule.runs')}{runs.length > 0 ? ` · ${t('schedule.kept', { count: runs.length })}` : ''}</h4>
      {runs.length === 0 ? <p className="quiet section-none">{freshness.state === 'forbidden' || freshness.state === 'failed' ? freshness.reason : complete ? t('schedule.noRuns') : t('states.loading')}</p> : null}
      <ul className="run-list" data-testid="runs">
        {runs.slice(0, SHOWN).map(j => {
          const h = JOB.view.health?.(j) ?? { level: 'none' as const, word: '' };
          return (
            <li key={j.metadata?.uid} data-run={j.metadata?.name}>
              <button type="button" className="link-button mono ellipsis" onClick={() => workspace.openObject(targetOf(cluster, JOB, j.metadata?.namespace, j.metadata?.name ?? ''))}>{j.metadata?.name}</button>
              {isManual(j) ? <span className="tag">{t('schedule.byHand')}</span> : null}
              <StatusPill level={h.level} word={h.word} reason={h.level === 'bad' ? h.reason : undefined} />
              <span className="spacer" /><Took job={j} /><span className="quiet run-age"><Age at={j.status?.startTime ?? j.metadata?.creationTimestamp} /></span>
            </li>
          );
        })}
      </ul>
      {runs.length > SHOWN ? <p className="quiet section-none">{t('pods.more', { count: runs.length - SHOWN })}</p> : null}
    </>
  );
}

function Took({ job }: { job: Job }) {
  const { t } = useTranslation();
  return <span className="quiet run-took">{useTicking(now => { const ms = durationOf(job, now); return ms === undefined ? '' : t('schedule.took', { time: ageText(ms) }); })}</span>;
}
