// A live table of up to 50,000 rows: fixed row height, only visible rows in the page, every deed on a key.
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { shownNow } from '../../base/ticker.ts';
import { Icon } from '../Icon.tsx';
import { fitWidth, isRight, squeeze, type TableColumn } from './column.ts';
import * as sel from './selection.ts';
import { toggleSort, type SortKey } from './sort.ts';
import type { TableModel } from './table-model.ts';
import { TableRow, type RowVerdict } from './TableRow.tsx';
import { useWindow } from './use-window.ts';
import './table.css';

interface Props<T> {
  label: string;
  model: TableModel<T>;
  columns: readonly TableColumn<T>[];
  get(key: string): T | undefined;
  subscribeRow(key: string, listener: () => void): () => void;
  verdict?(row: T): RowVerdict;
  selection: sel.Selection;
  onSelection(next: sel.Selection): void;
  onSorts(sorts: SortKey[]): void;
  widths: Readonly<Record<string, number>>;
  onWidths(widths: Record<string, number>): void;
  /** Key of the row shown in the drawer. */
  open?: string;
  onOpen(key: string, apart: boolean): void;
  onMenu(key: string, at: { x: number; y: number }): void;
  /** Buttons at the end of the row under the pointer or the cursor. */
  actions?(key: string): ReactNode;
  /** Keys the table does not use itself. */
  onKey?(e: KeyboardEvent): void;
  /** Fitting is done anew when it changes: the kind. */
  fitKey: string;
  onWidth?(px: number): void;
}

const BOX = 34;
const HEAD = 30;
/** Milliseconds after the last movement of the pointer or the wheel until rows may change places again. */
const REST = { pointer: 8000, scroll: 400 };

