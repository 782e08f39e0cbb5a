// Text and objects: the documents of a manifest with their places, and an object as the text one edits.
import { t } from 'i18next';
import { isMap, isNode, isPair, isSeq, LineCounter, parseAllDocuments, parseDocument, stringify, type Document, type ParsedNode, type Tags } from 'yaml';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { Step } from './field-path.ts';

export interface ManifestDoc {
  object: KubeObject;
  /** 1-based line the document begins on. */
  line: number;
  /** Its characters in the text, from and to; undefined for one that shares its text with others (an item of a List). */
  span?: readonly [number, number];
  /** Where a field is, 1-based line and column; the nearest parent when the field is not there. */
  place(steps: readonly Step[]): { line: number; column: number; endLine: number; endColumn: number };
}
export interface Problem { message: string; line: number; column: number; endLine: number; endColumn: number }

/** The server's YAML takes yes, no, on and off for booleans as YAML 1.1 says, but `y` and `n` for text. */
const wordy = (tags: Tags): Tags => tags.map(t => (typeof t === 'object' && t.tag === 'tag:yaml.org,2002:bool' && 'test' in t && t.test ? { ...t, test: new RegExp(t.test.source.replace(/\b[YyNn]\|[YyNn]\|/g, '')) } as typeof t : t));

/** Every object of the text; Lists are opened. Problems are those of the YAML itself and of what is no object. */
export function readManifest(text: string): { docs: ManifestDoc[]; problems: Problem[] } {
  const lines = new LineCounter();
  // Kubernetes reads YAML 1.1: `on` and `yes` are booleans there too.
  const parsed = parseAllDocuments(text, { lineCounter: lines, version: '1.1', merge: true, prettyErrors: false, customTags: wordy });
  const docs: ManifestDoc[] = [];
  const problems: Problem[] = [];
  const at = (from: number, to: number): Omit<Problem, 'message'> => {
    const a = lines.linePos(from), b = lines.linePos(Math.max(from + 1, to));
    return { line: a.line, column: a.col, endLine: b.line, endColumn: b.col };
  };
  for (const doc of 'empty' in parsed ? [] : parsed) {
    for (const e of doc.errors) problems.push({ message: e.message, ...at(e.pos[0], e.pos[1]) });
    if (doc.errors.length > 0) continue;
    const value = doc.toJS() as (KubeObject & { items?: KubeObject[] }) | null;
    if (value === null) continue;
    const range = doc.contents?.range;
    const from = range?.[0] ?? 0;
    if (typeof value !== 'object' || Array.isArray(value)) { problems.push({ message: t('yaml.notObject'), ...at(from, range?.[1] ?? from) }); continue; }
    const objects = Array.isArray(value.items) && value.kind?.endsWith('List') ? value.items : [value];
    for (const [i, object] of objects.entries()) {
      const base: Step[] = object === value ? [] : ['items', i];
      const place = (steps: readonly Step[]): Omit<Problem, 'message'> => at(...rangeOf(doc, [...base, ...steps], from));
      const missing = !object.apiVersion ? 'apiVersion' : !object.kind ? 'kind' : !object.metadata?.name && !object.metadata?.generateName ? 'metadata.name' : undefined;
      if (missing) problems.push({ message: t('yaml.missingField', { field: missing }), ...place(['metadata']) });
      else docs.push({ object, line: lines.linePos(from).line, place, ...(objects[0] === value && range ? { span: [from, range[1]] as const } : {}) });
    }
  }
  return { docs, problems };
}

function rangeOf(doc: Document<ParsedNode> | Document, steps: readonly Step[], fallback: number): [number, number] {
  let node: unknown = doc.contents;
  let range: [number, number] = [fallback, fallback + 1];
  for (const step of steps) {
    if (isMap(node)) {
      const pair = node.items.find(i => isPair(i) && String(isNode(i.key) ? i.key : '') === String(step));
      if (!pair || !isNode(pair.key)) break;
      if (pair.key.range) range = [pair.key.range[0], (isNode(pair.value) && pair.value.range ? pair.value.range[1] : pair.key.range[1])];
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (!isNode(item)) break;
      if (item.range) range = [item.range[0], item.range[1]];
      node = item;
    } else break;
  }
  return range;
}

