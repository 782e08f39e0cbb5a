// Custom resources as kinds: what a CustomResourceDefinition says of a version, in the words of KindSpec. Neutral: servers add their
// schema work to it, user interfaces take it as it is.
import { parseJsonPath, setValueAt, simplePath, valueAt, type JsonPath } from '../meta/json-path.ts';
import type { KubeObject } from '../meta/object.ts';
import { sinceText } from '../meta/time.ts';
import type { CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionVersion } from '../types/kubernetes.ts';
import { nameColumn } from './columns.ts';
import { conditionsHealth } from './parts/conditions-health.ts';
import { defineKind, SCALE, STATUS, type Column, type Draw, type KindSpec, type Of, type Subresource, type Verb } from './kind.ts';

/** The order in which Kubernetes lists them. */
const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** What is left while the definition and all its objects are being deleted. */
const TERMINATING_VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];

/** Status of a condition of the definition: `True`, `False`, `Unknown`, or undefined while nobody has said. */
export const crdCondition = (crd: CustomResourceDefinition, type: string): string | undefined => crd.status?.conditions?.find(c => c.type === type)?.status;

/** The version objects are stored in; every valid definition has one. */
export const storageVersion = (crd: CustomResourceDefinition): string => crd.spec.versions.find(v => v.storage)?.name ?? crd.spec.versions[0]?.name ?? '';

/** `com.example.v1.Widget`: the name of its OpenAPI definition. */
export const definitionName = (group: string, version: string, kind: string): string => `${group.split('.').reverse().join('.')}.${version}.${kind}`;

/**
 * The kinds a definition is served as, one per served version, in its order; none before it is established. Names are the accepted
 * ones. Printer columns, field selectors, status, scale, short names and categories are there; validation is that of the metadata.
 */
export function kindsFromCrd(crd: CustomResourceDefinition): KindSpec[] {
  if (crdCondition(crd, 'Established') !== 'True') return [];
  return crd.spec.versions.filter(v => v.served).map(v => kindFromCrd(crd, v));
}

/** One version of a definition, established or not. */
export function kindFromCrd(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion): KindSpec {
  const { group } = crd.spec, accepted = crd.status?.acceptedNames;
  const names = accepted?.plural ? accepted : crd.spec.names;
  const hasStatus = version.subresources?.status !== undefined && version.subresources.status !== null;
  const scale = scaleOf(version);
  const subresources: Subresource[] = [...(hasStatus ? [STATUS] : []), ...(scale ? [SCALE] : [])];
  return defineKind({
    group, version: version.name, kind: names.kind, plural: names.plural, namespaced: crd.spec.scope === 'Namespaced',
    listKind: names.listKind || `${names.kind}List`, singular: names.singular || names.kind.toLowerCase(), shortNames: names.shortNames ?? [], categories: names.categories ?? [],
    verbs: crdCondition(crd, 'Terminating') === 'True' ? TERMINATING_VERBS : VERBS,
    subresources, schema: definitionName(group, version.name, names.kind),
    generation: true, unconditionalUpdate: false,
    validate: () => [],
    fields: Object.fromEntries((version.selectableFields ?? []).flatMap(f => selectable(f.jsonPath))),
    ...(scale ? { scale } : {}),
    columns: columnsOf(version),
    view: {
      nav: 'Custom', icon: 'box', sections: ['conditions', 'owners', 'events', 'labels', 'spec'], health: conditionsHealth,
      actions: ['yaml', ...(scale ? ['scale'] as const : []), 'delete'],
    },
  });
}

function selectable(jsonPath: string): [string, Of<KubeObject, string>][] {
  const path = simplePath(jsonPath);
  if (!path) return [];
  return [[jsonPath.replace(/^\./, ''), o => {
    const v = valueAt(o, path);
    return v === undefined || v === null ? '' : String(v);
  }]];
}

function scaleOf(version: CustomResourceDefinitionVersion): KindSpec['scale'] {
  const s = version.subresources?.scale;
  const specPath = simplePath(s?.specReplicasPath ?? ''), statusPath = simplePath(s?.statusReplicasPath ?? ''), selectorPath = simplePath(s?.labelSelectorPath ?? '');
  if (!specPath || !statusPath) return undefined;
  const count = (o: KubeObject, path: readonly string[]): number => { const v = valueAt(o, path); return typeof v === 'number' ? v : v instanceof Number ? v.valueOf() : 0; };
  return {
    specReplicas: o => count(o, specPath),
    setSpecReplicas: (o, replicas) => setValueAt(o, specPath, replicas),
    statusReplicas: o => count(o, statusPath),
    selector: o => { const v = selectorPath && valueAt(o, selectorPath); return typeof v === 'string' ? v : ''; },
  };
}

const AGE: CustomResourceColumnDefinition = { name: 'Age', type: 'date', description: 'CreationTimestamp is the time at which the server created this object, in UTC.', jsonPath: '.metadata.creationTimestamp' };

function columnsOf(version: CustomResourceDefinitionVersion): Column[] {
  const own = version.additionalPrinterColumns?.length ? version.additionalPrinterColumns : [AGE];
  return [nameColumn, ...own.map(columnOf)];
}

const DRAW: Readonly<Record<string, Draw>> = { integer: 'number', number: 'number', date: 'age' };

function columnOf(c: CustomResourceColumnDefinition): Column {
  let path: JsonPath = () => [];
  // A path that cannot be read finds nothing; the definition was refused for it, unless an older server let it in.
  try { path = parseJsonPath(c.jsonPath); } catch (e) { if (!(e instanceof Error)) throw e; }
  const found = (o: KubeObject): unknown => path(o)[0];
  return {
    name: c.name, type: c.type as Column['type'], ...(c.format ? { format: c.format } : {}), priority: (c.priority ?? 0) > 0 ? 1 : 0, draw: DRAW[c.type] ?? 'text',
    description: c.description || `Custom resource definition column (in JSONPath format): ${c.jsonPath}`,
    value: c.type === 'date' ? (o, now) => cell(c.type, found(o), now) : o => cell(c.type, found(o), 0),
    ...(c.type === 'date' ? { sort: (o: KubeObject) => { const v = found(o); return typeof v === 'string' ? Date.parse(v) || 0 : 0; } } : {}),
  };
}

/** What a column of this type shows of a value; null for what it cannot show. */
function cell(type: string, value: unknown, now: number): string | number | boolean | null {
  if (value === undefined) return null;
  if (type === 'string') return value === null ? '<nil>' : typeof value === 'object' && !(value instanceof Number) ? JSON.stringify(value) : String(value);
  if (value === null) return null;
  switch (type) {
    case 'integer': return typeof value === 'number' || value instanceof Number ? Math.trunc(value.valueOf()) : null;
    case 'number': return typeof value === 'number' || value instanceof Number ? value.valueOf() : null;
    case 'boolean': return typeof value === 'boolean' ? value : null;
    case 'date': {
      if (typeof value !== 'string') return null;
      return Number.isNaN(Date.parse(value)) ? '<invalid>' : sinceText(value, now);
    }
    default: return null;
  }
}
