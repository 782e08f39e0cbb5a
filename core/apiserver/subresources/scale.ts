// /scale: autoscaling/v1 Scale as a window on spec.replicas and a few things more (contract 9.2, trap 22).
import { ageColumn, count, nameColumn } from '../../api/kinds/columns.ts';
import type { Column } from '../../api/kinds/kind.ts';
import { invalid } from '../../api/meta/field-error.ts';
import type { KubeObject, ObjectMeta, Unstructured } from '../../api/meta/object.ts';
import { badRequest, failure, internalError, invalidError, methodNotAllowed, noSuchResource, notFoundError } from '../../api/meta/status.ts';
import type { RequestContext, Result } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';
import { clone } from '../../api/meta/clone.ts';
import { customOf } from '../crd/custom-kind.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { writeOptions } from '../registry/options.ts';
import { Application, configurationOf } from '../registry/apply.ts';
import { isApply, patched, patchOf } from '../registry/patch.ts';
import type { Owners } from '../registry/ownership.ts';
import type { Resource } from '../registry/resource.ts';
import { change } from '../registry/update.ts';
import { bodyAs, SCALE } from './body.ts';

const COLUMNS: readonly Column[] = [
  nameColumn,
  count('Desired', 'replicas is the desired number of instances for the scaled object.', s => (s as Scale).spec.replicas ?? 0),
  count('Available', 'replicas is the actual number of observed instances of the scaled object.', s => (s as Scale).status.replicas),
  ageColumn,
];

interface Scale extends Unstructured { metadata: ObjectMeta; spec: { replicas?: number }; status: { replicas: number; selector?: string } }

/** The autoscaling/v1 Scale of an object; only for kinds with `scale`. */
export function scaleOf(resource: Resource, object: KubeObject): Scale {
  const s = resource.spec.scale!, m = object.metadata!;
  const selector = s.selector(object), replicas = s.specReplicas(object);
  const metadata: ObjectMeta = { name: m.name!, resourceVersion: m.resourceVersion!, uid: m.uid!, creationTimestamp: m.creationTimestamp! };
  if (m.namespace) metadata.namespace = m.namespace;
  return {
    kind: 'Scale', apiVersion: 'autoscaling/v1', metadata,
    spec: replicas === 0 ? {} : { replicas }, status: { replicas: s.statusReplicas(object), ...(selector ? { selector } : {}) },
  };
}

const answer = (object: Scale): Result => ({ type: 'object', code: 200, object, columns: COLUMNS });

/** GET, PUT and PATCH of a Scale. Throws 404, and what an update of the object itself would. */
export async function scale(env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest, verb: RequestVerb): Promise<Result> {
  if (!resource.spec.scale) throw noSuchResource();
  const missing = { group: resource.spec.group, plural: `${resource.spec.plural}/scale` };
  const entry = env.store.get(resource.key(r.namespace, r.name));
  if (entry === undefined) throw notFoundError(missing, r.name);
  if (verb === 'get') {
    const unset = customOf(resource.spec)?.missingReplicas(resource.objectOf(entry));
    if (unset !== undefined) throw internalError(`the spec replicas field "${unset}" does not exist`);
    return answer(scaleOf(resource, resource.objectOf(entry)));
  }
  if (verb !== 'update' && verb !== 'patch') throw methodNotAllowed();
  if (verb === 'patch' && isApply(ctx)) return applyScale(env, resource, ctx, r);
  const options = writeOptions(ctx, verb === 'patch' ? 'PatchOptions' : 'UpdateOptions');
  let wanted: (prev: KubeObject) => Scale;
  let conditional = false;
  if (verb === 'patch') {
    const p = patchOf(ctx, customOf(resource.spec) === undefined);
    wanted = prev => patched(p, scaleOf(resource, prev) as KubeObject, SCALE, options.fieldValidation, ctx.warnings) as Scale;
  } else {
    const body = bodyAs<Scale>(ctx, SCALE, options.fieldValidation);
    if (body.metadata?.name && body.metadata.name !== r.name) throw badRequest(`the name of the object (${body.metadata.name}) does not match the name on the URL (${r.name})`);
    conditional = Boolean(body.metadata?.resourceVersion);
    wanted = () => body;
  }
  const done = await change(env, ctx, {
    resource, namespace: r.namespace, name: r.name, subresource: 'scale', options, conditional, free: true, validated: true,
    produce: prev => {
      const s = wanted(prev), replicas = s.spec?.replicas ?? 0;
      if (!Number.isInteger(replicas) || replicas < 0) throw invalidError(SCALE, r.name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')]);
      const next = clone(prev);
      resource.spec.scale!.setSpecReplicas(next, replicas);
      if (s.metadata?.resourceVersion) next.metadata!.resourceVersion = s.metadata.resourceVersion;
      if (s.metadata?.uid) next.metadata!.uid = s.metadata.uid;
      return next;
    },
    admitted: {
      attributes: (next, prev) => ({ kind: SCALE, object: scaleOf(resource, next), old: scaleOf(resource, prev) }),
      take: (next, object) => { resource.spec.scale!.setSpecReplicas(next, (object as Scale).spec?.replicas ?? 0); },
    },
  });
  const object = done.type === 'entry' ? resource.objectOf(done.entry) : (done as { object: KubeObject }).object;
  return answer(scaleOf(resource, object));
}

/** An applied Scale claims the field of its object that holds the replicas, as the subresource's owner. */
async function applyScale(env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest): Promise<Result> {
  const options = writeOptions(ctx, 'PatchOptions', true), config = configurationOf(ctx, options.fieldValidation);
  if (config.apiVersion !== 'autoscaling/v1') throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${config.apiVersion ?? ''}, expected: autoscaling/v1`);
  if (config.kind !== 'Scale') throw badRequest(`invalid object type: autoscaling/v1, Kind=${config.kind ?? ''}`);
  const given = config.metadata ?? {}, replicas = (config as Partial<Scale>).spec?.replicas;
  if (given.name && given.name !== r.name) throw badRequest(`the name of the object (${given.name}) does not match the name on the URL (${r.name})`);
  if (replicas !== undefined && typeof replicas !== 'number') throw failure(500, '', `failed to create typed patch object (${r.namespace}/${r.name}; autoscaling/v1, Kind=Scale): .spec.replicas: expected numeric (int or float), got ${typeof replicas}`);
  if (replicas !== undefined && (!Number.isInteger(replicas) || replicas < 0)) throw invalidError(SCALE, r.name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')]);
  const parent: Unstructured = { apiVersion: resource.apiVersion, kind: resource.spec.kind, metadata: given };
  if (replicas !== undefined) { parent['spec'] = {}; resource.spec.scale!.setSpecReplicas(parent, replicas); }
  const application = new Application(env, resource, parent, { manager: options.fieldManager, subresource: 'scale', force: options.force, namespace: r.namespace, name: r.name });
  let owners: Owners = [];
  const done = await change(env, ctx, {
    resource, namespace: r.namespace, name: r.name, subresource: 'scale', options, conditional: Boolean(given.resourceVersion), free: true, validated: true,
    produce: prev => { const out = application.onto(prev); ({ owners } = out); return out.object; },
    owners: () => owners,
  });
  return answer(scaleOf(resource, done.type === 'entry' ? resource.objectOf(done.entry) : (done as { object: KubeObject }).object));
}
