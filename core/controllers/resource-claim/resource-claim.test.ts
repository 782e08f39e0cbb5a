import { describe, expect, it } from 'vitest';
import { world } from '../../../test/harness/controllers.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { resourceClaim as claimKind } from '../../api/kinds/resource/resource-claim.ts';
import { resourceClaimTemplate as templateKind } from '../../api/kinds/resource/resource-claim-template.ts';
import type { Pod, ResourceClaimTemplate, ResourceV1ResourceClaim as Claim } from '../../api/types/kubernetes.ts';
import type { FakeApi } from '../../../test/harness/fake-api.ts';

const requests = [{ name: 'one', exactly: { deviceClassName: 'gpu' } }];
const podWith = (name: string, entries: object[], more: object = {}): Pod => ({ metadata: { name, namespace: 'ns' }, spec: { containers: [], resourceClaims: entries as never, ...more } });
const fromTemplate = podWith('app', [{ name: 'gpu', resourceClaimTemplateName: 'tmpl' }, { name: 'own', resourceClaimName: 'shared' }]);
const template = (api: FakeApi): void => { api.put<ResourceClaimTemplate>(templateKind, { metadata: { name: 'tmpl', namespace: 'ns' }, spec: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { devices: { requests } } } }); };
const allocation = { devices: { results: [{ request: 'one', driver: 'd', pool: 'p', device: 'x' }] } };
const PROTECTED = ['resource.kubernetes.io/delete-protection'];
const FINALIZER = 'example.com/keep';
/** A claim that is allocated and reserved for those uids. */
const given = (name: string, by: Record<string, string>, more: object = {}): Claim =>
  ({ metadata: { name, namespace: 'ns', finalizers: PROTECTED, ...more }, spec: { devices: { requests } }, status: { allocation, reservedFor: Object.entries(by).map(([pod, uid]) => ({ resource: 'pods', name: pod, uid })) } });

describe('claims from templates', () => {
  it('a claim is made for each entry that names a template, owned by the pod, and the pod is told', async () => {
    const w = await world(['resourceclaim-controller'], api => { template(api); api.put(podKind, fromTemplate); });
    const [made] = w.api.all<Claim>(claimKind), pod = w.api.get<Pod>(podKind, 'ns/app')!;
    expect(w.api.all(claimKind)).toHaveLength(1);
    expect(made).toMatchObject({
      metadata: { generateName: 'app-gpu-', labels: { a: 'b' }, annotations: { c: 'd', 'resource.kubernetes.io/pod-claim-name': 'gpu' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'app', uid: pod.metadata!.uid, controller: true, blockOwnerDeletion: true }] },
      spec: { devices: { requests } },
    });
    expect(pod.status?.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: made!.metadata!.name }]);
    // Somebody deletes it: another is made.
    w.api.remove(claimKind, `ns/${made!.metadata!.name}`);
    await w.settle();
    expect(w.api.get<Pod>(podKind, 'ns/app')!.status!.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: w.api.all<Claim>(claimKind)[0]!.metadata!.name }]);
    expect(w.complaints).toEqual([]);
    await w.stop();
  });
  it('one that was made before the pod could be told is found again', async () => {
    const w = await world([], template);
    const { uid } = w.api.put(podKind, fromTemplate).metadata!;
    w.api.put<Claim>(claimKind, { metadata: { name: 'app-gpu-xyz', namespace: 'ns', annotations: { 'resource.kubernetes.io/pod-claim-name': 'gpu' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'app', uid: uid!, controller: true }] }, spec: {} });
    await w.stop();
    const v = await world(['resourceclaim-controller'], api => { template(api); api.put(podKind, { ...fromTemplate, metadata: { ...fromTemplate.metadata, uid } } as Pod); for (const c of w.api.all<Claim>(claimKind)) api.put(claimKind, { ...c, metadata: { ...c.metadata, ownerReferences: [{ ...c.metadata!.ownerReferences![0]!, uid: api.get(podKind, 'ns/app')!.metadata!.uid! }], resourceVersion: undefined } } as never); });
    expect(v.api.all(claimKind)).toHaveLength(1);
    expect(v.api.get<Pod>(podKind, 'ns/app')!.status?.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: 'app-gpu-xyz' }]);
    await v.stop();
  });
  it('a template that is missing is an event, and tried for again', async () => {
    const w = await world(['resourceclaim-controller'], api => { api.put(podKind, fromTemplate); });
    expect(w.events[0]).toBe('Pod/app Warning FailedResourceClaimCreation PodResourceClaim gpu: resource claim template "tmpl": resourceclaimtemplate.resource.k8s.io "tmpl" not found');
    template(w.api);
    await w.clock.advance(10_000);
    await w.settle();
    expect(w.api.all(claimKind)).toHaveLength(1);
    await w.stop();
  });
  it('long names are shortened alike', async () => {
    const w = await world(['resourceclaim-controller'], api => { template(api); api.put(podKind, podWith('p'.repeat(60), [{ name: 'c'.repeat(20), resourceClaimTemplateName: 'tmpl' }])); });
    expect(w.api.all<Claim>(claimKind)[0]!.metadata!.generateName).toBe(`${'p'.repeat(41)}-${'c'.repeat(13)}`);
    await w.stop();
  });
});

