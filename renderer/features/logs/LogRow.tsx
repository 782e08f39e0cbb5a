// One line of a log: time, source in its colour, text with its own colours and the search marked.
import { memo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { plain, spans } from './ansi.ts';
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
  return (
    <div className={`log-line${current ? ' at' : ''}`}>
      {time ? <span className="log-time" title={line.at}>{localTime(line.at)} </span> : null}
      {label !== undefined ? <span className="log-source" style={{ color: `var(--log${(colour % 8) + 1})` }}>{label} </span> : null}
      <span className="log-text">{highlight ? marked(plain(text), highlight) : coloured(text)}</span>
      {long ? <button type="button" className="link-button" onClick={() => setWhole(true)}>{t('logs.moreOfLine', { count: line.text.length - DRAWN })}</button> : null}
    </div>
  );
});

function coloured(text: string): ReactNode {
  const parts = spans(text);
  if (parts.length === 1 && parts[0]!.className === '') return parts[0]!.text;
  // oxlint-disable-next-line react/no-array-index-key -- the pieces of one unchanging line
  return parts.map((s, i) => <span key={i} className={s.className || undefined}>{s.text}</span>);
}

function marked(text: string, highlight: RegExp): ReactNode {
  const out: ReactNode[] = [];
  let from = 0;
  for (const m of text.matchAll(highlight)) {
    if (m[0] === '') break;
    if (m.index > from) out.push(text.slice(from, m.index));
    out.push(<mark key={m.index}>{m[0]}</mark>);
    from = m.index + m[0].length;
  }
  out.push(text.slice(from));
  return out;
}
