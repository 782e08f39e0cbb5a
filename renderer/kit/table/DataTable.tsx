// A live table of up to 50,000 rows: fixed row height, only visible rows in the page, every deed on a key. React draws the frame and
// the heads; the rows are written by a RowPainter, which a change of an object, a scroll or a move of the cursor reaches directly.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent, type MouseEvent, type ReactNode, type UIEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Store } from '../../base/store.ts';
import { shownNow } from '../../base/ticker.ts';
import { fitWidth, spread, squeeze, type TableColumn } from './column.ts';
import { RowActions } from './RowActions.tsx';
import { RowPainter, rowId, type RowLook, type RowVerdict } from './row-painter.ts';
import { RowWindow } from './row-window.ts';
import * as sel from './selection.ts';
import type { SortKey } from './sort.ts';
import { ChooseAll, HeadCells } from './TableHead.tsx';
import type { TableModel } from './table-model.ts';
import './table.css';

interface Props<T> {
  label: string;
  model: TableModel<T>;
  columns: readonly TableColumn<T>[];
  get(key: string): T | undefined;
  /** Tells the keys of objects that changed, at most once per frame. */
  subscribe(listener: (changed: ReadonlySet<string>) => void): () => void;
  verdict?(row: T): RowVerdict;
  selection: Store<sel.Selection>;
  onSorts(sorts: SortKey[]): void;
  widths: Readonly<Record<string, number>>;
  onWidths(widths: Record<string, number>): void;
  /** Puts a column at another place among those shown. */
  onMove(id: string, to: number): void;
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
  /** Rows above what is seen when the table was last left. */
  scroll?: number;
  /** Where it rests now. */
  onScroll?(rows: number): void;
}

const BOX = 34, END = 12;
const HEAD = 30;
/** Milliseconds after the last movement of the pointer or the wheel until rows may change places again. */
const REST = { pointer: 8000, scroll: 400 };