/** The same value with its fields in the order of `model`, others after them: so that a difference shows changes, not orders. */
export function orderLike(value: unknown, model: unknown): unknown {
  if (Array.isArray(value)) return value.map((x, i) => orderLike(x, Array.isArray(model) ? model[i] : undefined));
  if (typeof value !== 'object' || value === null) return value;
  const from = value as Record<string, unknown>;
  const like = typeof model === 'object' && model !== null && !Array.isArray(model) ? model as Record<string, unknown> : {};
  return Object.fromEntries([...Object.keys(like).filter(k => k in from), ...Object.keys(from).filter(k => !(k in like))].map(k => [k, orderLike(from[k], like[k])]));
}

const META = { name: 0, generateName: 0, namespace: 0, labels: 0, annotations: 0 };
const TOP = ['apiVersion', 'kind', 'metadata', 'type', 'spec', 'data', 'stringData'];
/** An object as text: the usual order on top, without what only servers write. */
export function toText(o: KubeObject): string {
  const { metadata, ...rest } = editable(o) as KubeObject & Record<string, unknown>;
  const out: Record<string, unknown> = {};
  const all: Record<string, unknown> = { ...rest, metadata: orderLike(metadata, META) };
  for (const k of TOP) if (all[k] !== undefined) out[k] = all[k];
  for (const [k, v] of Object.entries(all)) if (!(k in out) && v !== undefined) out[k] = v;
  return stringify(out, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1', indentSeq: false });
}

/** The text with some of its documents written anew; whatever else it says stays as it is. */
export function rewritten(text: string, docs: readonly { doc: ManifestDoc; object: KubeObject }[]): string {
  let out = text;
  for (const { doc, object } of [...docs].sort((a, b) => (b.doc.span?.[0] ?? 0) - (a.doc.span?.[0] ?? 0))) {
    if (doc.span) out = `${out.slice(0, doc.span[0])}${stringify(orderLike(object, doc.object), { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1', indentSeq: false })}${out.slice(doc.span[1])}`;
  }
  return out;
}

/** The text without some fields of one of its documents, comments kept; the text itself where the document shares it with others. */
export function without(text: string, doc: ManifestDoc, fields: readonly (readonly Step[])[]): string {
  if (!doc.span) return text;
  const own = parseDocument(text.slice(...doc.span), { version: '1.1', merge: true, customTags: wordy });
  // From behind, so that indices before stay what they are.
  for (const steps of [...fields].reverse()) if (steps.length > 0 && own.hasIn(steps)) own.deleteIn(steps);
  return `${text.slice(0, doc.span[0])}${own.toString({ lineWidth: 0, indentSeq: false }).trimEnd()}\n${text.slice(doc.span[1]).replace(/^\n/, '')}`;
}

/** Where client-side `kubectl apply` keeps what a manifest said last time; its own business, so editors do not show it. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** What a user may change: no status, no bookkeeping. */
export function editable(o: KubeObject): KubeObject {
  const { status: _status, metadata, ...rest } = o as KubeObject & { status?: unknown };
  const { managedFields: _m, resourceVersion: _r, uid: _u, generation: _g, selfLink: _s, creationTimestamp: _c, ...meta } = (metadata ?? {}) as Record<string, unknown>;
  if (o.metadata?.annotations?.[LAST_APPLIED] !== undefined) {
    const { [LAST_APPLIED]: _l, ...annotations } = o.metadata.annotations;
    if (Object.keys(annotations).length > 0) meta.annotations = annotations; else delete meta.annotations;
  }
  return { ...rest, metadata: meta };
}
