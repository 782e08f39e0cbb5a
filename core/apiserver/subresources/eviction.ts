// pods/eviction: a delete that asks the pod's disruption budgets first (contract 9.6).
import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types/kubernetes.ts';
import type { Unstructured } from '../../api/meta/object.ts';
import { isReady, isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { badRequest, conflict, failure, forbiddenError, isConflict, notFoundError, tooManyRequests } from '../../api/meta/status.ts';
import { CompareFailed, type Entry } from '../../store/store.ts';
import { attributesOf } from '../admission/chain.ts';
import type { RequestContext, Result } from '../context.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { clone } from '../../api/meta/clone.ts';
import { remove } from '../registry/delete.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import { deleteOptions, writeOptions, type DeleteRequest } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';
import { bodyAs, EVICTION, EVICTION_V1BETA1 } from './body.ts';
import { budgetsOver } from './budgets.ts';

interface Eviction extends Unstructured { deleteOptions?: { dryRun?: string[] } }

/** Evictions granted and not yet seen by whoever counts the budget; more of them and something is wrong. */
const MOST_DISRUPTED = 2000;
const RETRIES = 20;
const VIOLATES = 'Cannot evict pod as it would violate the pod\'s disruption budget.';

const refuse = (seconds: number, why: string): Error => tooManyRequests(VIOLATES, seconds, { details: { causes: [{ reason: 'DisruptionBudget', message: why }] } });
const unsettled = (budget: string): Error => refuse(10, `The disruption budget ${budget} is still being processed by the server.`);

/** Deletes the pod if its budget allows it: 429 while it does not, 500 when there are several. */
export async function evict(env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest): Promise<Result> {
  const options = writeOptions(ctx, 'CreateOptions');
  const beta = 'bytes' in ctx.body && ctx.body.bytes.includes('policy/v1beta1');
  const body = bodyAs<Eviction>(ctx, beta ? EVICTION_V1BETA1 : EVICTION, options.fieldValidation);
  if (body.metadata?.name && body.metadata.name !== r.name) throw badRequest(`name in URL does not match name in Eviction object: ${body.metadata.name} != ${r.name}`);
  const missing = (): Error => notFoundError(resource.spec, r.name), key = resource.key(r.namespace, r.name);
  if (env.store.get(key) === undefined) throw missing();
  const parsed = deleteOptions(ctx, body.deleteOptions ?? {});
  const request = { ...parsed, dryRun: options.dryRun || parsed.dryRun };
  await env.admission.admit(attributesOf(ctx, resource, { operation: 'CREATE', subresource: 'eviction', kind: EVICTION, namespace: r.namespace, name: r.name, object: body, old: undefined, options }));
  for (let attempt = 0; ; attempt++) {
    const entry = env.store.get(key);
    if (entry === undefined) throw missing();
    const pod = resource.objectOf(entry) as Pod;
    // Pods that are done, not yet placed or already leaving disrupt nothing.
    const free = isTerminal(pod) || isTerminating(pod), pending = pod.status?.phase === 'Pending';
    const budget = free || pending ? undefined : await spend(env, pod, request.dryRun);
    // A pod that disrupts nothing as it is may come to: it goes as it is or not at all.
    const asItIs = (pending && !free) || budget !== undefined, given = request.resourceVersion !== undefined;
    try {
      const version = request.dryRun ? undefined : await announce(env, resource, entry, request, asItIs);
      await remove(env, resource, ctx, r.namespace, r.name, version !== undefined && (asItIs || given) ? { ...request, resourceVersion: version } : request);
      return { type: 'object', code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
    } catch (e) {
      if (!isConflict(e) || !asItIs || given || attempt >= RETRIES) throw e;
      if (budget !== undefined) throw unsettled(budget);
    }
  }
}

/**
 * Says on the pod that it will be disrupted, and by whom; answers its version then. undefined when a precondition fails, which is for
 * the deletion to say. Throws 409 when the pod changed meanwhile and has to be `asItIs`.
 */
async function announce(env: RegistryEnv, resource: Resource, first: Entry, request: DeleteRequest, asItIs: boolean): Promise<string | undefined> {
  for (let entry: Entry | undefined = first; entry !== undefined;) {
    const pod = resource.objectOf(entry) as Pod, { uid, resourceVersion, generation } = pod.metadata!;
    if ((request.uid ?? uid) !== uid || (request.resourceVersion ?? resourceVersion) !== resourceVersion) return undefined;
    const said = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
    const conditions = [...(pod.status?.conditions ?? [])], i = conditions.findIndex(c => c.type === said.type), old = conditions[i];
    if (old?.status === said.status && old.reason === said.reason && old.message === said.message) return resourceVersion;
    // Go writes a time that was never set as null, and clients see it so.
    const condition = { ...said, observedGeneration: generation, lastProbeTime: null as unknown as undefined, lastTransitionTime: old?.status === said.status ? old.lastTransitionTime : timestamp(env.clock.now()) };
    if (old) conditions[i] = condition; else conditions.push(condition);
    const next = clone(pod);
    next.status = { ...next.status, conditions };
    try {
      return String((await env.store.txn([{ type: 'put', key: entry.key, value: resource.encode(next), decoded: next, expect: entry.revision }])).revision);
    } catch (e) {
      if (!(e instanceof CompareFailed)) throw e;
      if (asItIs) throw conflict(resource.spec, pod.metadata!.name!);
      entry = e.actual;
    }
  }
  return undefined;
}

/** Takes one allowed disruption from the pod's budget, or throws 429. Answers the budget's name when a pod that is not ready may go without. */
async function spend(env: RegistryEnv, pod: Pod, dryRun: boolean): Promise<string | undefined> {
  const budgets = env.find('policy', 'poddisruptionbudgets');
  if (!budgets) return undefined;
  const mine = budgetsOver(env.store, budgets, pod.metadata!.namespace!, pod.metadata!.labels);
  if (mine.length > 1) throw failure(500, '', 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  for (let entry = mine[0]; entry !== undefined;) {
    const pdb = budgets.objectOf(entry) as PodDisruptionBudget, name = pdb.metadata!.name!;
    const { desiredHealthy = 0, currentHealthy = 0, disruptionsAllowed = 0, observedGeneration = 0, disruptedPods } = pdb.status ?? {};
    if (!isReady(pod) && (pdb.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (desiredHealthy > 0 && currentHealthy >= desiredHealthy))) return name;
    if (observedGeneration < (pdb.metadata!.generation ?? 0)) throw unsettled(name);
    if (disruptionsAllowed < 0) throw forbiddenError({ group: 'policy', plural: 'poddisruptionbudget' }, name, 'pdb disruptions allowed is negative');
    if (Object.keys(disruptedPods ?? {}).length > MOST_DISRUPTED) throw forbiddenError({ group: 'policy', plural: 'poddisruptionbudget' }, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
    if (disruptionsAllowed === 0) throw refuse(0, `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
    if (dryRun) return undefined;
    const next = clone(pdb), now = timestamp(env.clock.now());
    next.status = { ...pdb.status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: { ...disruptedPods, [pod.metadata!.name!]: now } };
    if (disruptionsAllowed === 1) next.status.conditions = exhausted(next.status, now);
    try {
      await env.store.txn([{ type: 'put', key: entry.key, value: budgets.encode(next), decoded: next, expect: entry.revision }]);
      return undefined;
    } catch (e) {
      if (!(e instanceof CompareFailed)) throw e;
      entry = e.actual;
    }
  }
  return undefined;
}

/** The conditions of a budget of which nothing is left. */
function exhausted(status: PodDisruptionBudgetStatus, now: string): Condition[] {
  const conditions = [...(status.conditions ?? [])], i = conditions.findIndex(c => c.type === 'DisruptionAllowed'), old = conditions[i];
  const next = { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', observedGeneration: status.observedGeneration ?? 0, lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : now };
  if (old) conditions[i] = next; else conditions.push(next);
  return conditions;
}
