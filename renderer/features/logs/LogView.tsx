// The log view of the dock: toolbar, merged lines, what the sources are doing. Follows the end until the reader scrolls up.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useApp } from '../../app/context.ts';
import type { DockViewProps } from '../../app/feature.ts';
import { IconButton } from '../../kit/IconButton.tsx';
import { StateMessage } from '../../kit/states.tsx';
import { plain } from './ansi.ts';
import { LogRow } from './LogRow.tsx';
import type { LogLine } from './log-ring.ts';
import { LogSession, type PodSet } from './log-session.ts';
import { matcherOf } from './match.ts';
import { Sources } from './Sources.tsx';
import { readTarget, type LogTarget } from './target.ts';
import { hitsOf, ShownLines } from './view-model.ts';
import './logs.css';

/** How much of the past: the last lines of each container, or a span of time. */
const PAST = { tail: { tailLines: 500 }, '1m': { sinceSeconds: 60 }, '5m': { sinceSeconds: 300 }, '15m': { sinceSeconds: 900 }, '1h': { sinceSeconds: 3600 }, '1d': { sinceSeconds: 86_400 }, all: {} } as const;
type Past = keyof typeof PAST;
const LINE = 18;
const NO_ONE: ReadonlySet<number> = new Set();

export function LogView({ id, props, active }: DockViewProps) {
  const { t } = useTranslation();
  const target = useMemo(() => readTarget(props), [props]);
  return target ? <LogPane key={JSON.stringify(target.sets)} id={id} target={target} active={active} /> : <StateMessage icon="logs" title={t('dock.unknown')} />;
}

function useSession(target: LogTarget, sets: readonly PodSet[], previous: boolean, past: Past): LogSession | undefined {
  const { connection, stores } = useApp();
  const [session, setSession] = useState<LogSession>();
  useEffect(() => {
    const made = new LogSession(connection, stores, target.cluster, sets, { previous, ...PAST[past] });
    // oxlint-disable-next-line react-hooks/set-state-in-effect -- the session is opened and closed with the view
    setSession(made);
    return () => made.close();
  }, [connection, stores, target.cluster, sets, previous, past]);
  return session;
}

const nothing = { subscribe: () => () => undefined, version: () => 0 };

