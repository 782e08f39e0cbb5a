// The log view of the dock: toolbar, merged lines, what the sources are doing. Follows the end until the reader scrolls up.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useApp } from '../../app/context.ts';
import type { DockViewProps } from '../../app/feature.ts';
import { useStore } from '../../base/store.ts';
import { StateMessage } from '../../kit/states.tsx';
import { plain } from './ansi.ts';
import { wanted } from './focus.ts';
import { LogBar, PAST, type Choice, type Past } from './LogBar.tsx';
import { LogRow } from './LogRow.tsx';
import type { LogLine } from './log-ring.ts';
import { LogSession, MAX_TAILS, type PodSet, type Source } from './log-session.ts';
import { matcherOf } from './match.ts';
import { commandWith, readTarget, type LogTarget } from './target.ts';
import { Hits, ShownLines } from './view-model.ts';
import './logs.css';

const LINE = 18;
const NO_ONE: ReadonlySet<number> = new Set();
const FIRST: Choice = { past: 'tail', previous: false, time: false, wrap: true, only: false };

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
  const [choice, setChoice] = useState(FIRST);
  const { past, previous, time, wrap, only } = choice;
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

  const finder = useMemo(() => new Hits(matcher), [matcher]);
  const searching = asked.trim() !== '' && matcher.error === undefined;
  const hits = searching && !only ? finder.of(lines) : [];
  const [hit, setHit] = useState<number>();
  const current = hit !== undefined && hit < hits.length ? hits[hit] : undefined;

  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  // oxlint-disable-next-line react-hooks/incompatible-library -- used as its documentation says
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => LINE, overscan: 24, getItemKey: i => lines[i]?.id ?? i, enabled: active });
  const count = lines.length;
  // What was measured with other settings is no measure any more.
  useEffect(() => { virtual.measure(); }, [virtual, wrap, time]);
  useEffect(() => { if (active && !paused && count > 0) virtual.scrollToIndex(count - 1, { align: 'end' }); }, [virtual, count, version, paused, active, wrap, time]);
  const wantsFocus = useStore(wanted);
  useEffect(() => { if (active && wantsFocus?.id === id) { box.current?.focus({ preventScroll: true }); wanted.set(undefined); } }, [active, wantsFocus, id]);

  const pause = (): void => { if (shown && session && !paused) setFrozen({ of: shown, lines: latest, taken: session.ring.taken }); };
  const follow = (): void => setFrozen(undefined);
  const onScroll = (): void => {
    const el = box.current;
    if (el && paused && fresh === 0 && el.scrollHeight - el.scrollTop - el.clientHeight < 4) follow();
  };
  const command = (c: Choice): string => commandWith(target.command, { previous: c.previous, timestamps: c.time, ...(c.past === 'tail' ? { tail: PAST.tail.tailLines } : c.past === 'all' ? {} : { since: c.past === '1d' ? '24h' : c.past }) });
  const choose = (change: Partial<Choice>): void => {
    const next = { ...choice, ...change };
    setChoice(next);
    if (!('time' in change || 'wrap' in change)) setFrozen(undefined);
    if (!('wrap' in change || 'only' in change)) app.lastCommand.set(command(next));
  };
  const go = (by: 1 | -1): void => {
    if (hits.length === 0) return;
    pause();
    // The last match is the nearest when one reads at the end.
    const next = hit === undefined || hit >= hits.length ? (by > 0 ? 0 : hits.length - 1) : (hit + by + hits.length) % hits.length;
    setHit(next);
    virtual.scrollToIndex(hits[next]!, { align: 'center' });
  };
  const onKey = (e: KeyboardEvent): void => {
    const el = box.current;
    if (!el || e.target !== el || e.ctrlKey || e.metaKey || e.altKey) return;
    const deeds: Record<string, () => void> = {
      '/': () => field.current?.focus(), End: follow, Home: () => { pause(); virtual.scrollToIndex(0); }, n: () => go(1), N: () => go(-1),
      w: () => choose({ wrap: !wrap }), t: () => choose({ time: !time }), p: () => choose({ previous: !previous }), m: () => choose({ only: !only }),
    };
    const deed = deeds[e.key];
    if (deed) { deed(); e.preventDefault(); e.stopPropagation(); } else if (e.key === 'ArrowUp' || e.key === 'PageUp') pause();
    // One level back: to the list the log was opened from; the frame does the rest.
    else if (e.key === 'Escape') document.querySelector<HTMLElement>('.table')?.focus();
  };
  const sources = session?.sources ?? [];
  const label = labels(sources);
  const download = (): void => save(lines.filter(l => !l.restarted).map(l => `${l.at} ${label(l.source) ?? sources[l.source]?.pod ?? ''} ${plain(l.text)}\n`), sources[0]?.pod ?? 'log');
  const copyCommand = (): void => { const c = command(choice); void navigator.clipboard.writeText(c).then(() => app.lastCommand.set(c), (e: unknown) => app.notify({ level: 'bad', text: String(e) })); };
  const gone = session !== undefined && session.complete && session.pods === 0;
  const queued = session?.queued ?? 0, dropped = session?.ring.dropped ?? 0;
  return (
    <section className="logs" aria-label={t('actions.logs')} data-testid="logs" data-lines={session?.ring.taken ?? 0} data-shown={count}>
      <LogBar choice={choice} choose={choose} query={query} onQuery={q => { setQuery(q); setHit(undefined); }} error={matcher.error} hits={searching && !only ? { count: hits.length, at: current === undefined ? undefined : hit } : undefined} go={go}
        field={field} leave={() => box.current?.focus()} session={session} hidden={hidden} onHidden={setHidden} empty={count === 0} copyCommand={copyCommand} download={download} clear={() => { session?.clear(); setFrozen(undefined); }} />
      <div className="logs-hold">
        <div ref={box} id={`${id}-lines`} className={`logs-box${wrap ? ' wrap' : ''}`} tabIndex={0} role="log" aria-live="off" aria-label={t('logs.lines')} onScroll={onScroll} onWheel={e => { if (e.deltaY < 0) pause(); }} onPointerDown={e => { if (e.target === box.current) pause(); }} onKeyDown={onKey}>
          <div className="logs-all" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map(v => {
              const line = lines[v.index];
              return line ? <div key={v.key} ref={wrap ? virtual.measureElement : undefined} data-index={v.index} className="logs-item" style={{ transform: `translateY(${v.start}px)` }}><LogRow line={line} label={label(line.source)} colour={line.source} time={time} highlight={matcher.highlight} current={v.index === current} /></div> : null;
            })}
          </div>
          {count === 0 && session ? <p className="logs-none quiet">{why(t, session, gone, previous, only && searching)}</p> : null}
        </div>
        {paused ? <button type="button" className="logs-more" onClick={follow}>{fresh > 0 ? t('logs.newLines', { count: fresh }) : t('logs.follow')}</button> : null}
      </div>
      {queued > 0 ? <p className="logs-foot" role="status">{t('logs.queued', { count: queued, open: sources.length - queued })} <button type="button" className="link-button" onClick={() => session?.raise()}>{t('logs.readMore', { count: Math.min(queued, MAX_TAILS) })}</button></p> : null}
      {dropped > 0 ? <p className="logs-foot logs-quiet" role="status">{t('logs.dropped', { count: dropped })}</p> : null}
      {gone && count > 0 ? <p className="logs-foot" role="status">{t('logs.gone')}{target.siblings && !following ? <> <button type="button" className="link-button" onClick={() => setFollowing(true)}>{t('logs.followReplacements')}</button></> : null}</p> : null}
    </section>
  );
}

