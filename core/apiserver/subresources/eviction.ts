// pods/eviction: a delete that asks the pod's disruption budgets first (contract 9.6).
import type { Pod, PodDisruptionBudget } from '../../api/types/kubernetes.ts';
import { selectorFrom } from '../../api/meta/labels.ts';
import type { Unstructured } from '../../api/meta/object.ts';
import { badRequest, failure, notFoundError, tooManyRequests } from '../../api/meta/status.ts';
import { CompareFailed } from '../../store/store.ts';
import { attributesOf } from '../admission/chain.ts';
import type { RequestContext, Result } from '../context.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { clone } from '../../api/meta/clone.ts';
import { remove } from '../registry/delete.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import { deleteOptions, writeOptions } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';
import { bodyAs, EVICTION, EVICTION_V1BETA1 } from './body.ts';

interface Eviction extends Unstructured { deleteOptions?: { dryRun?: string[] } }

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false;

/** Deletes the pod if every budget allows it: 429 while one does not, 500 when several apply. */
export async function evict(env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest): Promise<Result> {
  const options = writeOptions(ctx, 'CreateOptions');
  const beta = 'bytes' in ctx.body && ctx.body.bytes.includes('policy/v1beta1');
  const body = bodyAs<Eviction>(ctx, beta ? EVICTION_V1BETA1 : EVICTION, options.fieldValidation);
  if (body.metadata?.name && body.metadata.name !== r.name) throw badRequest(`name in URL does not match name in Eviction object: ${body.metadata.name} != ${r.name}`);
  const entry = env.store.get(resource.key(r.namespace, r.name));
  if (entry === undefined) throw notFoundError(resource.spec, r.name);
  const pod = resource.objectOf(entry) as Pod;
  const parsed = deleteOptions(ctx, body.deleteOptions ?? {});
  const request = { ...parsed, dryRun: options.dryRun || parsed.dryRun };
  await env.admission.admit(attributesOf(ctx, resource, { operation: 'CREATE', subresource: 'eviction', kind: EVICTION, namespace: r.namespace, name: r.name, object: body, old: undefined, options }));
  const phase = pod.status?.phase;
  // Pods that are done, not yet placed or already leaving disrupt nothing.
  if (phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Pending' && pod.metadata!.deletionTimestamp === undefined) await spend(env, pod, request.dryRun);
  await remove(env, resource, ctx, r.namespace, r.name, request);
  return { type: 'object', code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

/** Takes one allowed disruption from the pod's budget, or throws 429. */
async function spend(env: RegistryEnv, pod: Pod, dryRun: boolean): Promise<void> {
  const budgets = env.find('policy', 'poddisruptionbudgets');
  if (!budgets) return;
  const namespace = pod.metadata!.namespace!;
  const mine = env.store.range({ prefix: budgets.range(namespace) }).entries.filter(e => selectorFrom((budgets.objectOf(e) as PodDisruptionBudget).spec?.selector).matches(pod.metadata!.labels));
  if (mine.length === 0) return;
  if (mine.length > 1) throw failure(500, 'InternalError', 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  let entry = mine[0];
  for (;;) {
    if (entry === undefined) return;
    const pdb = budgets.objectOf(entry) as PodDisruptionBudget;
    const s = pdb.status;
    const unhealthyMayGo = pdb.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (s !== undefined && (s.desiredHealthy ?? 0) > 0 && (s.currentHealthy ?? 0) >= (s.desiredHealthy ?? 0));
    if (!isReady(pod) && unhealthyMayGo) return;
    const refuse = (why: string): Error => tooManyRequests('Cannot evict pod as it would violate the pod\'s disruption budget.', 0, { details: { causes: [{ reason: 'DisruptionBudget', message: why }] } });
    const name = pdb.metadata!.name!;
    if (s === undefined || (s.observedGeneration ?? 0) < (pdb.metadata!.generation ?? 0)) throw tooManyRequests('Cannot evict pod as it would violate the pod\'s disruption budget.', 10, { details: { causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${name} is still being processed by the server.` }] } });
    if ((s.disruptionsAllowed ?? 0) <= 0) throw refuse(`The disruption budget ${name} needs ${s.desiredHealthy} healthy pods and has ${s.currentHealthy} currently`);
    if (dryRun) return;
    const next = clone(pdb);
    next.status = { ...s, disruptionsAllowed: (s.disruptionsAllowed ?? 0) - 1, disruptedPods: { ...s.disruptedPods, [pod.metadata!.name!]: timestamp(env.clock.now()) } };
    try {
      await env.store.txn([{ type: 'put', key: entry.key, value: budgets.encode(next), decoded: next, expect: entry.revision }]);
      return;
    } catch (e) {
      if (!(e instanceof CompareFailed)) throw e;
      entry = e.actual;
    }
  }
}
