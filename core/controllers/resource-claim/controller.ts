// Claims for devices (resource.k8s.io): made for pods from templates, freed of pods that are gone, taken back from nobody else.
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { resourceClaim as claimKind } from '../../api/kinds/resource/resource-claim.ts';
import { resourceClaimTemplate as templateKind } from '../../api/kinds/resource/resource-claim-template.ts';
import { objectKey } from '../../api/meta/object.ts';
import { controllerOf, controllerReference } from '../../api/meta/owner.ts';
import { isTerminal } from '../../api/meta/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Pod, PodResourceClaim, ResourceClaimTemplate, ResourceV1ResourceClaim as Claim } from '../../api/types/kubernetes.ts';
import type { Informer } from '../../client/informer.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { messageOf } from '../pod-writes.ts';

/** On a claim made for a pod: which of the pod's entries it stands for. */
const POD_CLAIM_NAME = 'resource.kubernetes.io/pod-claim-name';
const DELETE_PROTECTION = 'resource.kubernetes.io/delete-protection';
/** Space for what a generated name gets at its end. */
const MOST_BASE = 57;
const MERGE = 'application/merge-patch+json';

/** It will not run (any more): finished, or going before it had a node. */
const isDone = (p: Pod): boolean => isTerminal(p) || (p.metadata?.deletionTimestamp !== undefined && !p.spec?.nodeName);

/** Names of the claims a pod uses, as far as they are known. */
const claimNames = (p: Pod): string[] => (p.spec?.resourceClaims ?? []).map(c => c.resourceClaimName ?? p.status?.resourceClaimStatuses?.find(s => s.name === c.name)?.resourceClaimName).filter(n => n !== undefined);