function LogPane({ id, target, active }: { id: string; target: LogTarget; active: boolean }) {
  const app = useApp();
  const { t } = useTranslation();
  const [following, setFollowing] = useState(false);
  const sets = useMemo(() => (following && target.siblings ? [...target.sets, target.siblings] : target.sets), [target, following]);
  const [previous, setPrevious] = useState(false);
  const [past, setPast] = useState<Past>('tail');
  const [time, setTime] = useState(false);
  const [wrap, setWrap] = useState(true);
  const [only, setOnly] = useState(false);
  const [query, setQuery] = useState('');
  const [hidden, setHidden] = useState(NO_ONE);
  const session = useSession(target, sets, previous, past);
  const version = useSyncExternalStore((session ?? nothing).subscribe, (session ?? nothing).version);

  const asked = useDeferredValue(query);
  const matcher = useMemo(() => matcherOf(asked), [asked]);
  const shown = useMemo(() => (session ? new ShownLines(session.ring, hidden, only ? matcher : undefined) : undefined), [session, hidden, only, matcher]);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the ring is mutable; the version says when it changed
  const latest = useMemo(() => shown?.update() ?? [], [shown, version]);

  // Scrolled up: the lines stand still, whatever comes.
  const [frozen, setFrozen] = useState<{ of: ShownLines; lines: readonly LogLine[]; taken: number }>();
  const paused = frozen !== undefined && frozen.of === shown;
  const lines = paused ? frozen.lines : latest;
  const fresh = paused && session ? session.ring.taken - frozen.taken : 0;

  const hits = useMemo(() => (asked.trim() === '' || only ? [] : hitsOf(lines, matcher)), [lines, matcher, asked, only]);
  const [hit, setHit] = useState<number>();
  const current = hit !== undefined && hit < hits.length ? hits[hit] : undefined;

  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const atEnd = useRef(true);
  // oxlint-disable-next-line react-hooks/incompatible-library -- used as its documentation says
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => LINE, overscan: 24, getItemKey: i => lines[i]?.id ?? i, enabled: active });
  const count = lines.length;
  useEffect(() => { if (active && !paused && count > 0) virtual.scrollToIndex(count - 1, { align: 'end' }); }, [virtual, count, version, paused, active, wrap, time]);
  const pause = (): void => { if (shown && session && !paused) setFrozen({ of: shown, lines: latest, taken: session.ring.taken }); };
  const follow = (): void => { atEnd.current = true; setFrozen(undefined); };
  const onScroll = (): void => {
    const el = box.current;
    if (!el) return;
    const end = el.scrollHeight - el.scrollTop - el.clientHeight < 4;
    if (end && paused && fresh === 0) follow();
    atEnd.current = end;
  };
  const go = (by: number): void => {
    if (hits.length === 0) return;
    pause();
    const next = hit === undefined || hit >= hits.length ? (by > 0 ? 0 : hits.length - 1) : (hit + by + hits.length) % hits.length;
    setHit(next);
    virtual.scrollToIndex(hits[next]!, { align: 'center' });
  };
  const onKey = (e: KeyboardEvent): void => {
    const el = box.current;
    if (!el || e.target !== el) return;
    if (e.key === '/') { field.current?.focus(); e.preventDefault(); e.stopPropagation(); } else if (e.key === 'End') { follow(); e.preventDefault(); } else if (e.key === 'Home') { pause(); virtual.scrollToIndex(0); e.preventDefault(); } else if (['ArrowUp', 'PageUp'].includes(e.key)) pause();
  };
  const sources = session?.sources ?? [];
  const severalPods = new Set(sources.map(s => s.pod)).size > 1;
  const severalContainers = new Set(sources.filter(s => !s.init).map(s => s.container)).size > 1;
  const label = (i: number): string | undefined => {
    const s = sources[i];
    if (!s || sources.length < 2) return undefined;
    return severalPods ? (severalContainers || s.init ? `${s.pod}/${s.container}` : s.pod) : s.container;
  };
  const download = (): void => {
    const text = lines.map(l => `${l.at} ${label(l.source) ?? sources[l.source]?.pod ?? ''} ${plain(l.text)}\n`);
    const url = URL.createObjectURL(new Blob(text, { type: 'text/plain' }));
    const a = document.createElement('a');
    a.href = url;
    a.download = `${sources[0]?.pod ?? 'log'}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.log`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  const gone = session !== undefined && session.complete && session.pods === 0;
  return (
    <section className="logs" aria-label={t('actions.logs')} data-testid="logs" data-lines={session?.ring.taken ?? 0}>
      <div className="logs-bar">
        <input ref={field} className="input logs-find" type="search" spellCheck={false} value={query} placeholder={t('logs.find')} aria-label={t('logs.find')} aria-invalid={matcher.error !== undefined} title={matcher.error ?? t('logs.findHelp')} onChange={e => { setQuery(e.target.value); setHit(undefined); }}
          onKeyDown={e => {
            if (e.key === 'Enter') { e.preventDefault(); go(e.shiftKey ? -1 : 1); }
            if (e.key === 'Escape') { e.stopPropagation(); if (query) setQuery(''); else box.current?.focus(); }
          }} />
        {asked.trim() !== '' && !only ? <span className="quiet logs-hits">{hits.length === 0 ? t('logs.noHits') : t('logs.hits', { at: hit === undefined ? '–' : hit + 1, count: hits.length })}</span> : null}
        <IconButton icon="up" label={t('logs.previousHit')} keys="Shift Enter" disabled={hits.length === 0} onClick={() => go(-1)} />
        <IconButton icon="down" label={t('logs.nextHit')} keys="Enter" disabled={hits.length === 0} onClick={() => go(1)} />
        <IconButton icon="filter" label={t('logs.onlyMatches')} pressed={only} onClick={() => { setOnly(o => !o); setFrozen(undefined); }} />
        <span className="logs-split" />
        <select className="input logs-past" aria-label={t('logs.past')} value={past} disabled={previous} onChange={e => { setPast(e.target.value as Past); setFrozen(undefined); }}>{Object.keys(PAST).map(p => <option key={p} value={p}>{t(`logs.pasts.${p}`)}</option>)}</select>
        <Toggle on={previous} label={t('logs.previous')} help={t('logs.previousHelp')} flip={() => { setPrevious(p => !p); setFrozen(undefined); }} />
        <Toggle on={time} label={t('logs.time')} flip={() => setTime(x => !x)} />
        <Toggle on={wrap} label={t('logs.wrap')} flip={() => setWrap(x => !x)} />
        <span className="spacer" />
        {session ? <Sources sources={sources} hidden={hidden} onHidden={setHidden} /> : null}
        <IconButton icon="copy" label={t('logs.copyCommand')} onClick={() => { void navigator.clipboard.writeText(target.command).then(() => app.lastCommand.set(target.command), (e: unknown) => app.notify({ level: 'bad', text: String(e) })); }} />
        <IconButton icon="drain" label={t('logs.download')} disabled={lines.length === 0} onClick={download} />
        <IconButton icon="trash" label={t('logs.clear')} disabled={lines.length === 0} onClick={() => { session?.clear(); setFrozen(undefined); }} />
      </div>
      <div ref={box} id={`${id}-lines`} className={`logs-box${wrap ? ' wrap' : ''}`} tabIndex={0} role="log" aria-live="off" aria-label={t('logs.lines')} onScroll={onScroll} onWheel={e => { if (e.deltaY < 0) pause(); }} onPointerDown={e => { if (e.target === box.current) pause(); }} onKeyDown={onKey}>
        {session && session.ring.dropped > 0 ? <p className="logs-dropped quiet">{t('logs.dropped', { count: session.ring.dropped })}</p> : null}
        <div className="logs-all" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(v => {
            const line = lines[v.index];
            return line ? <div key={v.key} ref={wrap ? virtual.measureElement : undefined} data-index={v.index} className="logs-item" style={{ transform: `translateY(${v.start}px)` }}><LogRow line={line} label={label(line.source)} colour={line.source} time={time} highlight={matcher.highlight} current={v.index === current} /></div> : null;
          })}
        </div>
        {count === 0 && session ? <p className="logs-none quiet">{why(t, session, gone, previous, only && asked.trim() !== '')}</p> : null}
      </div>
      {paused ? <button type="button" className="logs-more" onClick={follow}>{fresh > 0 ? t('logs.newLines', { count: fresh }) : t('logs.follow')}</button> : null}
      {gone && count > 0 ? <p className="logs-foot">{t('logs.gone')}{target.siblings && !following ? <> <button type="button" className="link-button" onClick={() => setFollowing(true)}>{t('logs.followReplacements')}</button></> : null}</p> : null}
    </section>
  );
}

function Toggle({ on, label, help, flip }: { on: boolean; label: string; help?: string; flip(): void }) {
  return <button type="button" className="logs-toggle" aria-pressed={on} title={help} onClick={flip}>{label}</button>;
}

function why(t: TFunction, session: LogSession, gone: boolean, previous: boolean, filtered: boolean): string {
  if (filtered && session.ring.lines.length > 0) return t('logs.noneMatch');
  if (gone) return t('logs.noPods');
  const failed = session.sources.find(s => s.state === 'failed' && s.why);
  if (failed) return previous ? t('logs.noPrevious') : failed.why!;
  const waiting = session.sources.find(s => s.state === 'waiting');
  return waiting ? t('logs.waiting', { container: waiting.container }) : t('logs.nothing');
}
