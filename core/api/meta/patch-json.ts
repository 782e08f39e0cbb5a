// JSON Patch (RFC 6902).
import { clone, equal, isObject } from './clone.ts';
import { ApiError, badRequest, failure, tooLarge } from './status.ts';

/** More operations than this are refused with 413. */
export const MAX_OPERATIONS = 10_000;
const COPY_BUDGET = 3 * 1024 * 1024;

interface Operation { op: string; path: string[]; from?: string[]; value?: unknown; hasValue: boolean }

/** Why a patch cannot be applied reaches the client only as this 422, as upstream does it. */
const rejected = (): ApiError => failure(422, 'Invalid', 'the server rejected our request due to an error in our request', { details: {} });

/** A `test` that did not hold; to clients a failure like any other. */
export class TestFailed extends ApiError {}

/**
 * Applies a JSON patch to a copy of `document`. Throws ApiError: 400 when it is no list of operations, 413 for too many,
 * 422 when an operation fails (TestFailed for a `test`).
 */
export function applyJsonPatch<T>(document: T, patch: unknown): T {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (patch.length > MAX_OPERATIONS) throw tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  let root: unknown = clone(document);
  let copied = 0;
  for (const raw of patch as unknown[]) {
    const o = operation(raw);
    switch (o.op) {
      case 'add': root = add(root, o.path, clone(need(o))); break;
      case 'remove': root = remove(root, o.path); break;
      case 'replace': root = replace(root, o.path, clone(need(o))); break;
      case 'move': {
        if (isPrefix(o.from!, o.path)) throw rejected();
        const value = read(root, o.from!);
        root = add(remove(root, o.from!), o.path, value);
        break;
      }
      case 'copy': {
        const value = read(root, o.from!);
        // Copies of copies double the document each time; upstream bounds the sum as well.
        copied += JSON.stringify(value).length;
        if (copied > COPY_BUDGET) throw rejected();
        root = add(root, o.path, clone(value));
        break;
      }
      case 'test': if (!equal(peek(root, o.path), o.hasValue ? o.value : null)) throw new TestFailed(rejected().status); break;
      default: throw rejected();
    }
  }
  return root as T;
}

function operation(raw: unknown): Operation {
  if (!isObject(raw) || typeof raw.op !== 'string' || typeof raw.path !== 'string') throw rejected();
  const needsFrom = raw.op === 'move' || raw.op === 'copy';
  if (needsFrom && typeof raw.from !== 'string') throw rejected();
  return { op: raw.op, path: pointer(raw.path), value: raw.value, hasValue: Object.hasOwn(raw, 'value'), ...(needsFrom ? { from: pointer(raw.from as string) } : {}) };
}
function need(o: Operation): unknown {
  if (!o.hasValue) throw rejected();
  return o.value;
}
function pointer(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) throw rejected();
  return text.slice(1).split('/').map(p => p.replaceAll('~1', '/').replaceAll('~0', '~'));
}
const isPrefix = (a: readonly string[], b: readonly string[]): boolean => a.length < b.length && a.every((p, i) => p === b[i]);

function index(list: readonly unknown[], key: string, end: number): number {
  if (!/^(0|-?[1-9]\d*)$/.test(key)) throw rejected();
  const n = Number(key), i = n < 0 ? list.length + n : n;
  if (i < 0 || i > end) throw rejected();
  return i;
}
function child(node: unknown, key: string): unknown {
  if (Array.isArray(node)) return node[index(node, key, node.length - 1)] as unknown;
  if (isObject(node) && Object.hasOwn(node, key)) return node[key];
  throw rejected();
}
const read = (root: unknown, path: readonly string[]): unknown => path.reduce(child, root);
/** Like read, but a missing last key is null: `test` of an absent field against null holds. */
function peek(root: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return root;
  const parent = read(root, path.slice(0, -1)), last = path.at(-1)!;
  return isObject(parent) && !Object.hasOwn(parent, last) ? null : child(parent, last);
}

function add(root: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const parent = read(root, path.slice(0, -1)), last = path.at(-1)!;
  if (Array.isArray(parent)) parent.splice(last === '-' ? parent.length : index(parent, last, parent.length), 0, value);
  else if (isObject(parent)) set(parent, last, value);
  else throw rejected();
  return root;
}
function remove(root: unknown, path: readonly string[]): unknown {
  if (path.length === 0) throw rejected();
  const parent = read(root, path.slice(0, -1)), last = path.at(-1)!;
  child(parent, last);
  if (Array.isArray(parent)) parent.splice(index(parent, last, parent.length - 1), 1);
  else delete (parent as Record<string, unknown>)[last];
  return root;
}
function replace(root: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const parent = read(root, path.slice(0, -1)), last = path.at(-1)!;
  child(parent, last);
  if (Array.isArray(parent)) parent[index(parent, last, parent.length - 1)] = value;
  else set(parent as Record<string, unknown>, last, value);
  return root;
}
/** `__proto__` is a key like any other. */
function set(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}
