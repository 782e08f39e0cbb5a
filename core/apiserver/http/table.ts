// kind: Table, as kubectl get asks for it (contract 4.6, trap 11).
import type { Column } from '../../api/kinds/kind.ts';
import type { KubeObject, ListMeta } from '../../api/meta/object.ts';
import type { Entry } from '../../store/store.ts';
import { newSpan, printed, spanText, type Resource, type Span } from '../registry/resource.ts';
import { listPieces, type Pieces } from './list-pieces.ts';
import { PARTIAL_HEAD } from './partial.ts';

export type Include = 'None' | 'Metadata' | 'Object';

const NAME: Column = { name: 'Name', type: 'string', format: 'name', description: '', draw: 'name', value: o => o.metadata?.name ?? '' };
const columnsOf = (resource: Resource): readonly Column[] => (resource.spec.columns.length > 0 ? resource.spec.columns : [NAME]);

const definitions = new WeakMap<Resource, string>();

/** `columnDefinitions` as JSON text, the same for every answer. */
function definitionsText(resource: Resource): string {
  let text = definitions.get(resource);
  if (text === undefined) definitions.set(resource, text = definitionText(columnsOf(resource)));
  return text;
}

const definitionText = (columns: readonly Column[]): string => JSON.stringify(columns.map((c, i) => ({
  name: c.name, type: c.type, format: c.format ?? (i === 0 ? 'name' : ''), description: c.description, priority: c.priority ?? 0,
})));

function cellsText(resource: Resource, object: KubeObject, now: number): string {
  return JSON.stringify(columnsOf(resource).map(c => c.value(object, now)));
}

/** Columns that look at the clock say so by taking it: all others of a stored object are made once. */
const moves = (c: Column): boolean => c.value.length > 1;

const cell = (c: Column, object: KubeObject, now: number): string => JSON.stringify(c.value(object, now)) ?? 'null';

/** Cells that no clock changes, in runs: one before each that moves and one at the end; then the conditions. */
function stillCells(resource: Resource, entry: Entry): readonly string[] {
  const known = printed(entry);
  if (known.of === resource && known.cells) return known.cells;
  const object = resource.objectOf(entry), cells: string[] = [];
  let run: string[] = [];
  for (const c of columnsOf(resource)) {
    if (!moves(c)) { run.push(cell(c, object, 0)); continue; }
    cells.push(run.join(','));
    run = [];
  }
  cells.push(run.join(','), conditionsText(resource, object));
  // A view's objects are made anew each time, by functions that take what they may need.
  if (!resource.view) { known.of = resource; known.cells = cells; }
  return cells;
}

function rowCells(resource: Resource, entry: Entry, now: number): string {
  const still = stillCells(resource, entry);
  let text = '{"cells":[', i = 0, comma = '';
  const add = (cells: string): void => { if (cells !== '') { text += comma + cells; comma = ','; } };
  if (still.length > 2) {
    const object = resource.objectOf(entry);
    for (const c of columnsOf(resource)) if (moves(c)) { add(still[i++]!); add(cell(c, object, now)); }
  }
  add(still[i]!);
  return `${text}]${still[i + 1]!}`;
}

function rowSpan(resource: Resource, entry: Entry, include: Include, now: number, revision: number, span: Span): void {
  const cells = rowCells(resource, entry, now);
  if (include === 'None') { span.before = `${cells}}`; span.bytes = undefined; span.start = span.end = 0; span.after = ''; return; }
  if (include === 'Object') resource.whole(entry, revision, span, `${cells},"object":`, '}');
  else resource.metadata(entry, revision, span, `${cells},"object":${PARTIAL_HEAD}`, '}}');
}

/** kubectl tells finished pods from running ones by these. */
function conditionsText(resource: Resource, object: KubeObject): string {
  const conditions = resource.spec.rowConditions?.(object);
  return conditions && conditions.length > 0 ? `,"conditions":${JSON.stringify(conditions)}` : '';
}

/** A table of one object that is of another kind than the resource: a Scale. */
export function tableOfPart(columns: readonly Column[], object: KubeObject, include: Include, now: number): string {
  const cells = JSON.stringify(columns.map(c => c.value(object, now)));
  return `${head({ resourceVersion: object.metadata?.resourceVersion ?? '' }, definitionText(columns))}{"cells":${cells}${looseObject(object, include)}}]}\n`;
}

const head = (meta: ListMeta, definitionText: string): string => `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(meta)},"columnDefinitions":${definitionText},"rows":[`;

/** A table of stored objects. `now` in ms, for ages. */
export const tableOfEntries = (resource: Resource, entries: readonly Entry[], meta: ListMeta, include: Include, now: number): Pieces =>
  listPieces(head(meta, definitionsText(resource)), entries, (e, span) => rowSpan(resource, e, include, now, e.revision, span));

/** A table of one object that is not stored: dry runs, the last state of a deleted one. */
export const tableOfObject = (resource: Resource, object: KubeObject, include: Include, now: number): string =>
  tableOfObjects(resource, [object], { resourceVersion: object.metadata?.resourceVersion ?? '' }, include, now);

/** A table of objects that are not stored. */
export function tableOfObjects(resource: Resource, objects: readonly KubeObject[], meta: ListMeta, include: Include, now: number): string {
  return `${head(meta, definitionsText(resource))}${objects.map(o => looseRow(resource, o, include, now)).join(',')}]}\n`;
}

function looseRow(resource: Resource, object: KubeObject, include: Include, now: number): string {
  return `{"cells":${cellsText(resource, object, now)}${conditionsText(resource, object)}${looseObject(object, include)}}`;
}

const looseObject = (object: KubeObject, include: Include): string =>
  (include === 'None' ? '' : `,"object":${JSON.stringify(include === 'Object' ? object : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata })}`);

/** The table of one watch event; only the first of a stream brings the column definitions. */
export function tableEvent(resource: Resource, entry: Entry, revision: number, include: Include, now: number, isFirst: boolean): string {
  const span = newSpan();
  rowSpan(resource, entry, include, now, revision, span);
  return `${head({ resourceVersion: String(revision) }, isFirst ? definitionsText(resource) : 'null')}${spanText(span)}]}`;
}

/** A bookmark is a table with one row that carries the metadata. */
export function tableBookmark(resource: Resource, object: KubeObject, isFirst: boolean): string {
  const cells = JSON.stringify(columnsOf(resource).map(c => (c.type === 'integer' || c.type === 'number' ? 0 : '')));
  return `${head({ resourceVersion: object.metadata!.resourceVersion! }, isFirst ? definitionsText(resource) : 'null')}{"cells":${cells},"object":${JSON.stringify(object)}}]}`;
}
