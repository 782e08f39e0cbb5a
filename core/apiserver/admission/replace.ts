// What a webhook or a policy made of an object takes the place of it: held against its kind as if a client had sent it, then defaulted.
import { equal } from '../../api/meta/clone.ts';
import type { KubeObject, ObjectMeta, Unstructured } from '../../api/meta/object.ts';
import { badRequest } from '../../api/meta/status.ts';
import { validateAgainstSchema } from '../codec/body.ts';
import { customOf } from '../crd/custom-kind.ts';
import { overwrite, type Attributes } from './chain.ts';

/** Identity and history are the server's, whoever changes the object: they were settled before admission. */
const OWNED = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'resourceVersion', 'selfLink'] as const;
function ownedKept(a: Attributes, next: ObjectMeta, before: ObjectMeta): ObjectMeta {
  if ((next.namespace ?? '') !== (before.namespace ?? '')) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  const out: Record<string, unknown> = { ...next };
  for (const k of a.operation === 'CREATE' ? OWNED : [...OWNED, 'name' as const]) { if (before[k] === undefined) delete out[k]; else out[k] = before[k]; }
  return out as ObjectMeta;
}

/** True when the object changed. `next` is private. Throws ApiError or DecodeError for what is not of the kind. */
export function replaceObject(a: Attributes, next: KubeObject): boolean {
  const object = a.object!, { spec } = a.resource;
  if (equal(next, object)) return false;
  next.metadata = ownedKept(a, next.metadata ?? {}, object.metadata ?? {});
  if (a.kind.kind !== spec.kind) { overwrite(object, next); return true; }
  const custom = customOf(spec);
  // Unknown fields vanish, as they do from a typed object.
  overwrite(object, (custom ? custom.free(next as Record<string, unknown>).value : validateAgainstSchema(next as Unstructured, spec, 'Ignore').object) as KubeObject);
  object.metadata ??= {};
  spec.setDefaults?.(object);
  return true;
}