function generatedBase(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`;
  if (whole.length <= MOST_BASE) return whole;
  // Both shortened alike, so that something of each is left.
  const part = (s: string): string => s.slice(0, Math.trunc((s.length * MOST_BASE) / whole.length));
  return `${part(pod)}-${part(entry)}`;
}

async function ensureClaim(ctx: ControllerContext, pod: Pod, entry: PodResourceClaim, claims: Informer<Claim>, templates: Informer<ResourceClaimTemplate>): Promise<string | undefined> {
  const { namespace, name = '', uid } = pod.metadata!, template = entry.resourceClaimTemplateName;
  if (template === undefined) return undefined;
  const said = pod.status?.resourceClaimStatuses?.find(s => s.name === entry.name);
  if (said && !said.resourceClaimName) return undefined;
  const mine = (c: Claim | undefined): boolean => c !== undefined && controllerOf(c)?.uid === uid;
  if (said && mine(claims.lister.get(namespace, said.resourceClaimName!))) return undefined;
  // One that was made before the pod could be told of it.
  const orphan = claims.lister.byIndex('owner', uid ?? '').find(c => (c.metadata?.annotations?.[POD_CLAIM_NAME] ?? entry.name) === entry.name);
  if (orphan) return orphan.metadata?.name;
  const t = templates.lister.get(namespace, template);
  if (!t) throw new Error(`resource claim template "${template}": resourceclaimtemplate.resource.k8s.io "${template}" not found`);
  const { annotations, labels } = t.spec.metadata ?? {};
  try {
    const made = await ctx.client.create<Claim>(claimKind, {
      apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', spec: t.spec.spec,
      metadata: { generateName: generatedBase(name, entry.name), namespace, ownerReferences: [controllerReference(pod, podKind)], annotations: { ...annotations, [POD_CLAIM_NAME]: entry.name }, ...(labels ? { labels } : {}) },
    });
    return made.metadata?.name;
  } catch (e) { throw new Error(`create ResourceClaim : ${messageOf(e)}`, { cause: e }); }
}

async function syncPod(ctx: ControllerContext, pod: Pod, claims: Informer<Claim>, templates: Informer<ResourceClaimTemplate>): Promise<void> {
  if (pod.metadata?.deletionTimestamp !== undefined || isDone(pod)) return;
  const { namespace, name = '', uid } = pod.metadata!, made = new Map<string, string>();
  for (const entry of pod.spec?.resourceClaims ?? []) {
    try {
      const claim = await ensureClaim(ctx, pod, entry, claims, templates);
      if (claim !== undefined) made.set(entry.name, claim);
    } catch (e) {
      ctx.recorder.event(pod, 'Warning', 'FailedResourceClaimCreation', `PodResourceClaim ${entry.name}: ${messageOf(e)}`);
      throw new Error(`pod claim ${entry.name} in pod ${namespace}/${name}: ${messageOf(e)}`, { cause: e });
    }
  }
  if (made.size > 0) {
    const resourceClaimStatuses = [...(pod.status?.resourceClaimStatuses ?? []).filter(s => !made.has(s.name)), ...[...made].map(([entry, resourceClaimName]) => ({ name: entry, resourceClaimName }))];
    await ctx.client.patch(podKind, namespace, name, MERGE, { metadata: { uid }, status: { resourceClaimStatuses } }, 'status');
  }
  // One that was put on its node by hand: nobody else reserves for it.
  if (pod.spec?.nodeName) for (const claimName of claimNames(pod)) {
    const c = claims.lister.get(namespace, claimName), reservedFor = c?.status?.reservedFor ?? [];
    if (!c?.status?.allocation || reservedFor.some(r => r.uid === uid) || reservedFor.length >= 256) continue;
    await ctx.client.patch(claimKind, namespace, claimName, MERGE, { metadata: { resourceVersion: c.metadata?.resourceVersion }, status: { reservedFor: [...reservedFor, { resource: 'pods', name, uid }] } }, 'status');
  }
}

async function syncClaim(ctx: ControllerContext, claim: Claim, pods: Informer<Pod>): Promise<void> {
  const { namespace, name = '' } = claim.metadata!;
  const podOf = async (podName: string): Promise<Pod | undefined> => {
    const known = pods.lister.get(namespace, podName);
    if (known) return known;
    // It may only not have been seen yet, and the scheduler is just about to bind it.
    try { return await ctx.client.get<Pod>(podKind, namespace, podName); } catch (e) { if (isNotFound(e)) return undefined; throw e; }
  };
  const reserved = claim.status?.reservedFor ?? [], valid: typeof reserved = [];
  for (const r of reserved) {
    const p = r.resource === 'pods' && !r.apiGroup ? await podOf(r.name) : undefined;
    if (r.resource !== 'pods' || r.apiGroup || (p?.metadata?.uid === r.uid && !isDone(p))) valid.push(r);
  }
  let c = claim;
  const isProtected = claim.metadata?.finalizers?.includes(DELETE_PROTECTION) ?? false;
  const free = valid.length === 0 && isProtected && c.status?.allocation !== undefined && (reserved.length > 0 || c.metadata?.deletionTimestamp !== undefined);
  if (valid.length < reserved.length || free) c = await ctx.client.patch<Claim>(claimKind, namespace, name, MERGE, { metadata: { resourceVersion: c.metadata?.resourceVersion }, status: { reservedFor: valid.length ? valid : null, ...(free ? { allocation: null } : {}) } }, 'status');
  // The scheduler protects a claim before it gives it anything: that is not to be undone under its hands.
  if (isProtected && valid.length === 0 && !c.status?.allocation && (free || c.metadata?.deletionTimestamp !== undefined)) {
    const finalizers = (c.metadata?.finalizers ?? []).filter(f => f !== DELETE_PROTECTION);
    c = await ctx.client.patch<Claim>(claimKind, namespace, name, MERGE, { metadata: { resourceVersion: c.metadata?.resourceVersion, finalizers: finalizers.length ? finalizers : null } });
  }
  const owner = controllerOf(c);
  if (valid.length > 0 || owner?.kind !== 'Pod' || c.metadata?.deletionTimestamp !== undefined) return;
  const p = pods.lister.get(namespace, owner.name);
  if (!p || (p.metadata?.uid === owner.uid && !isDone(p))) return;
  try { await ctx.client.delete(claimKind, namespace, name, { preconditions: { uid: c.metadata?.uid } }); } catch (e) { if (!isNotFound(e)) throw e; }
}

const POD = 'pod:', CLAIM = 'claim:';
export const resourceClaimController: Controller = {
  name: 'resourceclaim-controller', alias: 'resource-claim-controller', component: 'resource_claim', account: 'resource-claim-controller', workers: 10,
  start(ctx, keys) {
    const pods = ctx.informers.for<Pod>(podKind), claims = ctx.informers.for<Claim>(claimKind), templates = ctx.informers.for<ResourceClaimTemplate>(templateKind);
    const touch = (p: Pod): void => { for (const n of claimNames(p)) keys.add(`${CLAIM}${p.metadata?.namespace}/${n}`); };
    claims.addIndex('owner', c => [controllerOf(c)?.uid ?? '']);
    pods.addIndex('resource-claim', p => claimNames(p).map(n => `${p.metadata?.namespace}/${n}`));
    const seen = (p: Pod): void => {
      if (!p.spec?.resourceClaims?.length) return;
      if (isDone(p)) touch(p); else if (p.metadata?.deletionTimestamp === undefined) keys.add(`${POD}${objectKey(p)}`);
    };
    pods.on({ add: seen, update: seen, delete: p => { if (p.spec?.resourceClaims?.length) touch(p); } });
    const changed = (c: Claim): void => keys.add(`${CLAIM}${objectKey(c)}`);
    claims.on({ add: changed, update: changed, delete: c => { for (const p of pods.lister.byIndex('resource-claim', objectKey(c))) seen(p); } });
    return async key => {
      if (key.startsWith(POD)) {
        const pod = pods.lister.getByKey(key.slice(POD.length));
        if (pod) await syncPod(ctx, pod, claims, templates);
      } else {
        const claim = claims.lister.getByKey(key.slice(CLAIM.length));
        if (claim) await syncClaim(ctx, claim, pods);
      }
    };
  },
};
