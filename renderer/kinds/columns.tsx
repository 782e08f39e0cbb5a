// A KindSpec's columns as the table draws them.
import type { Column, KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { TableColumn } from '../kit/table/column.ts';
import type { Filterable } from '../kit/table/filter.ts';
import type { RowVerdict } from '../kit/table/row-painter.ts';

const namespaceColumn: TableColumn<KubeObject> = { id: 'Namespace', label: 'Namespace', cell: 'code', value: o => o.metadata?.namespace ?? '', sort: o => o.metadata?.namespace ?? '' };

/** `12 (3m10s ago)` at its usual width: restarts grow this long without anyone touching the window. */
const FIGURE_WITH_TIME = 13;

function column(c: Column): TableColumn<KubeObject> {
  const sort = c.sort ? (o: KubeObject) => c.sort!(o) : (o: KubeObject) => c.value(o, 0) ?? '';
  return { id: c.name, label: c.name, description: c.description, cell: c.draw, wide: c.priority === 1, chars: c.type === 'string' && c.draw === 'number' ? FIGURE_WITH_TIME : undefined, value: (o, now) => c.value(o, now) ?? '', sort };
}

const made = new WeakMap<KindSpec, { all: TableColumn<KubeObject>[]; narrow: TableColumn<KubeObject>[] }>();
/** Name, namespace (where several are shown), then as the kind says. The same array every time, so that rows need not redraw. */
export function columnsOf(kind: KindSpec, withNamespace: boolean): TableColumn<KubeObject>[] {
  let known = made.get(kind);
  if (!known) {
    const narrow = kind.columns.map(column);
    // Age comes last however many wide columns a kind has.
    narrow.sort((a, b) => Number(a.cell === 'age' && a.id === 'Age') - Number(b.cell === 'age' && b.id === 'Age'));
    // The state is what one looks for: it stands before the namespace.
    const at = narrow.findLastIndex(c => c.cell === 'state' || c.cell === 'ratio') + 1 || 1;
    known = { narrow, all: [...narrow.slice(0, at), namespaceColumn, ...narrow.slice(at)] };
    made.set(kind, known);
  }
  return withNamespace && kind.namespaced ? known.all : known.narrow;
}

export function filterableOf(kind: KindSpec): (o: KubeObject) => Filterable {
  return o => ({
    text: [o.metadata?.namespace ?? '', ...kind.columns.filter(c => c.draw !== 'age').map(c => String(c.value(o, Date.now()) ?? ''))].join(' ').toLowerCase(),
    labels: o.metadata?.labels ?? {},
  });
}

/** A kind's verdict, told once per state of an object. */
export function verdictOf(kind: KindSpec): ((o: KubeObject) => RowVerdict) | undefined {
  const { health } = kind.view;
  if (!health) return undefined;
  const known = new WeakMap<KubeObject, RowVerdict>();
  return o => {
    let verdict = known.get(o);
    if (!verdict) known.set(o, verdict = health(o));
    return verdict;
  };
}

/** Columns in the order the user gave them; those the order does not name stay behind the one they followed. */
export function arranged<T>(columns: readonly TableColumn<T>[], order: readonly string[] | undefined): readonly TableColumn<T>[] {
  if (!order) return columns;
  const out = order.map(id => columns.find(c => c.id === id)).filter(c => c !== undefined);
  for (const [i, c] of columns.entries()) if (!order.includes(c.id)) out.splice(i === 0 ? 0 : out.indexOf(columns[i - 1]!) + 1, 0, c);
  return out;
}

/** The order after `id` was put at place `to` among the columns shown; hidden ones keep their places. */
export function movedColumn(all: readonly { id: string }[], shown: readonly { id: string }[], id: string, to: number): string[] {
  const seen = shown.map(c => c.id).filter(x => x !== id);
  seen.splice(to, 0, id);
  const visible = new Set(seen);
  let next = 0;
  return all.map(c => (visible.has(c.id) ? seen[next++]! : c.id));
}
