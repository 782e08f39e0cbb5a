// From a resource request to the verb that serves it: after authentication and authorization, before presentation.
import { methodNotAllowed, noSuchResource } from '../api/meta/status.ts';
import type { Subresource, Verb } from '../api/kinds/kind.ts';
import type { RequestContext, Result } from './context.ts';
import { flag, type Query, type RequestVerb, type ResourceRequest } from './http/request-info.ts';
import { customOf } from './crd/custom-kind.ts';
import { create } from './registry/create.ts';
import { remove, removeCollection } from './registry/delete.ts';
import type { RegistryEnv, SubresourceEnv } from './registry/env.ts';
import { read } from './registry/get.ts';
import { list } from './registry/list.ts';
import { patch } from './registry/patch.ts';
import type { Resource } from './registry/resource.ts';
import { update } from './registry/update.ts';
import { watch } from './registry/watch.ts';
import { review } from './reviews/reviews.ts';
import { SUBRESOURCES } from './subresources/routes.ts';
import { virtual } from './virtual/virtual.ts';

/** Subresources that are connections, served by functions of their own (log, exec, proxy…). */
export const CONNECT: readonly string[] = ['log', 'exec', 'attach', 'portforward', 'proxy'];

/** The verb of a method on this path; undefined for a method the API does not know. */
export function verbOf(method: string, r: ResourceRequest, query: Query): RequestVerb | undefined {
  switch (method) {
    case 'GET': case 'HEAD': return r.oldWatch || (r.subresource === '' && flag(query, 'watch')) ? 'watch' : r.name === '' ? 'list' : 'get';
    case 'POST': return 'create';
    case 'PUT': return 'update';
    case 'PATCH': return 'patch';
    case 'DELETE': return r.name === '' ? 'deletecollection' : 'delete';
    default: return undefined;
  }
}

/** The served resources, by URL and by group and plural. */
export class Resources {
  readonly #byUrl = new Map<string, Resource>();
  readonly #byGroup = new Map<string, Resource>();
  readonly #byKind = new Map<string, Resource>();
  readonly #byPrefix = new Map<string, readonly Resource[]>();

  add(resource: Resource): void {
    const { group, version, plural } = resource.spec;
    this.#byUrl.set(`${group}/${version}/${plural}`, resource);
    this.#byKind.set(`${group}/${version}/${resource.spec.kind}`, resource);
    this.#byPrefix.set(resource.prefix, [...this.sharing(resource), resource]);
    if (!this.#byGroup.has(`${group}/${plural}`)) this.#byGroup.set(`${group}/${plural}`, resource);
  }
  /** The resource of a URL; throws 404 for none. */
  at(r: ResourceRequest): Resource {
    const found = this.#byUrl.get(`${r.group}/${r.version}/${r.plural}`);
    if (found === undefined || (r.namespace !== '' && !found.spec.namespaced)) throw noSuchResource();
    return found;
  }
  /** The resource of a URL; undefined for none. */
  peek(r: Pick<ResourceRequest, 'group' | 'version' | 'plural'>): Resource | undefined { return this.#byUrl.get(`${r.group}/${r.version}/${r.plural}`); }
  find(group: string, plural: string): Resource | undefined { return this.#byGroup.get(`${group}/${plural}`); }
  /** The resource of a kind; undefined when none is served. */
  findKind(group: string, version: string, kind: string): Resource | undefined { return this.#byKind.get(`${group}/${version}/${kind}`); }
  /** All that show what is stored with this one: its versions, and kinds of other groups. */
  sharing(resource: Resource): readonly Resource[] { return this.#byPrefix.get(resource.prefix) ?? []; }
  all(): IterableIterator<Resource> { return this.#byUrl.values(); }
  /** Takes resources off and puts others on, in one step; those of one group and plural belong together, the preferred one first. */
  replace(gone: readonly Resource[], now: readonly Resource[]): void {
    for (const { spec, prefix } of gone) {
      this.#byKind.delete(`${spec.group}/${spec.version}/${spec.kind}`);
      this.#byPrefix.delete(prefix);
      this.#byUrl.delete(`${spec.group}/${spec.version}/${spec.plural}`);
      this.#byGroup.delete(`${spec.group}/${spec.plural}`);
    }
    for (const r of now) this.add(r);
  }
}

/** Throws 404 or 405 when the resource has no such subresource or verb. */
export function subresourceOf(resource: Resource, r: ResourceRequest, verb: RequestVerb): Subresource {
  const found = resource.spec.subresources.find(s => s.name === r.subresource);
  if (found === undefined) throw noSuchResource();
  if (!CONNECT.includes(found.name) && !found.verbs.includes(verb as Verb)) throw methodNotAllowed();
  return found;
}

/**
 * Runs one authorised request on its resource or subresource. Throws ApiError: 404 and 405 for what is not served, else what the verb
 * says.
 */
export async function dispatch(env: RegistryEnv & SubresourceEnv, resource: Resource, r: ResourceRequest, verb: RequestVerb, ctx: RequestContext): Promise<Result> {
  const custom = customOf(resource.spec);
  const deprecated = custom?.deprecation ?? resource.spec.deprecated;
  if (deprecated !== undefined) {
    ctx.warnings.push(deprecated);
    if (ctx.audit) ctx.audit['k8s.io/deprecated'] = 'true';
  }
  if (resource.ready === undefined) return run(env, resource, r, verb, ctx);
  // What selectors and patches look at must be there before they look, and so must what is answered.
  const before = r.name !== '' ? [env.store.get(resource.key(r.namespace, r.name))].filter(e => e !== undefined) : verb === 'create' ? [] : env.store.range({ prefix: resource.range(r.namespace) }).entries;
  await resource.ready(before);
  const result = await run(env, resource, r, verb, ctx);
  await resource.ready(result.type === 'entry' ? [result.entry] : result.type === 'list' ? result.entries : result.type === 'watch' ? result.watch.initial : []);
  return result;
}

async function run(env: RegistryEnv & SubresourceEnv, resource: Resource, r: ResourceRequest, verb: RequestVerb, ctx: RequestContext): Promise<Result> {
  const { spec } = resource, { namespace, name } = r;
  if (r.subresource !== '') {
    subresourceOf(resource, r, verb);
    const handler = SUBRESOURCES[r.subresource];
    if (handler === undefined) throw noSuchResource();
    if (spec.namespaced && namespace === '') throw noSuchResource();
    return handler(env, resource, ctx, r, verb);
  }
  const refused = resource.refusal(verb);
  if (refused) throw refused;
  if (spec.virtual) return virtual(env, env.nodeStats, resource, ctx, r, verb);
  // Across namespaces one can list and watch, and nothing else (3.10).
  if (spec.namespaced && namespace === '' && verb !== 'list' && verb !== 'watch') {
    if (name === '') throw methodNotAllowed();
    throw noSuchResource();
  }
  if (name !== '' && verb === 'create') throw methodNotAllowed();
  if (name === '' && (verb === 'update' || verb === 'patch')) throw methodNotAllowed();
  switch (verb) {
    case 'get': return read(env, resource, ctx, namespace, name);
    case 'list': return list(env, resource, ctx, namespace);
    case 'watch': return watch(env, resource, ctx, namespace, name);
    case 'create': return review(env, resource, ctx, namespace) ?? create(env, resource, ctx, namespace);
    case 'update': return update(env, resource, ctx, namespace, name, '');
    case 'patch': return patch(env, resource, ctx, namespace, name, '');
    case 'delete': return remove(env, resource, ctx, namespace, name);
    case 'deletecollection': return removeCollection(env, resource, ctx, namespace);
  }
}
