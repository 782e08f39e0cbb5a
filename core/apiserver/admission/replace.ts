// What a webhook or a policy made of an object takes the place of it: held against its kind as if a client had sent it, then defaulted.
import { equal } from '../../api/meta/clone.ts';
import type { KubeObject, Unstructured } from '../../api/meta/object.ts';
import { validateAgainstSchema } from '../codec/body.ts';
import { customOf } from '../crd/custom-kind.ts';
import { overwrite, type Attributes } from './chain.ts';

/** True when the object changed. `next` is private. Throws ApiError or DecodeError for what is not of the kind. */
export function replaceObject(a: Attributes, next: KubeObject): boolean {
  const object = a.object!, { spec } = a.resource;
  if (equal(next, object)) return false;
  next.metadata ??= {};
  if (a.kind.kind !== spec.kind) { overwrite(object, next); return true; }
  const custom = customOf(spec);
  // Unknown fields vanish, as they do from a typed object.
  overwrite(object, (custom ? custom.free(next as Record<string, unknown>).value : validateAgainstSchema(next as Unstructured, spec, 'Ignore').object) as KubeObject);
  object.metadata ??= {};
  spec.setDefaults?.(object);
  return true;
}
