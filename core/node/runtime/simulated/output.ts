// Log lines of a simulated container, computed from its Life when asked: a container that nobody reads costs nothing.
import type { Clock } from '../../../base/clock.ts';
import type { LogLine, LogOptions } from '../runtime.ts';
import type { Life, Output } from './program.ts';

/** RFC3339 with nanoseconds; `n` makes lines of the same millisecond differ. */
export const nanoTime = (ms: number, n = 0): string => new Date(ms).toISOString().replace('Z', `${String(n % 1_000_000).padStart(6, '0')}Z`);

/** Output in [from, to] (ms after the start), oldest first. `limit` keeps only the last so many rounds of an endless loop. */
export function printed(l: Life, from: number, to: number, limit = 10_000): Output[] {
  const out = l.output.filter(o => o.at >= from && o.at <= to);
  const e = l.every;
  if (e && to >= e.from) {
    const last = Math.floor((to - e.from) / e.period);
    const first = Math.max(0, Math.ceil((from - e.from) / e.period) - 1, last - limit);
    for (let n = first; n <= last; n++) {
      const start = e.from + n * e.period;
      const lines = e.text ? [{ at: 0, stream: 'stdout' as const, text: e.text(n) }] : e.lines;
      for (const line of lines) if (start + line.at >= from && start + line.at <= to) out.push({ ...line, at: start + line.at });
    }
  }
  return out;
}

/** When the next output after `after` is due (ms after the start), or undefined when there will be none. */
export function nextOutput(l: Life, after: number): number | undefined {
  const fixed = l.output.filter(o => o.at > after).map(o => o.at);
  const e = l.every;
  if (e) {
    const offsets = e.text ? [0] : e.lines.map(x => x.at);
    const n = Math.max(0, Math.floor((after - e.from) / e.period));
    for (const round of [n, n + 1]) for (const o of offsets) { const at = e.from + round * e.period + o; if (at > after) fixed.push(at); }
  }
  return fixed.length ? Math.min(...fixed) : undefined;
}

export interface LogSource {
  readonly life: Life | undefined;
  startedAt: number;
  /** 0 while it runs */
  finishedAt: number;
  /** Calls back once when the container has ended or been removed. */
  onEnd(fn: () => void): () => void;
}

/** Splits into lines as a runtime's log driver does. */
function* lines(o: readonly Output[], startedAt: number): Generator<LogLine> {
  let n = 0;
  for (const x of o) for (const text of x.text.split(/(?<=\n)/)) yield { time: nanoTime(startedAt + Math.floor(x.at), n++), stream: x.stream, data: Buffer.from(text) };
}

export async function* logLines(s: LogSource, o: LogOptions, clock: Clock): AsyncGenerator<LogLine> {
  if (!s.life) return;
  // Timers may fire a millisecond before the wall clock says so: what the end brought must not be cut off for it.
  const elapsed = (): number => (s.finishedAt ? s.finishedAt + 1 : clock.now()) - s.startedAt;
  const since = o.since === undefined ? 0 : Math.max(0, o.since - s.startedAt);
  let upTo = elapsed();
  let first = [...lines(printed(s.life, since, upTo, o.tailLines), s.startedAt)];
  if (o.tailLines !== undefined) first = o.tailLines === 0 ? [] : first.slice(-o.tailLines);
  yield* first;
  while (o.follow && !s.finishedAt && !o.signal.aborted) {
    const due = nextOutput(s.life, upTo);
    await new Promise<void>(resolve => {
      const stops: (() => void)[] = [];
      const wake = (): void => { for (const stop of stops) stop(); resolve(); };
      stops.push(s.onEnd(wake));
      o.signal.addEventListener('abort', wake, { once: true });
      stops.push(() => o.signal.removeEventListener('abort', wake));
      if (due !== undefined) { const t = clock.after(due - (clock.now() - s.startedAt), wake); stops.push(() => t.cancel()); }
    });
    if (o.signal.aborted) return;
    const now = elapsed();
    yield* lines(printed(s.life, upTo + 1e-6, now), s.startedAt);
    upTo = now;
  }
}
