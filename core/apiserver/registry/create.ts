// POST: a new object (contract 3.3, 3.4, 5.1, 5.2).
import type { KubeObject } from '../../api/meta/object.ts';
import { alreadyExists, badRequest, failure, invalidError } from '../../api/meta/status.ts';
import { CompareFailed } from '../../store/store.ts';
import { attributesOf, endWrite } from '../admission/chain.ts';
import { demand } from '../authz/authorizer.ts';
import type { RequestContext, Result } from '../context.ts';
import { objectFrom, settleNamespace } from './body.ts';
import { beginObject, dedupOwners } from './object-meta.ts';
import type { RegistryEnv } from './env.ts';
import { writeOptions, type WriteOptions } from './options.ts';
import { ownersOnCreate, setOwners, type Owners } from './ownership.ts';
import type { Resource } from './resource.ts';

const NAME_RETRIES = 8;

/** 201 with the stored object. Throws 400, 403, 409 or 422 as Status. */
export async function create(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string): Promise<Result> {
  const options = writeOptions(ctx, 'CreateOptions');
  const object = objectFrom(ctx, resource, options.fieldValidation);
  return createObject(env, resource, ctx, namespace, object, options);
}

/** Whoever makes an object by another verb than create must be allowed to create it too. Throws 403. */
export function demandCreate(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, name: string): void {
  const { group, version, plural } = resource.spec;
  demand(env.authorizer, { user: ctx.user, verb: 'create', resource: { group, version, resource: plural, subresource: '', namespace, name } });
}

/** Everything after the body is an object; `object` is private and changed. `applied`: its owners, where it comes from an apply. */
export async function createObject(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, object: KubeObject, options: WriteOptions, applied?: Owners): Promise<Result> {
  const { spec } = resource, given: unknown = object.metadata?.managedFields;
  if (spec.namespaced && namespace === '') throw badRequest('an empty namespace may not be set during creation');
  settleNamespace(object, namespace);
  beginObject(object, resource, env.identities.uid(), env.clock.now());
  dedupOwners(object, ctx.warnings);
  const base = object.metadata!.name ? '' : (object.metadata!.generateName ?? '');
  if (base !== '') object.metadata!.name = env.identities.name(base);
  const name = object.metadata!.name ?? '';
  const attributes = attributesOf(ctx, resource, { operation: 'CREATE', namespace, name, object, old: undefined, options });
  spec.setDefaults?.(object);
  setOwners(object, applied ?? ownersOnCreate(env, resource, object, given, options.fieldManager));
  await env.admission.mutate(attributes);
  spec.prepareForCreate?.(object);
  const hook = env.hook(resource);
  const reservation = hook?.create(object);
  try {
    const errors = [...spec.validate(object), ...(spec.validateCreate?.(object) ?? []), ...(reservation?.errors ?? [])];
    if (errors.length > 0) throw invalidError(spec, name, errors);
    await env.admission.validate(attributes);
    if (spec.warnings) ctx.warnings.push(...spec.warnings(object));
    if (options.dryRun) {
      if (env.store.get(resource.key(namespace, name))) throw alreadyExists(spec, name);
      reservation?.rollback();
      return { type: 'object', code: 201, object, spec };
    }
    const result = await insert(env, resource, namespace, object, base);
    reservation?.commit();
    return result;
  } catch (e) {
    reservation?.rollback();
    throw e;
  } finally {
    endWrite(attributes);
  }
}

async function insert(env: RegistryEnv, resource: Resource, namespace: string, object: KubeObject, generateBase: string): Promise<Result> {
  const stored = await resource.toStored(object);
  for (let attempt = 0; ; attempt++) {
    const name = stored.metadata!.name!;
    try {
      const beside = env.hook(resource)?.beside?.(stored, undefined) ?? [];
      const { entries } = await env.store.txn([...beside, { type: 'put', key: resource.key(namespace, name), value: resource.encode(stored), decoded: stored, expect: 0 }]);
      return { type: 'entry', code: 201, resource, entry: entries.at(-1)! };
    } catch (e) {
      if (!(e instanceof CompareFailed)) throw e;
      if (generateBase === '') throw alreadyExists(resource.spec, name);
      if (attempt + 1 >= NAME_RETRIES) {
        const s = alreadyExists(resource.spec, name).status;
        throw failure(409, 'AlreadyExists', `${s.message}, the server was not able to generate a unique name for the object`, { details: { ...s.details, retryAfterSeconds: 1 } });
      }
      stored.metadata!.name = env.identities.name(generateBase);
    }
  }
}
