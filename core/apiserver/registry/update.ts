// Every way an existing object changes: PUT, patches, subresources all end in `change` (contract 5.3 to 5.9).
import { invalid } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { conflict, invalidError, notFoundError } from '../../api/meta/status.ts';
import { CompareFailed, type Entry, type Op } from '../../store/store.ts';
import { attributesOf, endWrite, type Attributes } from '../admission/chain.ts';
import type { RequestContext, Result } from '../context.ts';
import { objectFrom, settleName, settleNamespace } from './body.ts';
import { clone } from '../../api/meta/clone.ts';
import { sameOwners } from '../../api/meta/managed-fields/managers.ts';
import { customOf } from '../crd/custom-kind.ts';
import { createObject, demandCreate } from './create.ts';
import type { RegistryEnv } from './env.ts';
import { bumpGeneration, carryMeta, dedupOwners, finalizersLeft, metaUpdateErrors, unchanged } from './object-meta.ts';
import { revisionOf, writeOptions, type WriteOptions } from './options.ts';
import { type Owners, ownersOf, ownersOnUpdate, setOwners, statusAlone } from './ownership.ts';
import type { Resource } from './resource.ts';

const CONFLICT_RETRIES = 20;

export interface Change {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  /** '' for the object itself. `status` uses the kind's own rules; the others write what `produce` made. */
  readonly subresource: string;
  readonly options: WriteOptions;
  /**
   * The state wanted, from the state that is; called again when another writer was faster. It returns a private object. A
   * metadata.resourceVersion that differs from prev's is a precondition and ends in 409; an equal or absent one is none.
   */
  produce(prev: KubeObject): KubeObject | Promise<KubeObject>;
  /** The client named a resourceVersion: lose to a faster writer rather than try again. */
  readonly conditional?: boolean;
  /** Skip the kind's update rules: for subresources that may write what the main resource may not. */
  readonly free?: boolean;
  /** Of a free change: the outcome must still be valid as a whole. */
  readonly validated?: boolean;
  /**
   * What admission sees where that is not an update of the object: the attributes that differ (a Scale and its old state, a Binding),
   * made once per attempt, and how what mutating plug-ins changed in them gets back into `next`.
   */
  readonly admitted?: {
    attributes(next: KubeObject, prev: KubeObject): Partial<Attributes>;
    take?(next: KubeObject, object: KubeObject): void;
  };
  /** The owners after an apply; without it they follow from what `produce` changed. Called after it. */
  owners?(): Owners;
  /** Nobody comes to own what this changes (a binding). */
  readonly unowned?: boolean;
  /** HTTP code of success. */
  readonly code?: number;
}

/** Applies a change; 404 when the object is missing, 409 when it is in the way. A change that changes nothing writes nothing. */
export async function change(env: RegistryEnv, ctx: RequestContext, c: Change): Promise<Result> {
  const { resource } = c, { spec } = resource, key = resource.key(c.namespace, c.name), code = c.code ?? 200;
  let entry = env.store.get(key);
  for (let attempt = 0; ; attempt++) {
    if (entry === undefined) throw notFoundError(spec, c.name);
    await resource.ready?.([entry]);
    const prev = resource.objectOf(entry);
    const next = await c.produce(prev);
    const rv = next.metadata?.resourceVersion;
    if (rv && rv !== '0' && rv !== prev.metadata!.resourceVersion) throw conflict(spec, c.name);
    next.metadata ??= {};
    const given: unknown = next.metadata.managedFields;
    carryMeta(next, prev, resource);
    dedupOwners(next, ctx.warnings);
    const { admitted } = c;
    const attributes = attributesOf(ctx, resource, {
      operation: 'UPDATE', subresource: c.subresource, namespace: c.namespace, name: c.name, object: next, old: prev, options: c.options, ...admitted?.attributes(next, prev),
    });
    spec.setDefaults?.(next);
    const before = ownersOf(prev);
    const owners = c.owners ? c.owners() : c.unowned ? before : ownersOnUpdate(env, resource, prev, next, given, c.options.fieldManager, c.subresource);
    setOwners(next, owners);
    await env.admission.mutate(attributes);
    admitted?.take?.(next, attributes.object!);
    const wanted = prepared(next, prev, c, resource);
    // Times alone make no difference (trap 14).
    const same = sameOwners(owners, before);
    setOwners(wanted, same ? before : owners);
    const hook = c.subresource === '' ? env.hook(resource) : undefined;
    const reservation = hook?.update(wanted, prev);
    try {
      if (unchanged(wanted, prev)) {
        // It is a write all the same to those who may refuse it.
        await env.admission.validate(admitted ? attributes : { ...attributes, object: wanted });
        reservation?.rollback();
        return { type: 'entry', code, resource, entry };
      }
      if (same) setOwners(wanted, owners);
      const errors = [...metaUpdateErrors(wanted, prev), ...(reservation?.errors ?? [])];
      const ofStatus = c.subresource === 'status' ? spec.validateStatusUpdate : undefined;
      if (ofStatus) errors.push(...ofStatus(wanted, prev));
      else if (!c.free || c.validated) errors.push(...spec.validate(wanted));
      if (ofStatus) { /* Judged. */ } else if (!c.free || (c.validated && customOf(spec))) {
        // Without a spec there is nothing to compare: that it is missing has been said. Custom resources are judged as a whole there.
        if (has(wanted, 'spec') || !has(prev, 'spec') || customOf(spec)) errors.push(...(spec.validateUpdate?.(wanted, prev) ?? []));
      }
      if (errors.length > 0) throw invalidError(spec, c.name, errors);
      await env.admission.validate(admitted ? attributes : { ...attributes, object: wanted });
      if (spec.warnings && c.subresource === '') ctx.warnings.push(...spec.warnings(wanted, prev));
      if (c.options.dryRun) {
        reservation?.rollback();
        return { type: 'object', code, object: { ...wanted, metadata: { ...wanted.metadata, resourceVersion: prev.metadata!.resourceVersion } }, spec };
      }
      const stored = await resource.toStored(wanted);
      const done = await write(env, resource, key, entry, stored, code);
      reservation?.commit();
      return done;
    } catch (e) {
      reservation?.rollback();
      if (!(e instanceof CompareFailed)) throw e;
      if (c.conditional === true || attempt >= CONFLICT_RETRIES) throw conflict(spec, c.name);
      // What stands in the way is accepted, if not yet durable: build on it rather than wait for it.
      entry = e.actual;
    } finally {
      endWrite(attributes);
    }
  }
}

