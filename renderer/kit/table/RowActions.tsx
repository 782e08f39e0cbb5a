// The buttons at the end of the row under the pointer, or of the row with the cursor once the keys rest.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useStore, type Store } from '../../base/store.ts';
import type { Selection } from './selection.ts';

/** Milliseconds from the last move of the cursor until its row gets its buttons: a held key draws none. */
const REST = 120;

interface Props { rows: readonly string[]; rowHeight: number; hover: Store<string | undefined>; selection: Store<Selection>; open: string | undefined; actions(key: string): ReactNode }

export function RowActions({ rows, rowHeight, hover, selection, open, actions }: Props) {
  const over = useStore(hover);
  const [resting, setResting] = useState(selection.get);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const rest = (): void => { setResting(selection.get()); if (box.current) box.current.style.visibility = ''; };
    const stop = selection.subscribe(() => {
      // Without drawing: only what is seen of it goes.
      if (hover.get() === undefined && box.current) box.current.style.visibility = 'hidden';
      clearTimeout(timer);
      timer = setTimeout(rest, REST);
    });
    return () => { clearTimeout(timer); stop(); };
  }, [selection, hover]);
  const at = over === undefined ? -1 : rows.indexOf(over);
  const index = at >= 0 || resting.cursor === undefined ? at : rows.indexOf(resting.cursor);
  const key = rows[index];
  if (key === undefined) return null;
  return <div ref={box} className={`row-actions${open === key || resting.chosen.has(key) ? ' on-chosen' : ''}`} style={{ transform: `translateY(${index * rowHeight}px)` }} onClick={e => e.stopPropagation()}>{actions(key)}</div>;
}
