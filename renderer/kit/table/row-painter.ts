// The rows of a table as elements, drawn without React: an element of a row that scrolled away is written over with the next one,
// so that scrolling makes no elements, a change of an object writes only the cells that differ, and the cursor touches two rows.
import { onTick, shownNow } from '../../base/ticker.ts';
import { exactTime } from '../Age.tsx';
import type { Level } from '../StatusPill.tsx';
import { charsThatFit, isRight, type TableColumn } from './column.ts';
import { nothing, type Selection } from './selection.ts';

export interface RowVerdict { level: Level; word: string; reason?: string }
export interface RowLook<T> {
  columns: readonly TableColumn<T>[];
  /** Width of each column in px: a text that cannot be cut off needs no clipping, which costs on every frame. */
  widths: readonly number[];
  rowHeight: number;
  get(key: string): T | undefined;
  verdict?(row: T): RowVerdict;
  boxLabel(key: string): string;
}

interface Cell<T> { el: HTMLElement; column: TableColumn<T>; text: string; cut: boolean; glows: boolean; draw: string }
interface Slot<T> { el: HTMLElement; bar: HTMLElement; box: HTMLInputElement; key: string; index: number; row: T | undefined; level: string; className: string; cells: Cell<T>[] }

export const rowId = (key: string): string => `row-${key.replaceAll('/', '-')}`;

export class RowPainter<T> {
  #parent: HTMLElement;
  #look: RowLook<T>;
  #slots = new Map<string, Slot<T>>();
  #selection: Selection = nothing;
  #open: string | undefined;
  #stopTicking: () => void;

  /** Draws into `parent`, which nobody else may fill. */
  constructor(parent: HTMLElement, look: RowLook<T>) {
    this.#parent = parent;
    this.#look = look;
    this.#stopTicking = onTick(() => { for (const s of this.#slots.values()) this.#tick(s); });
  }

  close(): void {
    this.#stopTicking();
    this.#parent.replaceChildren();
    this.#slots.clear();
  }

