// The live list of any kind: toolbar, table, selection bar, and the states when there is nothing to show.
import Button from '@mui/material/Button';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { Store, usePart } from '../base/store.ts';
import { actionsFor } from '../app/actions.ts';
import { ActionMenu } from '../app/ActionMenu.tsx';
import { useApp } from '../app/context.ts';
import { NamespacePicker } from '../app/NamespacePicker.tsx';
import { pageOf, targetOf } from '../app/workspace.ts';
import { useFreshness, useList } from '../gateway/hooks.ts';
import { FreshnessMark } from '../kit/Freshness.tsx';
import { Icon } from '../kit/Icon.tsx';
import { IconButton } from '../kit/IconButton.tsx';
import { DataTable } from '../kit/table/DataTable.tsx';
import { clear, nothing, type Selection } from '../kit/table/selection.ts';
import { TableModel } from '../kit/table/table-model.ts';
import { BrokenToggle, isBroken } from './BrokenToggle.tsx';
import { ColumnChoice } from './ColumnChoice.tsx';
import { arranged, columnsOf, filterableOf, movedColumn, verdictOf } from './columns.tsx';
import { FilterBox, RowCount } from './FilterBox.tsx';
import { ListState } from './ListState.tsx';
import { LostNamespaces } from './LostNamespaces.tsx';
import { pluralTitle } from './navigation.ts';
import './list.css';

const BY_NAME = [{ column: 'Name', descending: false }];
const NONE: readonly string[] = [];

