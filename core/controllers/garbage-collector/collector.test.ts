import { describe, expect, it } from 'vitest';
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import type { OwnerReference, ResourceType } from '../../api/meta/object.ts';
import type { ConfigMap } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

const ref = (name: string, more: Partial<OwnerReference> = {}): OwnerReference => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid: `uid-of-${name}`, ...more });
const map = (name: string, owners: OwnerReference[] = [], namespace = 'default'): ConfigMap => ({ metadata: { name, namespace, uid: `uid-of-${name}`, ownerReferences: owners } });
const names = (w: World): (string | undefined)[] => w.api.all<ConfigMap>(configMapKind).map(o => o.metadata?.name).sort();
const del = (w: World, name: string, propagationPolicy: string): Promise<unknown> => w.api.request({ method: 'DELETE', path: `/api/v1/namespaces/default/configmaps/${name}`, body: { propagationPolicy } });

describe('garbage collector', () => {
  it('deletes what all its owners left, down the whole chain, and only drops the reference where one remains', async () => {
    const w = await world(['garbagecollector'], api => {
      for (const o of [map('a'), map('b'), map('of-a', [ref('a')]), map('of-of-a', [ref('of-a')]), map('of-both', [ref('a'), ref('b')])]) api.put(configMapKind, o);
    });
    await del(w, 'a', 'Background');
    await w.settle();
    expect(names(w)).toEqual(['b', 'of-both']);
    expect(w.api.get<ConfigMap>(configMapKind, 'default/of-both')?.metadata?.ownerReferences?.map(r => r.name)).toEqual(['b']);
    await w.stop();
  });

  it('deletes what names an owner that never was, lives elsewhere, or is another of the same name', async () => {
    const w = await world(['garbagecollector'], api => {
      api.put(configMapKind, map('far', [], 'elsewhere'));
      api.put(configMapKind, map('lost', [ref('nobody')]));
      api.put(configMapKind, map('across', [ref('far')]));
      api.put(configMapKind, map('same-name'));
      api.put(configMapKind, map('stale', [ref('same-name', { uid: 'older' })]));
      api.put(nodeKind, { metadata: { name: 'n', uid: 'node-uid' } });
      api.put(configMapKind, map('of-node', [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'node-uid' }]));
    });
    expect(names(w)).toEqual(['far', 'of-node', 'same-name']);
    expect(w.events.some(e => e.includes('OwnerRefInvalidNamespace'))).toBe(true);
    await w.stop();
  });

  it('never deletes on a guess: an owner of a kind that is not served keeps its dependents', async () => {
    const w = await world(['garbagecollector'], api => { api.put(configMapKind, map('kept', [ref('x', { apiVersion: 'example.com/v1', kind: 'Widget' })])); });
    await w.clock.advance(10_000);
    expect(names(w)).toEqual(['kept']);
    await w.stop();
  });

  it('follows kinds that come later', async () => {
    let served = [configMapKind];
    const w = await world(['garbagecollector'], api => { api.put(configMapKind, map('a')); }, { resources: () => served as unknown as readonly ResourceType[] });
    w.api.put(secretKind, { metadata: { name: 'of-a', namespace: 'default', uid: 'late', ownerReferences: [ref('a')] } });
    served = [configMapKind, secretKind as unknown as typeof configMapKind];
    await w.clock.advance(30_000);
    await del(w, 'a', 'Background');
    await w.settle();
    expect(w.api.all(secretKind)).toEqual([]);
    await w.stop();
  });

  it('in the foreground waits only for those that block', async () => {
    const w = await world(['garbagecollector'], api => {
      api.put(configMapKind, map('a'));
      const held = map('held', [ref('a', { blockOwnerDeletion: true })]);
      held.metadata!.finalizers = ['example.com/hold'];
      api.put(configMapKind, held);
      api.put(secretKind, { metadata: { name: 'free', namespace: 'default', finalizers: ['example.com/hold'], ownerReferences: [ref('a')] } });
    });
    await del(w, 'a', 'Foreground');
    await w.settle();
    expect(names(w)).toEqual(['a', 'held']);
    w.api.change<ConfigMap>(configMapKind, 'default/held', o => { o.metadata!.finalizers = []; });
    await w.settle();
    expect(names(w)).toEqual([]);
    await w.stop();
  });

  it('unties two that wait for each other', async () => {
    const w = await world(['garbagecollector'], api => {
      api.put(configMapKind, map('a', [ref('b', { blockOwnerDeletion: true })]));
      api.put(configMapKind, map('b', [ref('a', { blockOwnerDeletion: true })]));
    });
    await del(w, 'a', 'Foreground');
    await w.clock.advance(5_000);
    expect(names(w)).toEqual([]);
    await w.stop();
  });

  it('lets dependents go when asked to orphan', async () => {
    const w = await world(['garbagecollector'], api => { api.put(configMapKind, map('a')); api.put(configMapKind, map('child', [ref('a')])); });
    await del(w, 'a', 'Orphan');
    await w.settle();
    expect(names(w)).toEqual(['child']);
    expect(w.api.get<ConfigMap>(configMapKind, 'default/child')?.metadata?.ownerReferences ?? []).toEqual([]);
    await w.stop();
  });
});
