// One served resource: its storage keys, and the way between objects and stored bytes.
// Stored is the object's JSON without kind, apiVersion and metadata.resourceVersion, `metadata` first: `{"metadata":{…},…}`.
// What the wire wants is spliced around it (a revision is known only once the store has given it), never serialized again.
import type { KindSpec, Verb } from '../../api/kinds/kind.ts';
import { apiVersionOf, type KubeObject } from '../../api/meta/object.ts';
import { methodNotAllowed, type ApiError } from '../../api/meta/status.ts';
import type { Entry } from '../../store/store.ts';
import { parseJson } from '../codec/json.ts';

const STORED_HEAD = '{"metadata":{';
const HEAD_LENGTH = STORED_HEAD.length;

/** How a kind that shares another's storage sees it (events.k8s.io on core events). */
export interface View {
  fromStored(stored: KubeObject): KubeObject;
  toStored(object: KubeObject): KubeObject;
}

/** A kind as it is served and stored. */
export class Resource {
  readonly spec: KindSpec;
  readonly apiVersion: string;
  /** Kind and apiVersion of what is stored, which a view's differ from. */
  readonly stored: KindSpec;
  readonly view: View | undefined;
  /** `/registry/core/pods/`. */
  readonly prefix: string;
  readonly #singleHead: string;
  readonly #itemHead: string;

  /** `heads`: what comes before the metadata of one object and of a list's item, where that is not kind and apiVersion, and nothing. */
  constructor(spec: KindSpec, stored: KindSpec = spec, view?: View, heads?: { readonly single: string; readonly item: string }) {
    this.spec = spec;
    this.stored = stored;
    this.view = view;
    this.apiVersion = apiVersionOf(spec);
    this.prefix = `/registry/${stored.group || 'core'}/${stored.plural}/`;
    this.#singleHead = `{${heads?.single ?? `"kind":${JSON.stringify(stored.kind)},"apiVersion":${JSON.stringify(apiVersionOf(stored))},`}"metadata":{"resourceVersion":"`;
    this.#itemHead = `{${heads?.item ?? ''}"metadata":{"resourceVersion":"`;
  }

  /** Why the verb is not served; undefined when it is. */
  refusal(verb: string): ApiError | undefined { return this.spec.verbs.includes(verb as Verb) ? undefined : methodNotAllowed(); }

  /** Makes `objectOf` of these entries possible where that needs somebody else's work (a conversion webhook). Rejects with ApiError. */
  ready?(entries: readonly Entry[]): Promise<void> | undefined;
  /** Calls back when this resource is served no more, or differently: its watches end, and clients begin anew. */
  onRetired?(listener: () => void): () => void;

  /** An object of this resource, private, as `to` shows it, another version of the same storage. Rejects with ApiError. */
  shownAs(object: KubeObject, to: Resource): KubeObject | Promise<KubeObject> {
    const stored = this.view ? this.view.toStored(object) : object;
    return { ...(to.view ? to.view.fromStored(stored) : stored), kind: to.spec.kind, apiVersion: to.apiVersion };
  }

  /** What is stored of an object; private, like `object`. */
  toStored(object: KubeObject): KubeObject | Promise<KubeObject> { return this.view ? this.view.toStored(object) : object; }

  /** The stored bytes are what clients of this resource see. */
  protected isPlain(_entry: Entry): boolean { return this.view === undefined; }
  /** The metadata is that of the stored bytes, whatever became of the rest. */
  protected hasOwnMetadata(_entry: Entry): boolean { return true; }
  /** An item of a list that had to be converted. */
  protected itemText(entry: Entry): string {
    const { kind: _k, apiVersion: _v, ...rest } = this.objectOf(entry);
    return JSON.stringify(rest);
  }