export function ListPage({ cluster, kind }: { cluster: string; kind: KindSpec }) {
  const app = useApp();
  const { t } = useTranslation();
  const page = pageOf(kind);
  const chosenNamespaces = usePart(app.workspace, w => w.namespaces[cluster] ?? NONE);
  const namespaces = kind.namespaced ? chosenNamespaces : NONE;
  const prefs = usePart(app.workspace, w => w.tables[page]);
  const place = `${cluster} ${page}`;
  const [left] = useState(() => app.workspace.get().tables[place]);
  const openTarget = usePart(app.workspace, w => w.drawer);
  const { store, retry } = useList<KubeObject>({ cluster, resource: kind, namespace: namespaces.length === 1 ? namespaces[0] : undefined });
  const freshness = useFreshness(store);
  // An empty list changes no row when it arrives.
  const complete = useSyncExternalStore(store.subscribe, () => store.complete);
  const [width, setWidth] = useState(1000);

  const several = namespaces.length !== 1;
  const roomy = width > 1500;
  const tight = width <= 640;
  const shownPrefs = prefs?.shown;
  const order = prefs?.order;
  const columns = useMemo(() => {
    const all = arranged(columnsOf(kind, several), order);
    return { all, shown: all.filter(c => shownPrefs?.[c.id] ?? ((!c.wide || roomy) && !(tight && c.id === 'Namespace'))) };
  }, [kind, several, shownPrefs, order, roomy, tight]);
  const [firstSorts] = useState(prefs?.sorts ?? BY_NAME);
  const model = useMemo(() => {
    const byId = new Map(columnsOf(kind, true).map(c => [c.id, c]));
    return new TableModel<KubeObject>(store, { filterable: filterableOf(kind), sortValue: (o, id) => byId.get(id)?.sort(o) ?? '' }, firstSorts, left?.filter);
  }, [store, kind, firstSorts, left]);
  const verdict = useMemo(() => verdictOf(kind), [kind]);

  const [typed] = useState(() => new Store(left?.filter ?? ''));
  const [brokenOnly, setBrokenOnly] = useState(false);
  const [selection] = useState(() => new Store<Selection>(nothing));
  const onAsked = useCallback((filter: string) => {
    if ((app.workspace.get().tables[place]?.filter ?? '') !== filter) app.workspace.table(place, { filter });
  }, [app, place]);
  useEffect(() => {
    const spaces = namespaces.length > 1 ? new Set(namespaces) : undefined;
    const broken = brokenOnly && verdict;
    model.setExtra(spaces || broken ? o => (!spaces || spaces.has(o.metadata?.namespace ?? '')) && (!broken || isBroken(verdict(o).level)) : undefined);
  }, [model, namespaces, brokenOnly, verdict]);
  const empty = useSyncExternalStore(model.subscribe, () => model.view().rows.length === 0);

  const subject = (): KubeObject[] => subjectOf(selection.get(), store.get);
  const { focus } = app;
  useEffect(() => {
    const tell = (): void => focus.list({ cluster, kind, objects: subjectOf(selection.get(), store.get) });
    tell();
    return selection.subscribe(tell);
  }, [focus, selection, store, cluster, kind]);
  useEffect(() => () => focus.list(undefined), [focus]);
  // The arrows work at once; a field or the palette that has the focus keeps it.
  useEffect(() => { if (!empty && (document.activeElement === document.body || document.activeElement?.closest('.tree'))) document.querySelector<HTMLElement>('.table')?.focus({ preventScroll: true }); }, [empty]);

  const [menu, setMenu] = useState<{ key: string; x: number; y: number }>();
  const act = (id: string, key?: string): void => {
    const one = key === undefined ? undefined : store.get(key);
    const { chosen } = selection.get();
    const objects = one && !(chosen.size > 1 && chosen.has(key!)) ? [one] : subject();
    actionsFor(app, kind, objects).find(a => a.id === id)?.run({ app, cluster, kind, objects });
  };
  const move = (id: string, to: number, among: readonly { id: string }[]): void => app.workspace.table(page, { order: movedColumn(columns.all, among, id, to) });
  const onKey = (e: KeyboardEvent): void => {
    if (e.key === 'Escape' && typed.get() !== '') { typed.set(''); e.stopPropagation(); }
  };
  const open = (key: string): void => {
    const o = store.get(key);
    if (o) app.workspace.openObject(targetOf(cluster, kind, o.metadata?.namespace, o.metadata?.name ?? ''));
  };
  const openKey = openTarget && openTarget.cluster === cluster && openTarget.plural === kind.plural && openTarget.group === kind.group ? (openTarget.namespace ? `${openTarget.namespace}/${openTarget.name}` : openTarget.name) : undefined;
  const title = pluralTitle(kind);
  return (
    <section className="list-page" aria-label={title}>
      <div className="toolbar">
        <h1>{title}</h1>
        <RowCount model={model} known={complete} />
        {kind.namespaced ? <NamespacePicker cluster={cluster} /> : null}
        <FilterBox model={model} typed={typed} onAsked={onAsked} />
        {verdict ? <BrokenToggle store={store} verdict={verdict} namespaces={namespaces} on={brokenOnly} onToggle={() => setBrokenOnly(b => !b)} /> : null}
        <span className="spacer" />
        <FreshnessMark freshness={freshness} onRetry={retry} />
        <ColumnChoice columns={columns.all} shown={new Set(columns.shown.map(c => c.id))} onShown={(id, on) => app.workspace.table(page, { shown: { ...prefs?.shown, [id]: on } })} onMove={move}
          onReset={prefs?.shown || prefs?.order || prefs?.widths ? () => app.workspace.table(page, { shown: undefined, order: undefined, widths: undefined }) : undefined} />
      </div>
      {kind.namespaced ? <LostNamespaces cluster={cluster} /> : null}
      {empty ? (
        <ListState kind={kind} freshness={freshness} complete={complete} filtered={store.size > 0} namespaces={namespaces} retry={retry}
          onClear={() => { typed.set(''); setBrokenOnly(false); if (kind.namespaced && store.size === 0) app.workspace.setNamespaces(cluster, []); }} />
      ) : (
        <DataTable label={title} fitKey={page} model={model} columns={columns.shown} get={store.get} subscribe={store.subscribe} verdict={verdict} selection={selection}
          onSorts={sorts => { model.setSorts(sorts); app.workspace.table(page, { sorts }); }} widths={prefs?.widths ?? {}} onWidths={widths => app.workspace.table(page, { widths })} onMove={(id, to) => move(id, to, columns.shown)}
          scroll={left?.scroll} onScroll={scroll => app.workspace.table(place, { scroll })}
          open={openKey} onOpen={open} onMenu={(key, at) => setMenu({ key, ...at })} onKey={onKey} onWidth={setWidth}
          actions={key => {
            const o = store.get(key);
            return o ? <div className="row-actions-in">{actionsFor(app, kind, [o]).filter(a => a.quick).map(a => <IconButton key={a.id} icon={a.icon} plain label={t(`actions.${a.id}`)} keys={a.key} tabIndex={-1} onClick={() => act(a.id, key)} />)}
              <IconButton plain icon="more" label={t('list.more')} tabIndex={-1} onClick={e => setMenu({ key, x: e.clientX, y: e.clientY })} /></div> : null;
          }} />
      )}
      <SelectionBar selection={selection} actions={() => actionsFor(app, kind, subject())} onAct={id => act(id)} />
      {menu ? <ActionMenu cluster={cluster} kind={kind} objects={selection.get().chosen.has(menu.key) ? subject() : [store.get(menu.key)].filter(o => o !== undefined)} at={menu} onOpen={() => open(menu.key)} onClose={() => setMenu(undefined)} /> : null}
    </section>
  );
}

const subjectOf = (s: Selection, get: (key: string) => KubeObject | undefined): KubeObject[] =>
  [...(s.chosen.size > 0 ? s.chosen : s.cursor === undefined ? [] : [s.cursor])].map(get).filter(o => o !== undefined);

/** What can be done to the rows chosen, while there are some. */
function SelectionBar({ selection, actions, onAct }: { selection: Store<Selection>; actions(): ReturnType<typeof actionsFor>; onAct(id: string): void }) {
  const { t } = useTranslation();
  const chosen = usePart(selection, s => s.chosen);
  if (chosen.size === 0) return null;
  return (
    <div className="selection-bar" role="toolbar" aria-label={t('list.chosen', { count: chosen.size })}>
      <strong>{t('list.chosen', { count: chosen.size })}</strong>
      {actions().map(a => <Button key={a.id} variant="text" className={a.danger ? 'danger-text' : undefined} startIcon={<Icon name={a.icon} size={14} />} onClick={() => onAct(a.id)}>{t(`actions.${a.id}`)}</Button>)}
      <span className="spacer" />
      <Button variant="text" onClick={() => selection.update(clear)}>{t('list.clearChoice')}<kbd>Esc</kbd></Button>
    </div>
  );
}
