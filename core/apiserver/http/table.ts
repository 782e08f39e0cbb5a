// kind: Table, as kubectl get asks for it (contract 4.6, trap 11).
import type { Column } from '../../api/kinds/kind.ts';
import type { KubeObject, ListMeta } from '../../api/meta/object.ts';
import type { Entry } from '../../store/store.ts';
import type { Resource } from '../registry/resource.ts';

export type Include = 'None' | 'Metadata' | 'Object';

const NAME: Column = { name: 'Name', type: 'string', format: 'name', description: '', draw: 'name', value: o => o.metadata?.name ?? '' };
const columnsOf = (resource: Resource): readonly Column[] => (resource.spec.columns.length > 0 ? resource.spec.columns : [NAME]);

const definitions = new WeakMap<Resource, string>();

/** `columnDefinitions` as JSON text, the same for every answer. */
function definitionsText(resource: Resource): string {
  let text = definitions.get(resource);
  if (text === undefined) {
    text = JSON.stringify(columnsOf(resource).map((c, i) => ({
      name: c.name, type: c.type, format: c.format ?? (i === 0 ? 'name' : ''), description: c.description, priority: c.priority ?? 0,
    })));
    definitions.set(resource, text);
  }
  return text;
}

function cellsText(resource: Resource, object: KubeObject, now: number): string {
  return JSON.stringify(columnsOf(resource).map(c => c.value(object, now)));
}

function rowObject(resource: Resource, entry: Entry, include: Include, revision: number): string {
  if (include === 'None') return 'null';
  if (include === 'Object') return resource.bytesOf(entry, revision).toString();
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${resource.metadataText(entry, revision)}}`;
}

function row(resource: Resource, entry: Entry, include: Include, now: number, revision = entry.revision): string {
  const object = resource.objectOf(entry);
  const o = include === 'None' ? '' : `,"object":${rowObject(resource, entry, include, revision)}`;
  return `{"cells":${cellsText(resource, object, now)}${conditionsText(resource, object)}${o}}`;
}

/** kubectl tells finished pods from running ones by these. */
function conditionsText(resource: Resource, object: KubeObject): string {
  const conditions = resource.spec.rowConditions?.(object);
  return conditions && conditions.length > 0 ? `,"conditions":${JSON.stringify(conditions)}` : '';
}

const head = (meta: ListMeta, definitionText: string): string => `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(meta)},"columnDefinitions":${definitionText},"rows":[`;

/** A table of stored objects. `now` in ms, for ages. */
export function tableOfEntries(resource: Resource, entries: readonly Entry[], meta: ListMeta, include: Include, now: number): string {
  const rows = entries.map(e => row(resource, e, include, now));
  return `${head(meta, definitionsText(resource))}${rows.join(',')}]}\n`;
}

/** A table of one object that is not stored: dry runs, the last state of a deleted one. */
export const tableOfObject = (resource: Resource, object: KubeObject, include: Include, now: number): string =>
  tableOfObjects(resource, [object], { resourceVersion: object.metadata?.resourceVersion ?? '' }, include, now);

/** A table of objects that are not stored. */
export function tableOfObjects(resource: Resource, objects: readonly KubeObject[], meta: ListMeta, include: Include, now: number): string {
  return `${head(meta, definitionsText(resource))}${objects.map(o => looseRow(resource, o, include, now)).join(',')}]}\n`;
}

function looseRow(resource: Resource, object: KubeObject, include: Include, now: number): string {
  const o = include === 'None' ? '' : `,"object":${JSON.stringify(include === 'Object' ? object : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata })}`;
  return `{"cells":${cellsText(resource, object, now)}${conditionsText(resource, object)}${o}}`;
}

/** The table of one watch event; only the first of a stream brings the column definitions. */
export function tableEvent(resource: Resource, entry: Entry, revision: number, include: Include, now: number, isFirst: boolean): string {
  return `${head({ resourceVersion: String(revision) }, isFirst ? definitionsText(resource) : 'null')}${row(resource, entry, include, now, revision)}]}`;
}

/** A bookmark is a table with one row that carries the metadata. */
export function tableBookmark(resource: Resource, object: KubeObject, isFirst: boolean): string {
  const cells = JSON.stringify(columnsOf(resource).map(c => (c.type === 'integer' || c.type === 'number' ? 0 : '')));
  return `${head({ resourceVersion: object.metadata!.resourceVersion! }, isFirst ? definitionsText(resource) : 'null')}{"cells":${cells},"object":${JSON.stringify(object)}}]}`;
}
