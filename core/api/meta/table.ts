// The server's Table (meta.k8s.io) from a kind's columns.
import type { KindSpec } from '../kinds/kind.ts';
import type { KubeObject, ListMeta } from './object.ts';

export interface TableColumnDefinition { name: string; type: string; format: string; description: string; priority: number }
export interface TableRow { cells: (string | number | boolean | null)[]; conditions?: readonly { type: string; status: string; reason?: string; message?: string }[]; object?: unknown }
export interface Table {
  kind: 'Table';
  apiVersion: string;
  metadata: ListMeta;
  /** Null in all but the first event of a watch (contract trap 11). */
  columnDefinitions: readonly TableColumnDefinition[] | null;
  rows: TableRow[];
}
export type IncludeObject = 'Metadata' | 'Object' | 'None';

const definitions = new WeakMap<object, readonly TableColumnDefinition[]>();
/** Column definitions of a kind; the same array each time. */
export function columnDefinitions(kind: Pick<KindSpec, 'columns'>): readonly TableColumnDefinition[] {
  let d = definitions.get(kind.columns);
  if (!d) {
    d = kind.columns.map(c => ({ name: c.name, type: c.type, format: c.format ?? '', description: c.description, priority: c.priority ?? 0 }));
    definitions.set(kind.columns, d);
  }
  return d;
}

/** One row; its object is the metadata alone unless asked otherwise. `now` in ms is what ages count from. */
export function tableRow<T extends KubeObject>(kind: Pick<KindSpec<T>, 'columns' | 'rowConditions'>, object: T, now: number, include: IncludeObject = 'Metadata'): TableRow {
  const row: TableRow = { cells: kind.columns.map(c => c.value(object, now)) };
  const conditions = kind.rowConditions?.(object);
  if (conditions && conditions.length > 0) row.conditions = conditions;
  if (include === 'Object') row.object = object;
  else if (include === 'Metadata') row.object = partialMetadata(object);
  return row;
}

/** PartialObjectMetadata of an object. */
export const partialMetadata = (object: KubeObject): { kind: string; apiVersion: string; metadata: KubeObject['metadata'] } =>
  ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {} });

/** A whole Table. `apiVersion` is meta.k8s.io/v1 or v1beta1, as negotiated. */
export function table<T extends KubeObject>(kind: Pick<KindSpec<T>, 'columns' | 'rowConditions'>, objects: readonly T[], o: { now: number; metadata?: ListMeta; include?: IncludeObject; apiVersion?: string; headers?: boolean }): Table {
  return {
    kind: 'Table', apiVersion: o.apiVersion ?? 'meta.k8s.io/v1', metadata: o.metadata ?? {},
    columnDefinitions: o.headers === false ? null : columnDefinitions(kind as Pick<KindSpec, 'columns'>),
    rows: objects.map(object => tableRow(kind, object, o.now, o.include)),
  };
}