  /** Another set of columns makes the rows anew; other widths or heights only write what differs. */
  look(next: RowLook<T>): void {
    const was = this.#look;
    this.#look = next;
    if (was.columns !== next.columns || was.get !== next.get) { this.#parent.replaceChildren(); this.#slots.clear(); return; }
    for (const slot of this.#slots.values()) {
      if (was.rowHeight !== next.rowHeight) place(slot, slot.index, next.rowHeight);
      for (const [i, cell] of slot.cells.entries()) if (was.widths[i] !== next.widths[i]) fit(cell, next.widths[i]!);
    }
  }

  /** Rows `from` to `to` of `rows`, the latter not included, and no others. */
  show(rows: readonly string[], from: number, to: number): void {
    const wanted = new Set(rows.slice(from, to));
    const free: Slot<T>[] = [];
    for (const [key, slot] of this.#slots) if (!wanted.has(key)) { free.push(slot); this.#slots.delete(key); }
    for (let index = from; index < to; index++) {
      const key = rows[index]!;
      let slot = this.#slots.get(key);
      if (!slot) {
        slot = free.pop() ?? this.#make();
        this.#slots.set(key, slot);
        this.#bind(slot, key);
      }
      if (slot.index !== index) place(slot, index, this.#look.rowHeight);
    }
    for (const slot of free) slot.el.remove();
  }

  /** Objects changed: rows that are drawn say so. */
  refresh(changed: ReadonlySet<string>): void {
    // Whichever is shorter is gone through.
    if (changed.size < this.#slots.size) for (const key of changed) { const slot = this.#slots.get(key); if (slot) this.#write(slot, true); }
    else for (const slot of this.#slots.values()) if (changed.has(slot.key)) this.#write(slot, true);
  }

  select(next: Selection, open: string | undefined): void {
    const was = this.#selection;
    const wasOpen = this.#open;
    this.#selection = next;
    this.#open = open;
    if (was.chosen === next.chosen) {
      for (const key of new Set([was.cursor, next.cursor, wasOpen, open])) { const slot = key === undefined ? undefined : this.#slots.get(key); if (slot) this.#mark(slot); }
    } else for (const slot of this.#slots.values()) this.#mark(slot);
  }

  /** Elements in the order of the rows again, for those who read them one after another. Not while something moves. */
  settle(): void {
    let at = this.#parent.firstElementChild;
    for (const slot of [...this.#slots.values()].sort((a, b) => a.index - b.index)) {
      if (slot.el === at) { at = at.nextElementSibling; continue; }
      for (const cell of slot.cells) still(cell);
      this.#parent.insertBefore(slot.el, at);
    }
  }

  #make(): Slot<T> {
    const el = make('div', 'row');
    el.setAttribute('role', 'row');
    const bar = make('span', 'row-bar');
    const hold = make('span', 'cell cell-box');
    hold.setAttribute('role', 'gridcell');
    const box = make('input', '');
    box.type = 'checkbox';
    box.tabIndex = -1;
    hold.append(box);
    el.append(bar, hold);
    const cells = this.#look.columns.map(column => {
      const cell = make('span', '');
      cell.setAttribute('role', 'gridcell');
      cell.dataset.column = column.id;
      el.append(cell);
      return { el: cell, column, text: '\0', cut: false, glows: false, draw: '' };
    });
    this.#parent.append(el);
    return { el, bar, box, key: '', index: -1, row: undefined, level: '', className: 'row', cells };
  }

  #bind(slot: Slot<T>, key: string): void {
    slot.key = key;
    slot.el.dataset.key = key;
    slot.box.setAttribute('aria-label', this.#look.boxLabel(key));
    this.#write(slot, false);
    this.#mark(slot);
  }

  /** `known`: the row was drawn before, so that what differs glows. A row whose object is gone keeps its last words until it leaves. */
  #write(slot: Slot<T>, known: boolean): void {
    const { get, verdict, widths } = this.#look;
    const row = get(slot.key);
    if (row === undefined || (known && row === slot.row)) return;
    slot.row = row;
    const judged = verdict?.(row);
    const level = judged?.level ?? 'none';
    if (level !== slot.level) { slot.level = level; slot.bar.className = `row-bar bar-${level}`; }
    const now = shownNow();
    for (const [i, cell] of slot.cells.entries()) write(cell, row, judged, now, widths[i]!, known);
  }

  #tick(slot: Slot<T>): void {
    const now = shownNow();
    for (const [i, cell] of slot.cells.entries()) if (cell.column.cell === 'age' && slot.row !== undefined) write(cell, slot.row, undefined, now, this.#look.widths[i]!, false);
  }

  #mark(slot: Slot<T>): void {
    const { chosen, cursor } = this.#selection;
    const on = chosen.has(slot.key);
    const at = cursor === slot.key;
    const className = `row${on ? ' chosen' : ''}${at ? ' cursor' : ''}${this.#open === slot.key ? ' open' : ''}`;
    if (slot.className !== className) slot.el.className = slot.className = className;
    if (slot.el.ariaSelected !== String(on)) slot.el.ariaSelected = String(on);
    if (slot.box.checked !== on) slot.box.checked = on;
    // Only the row the table points at needs a name.
    if (at) slot.el.id = rowId(slot.key); else if (slot.el.id !== '') slot.el.removeAttribute('id');
  }
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  if (className !== '') el.className = className;
  return el;
}

function place<T>(slot: Slot<T>, index: number, rowHeight: number): void {
  slot.index = index;
  slot.el.style.top = `${index * rowHeight}px`;
  slot.el.setAttribute('aria-rowindex', String(index + 2));
}

function write<T>(cell: Cell<T>, row: T, verdict: RowVerdict | undefined, now: number, width: number, known: boolean): void {
  const { column, el } = cell;
  const value = column.value(row, now);
  const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
  const state = column.cell === 'state' ? verdict : undefined;
  const reason = state && state.reason !== text ? state.reason : undefined;
  const draw = state ? `${state.level}\n${text}\n${reason ?? ''}` : column.cell === 'ratio' ? `${verdict?.level === 'none'}\n${text}` : text;
  if (draw === cell.draw) { if (!known) still(cell); return; }
  const glow = known && text !== cell.text && column.cell !== 'age';
  const none = text === '<none>' || text === '' || text === '<unset>' || text === '<unknown>';
  cell.text = text;
  cell.draw = draw;
  if (cell.glows) still(cell);
  if (state) el.replaceChildren(pill(state.level, text, reason));
  else if (glow) { const inner = make('span', ''); inner.textContent = none ? '–' : text; el.replaceChildren(inner); }
  else if (el.firstChild instanceof Text && el.childNodes.length === 1) el.firstChild.data = none ? '–' : text;
  else el.textContent = none ? '–' : text;
  let tone = none ? ' none' : '';
  if (column.cell === 'ratio') { const [have, want] = text.split('/'); if (have !== want && verdict?.level !== 'none') tone = ' short'; }
  const title = column.cell === 'age' ? exactly(column.sort(row)) : state || none || text.length <= 12 ? '' : text;
  if (el.title !== title) { if (title === '') el.removeAttribute('title'); else el.title = title; }
  const className = `cell cell-${column.cell}${isRight(column.cell) ? ' right' : ''}${tone}`;
  cell.cut = cuts(cell, text, reason, width);
  const full = cell.cut ? `${className} cut` : className;
  if (el.className !== full) el.className = full;
  if (glow) { cell.glows = true; el.firstElementChild?.classList.add('glow'); }
}

const cuts = <T>(cell: Cell<T>, text: string, reason: string | undefined, width: number): boolean => reason !== undefined || text.length > charsThatFit(cell.column.cell, width);

function fit<T>(cell: Cell<T>, width: number): void {
  const cut = cell.draw.includes('\n') && cell.column.cell === 'state' ? cell.draw.split('\n')[2] !== '' || cuts(cell, cell.text, undefined, width) : cuts(cell, cell.text, undefined, width);
  if (cut !== cell.cut) { cell.cut = cut; cell.el.classList.toggle('cut', cut); }
}

/** No glow any more: the element shows another row now, or moves. */
function still<T>(cell: Cell<T>): void {
  if (!cell.glows) return;
  cell.glows = false;
  cell.el.querySelector('.glow')?.classList.remove('glow');
}

/** As StatusPill draws it. */
function pill(level: Level, word: string, reason: string | undefined): HTMLElement {
  const el = make('span', `status status-${level}`);
  el.title = reason ? `${word} · ${reason}` : word;
  const shape = make('span', `shape shape-${level}`);
  shape.ariaHidden = 'true';
  const said = make('span', 'status-word');
  said.textContent = word;
  el.append(shape, said);
  if (reason) { const why = make('span', 'status-reason'); why.textContent = reason; el.append(why); }
  return el;
}

const exactly = (at: unknown): string => (typeof at === 'number' && at > 0 ? exactTime(at) : '');
