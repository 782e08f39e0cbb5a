import { expect, it } from 'vitest';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import type { Node } from '../../api/types/kubernetes.ts';
import { world } from '../../../test/harness/controllers.ts';

it('node.alpha.kubernetes.io/ttl grows with the cluster, and shrinks later than it grew', async () => {
  const w = await world(['ttl'], api => { for (let i = 0; i < 100; i++) api.put(nodeKind, { metadata: { name: `n${i}` } } as Node); });
  const ttl = (name: string): string | undefined => w.api.get<Node>(nodeKind, name)?.metadata?.annotations?.['node.alpha.kubernetes.io/ttl'];
  expect(ttl('n0')).toBe('0');
  w.api.put(nodeKind, { metadata: { name: 'more' } } as Node);
  await w.settle();
  expect(ttl('more')).toBe('15');
  w.api.change<Node>(nodeKind, 'n0', n => { n.metadata!.labels = { a: 'b' }; });
  await w.settle();
  expect(ttl('n0')).toBe('15');
  for (let i = 1; i <= 11; i++) w.api.remove(nodeKind, `n${i}`);
  w.api.change<Node>(nodeKind, 'n0', n => { n.metadata!.labels = { a: 'c' }; });
  await w.settle();
  expect(ttl('n0')).toBe('15');
  w.api.remove(nodeKind, 'n12');
  w.api.change<Node>(nodeKind, 'n0', n => { n.metadata!.labels = { a: 'd' }; });
  await w.settle();
  expect(ttl('n0')).toBe('0');
  expect(w.complaints).toEqual([]);
  await w.stop();
});
