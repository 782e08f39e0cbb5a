// GET of one object: the newest state, or one not older than asked.
import { notFoundError } from '../../api/meta/status.ts';
import type { RequestContext, Result } from '../context.ts';
import { first } from '../http/request-info.ts';
import type { RegistryEnv } from './env.ts';
import { waitForRevision } from './list.ts';
import { revisionOf } from './options.ts';
import type { Resource } from './resource.ts';

/** The object, at least as new as `resourceVersion` asks (waiting for it if need be). Throws 404; 504 when that revision does not come. */
export function read(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, name: string): Result | Promise<Result> {
  const wanted = ctx.query['resourceVersion'] === undefined ? undefined : revisionOf(first(ctx.query, 'resourceVersion'));
  const now = (): Result => {
    const entry = env.store.get(resource.key(namespace, name));
    if (entry === undefined) throw notFoundError(resource.spec, name);
    return { type: 'entry', code: 200, resource, entry };
  };
  return wanted !== undefined && wanted > env.store.revision ? waitForRevision(env, wanted).then(now) : now();
}
