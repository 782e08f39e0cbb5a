// The toolbar of a log: search, how much of the past, what is drawn, sources, copy, download.
import type { Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../kit/IconButton.tsx';
import type { LogSession } from './log-session.ts';
import { Sources } from './Sources.tsx';

/** How much of the past: the last lines of each container, or a span of time. */
export const PAST = { tail: { tailLines: 500 }, '1m': { sinceSeconds: 60 }, '5m': { sinceSeconds: 300 }, '15m': { sinceSeconds: 900 }, '1h': { sinceSeconds: 3600 }, '1d': { sinceSeconds: 86_400 }, all: {} } as const;
export type Past = keyof typeof PAST;
/** What the toolbar decides. */
export interface Choice { past: Past; previous: boolean; time: boolean; wrap: boolean; only: boolean }

interface Props {
  choice: Choice;
  choose(change: Partial<Choice>): void;
  query: string;
  onQuery(q: string): void;
  /** Why the query cannot be read. */
  error: string | undefined;
  /** Matches and the one stood at; undefined when nothing is searched. */
  hits: { count: number; at: number | undefined } | undefined;
  go(by: 1 | -1): void;
  field: Ref<HTMLInputElement>;
  /** Leaves the field for the lines. */
  leave(): void;
  session: LogSession | undefined;
  hidden: ReadonlySet<number>;
  onHidden(h: ReadonlySet<number>): void;
  empty: boolean;
  copyCommand(): void;
  download(): void;
  clear(): void;
}

export function LogBar({ field, ...p }: Props) {
  const { t } = useTranslation();
  const { choice, choose, hits } = p;
  const none = hits === undefined || hits.count === 0;
  return (
    <div className="logs-bar" role="toolbar" aria-label={t('logs.bar')}>
      <input ref={field} className="input logs-find" type="search" spellCheck={false} value={p.query} placeholder={t('logs.find')} aria-label={t('logs.find')} aria-keyshortcuts="/" aria-invalid={p.error !== undefined} title={p.error ?? t('logs.findHelp')} onChange={e => p.onQuery(e.target.value)}
        onKeyDown={e => {
          if (e.key === 'Enter') { e.preventDefault(); p.go(e.shiftKey ? -1 : 1); }
          if (e.key === 'Escape') { e.stopPropagation(); if (p.query) p.onQuery(''); else p.leave(); }
        }} />
      {p.error === undefined ? null : <span className="logs-wrong" role="alert">{t('logs.badPattern', { why: p.error.replace(/^Invalid regular expression: .*: /, '') })}</span>}
      {hits ? <span className="quiet logs-hits" role="status">{none ? t('logs.noHits') : t('logs.hits', { at: hits.at === undefined ? '–' : hits.at + 1, count: hits.count })}</span> : null}
      <IconButton icon="up" label={t('logs.previousHit')} keys="Shift Enter" disabled={none} onClick={() => p.go(-1)} />
      <IconButton icon="down" label={t('logs.nextHit')} keys="Enter" disabled={none} onClick={() => p.go(1)} />
      <IconButton icon="filter" label={t('logs.onlyMatches')} keys="m" pressed={choice.only} onClick={() => choose({ only: !choice.only })} />
      <span className="logs-split" />
      <select className="input logs-past" aria-label={t('logs.past')} value={choice.past} onChange={e => choose({ past: e.target.value as Past })}>{Object.keys(PAST).map(past => <option key={past} value={past}>{t(`logs.pasts.${past}`)}</option>)}</select>
      <Toggle on={choice.previous} label={t('logs.previous')} keys="p" help={t('logs.previousHelp')} flip={() => choose({ previous: !choice.previous })} />
      <Toggle on={choice.time} label={t('logs.time')} keys="t" flip={() => choose({ time: !choice.time })} />
      <Toggle on={choice.wrap} label={t('logs.wrap')} keys="w" flip={() => choose({ wrap: !choice.wrap })} />
      <span className="spacer" />
      {p.session ? <Sources sources={p.session.sources} hidden={p.hidden} onHidden={p.onHidden} /> : null}
      <IconButton icon="copy" label={t('logs.copyCommand')} onClick={p.copyCommand} />
      <IconButton icon="drain" label={t('logs.download')} disabled={p.empty} onClick={p.download} />
      <IconButton icon="trash" label={t('logs.clear')} disabled={p.empty} onClick={p.clear} />
    </div>
  );
}

function Toggle({ on, label, help, keys, flip }: { on: boolean; label: string; help?: string; keys: string; flip(): void }) {
  return <button type="button" className="logs-toggle" aria-pressed={on} aria-keyshortcuts={keys} title={`${help ?? label} (${keys})`} onClick={flip}>{label}</button>;
}
