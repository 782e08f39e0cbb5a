// How values of a type merge and are owned: all that field ownership must know of a schema. Built-in kinds derive it from their
// definition tables, custom resources from their structural schema; what has no schema is deduced.

/**
 * One node of a merge schema. Nodes are immutable, shared and may refer to themselves; build each type's node once.
 * - `scalar`: a leaf. `atomic`: a list or object owned and replaced as a whole.
 * - `struct`: an object with named fields (`field`), each merged by itself; `items`, if set, is for names `field` does not know.
 * - `map`: an object with free keys, whose values are `items`.
 * - `set`: a list of distinct scalars. `keyed`: a list of objects (`items`) told apart by `keys`.
 * - `deduced`: no schema: objects are maps of deduced values, lists are atomic, all else are scalars.
 */
export interface FieldSchema {
  readonly form: 'scalar' | 'atomic' | 'struct' | 'map' | 'set' | 'keyed' | 'deduced';
  /** What a scalar must be; undefined for any. Of an atomic: `list` or `map`. */
  readonly is?: 'string' | 'boolean' | 'numeric' | 'list' | 'map';
  /** The schema of a struct's field; undefined when it has no such field. */
  readonly field?: (name: string) => FieldSchema | undefined;
  readonly items?: FieldSchema;
  readonly keys?: readonly string[];
  /** Values of keys an item may leave out (`protocol: TCP`). */
  readonly keyDefaults?: Readonly<Record<string, unknown>>;
}

/** For everything without a schema. */
export const DEDUCED: FieldSchema = { form: 'deduced' };
