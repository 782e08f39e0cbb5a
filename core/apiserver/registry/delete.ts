// DELETE of one object and of a collection (contract 3.4, 3.5, 5.8 to 5.10).
import type { KubeObject, ObjectMeta } from '../../api/meta/object.ts';
import { conflict, failure, forbiddenError, notFoundError } from '../../api/meta/status.ts';
import { CompareFailed, type Entry, type Op } from '../../store/store.ts';
import { attributesOf } from '../admission/chain.ts';
import type { RequestContext, Result } from '../context.ts';
import { clone, equal } from '../../api/meta/clone.ts';
import { customOf } from '../crd/custom-kind.ts';
import { timestamp, type RegistryEnv } from './env.ts';
import { selectEntries } from './list.ts';
import { finalizersLeft, isNamespace } from './object-meta.ts';
import { deleteOptions, listOptions, type DeleteRequest } from './options.ts';
import type { Resource } from './resource.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
/** Kinds whose immediate deletion answers with the object rather than with a Status. */
const RETURNS_OBJECT = new Set(['pods', 'persistentvolumes', 'persistentvolumeclaims', 'podtemplates', 'resourcequotas', 'services', 'serviceaccounts', 'storageclasses', 'volumeattachments', 'csinodes', 'csidrivers', 'csistoragecapacities']);

/** Who deletes a Job without a word on its pods is told what becomes of them (5.10). */
const JOB_ORPHANS = 'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

type Plan = { readonly type: 'delete' } | { readonly type: 'put'; readonly object: KubeObject } | { readonly type: 'nothing' };

const ms = (t: unknown): number => Date.parse(String(t));

/** What a delete does to the object as it is. Throws 409 when a precondition does not hold. */
function plan(resource: Resource, found: KubeObject, o: DeleteRequest, nowMs: number): Plan {
  const { spec } = resource;
  let object = found;
  if (spec.prepareForDelete && found.metadata!.deletionTimestamp === undefined) spec.prepareForDelete(object = clone(found), timestamp(nowMs));
  const m = object.metadata!;
  const byKind = { group: spec.group, plural: spec.kind };
  if (o.uid !== undefined && o.uid !== m.uid) {
    throw conflict(byKind, m.name!, `the UID in the precondition (${o.uid}) does not match the UID in record (${m.uid}). The object might have been deleted and then recreated`);
  }
  if (o.resourceVersion !== undefined && o.resourceVersion !== m.resourceVersion) {
    throw conflict(byKind, m.name!, `the ResourceVersion in the precondition (${o.resourceVersion}) does not match the ResourceVersion in record (${m.resourceVersion}). The object might have been modified`);
  }
  const deleting = m.deletionTimestamp !== undefined;
  if (deleting && isNamespace(resource) && finalizersLeft(object, resource)) {
    throw conflict(spec, m.name!, 'The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.');
  }
  let grace = spec.gracePeriod ? spec.gracePeriod(object, o.gracePeriodSeconds) : 0;
  let at = nowMs;
  if (deleting && spec.gracePeriod) {
    const pending = m.deletionGracePeriodSeconds ?? 0;
    // A deletion under way can be hastened, never slowed down.
    if (o.gracePeriodSeconds === undefined || (pending > 0 && grace >= pending)) { if (pending > 0) return { type: 'nothing' }; grace = 0; }
    else if (pending > 0) at = ms(m.deletionTimestamp) - pending * 1000;
  }
  const next: ObjectMeta = { ...m };
  const finalizers = new Set(m.finalizers ?? []);
  const orphan = o.propagation === 'Orphan' || (o.propagation === undefined && (finalizers.has('orphan') || (!finalizers.has('foregroundDeletion') && spec.defaultPropagation === 'Orphan')));
  const foreground = o.propagation === 'Foreground' || (o.propagation === undefined && !orphan && finalizers.has('foregroundDeletion'));
  if (orphan) finalizers.add('orphan'); else finalizers.delete('orphan');
  if (foreground) finalizers.add('foregroundDeletion'); else finalizers.delete('foregroundDeletion');
  if (finalizers.size > 0) next.finalizers = [...finalizers]; else delete next.finalizers;
  const changed: KubeObject = { ...object, metadata: next };
  if (grace === 0 && !finalizersLeft(changed, resource)) return { type: 'delete' };
  if (!deleting || grace > 0 || (next.deletionGracePeriodSeconds ?? 0) > 0) {
    if (!deleting && next.generation !== undefined && next.generation > 0) next.generation++;
    next.deletionTimestamp = timestamp(at + grace * 1000);
    next.deletionGracePeriodSeconds = grace;
  }
  if (isNamespace(resource)) (changed as { status?: object }).status = { ...(changed as { status?: object }).status, phase: 'Terminating' };
  return equal(changed, object) ? { type: 'nothing' } : { type: 'put', object: changed };
}

