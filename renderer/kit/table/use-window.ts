// Which rows of a long table are in the page: rows have one height, so that a division tells, and no row is ever measured.
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';

export interface RowWindow {
  /** Rows to draw: `from` to `to`, the latter not included. */
  from: number;
  to: number;
  /** Rows that fit into what is seen. */
  page: number;
  /** Scrolls no further than it must for the row to be seen whole. */
  reveal(index: number): void;
}

/** Rows drawn above and below what is seen, so that a quick turn of the wheel meets no blank. */
const AROUND = 10;
/** The window moves in steps of so many rows: a slow scroll draws nothing new for most frames. */
const STEP = 2;

export function useWindow(scrollerRef: RefObject<HTMLElement | null>, count: number, rowHeight: number, head: number): RowWindow {
  const [first, setFirst] = useState(0);
  const [height, setHeight] = useState(800);
  // Read where it is free, after layout: asking the element between two writes makes the browser lay out the page at once.
  const at = useRef({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const el = scrollerRef.current;
    if (!el) return undefined;
    const look = (): void => { at.current.top = el.scrollTop; setFirst(Math.floor(el.scrollTop / rowHeight / STEP) * STEP); };
    const observer = new ResizeObserver(() => { at.current.height = el.clientHeight; setHeight(el.clientHeight); look(); });
    observer.observe(el);
    el.addEventListener('scroll', look, { passive: true });
    return () => { observer.disconnect(); el.removeEventListener('scroll', look); };
  }, [scrollerRef, rowHeight]);
  // Fewer rows, or another height of them: the browser clamps the position and tells so only if it moved.
  useEffect(() => {
    const el = scrollerRef.current;
    if (el) { at.current.top = el.scrollTop; setFirst(Math.floor(el.scrollTop / rowHeight / STEP) * STEP); }
    // `count` is not read: its change is why this has to run.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [scrollerRef, rowHeight, count]);

  const page = Math.max(1, Math.floor((height - head) / rowHeight));
  const reveal = useCallback((index: number): void => {
    const el = scrollerRef.current;
    if (!el) return;
    const { top, height: seen } = at.current;
    const begin = index * rowHeight;
    const to = begin < top ? begin : begin + rowHeight + head > top + seen ? begin + rowHeight + head - seen : undefined;
    if (to !== undefined) { at.current.top = to; el.scrollTop = to; }
  }, [scrollerRef, rowHeight, head]);
  return { from: Math.max(0, Math.min(first, count) - AROUND), to: Math.min(count, first + page + STEP + AROUND), page, reveal };
}
