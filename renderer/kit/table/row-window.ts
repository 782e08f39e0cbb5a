// Which rows of a long table are in the page: rows have one height, so that a division tells, and no row is ever measured.
import type { RowPainter } from './row-painter.ts';

/** Rows drawn above and below what is seen, so that a quick turn of the wheel meets no blank. */
const AROUND = 12;
/** The window moves in steps of so many rows: most frames of a scroll draw nothing new and cost the page nothing. */
const STEP = 8;
/** Milliseconds without a move until elements are put into the order of the rows. */
const SETTLE = 300;

/** Keeps a painter at the rows that are seen. Positions are read where it is free, after layout: asking between two writes makes the browser lay out at once. */
export class RowWindow<T> {
  #scroller: HTMLElement;
  #painter: RowPainter<T>;
  #head: number;
  #rows: readonly string[] = [];
  #rowHeight = 28;
  #top = 0;
  #height = 0;
  #from = -1;
  #to = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #observer: ResizeObserver;
  /** Told the width and height of what is seen, at first and when they change. */
  onSize: ((width: number, height: number) => void) | undefined;

  /** `head`: px at the top that the column heads cover. */
  constructor(scroller: HTMLElement, painter: RowPainter<T>, head: number) {
    this.#scroller = scroller;
    this.#painter = painter;
    this.#head = head;
    this.#height = scroller.clientHeight;
    this.#observer = new ResizeObserver(() => {
      this.#height = scroller.clientHeight;
      this.onSize?.(scroller.clientWidth, this.#height);
      this.#moved();
    });
    this.#observer.observe(scroller);
    scroller.addEventListener('scroll', this.#moved, { passive: true });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    this.#scroller.removeEventListener('scroll', this.#moved);
  }

  /** Rows that fit into what is seen. */
  get page(): number { return Math.max(1, Math.floor((this.#height - this.#head) / this.#rowHeight)); }

  /** Draws anew where rows, their height or their look differ. */
  set(rows: readonly string[], rowHeight: number): void {
    this.#rows = rows;
    this.#rowHeight = rowHeight;
    // Fewer rows: the browser clamps the position at its next layout and tells only if it moved.
    this.#top = Math.max(0, Math.min(this.#top, rows.length * rowHeight + this.#head - this.#height));
    this.#draw(true);
  }

  /** Scrolls no further than it must for the row to be seen whole; the row is drawn when this returns. */
  reveal(index: number): void {
    const begin = index * this.#rowHeight;
    const seen = this.#height - this.#head;
    const to = begin < this.#top ? begin : begin + this.#rowHeight > this.#top + seen ? begin + this.#rowHeight - seen : undefined;
    if (to !== undefined) this.#go(to);
  }

  /** Scrolls to so many rows from the top. */
  scrollTo(rows: number): void { this.#go(rows * this.#rowHeight); }

  #go(top: number): void {
    this.#top = top;
    this.#scroller.scrollTop = top;
    this.#draw(false);
  }

  #moved = (): void => {
    this.#top = this.#scroller.scrollTop;
    this.#draw(false);
  };

  #draw(anyway: boolean): void {
    const first = Math.floor(this.#top / this.#rowHeight / STEP) * STEP;
    const count = this.#rows.length;
    const from = Math.max(0, Math.min(first, count) - AROUND);
    const to = Math.min(count, first + this.page + 1 + STEP + AROUND);
    if (!anyway && from === this.#from && to === this.#to) return;
    this.#from = from;
    this.#to = to;
    this.#painter.show(this.#rows, from, to);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#painter.settle(), SETTLE);
  }
}