const has = (o: KubeObject, field: string): boolean => (o as Record<string, unknown>)[field] !== undefined;

async function write(env: RegistryEnv, resource: Resource, key: string, entry: Entry, stored: KubeObject, code: number): Promise<Result> {
  const m = stored.metadata!, hook = env.hook(resource), prev = hook?.beside && resource.stateOf(entry);
  // The update that takes the last finalizer off a deleted object removes it.
  if (m.deletionTimestamp !== undefined && (m.deletionGracePeriodSeconds ?? 0) === 0 && !finalizersLeft(stored, resource)) {
    const { revision } = await env.store.txn([...hook?.beside?.(undefined, prev) ?? [], { type: 'delete', key, expect: entry.revision }]);
    hook?.deleted(stored);
    entry.decoded = undefined;
    return { type: 'object', code, object: { ...stored, metadata: { ...m, resourceVersion: String(revision) } }, spec: resource.spec };
  }
  const op: Op = { type: 'put', key, value: resource.encode(stored), decoded: stored, expect: entry.revision };
  const { entries } = await env.store.txn([...hook?.beside?.(stored, prev) ?? [], op]);
  // History keeps bytes; the object of a version nobody reads any more would only fill the heap.
  entry.decoded = undefined;
  return { type: 'entry', code, resource, entry: entries.at(-1)! };
}

/** The kind's preparation, and the generation. */
function prepared(next: KubeObject, prev: KubeObject, c: Change, resource: Resource): KubeObject {
  const { spec } = resource;
  if (c.subresource === 'status') {
    if (spec.prepareForStatusUpdate) { spec.prepareForStatusUpdate(next, prev); return next; }
    const { status } = next as { status?: unknown };
    const out = { ...prev, metadata: { ...(statusAlone(resource) ? prev : next).metadata } } as KubeObject & { status?: unknown };
    if (status === undefined) delete out.status; else out.status = clone(status);
    delete out.metadata!.resourceVersion;
    return out;
  }
  if (!c.free) spec.prepareForUpdate?.(next, prev);
  if (spec.generation) bumpGeneration(next, prev);
  return next;
}

/** PUT on an object or its /status (contract 3.4, 5.6). */
export async function update(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, name: string, subresource: '' | 'status'): Promise<Result> {
  const options = writeOptions(ctx, 'UpdateOptions');
  const { spec } = resource;
  const body = objectFrom(ctx, resource, options.fieldValidation);
  settleNamespace(body, namespace);
  settleName(body, name);
  const rv = body.metadata!.resourceVersion;
  const revision = revisionOf(rv);
  if (subresource === '' && spec.createOnUpdate && env.store.get(resource.key(namespace, name)) === undefined) {
    delete body.metadata!.resourceVersion;
    demandCreate(env, resource, ctx, namespace, name);
    return createObject(env, resource, ctx, namespace, body, options);
  }
  if (revision === undefined && !spec.unconditionalUpdate && env.store.get(resource.key(namespace, name)) !== undefined) {
    throw invalidError(spec, name, [{ ...invalid('metadata.resourceVersion', 0, 'must be specified for an update'), detail: 'Invalid value: 0x0: must be specified for an update' }]);
  }
  return change(env, ctx, {
    resource, namespace, name, subresource, options, conditional: revision !== undefined,
    // A copy per attempt: defaults and admission change what they get.
    produce: () => clone(body),
  });
}
