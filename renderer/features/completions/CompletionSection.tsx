// A job's completions as a grid, how often its pods were tried again, and how they failed.
import { useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { ageText } from '../../../core/api/meta/time.ts';
import type { Job, Pod } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { StatusShape, type Level } from '../../kit/StatusPill.tsx';
import { failuresOf, gridOf, type Cell, type CellState, type Grid } from './indexes.ts';
import './completions.css';

const POD = kindFor('', 'v1', 'pods')!;
const STATES: readonly CellState[] = ['succeeded', 'running', 'waiting', 'failed'];
const LEVEL: Readonly<Record<CellState, Level>> = { succeeded: 'good', running: 'busy', waiting: 'none', failed: 'bad' };
const SHOWN = 5;

export function CompletionSection({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const job = object as Job;
  const namespace = object.metadata?.namespace;
  const { items } = useObjects<Pod>(job.spec?.selector ? { cluster, resource: POD, namespace, labelSelector: selectorText(job.spec.selector) } : undefined);
  const own = items.filter(p => p.metadata?.ownerReferences?.some(r => r.uid === object.metadata?.uid));
  const grid = gridOf(job, own), failures = failuresOf(own);
  const open = (name: string): void => workspace.openObject(targetOf(cluster, POD, namespace, name));
  const per = job.spec?.backoffLimitPerIndex;
  return (
    <Section title={t('completions.title')} aside={<span className="quiet">{t('completions.of', { done: grid.counts.succeeded, count: grid.total })}</span>}>
      <div data-testid="completions">
        <CompletionGrid grid={grid} open={open} />
        <ul className="cell-legend">{STATES.filter(s => grid.counts[s] > 0).map(s => <li key={s} data-state={s}><StatusShape level={LEVEL[s]} /><b>{grid.counts[s].toLocaleString()}</b> {t(s === 'failed' && !grid.indexed ? 'completions.states.failedPods' : `completions.states.${s}`, { count: grid.counts[s] })}</li>)}</ul>
        <dl className="facts">
          <Fact name={t('completions.retries')}>{per === undefined ? <Retries used={job.status?.failed ?? 0} limit={job.spec?.backoffLimit ?? 6} /> : t('completions.perIndex', { count: per })}</Fact>
          <Fact name={t('completions.mostFailed')}>{job.spec?.maxFailedIndexes === undefined ? undefined : <Retries used={grid.counts.failed} limit={job.spec.maxFailedIndexes} />}</Fact>
          <Fact name={t('completions.parallel')}>{`${job.status?.active ?? 0} / ${job.spec?.parallelism ?? 1}`}</Fact>
          <Fact name={t('completions.deadline')}>{job.spec?.activeDeadlineSeconds === undefined ? undefined : ageText(job.spec.activeDeadlineSeconds * 1000)}</Fact>
          <Fact name={t('completions.ttl')}>{job.spec?.ttlSecondsAfterFinished === undefined ? undefined : ageText(job.spec.ttlSecondsAfterFinished * 1000)}</Fact>
        </dl>
        {failures.length > 0 ? (
          <><h4>{t('completions.failures')}</h4>
            <ul className="failure-list">{failures.slice(0, SHOWN).map(f => <li key={f.code}><StatusShape level="bad" /><b>{f.code}</b>{f.count > 1 ? <span className="quiet">×{f.count}</span> : null}<button type="button" className="link-button mono ellipsis" onClick={() => open(f.pod)}>{f.pod}</button>{f.index === undefined ? null : <span className="quiet">{t('completions.index', { index: f.index })}</span>}</li>)}</ul>
            {failures.length > SHOWN ? <p className="quiet">{t('pods.more', { count: failures.length - SHOWN })}</p> : null}</>
        ) : null}
      </div>
    </Section>
  );
}

/** So many of so many used up, with a bar. */
function Retries({ used, limit }: { used: number; limit: number }) {
  const spent = limit === 0 ? (used > 0 ? 1 : 0) : Math.min(1, used / limit);
  return <span className="retries">{used} / {limit} <span className={`part-bar${spent >= 1 ? ' over' : spent > 0.5 ? ' full' : ''}`}><span style={{ width: `${spent * 100}%` }} /></span></span>;
}

/** One stop of the Tab key; the arrows go from cell to cell, Enter opens its pod. */
function CompletionGrid({ grid, open }: { grid: Grid; open(pod: string): void }) {
  const { t } = useTranslation();
  const [at, setAt] = useState(0);
  const label = (c: Cell): string => {
    const state = t(`completions.states.${c.state}`, { count: 1 });
    const which = c.from === c.to ? t('completions.index', { index: c.from }) : t('completions.indexes', { from: c.from, to: c.to });
    return `${which} · ${state}${c.failures > 0 ? ` · ${t('completions.failed', { count: c.failures })}` : ''}`;
  };
  const onKeyDown = (e: KeyboardEvent<HTMLUListElement>): void => {
    const width = e.currentTarget.clientWidth, cell = e.currentTarget.firstElementChild as HTMLElement | null;
    const row = cell ? Math.max(1, Math.floor((width + 3) / (cell.offsetWidth + 3))) : 1;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -grid.cells.length, End: grid.cells.length }[e.key];
    if (by === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    const next = Math.max(0, Math.min(grid.cells.length - 1, at + by));
    setAt(next);
    e.currentTarget.querySelectorAll<HTMLElement>('button')[next]?.focus();
  };
  if (grid.cells.length === 0) return <p className="quiet">{t('completions.none')}</p>;
  return (
    <ul className="cells" aria-label={t('completions.title')} onKeyDown={onKeyDown}>
      {grid.cells.map((c, i) => <li key={c.from}><button type="button" className={`index-cell index-cell-${c.state}`} tabIndex={i === Math.min(at, grid.cells.length - 1) ? 0 : -1} aria-label={label(c)} title={label(c)} data-index={c.from} data-state={c.state} onFocus={() => setAt(i)} onClick={() => { if (c.pod) open(c.pod); }}>{c.failures > 0 && c.state !== 'failed' ? <span className="index-cell-mark" /> : null}</button></li>)}
    </ul>
  );
}