export function DataTable<T>(p: Props<T>) {
  const { model, columns, selection, onSelection } = p;
  const { t } = useTranslation();
  const view = useSyncExternalStore(model.subscribe, model.view);
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();
  const { from, to, page, reveal: revealRow } = useWindow(scroller, view.rows.length, rowHeight, HEAD);

  const before = useRef(view.rows);
  useEffect(() => {
    const next = sel.prune(selection, k => p.get(k) !== undefined, before.current, view.rows);
    before.current = view.rows;
    if (next !== selection) onSelection(next);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only rows that went can make the selection wrong
  }, [view.rows]);

  const { onWidth } = p;
  const [room, setRoom] = useState(0);
  useEffect(() => {
    const el = scroller.current;
    if (!el) return undefined;
    const observer = new ResizeObserver(() => { setRoom(el.clientWidth); onWidth?.(el.clientWidth); });
    observer.observe(el);
    return () => observer.disconnect();
  }, [onWidth]);

  const fitted = useFitted(p, view.rows);
  const squeezed = squeeze(columns.map(c => ({ id: c.id, cell: c.cell, width: p.widths[c.id] ?? fitted[c.id] ?? 100, fixed: p.widths[c.id] !== undefined })), room > 0 ? room - BOX - 12 : Number.POSITIVE_INFINITY);
  const widthOf = (c: TableColumn<T>): number => squeezed[c.id] ?? 100;
  const template = [`${BOX}px`, ...columns.map(c => (c.cell === 'name' && p.widths[c.id] === undefined ? `minmax(${widthOf(c)}px, 1fr)` : c.cell === 'state' && p.widths[c.id] === undefined ? `minmax(${widthOf(c)}px, .6fr)` : `${widthOf(c)}px`)), '12px'].join(' ');
  const minWidth = BOX + 12 + columns.reduce((sum, c) => sum + widthOf(c), 0);

  const [hover, setHover] = useState<{ key: string; index: number } | undefined>();
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const hold = useCallback((ms: number) => {
    model.hold(true);
    clearTimeout(rest.current);
    rest.current = setTimeout(() => model.hold(false), ms);
  }, [model]);
  useEffect(() => () => clearTimeout(rest.current), []);

  const reveal = (s: sel.Selection): void => {
    const at = s.cursor === undefined ? -1 : view.rows.indexOf(s.cursor);
    if (at >= 0) revealRow(at);
  };
  const go = (next: sel.Selection): void => { onSelection(next); reveal(next); };

  const onKeyDown = (e: KeyboardEvent): void => {
    const plain = !e.ctrlKey && !e.metaKey && !e.altKey;
    const step = plain ? { ArrowDown: 1, ArrowUp: -1, PageDown: page - 1, PageUp: 1 - page, Home: 'first' as const, End: 'last' as const, j: 1, k: -1 }[e.key] : undefined;
    // Rows keep their places under a hand on the keys as under the pointer.
    if (step !== undefined) { hold(REST.pointer); go(sel.move(selection, view.rows, step, e.shiftKey)); }
    else if (e.key === 'Enter' && selection.cursor !== undefined) p.onOpen(selection.cursor, e.ctrlKey || e.metaKey);
    else if (e.key === ' ' && plain && selection.cursor !== undefined) onSelection(sel.toggle(selection, selection.cursor));
    else if (e.key === 'a' && (e.ctrlKey || e.metaKey)) onSelection(sel.all(selection, view.rows));
    else if (e.key === 'Escape' && selection.chosen.size > 0) { onSelection(sel.clear(selection)); e.stopPropagation(); }
    else if (e.key === 'ContextMenu' || (e.key === 'F10' && e.shiftKey)) {
      const el = selection.cursor === undefined ? null : scroller.current?.querySelector(`[data-key="${CSS.escape(selection.cursor)}"]`);
      const box = el?.getBoundingClientRect();
      if (box && selection.cursor !== undefined) p.onMenu(selection.cursor, { x: box.left + 60, y: box.bottom });
    } else { p.onKey?.(e); return; }
    e.preventDefault();
  };

  const rowAt = (e: MouseEvent): { key: string; box: boolean } | undefined => {
    const target = e.target as HTMLElement;
    const key = target.closest<HTMLElement>('[data-key]')?.dataset.key;
    return key === undefined ? undefined : { key, box: target.closest('.cell-box') !== null };
  };
  const onClick = (e: MouseEvent): void => {
    const at = rowAt(e);
    if (!at) return;
    if (e.shiftKey) onSelection(sel.extendTo(selection, view.rows, at.key));
    else if (at.box || e.ctrlKey || e.metaKey) onSelection(sel.toggle(selection, at.key));
    else { onSelection(sel.focus(selection, at.key)); p.onOpen(at.key, false); }
  };

  const shown = hover && view.rows[hover.index] === hover.key ? hover : undefined;
  const acting = shown ?? (selection.cursor === undefined ? undefined : { key: selection.cursor, index: view.rows.indexOf(selection.cursor) });
  return (
    <div className="table" ref={scroller} role="grid" tabIndex={0} aria-label={p.label} aria-rowcount={view.rows.length + 1} aria-multiselectable="true"
      aria-activedescendant={selection.cursor === undefined ? undefined : rowId(selection.cursor)} style={{ ['--columns' as string]: template }}
      onKeyDown={onKeyDown} onScroll={() => hold(REST.scroll)} onMouseLeave={() => { setHover(undefined); clearTimeout(rest.current); model.hold(false); }}>
      <div className="table-head" role="row" aria-rowindex={1} style={{ minWidth }}>
        <span className="cell cell-box" role="columnheader">
          <input type="checkbox" tabIndex={-1} aria-label={t('table.chooseAll')} checked={view.rows.length > 0 && selection.chosen.size >= view.rows.length}
            ref={el => { if (el) el.indeterminate = selection.chosen.size > 0 && selection.chosen.size < view.rows.length; }}
            onChange={() => onSelection(selection.chosen.size > 0 ? sel.clear(selection) : sel.all(selection, view.rows))} />
        </span>
        {columns.map(c => <HeadCell key={c.id} column={c} sorts={view.sorts} onSorts={p.onSorts} width={widthOf(c)} onWidth={w => p.onWidths({ ...p.widths, [c.id]: w })} />)}
      </div>
      <div className="table-body" role="rowgroup" style={{ height: view.rows.length * rowHeight, minWidth }} onClick={onClick} onDoubleClick={e => { const at = rowAt(e); if (at) p.onOpen(at.key, true); }}
        onContextMenu={e => { const at = rowAt(e); if (at) { e.preventDefault(); if (!selection.chosen.has(at.key)) onSelection(sel.focus(sel.clear(selection), at.key)); p.onMenu(at.key, { x: e.clientX, y: e.clientY }); } }}
        onMouseMove={e => {
          hold(REST.pointer);
          const key = rowAt(e)?.key;
          if (key !== undefined && key !== hover?.key) setHover({ key, index: view.rows.indexOf(key) });
        }}>
        {view.rows.slice(from, to).map((key, i) => {
          const index = from + i;
          return <TableRow key={key} id={rowId(key)} rowKey={key} index={index} top={index * rowHeight} columns={columns} chosen={selection.chosen.has(key)} cursor={selection.cursor === key}
            open={p.open === key} anyChosen={selection.chosen.size > 0} boxLabel={t('table.choose', { name: key })} get={p.get} subscribe={p.subscribeRow} verdict={p.verdict} />;
        })}
        {acting && acting.index >= 0 && p.actions ? <div className={`row-actions${p.open === acting.key || selection.chosen.has(acting.key) ? ' on-chosen' : ''}`} style={{ transform: `translateY(${acting.index * rowHeight}px)` }} onClick={e => e.stopPropagation()}>{p.actions(acting.key)}</div> : null}
      </div>
    </div>
  );
}

