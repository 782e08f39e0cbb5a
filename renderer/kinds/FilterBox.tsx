// The field of the filter. What is typed is drawn before anything else: only this field draws anew at a key, and the rows are asked
// when the keys rest.
import { useCallback, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore, type Store } from '../base/store.ts';
import { Icon } from '../kit/Icon.tsx';
import type { TableModel, TableView } from '../kit/table/table-model.ts';

/** The filter is asked when the keys have rested this long, and at the latest after so long. */
const FILTER_REST_MS = 100, FILTER_LATEST_MS = 1000;

interface Props<T> {
  model: TableModel<T>;
  /** What stands in the field; setting it is typing it. */
  typed: Store<string>;
  /** Told each text that the rows are asked for. */
  onAsked(text: string): void;
}

const toTable = (): void => document.querySelector<HTMLElement>('.table')?.focus();

export function FilterBox<T>({ model, typed, onAsked }: Props<T>) {
  const { t } = useTranslation();
  const text = useStore(typed);
  const filter = useSyncExternalStore(model.subscribe, () => model.view().filter);
  const asked = useRef('');
  const ask = useCallback((next: string, at: 'once' | 'in slices') => {
    asked.current = next;
    if (at === 'once') model.setFilter(next); else model.askFilter(next);
    onAsked(next);
  }, [model, onAsked]);
  useLayoutEffect(() => {
    // Other namespaces are another list: what was asked holds for it too.
    let since: number | undefined;
    asked.current = typed.get();
    model.setFilter(asked.current);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = typed.subscribe(() => {
      clearTimeout(timer);
      const next = typed.get();
      if (next === asked.current) { since = undefined; return; }
      since ??= performance.now();
      timer = setTimeout(() => { since = undefined; ask(next, 'in slices'); }, next === '' ? 0 : Math.min(FILTER_REST_MS, since + FILTER_LATEST_MS - performance.now()));
    });
    return () => { clearTimeout(timer); stop(); };
  }, [ask, model, typed]);
  const bad = filter.kind === 'error';
  return (
    <div className="filter-box">
      <Icon name="filter" size={14} />
      <input id="list-filter" className="input" type="search" spellCheck={false} value={text} aria-invalid={bad} placeholder={t('list.filter')} aria-label={t('list.filter')} title={bad ? filter.message : t('list.filterHelp')}
        onChange={e => typed.set(e.target.value)}
        onKeyDown={e => {
          if (e.key === 'Escape') { if (text) typed.set(''); else toTable(); e.stopPropagation(); }
          // Going to the rows means the rows that were asked for: nothing is awaited then.
          if (e.key === 'Enter' || e.key === 'ArrowDown') { e.preventDefault(); ask(typed.get(), 'once'); toTable(); }
        }} />
      {filter.kind === 'regex' || filter.kind === 'labels' || bad ? <span className={`filter-kind${bad ? ' bad' : ''}`}>{t(`list.filterKind.${filter.kind}`)}</span> : null}
    </div>
  );
}

/** How many rows are shown, and of how many. */
export function RowCount<T>({ model, known }: { model: TableModel<T>; known: boolean }) {
  const { t } = useTranslation();
  const { rows, total }: TableView = useSyncExternalStore(model.subscribe, model.view);
  return <span className="count" data-testid="row-count">{!known && total === 0 ? '' : rows.length === total ? total.toLocaleString() : t('list.shownOf', { shown: rows.length.toLocaleString(), total: total.toLocaleString() })}</span>;
}
