// One row: subscribes to its own object, so that a change redraws this row and nothing else.
import { memo, useState, useSyncExternalStore, type ReactNode } from 'react';
import { shownNow, useTicking } from '../../base/ticker.ts';
import { exactTime } from '../Age.tsx';
import { StatusPill, type Level } from '../StatusPill.tsx';
import { isRight, type TableColumn } from './column.ts';

export interface RowVerdict { level: Level; word: string; reason?: string }
interface CellProps<T> { column: TableColumn<T>; row: T; verdict: RowVerdict | undefined }

/** Glows once when what it says has changed since it was first drawn for this row. */
function Glow({ text, children }: { text: string; children: ReactNode }) {
  const [seen, setSeen] = useState({ text, changes: 0 });
  if (seen.text !== text) setSeen({ text, changes: seen.changes + 1 });
  const { changes } = seen;
  return <span key={changes} className={changes > 0 ? 'cell-in glow' : 'cell-in'}>{children}</span>;
}

function TickingCell<T>({ column, row }: { column: TableColumn<T>; row: T }) {
  const text = useTicking(now => String(column.value(row, now)));
  const at = column.sort(row);
  return <span className="cell-in" title={typeof at === 'number' && at > 0 ? exactTime(at) : undefined}>{text}</span>;
}

function CellBody<T>({ column, row, verdict }: CellProps<T>) {
  if (column.render) return <span className="cell-in">{column.render(row)}</span>;
  if (column.cell === 'age') return <TickingCell column={column} row={row} />;
  const value = column.value(row, shownNow());
  const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
  if (column.cell === 'state' && verdict) return <Glow text={text}><StatusPill level={verdict.level} word={text} reason={verdict.reason === text ? undefined : verdict.reason} /></Glow>;
  const none = text === '<none>' || text === '' || text === '<unset>' || text === '<unknown>';
  if (column.cell === 'ratio') {
    const [have, want] = text.split('/');
    return <Glow text={text}><span className={have === want || verdict?.level === 'none' ? undefined : 'short'}>{text}</span></Glow>;
  }
  return <Glow text={text}><span className={none ? 'none' : undefined} title={text.length > 12 ? text : undefined}>{none ? '–' : text}</span></Glow>;
}

interface RowProps<T> {
  id: string; rowKey: string; index: number; top: number; columns: readonly TableColumn<T>[];
  chosen: boolean; cursor: boolean; open: boolean; anyChosen: boolean; boxLabel: string;
  get(key: string): T | undefined; subscribe(key: string, listener: () => void): () => void;
  verdict?(row: T): RowVerdict;
}

function RowInner<T>(p: RowProps<T>) {
  const { rowKey, get, subscribe, verdict } = p;
  const now = useSyncExternalStore(listener => subscribe(rowKey, listener), () => get(rowKey));
  const [last, setLast] = useState(now);
  if (now !== undefined && now !== last) setLast(now);
  const row = now ?? last;
  if (row === undefined) return null;
  const judged = verdict?.(row);
  return (
    <div id={p.id} role="row" aria-rowindex={p.index + 2} aria-selected={p.chosen} data-key={rowKey} style={{ transform: `translateY(${p.top}px)` }}
      className={`row${p.chosen ? ' chosen' : ''}${p.cursor ? ' cursor' : ''}${p.open ? ' open' : ''}${p.index % 2 ? ' odd' : ''}`}>
      <span className={`row-bar bar-${judged?.level ?? 'none'}`} />
      <span className="cell cell-box" role="gridcell"><input type="checkbox" tabIndex={-1} checked={p.chosen} readOnly aria-label={p.boxLabel} /></span>
      {p.columns.map(c => <span key={c.id} role="gridcell" data-column={c.id} className={`cell cell-${c.cell}${isRight(c.cell) ? ' right' : ''}`}><CellBody column={c} row={row} verdict={judged} /></span>)}
    </div>
  );
}
export const TableRow = memo(RowInner) as typeof RowInner;