export function DataTable<T>(p: Props<T>) {
  const { model, columns, selection, get, verdict, subscribe, open } = p;
  const { t } = useTranslation();
  const view = useSyncExternalStore(model.subscribe, model.view);
  const scroller = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ painter: RowPainter<T>; window: RowWindow<T> }>(undefined);
  const rowHeight = useRowHeight();
  const [room, setRoom] = useState(0);
  const [hover] = useState(() => new Store<string | undefined>(undefined));

  // Everything a listener needs, as of the last render.
  const now = useRef(p);
  useLayoutEffect(() => { now.current = p; });

  const before = useRef(view.rows);
  useEffect(() => {
    const s = selection.get();
    const next = sel.prune(s, k => get(k) !== undefined, before.current, view.rows);
    before.current = view.rows;
    if (next !== s) selection.set(next);
  }, [view.rows, selection, get]);

  const fitted = useFitted(p, view.rows);
  const wished = columns.map(c => ({ id: c.id, cell: c.cell, width: p.widths[c.id] ?? fitted[c.id] ?? 100, fixed: p.widths[c.id] !== undefined }));
  const space = room - BOX - END;
  const widths = room > 0 ? spread(wished, squeeze(wished, space), space) : wished.map(c => c.width);
  const template = [BOX, ...widths, END].map(w => `${w}px`).join(' ');
  const minWidth = widths.reduce((sum, w) => sum + w, BOX + END);
  const boxLabel = useCallback((key: string) => t('table.choose', { name: key }), [t]);
  const look: RowLook<T> = { columns, widths, rowHeight, get, verdict, boxLabel };
  const latestLook = useRef(look);

  useLayoutEffect(() => {
    const el = scroller.current!;
    setRoom(el.clientWidth);
    const painter = new RowPainter<T>(body.current!, latestLook.current);
    const window = new RowWindow(el, painter, HEAD);
    window.onSize = width => { setRoom(width); now.current.onWidth?.(width); };
    drawn.current = { painter, window };
    return () => { drawn.current = undefined; window.close(); painter.close(); };
  }, []);
  useLayoutEffect(() => {
    latestLook.current = look;
    drawn.current?.painter.look(look);
    drawn.current?.window.set(view.rows, rowHeight);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the look is made of these
  }, [view.rows, columns, template, rowHeight, get, verdict, boxLabel]);
  useLayoutEffect(() => {
    const show = (): void => {
      const s = selection.get();
      drawn.current?.painter.select(s, open);
      const el = scroller.current!;
      if (s.cursor === undefined) el.removeAttribute('aria-activedescendant'); else el.setAttribute('aria-activedescendant', rowId(s.cursor));
    };
    show();
    return selection.subscribe(show);
  }, [selection, open]);
  useEffect(() => subscribe(changed => drawn.current?.painter.refresh(changed)), [subscribe]);

  // Back to where the table was left, as soon as there are as many rows.
  const owed = useRef(p.scroll);
  useLayoutEffect(() => {
    const window = drawn.current?.window;
    if (!window || owed.current === undefined) return;
    const last = view.rows.length - window.page;
    window.scrollTo(Math.max(0, Math.min(owed.current, last)));
    if (owed.current <= last) owed.current = undefined;
  }, [view.rows]);

  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const hold = useCallback((ms: number) => {
    model.hold(true);
    clearTimeout(rest.current);
    rest.current = setTimeout(() => model.hold(false), ms);
  }, [model]);
  const left = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const above = useRef<number>(undefined);
  const tell = useCallback(() => {
    clearTimeout(left.current);
    if (owed.current === undefined && above.current !== undefined) now.current.onScroll?.(above.current);
    above.current = undefined;
  }, []);
  const onScroll = (e: UIEvent): void => {
    hold(REST.scroll);
    above.current = e.currentTarget.scrollTop / rowHeight;
    clearTimeout(left.current);
    left.current = setTimeout(tell, REST.scroll);
  };
  useEffect(() => () => { clearTimeout(rest.current); tell(); }, [tell]);

  const go = (next: sel.Selection): void => {
    owed.current = undefined;
    selection.set(next);
    const at = next.cursor === undefined ? -1 : view.rows.indexOf(next.cursor);
    if (at >= 0) drawn.current?.window.reveal(at);
  };
  const onKeyDown = (e: KeyboardEvent): void => {
    const s = selection.get();
    const page = drawn.current?.window.page ?? 1;
    const plain = !e.ctrlKey && !e.metaKey && !e.altKey;
    const step = plain ? { ArrowDown: 1, ArrowUp: -1, PageDown: page - 1, PageUp: 1 - page, Home: 'first' as const, End: 'last' as const, j: 1, k: -1 }[e.key] : undefined;
    // Rows keep their places under a hand on the keys as under the pointer.
    if (step !== undefined) { hold(REST.pointer); go(sel.move(s, view.rows, step, e.shiftKey)); }
    else if (e.key === 'Enter' && s.cursor !== undefined) p.onOpen(s.cursor, e.ctrlKey || e.metaKey);
    else if (e.key === ' ' && plain && s.cursor !== undefined) selection.set(sel.toggle(s, s.cursor));
    else if (e.key === 'a' && (e.ctrlKey || e.metaKey)) selection.set(sel.all(s, view.rows));
    else if (e.key === 'Escape' && s.chosen.size > 0) { selection.set(sel.clear(s)); e.stopPropagation(); }
    else if (e.key === 'ContextMenu' || (e.key === 'F10' && e.shiftKey)) {
      const box = s.cursor === undefined ? undefined : body.current?.querySelector(`[data-key="${CSS.escape(s.cursor)}"]`)?.getBoundingClientRect();
      if (box && s.cursor !== undefined) p.onMenu(s.cursor, { x: box.left + 60, y: box.bottom });
    } else { p.onKey?.(e); return; }
    e.preventDefault();
  };

  const onClick = (e: MouseEvent): void => {
    const at = rowAt(e);
    if (!at) return;
    const s = selection.get();
    if (e.shiftKey) selection.set(sel.extendTo(s, view.rows, at.key));
    else if (at.box || e.ctrlKey || e.metaKey) selection.set(sel.toggle(s, at.key));
    else { selection.set(sel.focus(s, at.key)); p.onOpen(at.key, false); }
  };
  const onContextMenu = (e: MouseEvent): void => {
    const at = rowAt(e);
    if (!at) return;
    e.preventDefault();
    const s = selection.get();
    if (!s.chosen.has(at.key)) selection.set(sel.focus(sel.clear(s), at.key));
    p.onMenu(at.key, { x: e.clientX, y: e.clientY });
  };

  return (
    <div className="table" ref={scroller} role="grid" tabIndex={0} aria-label={p.label} aria-rowcount={view.rows.length + 1} aria-colcount={columns.length + 1} aria-multiselectable="true" style={{ ['--columns' as string]: template }}
      onKeyDown={onKeyDown} onScroll={onScroll} onWheel={() => { owed.current = undefined; }} onPointerDown={() => { owed.current = undefined; }} onMouseLeave={() => { hover.set(undefined); clearTimeout(rest.current); model.hold(false); }}>
      <div className="table-head" role="row" aria-rowindex={1} style={{ minWidth }}>
        <span className="cell cell-box" role="columnheader"><ChooseAll selection={selection} rows={view.rows} /></span>
        <HeadCells columns={columns} widths={widths} sorts={view.sorts} onSorts={p.onSorts} onWidth={(id, w) => p.onWidths({ ...p.widths, [id]: w })} onMove={p.onMove} onLeave={() => scroller.current?.focus({ preventScroll: true })} />
      </div>
      <div className="table-body" style={{ height: view.rows.length * rowHeight, minWidth }} role="presentation" onClick={onClick} onDoubleClick={e => { const at = rowAt(e); if (at) p.onOpen(at.key, true); }} onContextMenu={onContextMenu}
        onMouseMove={e => { hold(REST.pointer); const key = rowAt(e)?.key; if (key !== undefined) hover.set(key); }}>
        <div className="table-rows" role="rowgroup" ref={body} />
        {p.actions ? <RowActions rows={view.rows} rowHeight={rowHeight} hover={hover} selection={selection} open={open} actions={p.actions} /> : null}
      </div>
    </div>
  );
}

function rowAt(e: MouseEvent): { key: string; box: boolean } | undefined {
  const target = e.target as HTMLElement;
  const key = target.closest<HTMLElement>('[data-key]')?.dataset.key;
  return key === undefined ? undefined : { key, box: target.closest('.cell-box') !== null };
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