const rowId = (key: string): string => `row-${key.replaceAll('/', '-')}`;

function HeadCell<T>({ column, sorts, onSorts, width, onWidth }: { column: TableColumn<T>; sorts: readonly SortKey[]; onSorts(s: SortKey[]): void; width: number; onWidth(px: number): void }) {
  const at = sorts.findIndex(s => s.column === column.id);
  const key = sorts[at];
  const drag = (e: React.PointerEvent<HTMLElement>): void => {
    e.preventDefault();
    e.stopPropagation();
    const from = e.clientX - (e.currentTarget.parentElement?.getBoundingClientRect().width ?? width);
    const handle = e.currentTarget;
    handle.setPointerCapture(e.pointerId);
    handle.onpointermove = m => onWidth(Math.max(48, Math.round(m.clientX - from)));
    handle.onpointerup = () => { handle.onpointermove = null; };
  };
  return (
    <span className={`cell head-cell${isRight(column.cell) ? ' right' : ''}`} role="columnheader" aria-sort={key ? (key.descending ? 'descending' : 'ascending') : 'none'} title={column.description}>
      <button type="button" tabIndex={-1} onClick={e => onSorts(toggleSort(sorts, column.id, e.shiftKey))}>
        <span className="ellipsis">{column.label}</span>
        {key ? <span className="sort-mark"><Icon name={key.descending ? 'down' : 'up'} size={12} />{sorts.length > 1 ? at + 1 : ''}</span> : null}
      </button>
      <span className="resize" onPointerDown={drag} role="presentation" />
    </span>
  );
}

function useRowHeight(): number {
  const [height, setHeight] = useState(28);
  useEffect(() => {
    const read = (): void => setHeight(Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 28);
    read();
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-density'] });
    return () => observer.disconnect();
  }, []);
  return height;
}

/** Widths from the first rows, settled once there are some, so that columns do not move as data comes. */
function useFitted<T>(p: Props<T>, rows: readonly string[]): Readonly<Record<string, number>> {
  const enough = rows.length > 0;
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- fitted once per kind, when the first rows are there
  return useMemo(() => {
    const sample = rows.slice(0, 80).map(p.get).filter(r => r !== undefined);
    const now = shownNow();
    return Object.fromEntries(p.columns.map(c => [c.id, fitWidth(c.cell, c.label, sample.map(r => String(c.value(r, now)) + (c.cell === 'state' ? `  ${p.verdict?.(r).reason ?? ''}` : '')), c.chars)]));
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [p.columns, p.fitKey, enough]);
}