const op = (resource: Resource, entry: Entry, p: Plan): Op => {
  if (p.type !== 'put') return { type: 'delete', key: entry.key, expect: entry.revision };
  const object = { ...p.object, metadata: { ...p.object.metadata } };
  return { type: 'put', key: entry.key, value: resource.encode(object), decoded: object, expect: entry.revision };
};

function refuseImmortal(resource: Resource, name: string): void {
  if (isNamespace(resource) && IMMORTAL.has(name)) throw forbiddenError(resource.spec, name, 'this namespace may not be deleted');
}

/** Deletes, or begins to: with grace or finalizers the object stays and says so. Throws 404, and 409 when preconditions fail. */
export async function remove(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, name: string, request?: DeleteRequest): Promise<Result> {
  const o = request ?? deleteOptions(ctx);
  const { spec } = resource;
  if (o.propagation === undefined && spec.group === 'batch' && spec.plural === 'jobs' && !ctx.warnings.includes(JOB_ORPHANS)) ctx.warnings.push(JOB_ORPHANS);
  let entry = env.store.get(resource.key(namespace, name));
  for (;;) {
    if (entry === undefined) throw notFoundError(spec, name);
    refuseImmortal(resource, name);
    const state = resource.stateOf(entry);
    await env.admission.admit(attributesOf(ctx, resource, { operation: 'DELETE', namespace, name, object: undefined, old: resource.objectOf(entry), options: o }));
    const p = plan(resource, state, o, env.clock.now());
    const standing = o.waitsForDependents && p.type !== 'delete' ? 202 : 200;
    if (p.type === 'nothing') return { type: 'entry', code: standing, resource, entry };
    if (o.dryRun) return p.type === 'put' ? { type: 'object', code: standing, object: p.object, spec } : deleted(resource, entry, entry.revision);
    try {
      const beside = p.type === 'delete' ? env.hook(resource)?.beside?.(undefined, state) ?? [] : [];
      const done = await env.store.txn([...beside, op(resource, entry, p)]);
      if (p.type === 'put') { entry.decoded = undefined; return { type: 'entry', code: standing, resource, entry: done.entries.at(-1)! }; }
      env.hook(resource)?.deleted(state);
      const answer = deleted(resource, entry, done.revision);
      entry.decoded = undefined;
      return answer;
    } catch (e) {
      if (!(e instanceof CompareFailed)) throw e;
      entry = e.actual;
    }
  }
}

function deleted(resource: Resource, entry: Entry, revision: number): Result {
  const { spec } = resource;
  if (RETURNS_OBJECT.has(spec.plural) && !customOf(spec)) return { type: 'object', code: 200, object: resource.objectAt(entry, revision), spec };
  const m = resource.stateOf(entry).metadata!;
  const details = { name: m.name!, ...(spec.group ? { group: spec.group } : {}), kind: spec.plural, uid: m.uid! };
  return { type: 'object', code: 200, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } };
}

/** All matching objects in one transaction; the answer lists them as they were. */
export async function removeCollection(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string): Promise<Result> {
  const o = deleteOptions(ctx);
  const selected = selectEntries(env, resource, namespace, listOptions(ctx.query, false));
  if (isNamespace(resource)) throw failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });
  let left = [...selected.entries];
  for (const entry of left) {
    const old = resource.objectOf(entry), m = old.metadata!;
    await env.admission.admit(attributesOf(ctx, resource, { operation: 'DELETE', namespace: m.namespace ?? '', name: m.name!, object: undefined, old, options: o }));
  }
  const out: Entry[] = [];
  while (left.length > 0) {
    const ops: Op[] = [], gone: Entry[] = [], now = env.clock.now();
    for (const entry of left) {
      const p = plan(resource, resource.stateOf(entry), o, now);
      if (p.type === 'nothing') { out.push(entry); continue; }
      ops.push(op(resource, entry, p));
      gone.push(entry);
    }
    if (ops.length === 0) break;
    if (o.dryRun) { out.push(...gone); break; }
    try {
      const hook = env.hook(resource), beside = hook?.beside ? gone.flatMap((e, i) => (ops[i]!.type === 'delete' ? hook.beside!(undefined, resource.stateOf(e)) : [])) : [];
      const done = await env.store.txn(beside.length ? [...beside, ...ops] : ops);
      for (let i = 0; i < gone.length; i++) {
        const after = done.entries[beside.length + i], before = gone[i]!;
        if (ops[i]!.type === 'delete') hook?.deleted(resource.stateOf(before));
        out.push(ops[i]!.type === 'put' && after ? after : before);
        before.decoded = undefined;
      }
      break;
    } catch (e) {
      if (!(e instanceof CompareFailed)) throw e;
      // One object moved meanwhile: take its newest state, or leave it out if it is gone, and try all again.
      const moved = e;
      out.length = 0;
      left = left.flatMap(x => (x.key !== moved.key ? [x] : moved.actual ? [moved.actual] : []));
    }
  }
  return { type: 'list', code: 200, resource, entries: out, meta: { resourceVersion: String(env.store.revision) } };
}