describe('reservations', () => {
  it.each<[string, Partial<Pod['status']>, object, boolean]>([
    ['a pod that runs keeps it', { phase: 'Running' }, {}, true], ['one that has finished does not', { phase: 'Succeeded' }, {}, false],
    ['one that goes but is still on its node keeps it', { phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [FINALIZER] }, true],
  ])('%s', async (_, status, meta, kept) => {
    const w = await world(['resourceclaim-controller'], api => {
      const { uid } = api.put(podKind, { ...podWith('app', [{ name: 'x', resourceClaimName: 'c' }], { nodeName: 'n' }), metadata: { name: 'app', namespace: 'ns', ...meta }, status } as Pod).metadata!;
      api.put(claimKind, given('c', { app: uid! }));
    });
    const c = w.api.get<Claim>(claimKind, 'ns/c')!;
    expect([c.status?.reservedFor?.length ?? 0, c.status?.allocation !== undefined && c.status.allocation !== null, c.metadata?.finalizers?.length ?? 0]).toEqual(kept ? [1, true, 1] : [0, false, 0]);
    expect(w.complaints).toEqual([]);
    await w.stop();
  });
  it('of pods that are gone nothing is left; while another uses it the devices stay', async () => {
    const w = await world(['resourceclaim-controller'], api => {
      const { uid } = api.put(podKind, podWith('app', [{ name: 'x', resourceClaimName: 'c' }], { nodeName: 'n' })).metadata!;
      api.put(claimKind, given('c', { app: uid!, gone: 'u2' }));
    });
    expect(w.api.get<Claim>(claimKind, 'ns/c')!.status).toMatchObject({ allocation, reservedFor: [{ name: 'app' }] });
    w.api.remove(podKind, 'ns/app');
    await w.settle();
    expect(w.api.get<Claim>(claimKind, 'ns/c')!.status?.reservedFor ?? null).toBeNull();
    await w.stop();
  });
  it('a claim that is deleted goes when its last pod has gone', async () => {
    const w = await world(['resourceclaim-controller'], api => { api.put(claimKind, given('c', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })); });
    expect(w.api.get(claimKind, 'ns/c')).toBeUndefined();
    await w.stop();
  });
  it('a pod that was put on its node by hand has its claim reserved', async () => {
    const w = await world(['resourceclaim-controller'], api => { api.put(claimKind, { ...given('c', {}), status: { allocation } }); api.put(podKind, podWith('app', [{ name: 'x', resourceClaimName: 'c' }], { nodeName: 'n' })); });
    expect(w.api.get<Claim>(claimKind, 'ns/c')!.status!.reservedFor).toMatchObject([{ resource: 'pods', name: 'app' }]);
    await w.stop();
  });
});
