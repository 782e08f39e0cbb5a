// A version of a custom resource as it is served. Stored like everything else, but for the apiVersion, which stands at the end: objects
// of several versions may lie side by side. What was written under today's schema goes out as the bytes it is; older objects are pruned
// and given today's defaults when they are read.
import { clone } from '../../api/meta/clone.ts';
import { apiVersionOf, type KubeObject } from '../../api/meta/object.ts';
import { failure, internalError, type ApiError } from '../../api/meta/status.ts';
import type { Entry } from '../../store/store.ts';
import { parseJson } from '../codec/json.ts';
import { Resource } from '../registry/resource.ts';
import type { CustomKind } from './custom-kind.ts';
import { prune, setDefaults } from './structural.ts';

/** Asks a webhook to convert objects; resolves with as many, in order. Rejects with ApiError. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<KubeObject[]>;

/** What the versions of one definition share. */
export interface Definition {
  readonly name: string;
  /** By version, served or not. */
  readonly kinds: ReadonlyMap<string, CustomKind>;
  /** The version that is stored. */
  readonly storage: CustomKind;
  /** What was written after this revision was written under these schemas. */
  readonly since: number;
  /** Undefined: versions differ in nothing but their name. */
  readonly convert: Convert | undefined;
  readonly terminating: boolean;
}

export class CustomResource extends Resource {
  readonly kind: CustomKind;
  readonly definition: Definition;
  readonly #tail: Buffer;
  /** Older objects in today's form, and objects converted to this version. */
  readonly #states = new WeakMap<Entry, KubeObject>();
  readonly #seen = new WeakMap<Entry, KubeObject>();
  readonly #listeners = new Set<() => void>();
  override readonly ready?: (entries: readonly Entry[]) => Promise<void>;

  constructor(kind: CustomKind, definition: Definition) {
    const isStored = kind === definition.storage, head = `"kind":${JSON.stringify(kind.kind)},`;
    super(kind, definition.storage, isStored ? undefined : { fromStored: o => o, toStored: o => o }, { single: head, item: head });
    this.kind = kind;
    this.definition = definition;
    this.#tail = Buffer.from(`"apiVersion":${JSON.stringify(this.apiVersion)}}`);
    if (definition.convert && definition.kinds.size > 1) this.ready = entries => this.#ready(entries);
  }

  override refusal(verb: string): ApiError | undefined {
    if (verb !== 'create' || !this.definition.terminating) return undefined;
    return failure(405, 'MethodNotAllowed', 'create not allowed while custom resource definition is terminating', { details: { group: this.spec.group, kind: this.spec.plural } });
  }

  /** Ends what goes on under this form of the resource. */
  retire(): void { for (const f of this.#listeners) f(); }
  override onRetired(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  override encode(object: KubeObject): Buffer {
    const { metadata, kind: _k, apiVersion, ...rest } = object as KubeObject & Record<string, unknown>;
    delete metadata!.resourceVersion;
    const text = JSON.stringify({ metadata, ...rest, apiVersion: apiVersion ?? apiVersionOf(this.definition.storage) });
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    bytes.write(text);
    return bytes;
  }

  #isCurrent(entry: Entry): boolean { return entry.revision > this.definition.since; }

  /** As stored, in today's form of its version; shared. */
  override stateOf(entry: Entry): KubeObject {
    let o = entry.decoded as KubeObject | undefined;
    if (o === undefined) {
      o = { kind: this.spec.kind, ...(parseJson(entry.value.toString()) as KubeObject) };
      if (this.#isCurrent(entry)) entry.decoded = o;
    }
    if (o.metadata!.resourceVersion === undefined) o.metadata!.resourceVersion = String(entry.revision);
    if (this.#isCurrent(entry)) return o;
    let state = this.#states.get(entry);
    if (state === undefined) this.#states.set(entry, state = this.#renewed(o));
    return state;
  }

  #renewed(o: KubeObject): KubeObject {
    const { kinds, storage, convert } = this.definition;
    const next = clone(o), version = (o.apiVersion ?? '').slice((o.apiVersion ?? '').indexOf('/') + 1);
    // Without a webhook the version is a name only, and one that is no longer known may be left.
    if (!convert || !kinds.has(version)) next.apiVersion = apiVersionOf(storage);
    return adapt(next, !convert ? storage : kinds.get(version) ?? storage);
  }

  override objectOf(entry: Entry): KubeObject {
    const known = this.#seen.get(entry);
    if (known) return known;
    const state = this.stateOf(entry);
    if (state.apiVersion === this.apiVersion) return state;
    if (this.ready) throw internalError(`conversion webhook for ${this.spec.group}/${this.spec.version}, Kind=${this.spec.kind} has not answered`);
    const seen = adapt({ ...clone(state), apiVersion: this.apiVersion }, this.kind);
    this.#seen.set(entry, seen);
    return seen;
  }

  async #ready(entries: readonly Entry[]): Promise<void> {
    const waiting = entries.filter(e => !this.#seen.has(e) && this.stateOf(e).apiVersion !== this.apiVersion);
    if (waiting.length === 0) return;
    const converted = await this.definition.convert!(waiting.map(e => this.stateOf(e)), this.apiVersion);
    waiting.forEach((e, i) => this.#seen.set(e, adapt(converted[i]!, this.kind)));
  }

  override shownAs(object: KubeObject, to: Resource): KubeObject | Promise<KubeObject> {
    const { convert } = this.definition;
    return convert ? convert([object], to.apiVersion).then(([o]) => o!) : super.shownAs(object, to);
  }

  override toStored(object: KubeObject): KubeObject | Promise<KubeObject> {
    const { storage, convert } = this.definition, apiVersion = apiVersionOf(storage);
    if (object.apiVersion === apiVersion) return object;
    if (!convert) return adapt({ ...clone(object), apiVersion }, storage);
    return convert([object], apiVersion).then(([o]) => adapt(o!, storage));
  }

  protected override isPlain(entry: Entry): boolean {
    const { value } = entry, at = value.length - this.#tail.length;
    return this.#isCurrent(entry) && at > 0 && this.#tail.compare(value, at) === 0;
  }
  protected override hasOwnMetadata(entry: Entry): boolean { return this.isPlain(entry) || this.definition.convert === undefined; }
  protected override itemText(entry: Entry): string { return JSON.stringify(this.objectOf(entry)); }
}

/** Holds a private object to a version's schema. */
function adapt(object: KubeObject, kind: CustomKind): KubeObject {
  prune(object as Record<string, unknown>, kind.structural);
  setDefaults(object, kind.structural);
  return object;
}
