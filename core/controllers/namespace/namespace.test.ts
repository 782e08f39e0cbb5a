import { describe, expect, it } from 'vitest';
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { namespace as namespaceKind } from '../../api/kinds/core/namespace.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { failure, methodNotAllowed } from '../../api/meta/status.ts';
import type { ConfigMap, Namespace, Pod } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

const KINDS = [configMapKind, secretKind, podKind];
const start = (setup: (w: Parameters<NonNullable<Parameters<typeof world>[1]>>[0]) => void): Promise<World> => world(['namespace'], api => {
  api.put<Namespace>(namespaceKind, { metadata: { name: 'shop' }, spec: { finalizers: ['kubernetes'] } });
  setup(api);
}, { resources: () => KINDS });
const remove = (w: World): Promise<unknown> => w.api.request({ method: 'DELETE', path: '/api/v1/namespaces/shop' });
const conditions = (w: World): string[] => (w.api.get<Namespace>(namespaceKind, 'shop')?.status?.conditions ?? []).map(c => `${c.type}=${c.status} ${c.reason}: ${c.message}`);

describe('namespace that ends', () => {
  it('says by name and number what holds it, waits for finalizers, and goes when the last is gone', async () => {
    const w = await start(api => {
      api.put(configMapKind, { metadata: { name: 'free', namespace: 'shop' } });
      api.put(configMapKind, { metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/hold'] } });
      api.put(secretKind, { metadata: { name: 's', namespace: 'shop', finalizers: ['example.com/hold'] } });
      api.put(configMapKind, { metadata: { name: 'other', namespace: 'default' } });
    });
    await remove(w);
    await w.settle();
    expect(conditions(w)).toEqual([
      'NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered: All resources successfully discovered',
      'NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions: All legacy kube types successfully parsed',
      'NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization',
      'NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances, secrets. has 1 resource instances',
      'NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances',
    ]);
    w.api.change<ConfigMap>(configMapKind, 'shop/held', m => { m.metadata!.finalizers = []; });
    await w.clock.advance(1_100);
    expect(conditions(w)[3]).toBe('NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: secrets. has 1 resource instances');
    w.api.change<ConfigMap>(secretKind, 'shop/s', m => { m.metadata!.finalizers = []; });
    await w.clock.advance(1_100);
    expect(w.api.get(namespaceKind, 'shop')).toBeUndefined();
    expect(w.api.all(configMapKind).map(m => m.metadata?.name)).toEqual(['other']);
    await w.stop();
  });

  it('says what could not be deleted, and tries again', async () => {
    let broken = true;
    const w = await start(api => {
      api.put(secretKind, { metadata: { name: 's', namespace: 'shop' } });
      api.intercept = r => { if (broken && r.method === 'DELETE' && r.path.endsWith('/secrets')) throw failure(500, 'InternalError', 'no disk'); };
    });
    await remove(w);
    await w.settle();
    expect(conditions(w)[2]).toBe('NamespaceDeletionContentFailure=True ContentDeletionFailed: Failed to delete all resource types, 1 remaining: no disk');
    broken = false;
    await w.clock.advance(5_000);
    expect(w.api.get(namespaceKind, 'shop')).toBeUndefined();
    await w.stop();
  });

  it('the Pods of a namespace are deleted before the rest of its resources', async () => {
    const w = await start(api => {
      api.put(configMapKind, { metadata: { name: 'read-by-it', namespace: 'shop' } });
      api.put(podKind, { metadata: { name: 'p', namespace: 'shop', finalizers: ['example.com/hold'] }, spec: { nodeName: 'n', containers: [] }, status: { phase: 'Running' } } as Pod);
    });
    await remove(w);
    await w.clock.advance(60_000);
    expect(w.api.get<Pod>(podKind, 'shop/p')?.metadata?.deletionTimestamp).toBeDefined();
    expect(w.api.get<ConfigMap>(configMapKind, 'shop/read-by-it')?.metadata?.deletionTimestamp).toBeUndefined();
    expect(conditions(w).slice(2)).toEqual([
      'NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization',
      'NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: pods. has 1 resource instances',
      'NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    ]);
    w.api.remove(podKind, 'shop/p');
    await w.clock.advance(1_100);
    expect([w.api.all(configMapKind), w.api.get(namespaceKind, 'shop')]).toEqual([[], undefined]);
    await w.stop();
  });

  it('what cannot be deleted as a collection goes one by one, and nothing in it is orphaned', async () => {
    const policies: unknown[] = [];
    const w = await start(api => {
      for (const name of ['a', 'b']) api.put(secretKind, { metadata: { name, namespace: 'shop' } });
      api.put(configMapKind, { metadata: { name: 'c', namespace: 'shop' } });
      api.intercept = r => {
        if (r.method !== 'DELETE') return;
        policies.push((r.body as { propagationPolicy?: string }).propagationPolicy);
        if (r.path.endsWith('/secrets')) throw methodNotAllowed();
      };
    });
    policies.length = 0;
    await w.api.request({ method: 'DELETE', path: '/api/v1/namespaces/shop', body: {} });
    await w.settle();
    expect([w.api.all(secretKind), w.api.all(configMapKind), w.api.get(namespaceKind, 'shop')]).toEqual([[], [], undefined]);
    expect(policies).toEqual([undefined, ...Array.from({ length: 4 }, () => 'Background')]);
    await w.stop();
  });

  it('takes its own finalizer alone: whoever else has one on the namespace is waited for', async () => {
    const w = await start(api => { api.change<Namespace>(namespaceKind, 'shop', n => { n.spec!.finalizers!.push('example.com/mine'); }); });
    await remove(w);
    await w.settle();
    expect(w.api.get<Namespace>(namespaceKind, 'shop')?.spec?.finalizers).toEqual(['example.com/mine']);
    await w.stop();
  });

  it('goes on where it was when the controller starts anew', async () => {
    const w = await start(api => { api.put(configMapKind, { metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/hold'] } }); });
    await remove(w);
    await w.settle();
    await w.restart();
    w.api.change<ConfigMap>(configMapKind, 'shop/held', m => { m.metadata!.finalizers = []; });
    await w.clock.advance(1_100);
    expect(w.api.get(namespaceKind, 'shop')).toBeUndefined();
    await w.stop();
  });
});
