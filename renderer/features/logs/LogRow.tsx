// One line of a log: time, source in its colour, text with its own colours and the search marked.
import { memo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { marked, plain, spans } from './ansi.ts';
import type { LogLine } from './log-ring.ts';
import { localTime } from './times.ts';

/** Characters drawn of a long line before somebody asks for the rest. */
const DRAWN = 3000;

interface Props { line: LogLine; label: string | undefined; colour: number; time: boolean; highlight: RegExp | undefined; current: boolean }

export const LogRow = memo(function LogRow({ line, label, colour, time, highlight, current }: Props) {
  const { t } = useTranslation();
  const [whole, setWhole] = useState(false);
  const long = line.text.length > DRAWN && !whole;
  const text = long ? line.text.slice(0, DRAWN) : line.text;
  const unseen = long && highlight ? plain(line.text.slice(DRAWN)).match(highlight)?.length ?? 0 : 0;
  return (
    <div className={`log-line${current ? ' at' : ''}${line.restarted ? ' log-note' : ''}`}>
      {time ? <span className="log-time" title={line.at}>{localTime(line.at)} </span> : null}
      {label !== undefined ? <span className="log-source" style={{ color: `var(--log${(colour % 8) + 1})` }}>{label} </span> : null}
      {line.restarted ? <span className="log-text">{t('logs.restarted')}{line.restarted.lost > 0 ? ` ${t('logs.lostRuns', { count: line.restarted.lost })}` : ''}</span> : <span className="log-text">{drawn(text, highlight)}</span>}
      {long ? <button type="button" className="link-button" onClick={() => setWhole(true)}>{t('logs.moreOfLine', { count: line.text.length - DRAWN })}{unseen > 0 ? `, ${t('logs.moreMatches', { count: unseen })}` : ''}</button> : null}
    </div>
  );
});

function drawn(text: string, highlight: RegExp | undefined): ReactNode {
  const parts = spans(text);
  if (!highlight && parts.length === 1 && parts[0]!.className === '') return parts[0]!.text;
  if (!highlight) return parts.map((s, i) => <span key={key(i)} className={s.className || undefined}>{s.text}</span>);
  return marked(parts, highlight).map((s, i) => (s.mark ? <mark key={key(i)} className={s.className || undefined}>{s.text}</mark> : <span key={key(i)} className={s.className || undefined}>{s.text}</span>));
}
/** The pieces of one unchanging line have no other identity than their place. */
const key = (i: number): string => `p${i}`;