/** What stands before a line: nothing with one source, else as much as tells them apart. */
function labels(sources: readonly Source[]): (source: number) => string | undefined {
  const severalPods = new Set(sources.map(s => `${s.namespace}/${s.pod}`)).size > 1;
  const severalContainers = new Set(sources.map(s => s.container)).size > 1;
  return i => {
    const s = sources[i];
    if (!s || sources.length < 2) return undefined;
    return severalPods ? (severalContainers ? `${s.pod}/${s.container}` : s.pod) : s.container;
  };
}

function save(text: string[], name: string): void {
  const url = URL.createObjectURL(new Blob(text, { type: 'text/plain' }));
  const a = document.createElement('a');
  a.href = url;
  a.download = `${name}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.log`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function why(t: TFunction, session: LogSession, gone: boolean, previous: boolean, filtered: boolean): string {
  if (filtered && session.ring.lines.length > 0) return t('logs.noneMatch');
  if (gone) return t('logs.noPods');
  if (session.sources.length === 0) return session.refused ?? (session.complete ? t('logs.nothing') : t('logs.looking'));
  const failed = session.sources.find(s => s.state === 'failed' && s.why);
  if (failed) return previous && /previous terminated container/.test(failed.why!) ? t('logs.noPrevious') : failed.why!;
  const waiting = session.sources.find(s => s.state === 'waiting');
  if (waiting) return waiting.why ?? (previous ? t('logs.noPrevious') : t('logs.waiting', { container: waiting.container }));
  return session.ring.taken > 0 ? t('logs.cleared') : t('logs.nothing');
}
