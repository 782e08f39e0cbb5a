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

  it('a reference with the right uid but another name or kind names nobody, and misleads nobody about those that have it right', async () => {
    const w = await world(['garbagecollector'], api => {
      api.put(configMapKind, map('a'));
      api.put(configMapKind, map('misnamed', [ref('other', { uid: 'uid-of-a' })]));
      api.put(configMapKind, map('of-another-kind', [ref('a', { kind: 'Secret' })]));
      api.put(configMapKind, map('right', [ref('a')]));
    });
    expect(names(w)).toEqual(['a', 'right']);
    w.api.put(configMapKind, map('late-and-wrong', [ref('x', { uid: 'uid-of-a' })]));
    w.api.put(configMapKind, map('late-and-right', [ref('a')]));
    await w.settle();
    expect(names(w)).toEqual(['a', 'late-and-right', 'right']);
    expect(w.events).toEqual([]);
    await w.stop();
  });

  it('cluster-scoped dependents can only specify cluster-scoped owners; one that names a namespaced kind is treated as having an unresolvable owner reference, and is not able to be garbage collected', async () => {
    const w = await world(['garbagecollector'], api => {
      api.put(configMapKind, map('a'));
      api.put(nodeKind, { metadata: { name: 'n', ownerReferences: [ref('a')] } });
      api.put(nodeKind, { metadata: { name: 'm', ownerReferences: [ref('nobody')] } });
    });
    expect(w.api.all(nodeKind).map(n => n.metadata?.name)).toEqual(['n', 'm']);
    expect(w.events).toEqual(['Node/n Warning OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: , name: a, uid: uid-of-a] does not exist in namespace ""']);
    await w.stop();
  });

  it('objects that have both an owner that stays and one that waits for them lose the reference to the latter', async () => {
    const w = await world(['garbagecollector'], api => {
      for (const n of ['goes', 'stays']) api.put(configMapKind, map(n));
      for (let i = 0; i < 5; i++) api.put(configMapKind, map(`half-${i}`, [ref('goes', { blockOwnerDeletion: true }), ref('stays')]));
      for (let i = 0; i < 5; i++) api.put(configMapKind, map(`whole-${i}`, [ref('goes', { blockOwnerDeletion: true })]));
    });
    await del(w, 'goes', 'Foreground');
    await w.clock.advance(1_000);
    expect(names(w)).toEqual([...Array.from({ length: 5 }, (_, i) => `half-${i}`), 'stays']);
    expect(w.api.all<ConfigMap>(configMapKind).filter(m => m.metadata?.name?.startsWith('half')).every(m => m.metadata?.ownerReferences?.length === 1 && m.metadata.deletionTimestamp === undefined)).toBe(true);
    await w.stop();
  });

  it('a dependency circle of three does not hold up anybody', async () => {
    const w = await world(['garbagecollector'], api => {
      for (const [n, of] of [['a', 'c'], ['b', 'a'], ['c', 'b']] as const) api.put(configMapKind, map(n, [ref(of, { blockOwnerDeletion: true, controller: true })]));
    });
    expect(names(w)).toEqual(['a', 'b', 'c']);
    await del(w, 'a', 'Foreground');
    await w.clock.advance(30_000);
    expect(names(w)).toEqual([]);
    await w.stop();
  });

  it('in foreground cascading deletion the owner object first enters a deletion in progress state, and its dependents\' dependents go before them', async () => {
    const gone: string[] = [];
    const w = await world(['garbagecollector'], api => {
      for (const [n, of] of [['child', 'root'], ['grandchild', 'child']] as const) api.put(configMapKind, map(n, [ref(of, { blockOwnerDeletion: true })]));
      api.put(configMapKind, map('root'));
      api.watch('/api/v1/configmaps', {}, events => { for (const e of events) if (e.type === 'DELETED') gone.push(e.object.metadata?.name ?? ''); }, new AbortController().signal).catch(() => undefined);
    });
    await del(w, 'root', 'Foreground');
    await w.clock.advance(1_000);
    expect(gone).toEqual(['grandchild', 'child', 'root']);
    await w.stop();
  });

  it('what is deleted while it orphans keeps its dependents, though its own owner goes', async () => {
    const w = await world(['garbagecollector'], api => { for (const m of [map('top'), map('mid', [ref('top')]), map('leaf', [ref('mid')])]) api.put(configMapKind, m); });
    w.api.change<ConfigMap>(configMapKind, 'default/mid', m => { m.metadata!.finalizers = ['orphan']; });
    await del(w, 'top', 'Background');
    await w.clock.advance(1_000);
    expect(names(w)).toEqual(['leaf']);
    await w.stop();
  });

  it('finds after a start what was left while nobody looked', async () => {
    const w = await world(['garbagecollector'], api => { for (const m of [map('a'), map('of-a', [ref('a')])]) api.put(configMapKind, m); });
    await w.controllers.stop();
    w.api.remove(configMapKind, 'default/a');
    await w.restart();
    expect(names(w)).toEqual([]);
    await w.stop();
  });

  it('thousands go with their owner, one request each and no more', async () => {
    const w = await world(['garbagecollector'], api => { api.put(configMapKind, map('a')); for (let i = 0; i < 1_000; i++) api.put(configMapKind, map(`d${i}`, [ref('a')])); });
    let asked = 0;
    w.api.intercept = r => { if (r.path.includes('/configmaps')) asked++; };
    await del(w, 'a', 'Background');
    await w.settle();
    expect(names(w)).toEqual([]);
    // Each is read and deleted; the owner is asked for by those that come first, and is remembered absent then.
    expect(asked).toBeLessThan(2 * 1_000 + 100);
    await w.stop();
  });
});
