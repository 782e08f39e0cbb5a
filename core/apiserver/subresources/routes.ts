// Subresources that are data (contract section 9); those that are connections are in connect.ts.
import { methodNotAllowed } from '../../api/meta/status.ts';
import type { RequestContext, Result } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';
import { read } from '../registry/get.ts';
import type { RegistryEnv, SubresourceEnv } from '../registry/env.ts';
import { patch } from '../registry/patch.ts';
import type { Resource } from '../registry/resource.ts';
import { update } from '../registry/update.ts';
import { approval } from './approval.ts';
import { bind } from './binding.ts';
import { evict } from './eviction.ts';
import { finalize } from './finalize.ts';
import { ephemeralContainers, resize } from './pod-parts.ts';
import { scale } from './scale.ts';
import { token } from './token.ts';

export type SubresourceHandler = (env: RegistryEnv & SubresourceEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest, verb: RequestVerb) => Result | Promise<Result>;

const status: SubresourceHandler = (env, resource, ctx, r, verb) => {
  if (verb === 'get') return read(env, resource, ctx, r.namespace, r.name);
  if (verb === 'update') return update(env, resource, ctx, r.namespace, r.name, 'status');
  if (verb === 'patch') return patch(env, resource, ctx, r.namespace, r.name, 'status');
  throw methodNotAllowed();
};

export const SUBRESOURCES: Readonly<Record<string, SubresourceHandler>> = {
  approval, status, scale, binding: bind, eviction: evict, finalize, token, ephemeralcontainers: ephemeralContainers, resize,
};