  key(namespace: string, name: string): string { return this.spec.namespaced ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`; }
  /** Prefix of a namespace's objects; of all of them with ''. */
  range(namespace: string): string { return this.spec.namespaced && namespace !== '' ? `${this.prefix}${namespace}/` : this.prefix; }

  /** Takes `metadata.resourceVersion` off `object` (in stored form) and returns the bytes to store. */
  encode(object: KubeObject): Buffer {
    const { metadata, apiVersion: _v, kind: _k, ...rest } = object as KubeObject & Record<string, unknown>;
    delete metadata!.resourceVersion;
    const text = JSON.stringify({ metadata, ...rest });
    // Not from Node's pool: its slabs are 64 kB, shared with every answer and event, and one stored object would keep a whole one alive.
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    bytes.write(text);
    return bytes;
  }

  /** The stored object, decoded once per entry and shared: never mutate it. */
  stateOf(entry: Entry): KubeObject {
    let o = entry.decoded as KubeObject | undefined;
    if (o === undefined) {
      o = { kind: this.stored.kind, apiVersion: apiVersionOf(this.stored), ...(parseJson(entry.value.toString()) as KubeObject) };
      entry.decoded = o;
    }
    // Bytes and object are made before their revision is known.
    if (o.metadata!.resourceVersion === undefined) o.metadata!.resourceVersion = String(entry.revision);
    return o;
  }

  /** The object as this resource's clients see it; shared unless it had to be converted: never mutate it. */
  objectOf(entry: Entry): KubeObject { const o = this.stateOf(entry); return this.view ? this.view.fromStored(o) : o; }

  /** `objectOf` at another revision: what a DELETED event carries. */
  objectAt(entry: Entry, revision: number): KubeObject {
    const o = this.objectOf(entry);
    return revision === entry.revision ? o : { ...o, metadata: { ...o.metadata, resourceVersion: String(revision) } };
  }

  /** The whole object as JSON bytes. */
  bytesOf(entry: Entry, revision = entry.revision): Buffer {
    if (!this.isPlain(entry)) return Buffer.from(JSON.stringify(this.objectAt(entry, revision)));
    return splice(this.#singleHead, entry, revision, 0, 0);
  }

  /** One line of a watch, newline included. */
  eventBytes(type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry, revision = entry.revision): Buffer {
    const before = `{"type":"${type}","object":`;
    if (!this.isPlain(entry)) return Buffer.from(`${before}${JSON.stringify(this.objectAt(entry, revision))}}\n`);
    const out = splice(this.#singleHead, entry, revision, before.length, 2);
    out.write(before, 0, 'latin1');
    out[out.length - 2] = 0x7d;
    out[out.length - 1] = 0x0a;
    return out;
  }

  /** Puts an item of a list into `span` (without kind and apiVersion where the kind is built in, 3.7). */
  item(entry: Entry, span: Span): void {
    if (!this.isPlain(entry)) { setSpan(span, this.itemText(entry), undefined, 0, 0, ''); return; }
    setSpan(span, `${this.#itemHead}${entry.revision}",`, entry.value, HEAD_LENGTH, entry.value.length, '');
  }

  /** Puts the whole object into `span`, between `before` and `after`. */
  whole(entry: Entry, revision: number, span: Span, before: string, after: string): void {
    if (!this.isPlain(entry)) { setSpan(span, `${before}${JSON.stringify(this.objectAt(entry, revision))}${after}`, undefined, 0, 0, ''); return; }
    setSpan(span, `${before}${this.#singleHead}${revision}",`, entry.value, HEAD_LENGTH, entry.value.length, after);
  }

  /** Puts the `metadata` value's JSON into `span`, between `before` and `after`: cut from the stored bytes, with the revision spliced in. */
  metadata(entry: Entry, revision: number, span: Span, before: string, after: string): void {
    if (!this.hasOwnMetadata(entry)) { setSpan(span, `${before}${JSON.stringify(this.objectAt(entry, revision).metadata)}${after}`, undefined, 0, 0, ''); return; }
    setSpan(span, `${before}{"resourceVersion":"${revision}",`, entry.value, HEAD_LENGTH, metadataEnd(entry), after);
  }
}

/** A piece of JSON as it leaves: text, a stretch of stored bytes if there are any, text. One is used again and again. */
export interface Span { before: string; bytes: Buffer | undefined; start: number; end: number; after: string }
export const newSpan = (): Span => ({ before: '', bytes: undefined, start: 0, end: 0, after: '' });
export const spanText = (s: Span): string => `${s.before}${s.bytes ? s.bytes.toString('utf8', s.start, s.end) : ''}${s.after}`;

function setSpan(s: Span, before: string, bytes: Buffer | undefined, start: number, end: number, after: string): void {
  s.before = before; s.bytes = bytes; s.start = start; s.end = end; s.after = after;
}

function splice(head: string, entry: Entry, revision: number, before: number, after: number): Buffer {
  const middle = `${head}${revision}",`;
  const out = Buffer.allocUnsafe(before + middle.length + entry.value.length - HEAD_LENGTH + after);
  out.write(middle, before, 'latin1');
  entry.value.copy(out, before + middle.length, HEAD_LENGTH);
  return out;
}

/** What hangs in Entry.printed. */
export interface Printed {
  /** Offset just after the closing brace of `metadata` in the stored bytes. */
  readonly metadataEnd: number;
  /** Cells of its row that no time changes, made for `of`. */
  cells?: readonly string[] | undefined;
  of?: Resource | undefined;
}

export const printed = (entry: Entry): Printed => (entry.printed ??= { metadataEnd: endOfMetadata(entry.value), cells: undefined, of: undefined }) as Printed;
const metadataEnd = (entry: Entry): number => printed(entry).metadataEnd;

function endOfMetadata(value: Buffer): number {
  let depth = 1;
  for (let i = HEAD_LENGTH; i < value.length; i++) {
    const c = value[i];
    if (c === 0x22) {
      // A string: on to its end, passing over what is escaped.
      for (i++; value[i] !== 0x22 && i < value.length; i++) if (value[i] === 0x5c) i++;
    } else if (c === 0x7b) depth++;
    else if (c === 0x7d && --depth === 0) return i + 1;
  }
  throw new Error('stored object without end of metadata');
}
