// JSON Merge Patch (RFC 7396).
import { clone, isObject } from './clone.ts';
import { badRequest } from './status.ts';

/** Applies a merge patch; `document` is not mutated, unchanged parts are shared with the answer. Throws 400 for a patch that is no object. */
export function applyMergePatch<T>(document: T, patch: unknown): T {
  if (!isObject(patch)) throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}');
  return merge(document, patch) as T;
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return clone(patch);
  const out: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete out[key];
    else if (key === '__proto__') Object.defineProperty(out, key, { value: merge(undefined, value), enumerable: true, configurable: true, writable: true });
    else out[key] = merge(Object.hasOwn(out, key) ? out[key] : undefined, value);
  }
  return out;
}
