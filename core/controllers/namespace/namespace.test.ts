import { describe, expect, it } from 'vitest';
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { namespace as namespaceKind } from '../../api/kinds/core/namespace.ts';
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { failure } from '../../api/meta/status.ts';
import type { ConfigMap, Namespace } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

const KINDS = [configMapKind, secretKind];
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
});
