// The heads of the columns: sort with a click or Enter, drag to move or widen; the same with the arrows.
import { useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { usePart, type Store } from '../../base/store.ts';
import { Icon } from '../Icon.tsx';
import { isRight, type TableColumn } from './column.ts';
import * as sel from './selection.ts';
import { toggleSort, type SortKey } from './sort.ts';

/** Px: narrowest column a hand can make, and one press of a key. */
const LEAST_WIDTH = 48, WIDER = 16;
/** Px a pointer may tremble in a click. */
const TREMBLE = 5;
/** Milliseconds after a drag in which a click is the end of it. */
const AFTER_DROP = 100;

interface Props<T> {
  columns: readonly TableColumn<T>[];
  widths: readonly number[];
  sorts: readonly SortKey[];
  onSorts(sorts: SortKey[]): void;
  onWidth(id: string, px: number): void;
  /** Puts the column at that place among those shown. */
  onMove(id: string, to: number): void;
  /** Back to the rows. */
  onLeave(): void;
}

export function HeadCells<T>(p: Props<T>) {
  const { columns, widths, onWidth, onMove } = p;
  const { t } = useTranslation();
  const row = useRef<HTMLElement | null>(null);
  // One stop of the Tab key for all heads: the one that had the focus last.
  const [stop, setStop] = useState('');
  const [drag, setDrag] = useState<{ id: string; to: number } | undefined>();
  const dropped = useRef(Number.NEGATIVE_INFINITY);
  /** Moving a head takes the focus from it. */
  const moved = useRef(false);
  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    row.current?.parentElement?.querySelector<HTMLElement>('.head-cell button[tabindex="0"]')?.focus();
  });
  const at = Math.max(0, columns.findIndex(c => c.id === stop));
  const focus = (i: number): void => { row.current?.parentElement?.querySelectorAll<HTMLElement>('.head-cell button')[i]?.focus(); };
  const onKeyDown = (e: KeyboardEvent, i: number): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    const to = by === undefined ? -1 : i + by;
    const inside = to >= 0 && to < columns.length;
    if (by !== undefined && e.ctrlKey) onWidth(columns[i]!.id, Math.max(LEAST_WIDTH, Math.round(widths[i]!) + by * WIDER));
    else if (by !== undefined && e.shiftKey) { if (inside) { moved.current = true; onMove(columns[i]!.id, to); } }
    else if (by !== undefined) { if (inside) focus(to); }
    else if (e.key === 'ArrowDown' || e.key === 'Escape') p.onLeave();
    // Enter and Space belong to the button; nothing of it is for the rows below.
    else { if (e.key !== 'Tab') e.stopPropagation(); return; }
    e.preventDefault();
    e.stopPropagation();
  };
  /** The place under the pointer: before the column whose middle it has not passed. */
  const placeAt = (x: number): number => {
    const heads = [...row.current!.parentElement!.querySelectorAll<HTMLElement>('.head-cell')].map(h => h.getBoundingClientRect());
    const place = heads.findIndex(h => x < h.left + h.width / 2);
    return place < 0 ? heads.length : place;
  };
  const grab = (e: PointerEvent<HTMLElement>, id: string, i: number): void => {
    if (e.button !== 0) return;
    const handle = e.currentTarget;
    const from = e.clientX;
    let to: number | undefined;
    handle.setPointerCapture(e.pointerId);
    handle.onpointermove = m => {
      if (to === undefined && Math.abs(m.clientX - from) < TREMBLE) return;
      to = placeAt(m.clientX);
      setDrag({ id, to });
    };
    const end = (drop: boolean): void => {
      handle.onpointermove = handle.onpointerup = handle.onpointercancel = null;
      setDrag(undefined);
      if (to === undefined) return;
      dropped.current = performance.now();
      const place = to > i ? to - 1 : to;
      if (drop && place !== i) onMove(id, place);
    };
    handle.onpointerup = () => end(true);
    handle.onpointercancel = () => end(false);
  };
  return columns.map((c, i) => {
    const place = p.sorts.findIndex(s => s.column === c.id);
    const key = p.sorts[place];
    const mark = drag && drag.to === i ? ' drop-before' : drag && drag.to === columns.length && i === columns.length - 1 ? ' drop-after' : '';
    return (
      <span key={c.id} ref={i === 0 ? row : undefined} className={`cell head-cell${isRight(c.cell) ? ' right' : ''}${drag?.id === c.id ? ' dragged' : ''}${mark}`} role="columnheader" aria-sort={key ? (key.descending ? 'descending' : 'ascending') : 'none'} aria-colindex={i + 2}
        title={[c.description, t('table.headHelp')].filter(Boolean).join('\n')}>
        <button type="button" tabIndex={i === at ? 0 : -1} onFocus={() => setStop(c.id)} onKeyDown={e => onKeyDown(e, i)} onPointerDown={e => grab(e, c.id, i)} onClick={e => { if (e.timeStamp - dropped.current > AFTER_DROP) p.onSorts(toggleSort(p.sorts, c.id, e.shiftKey)); }}>
          <span className="ellipsis">{c.label}</span>
          {key ? <span className="sort-mark"><Icon name={key.descending ? 'down' : 'up'} size={12} />{p.sorts.length > 1 ? place + 1 : ''}</span> : null}
        </button>
        <span className="resize" role="presentation" onPointerDown={e => resize(e, w => onWidth(c.id, w))} />
      </span>
    );
  });
}

function resize(e: PointerEvent<HTMLElement>, onWidth: (px: number) => void): void {
  e.preventDefault();
  e.stopPropagation();
  const handle = e.currentTarget;
  const from = e.clientX - (handle.parentElement?.getBoundingClientRect().width ?? LEAST_WIDTH);
  handle.setPointerCapture(e.pointerId);
  handle.onpointermove = m => onWidth(Math.max(LEAST_WIDTH, Math.round(m.clientX - from)));
  handle.onpointerup = handle.onpointercancel = () => { handle.onpointermove = handle.onpointerup = handle.onpointercancel = null; };
}

/** Chooses all rows, or none. */
export function ChooseAll({ selection, rows }: { selection: Store<sel.Selection>; rows: readonly string[] }) {
  const { t } = useTranslation();
  const size = usePart(selection, s => s.chosen.size);
  return <input type="checkbox" tabIndex={-1} aria-label={t('table.chooseAll')} checked={rows.length > 0 && size >= rows.length} ref={el => { if (el) el.indeterminate = size > 0 && size < rows.length; }}
    onChange={() => selection.update(s => (size > 0 ? sel.clear(s) : sel.all(s, rows)))} />;
}
