import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/types/kubernetes.ts';
import { formatTime } from '../../api/meta/time.ts';
import { DELETION_COST, podsToDelete } from './ranking.ts';

const NOW = Date.UTC(2026, 0, 2);
const pod = (name: string, o: { node?: string; phase?: string; ready?: number; cost?: string; restarts?: number; age?: number } = {}): Pod => ({
  metadata: { name, uid: name, creationTimestamp: formatTime(NOW - (o.age ?? 1000) * 1000), ...(o.cost ? { annotations: { [DELETION_COST]: o.cost } } : {}) },
  spec: { containers: [], ...(o.node ? { nodeName: o.node } : {}) },
  status: {
    phase: o.phase ?? 'Running', containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: o.restarts ?? 0 }],
    conditions: [{ type: 'Ready', status: o.ready === undefined ? 'False' : 'True', lastTransitionTime: formatTime(NOW - (o.ready ?? 0) * 1000) }],
  },
});
const order = (...pods: Pod[]): string[] => {
  const names: string[] = [];
  for (let left = [...pods]; left.length;) {
    const [next] = podsToDelete(left, pods, 1, NOW);
    names.push(next!.metadata!.name!);
    left = left.filter(p => p !== next);
  }
  return names;
};

describe('podsToDelete', () => {
  it('takes the least useful first', () => {
    expect(order(
      pod('good', { node: 'a', ready: 500 }), pod('unready', { node: 'b' }), pod('pending', { node: 'c', phase: 'Pending' }), pod('unassigned', { phase: 'Pending' }),
      pod('cheap', { node: 'd', ready: 500, cost: '-5' }), pod('dear', { node: 'e', ready: 500, cost: '100' }),
    )).toEqual(['unassigned', 'pending', 'unready', 'cheap', 'good', 'dear']);
  });
  it('of about the same readiness or age any goes, whatever else they differ in; of the very same the more restarted, its sidecars counted last', () => {
    const named = (uid: string, o: Parameters<typeof pod>[1]): Pod => pod(uid, { node: uid, ...o });
    // Ready for 500 s and 510 s is about the same: the order of uids decides, not their restarts.
    expect(order(named('b', { ready: 510, restarts: 9 }), named('a', { ready: 500 }))).toEqual(['a', 'b']);
    expect(order(named('a', { ready: 500 }), named('b', { ready: 500, restarts: 9 }))).toEqual(['b', 'a']);
    const sidecar = (uid: string, restartCount: number): Pod => { const p = named(uid, { ready: 500 }); p.spec!.initContainers = [{ name: 's', image: '', restartPolicy: 'Always' }]; p.status!.initContainerStatuses = [{ name: 's', image: '', imageID: '', ready: true, restartCount }]; return p; };
    expect(order(sidecar('a', 1), sidecar('b', 2))).toEqual(['b', 'a']);
  });
  it.each([['-10', -10], ['10', 10], ['0', 0], ['+10', 0], ['007', 0], ['1.5', 0], ['cheap', 0], ['3000000000', 0]])('a deletion cost of %s counts as %i', (cost, as) => {
    const at = (n: number): Pod => pod('other', { node: 'o', ready: 500, cost: String(n) });
    expect([order(pod('x', { node: 'x', ready: 500, cost }), at(as + 1))[0], order(pod('x', { node: 'x', ready: 500, cost }), at(as - 1))[0]]).toEqual(['x', 'other']);
  });
  it('takes the doubled-up before the lone, the newly ready before the long ready, the restarted before the steady, the young before the old', () => {
    expect(order(pod('lone', { node: 'a', ready: 500 }), pod('pair1', { node: 'b', ready: 500 }), pod('pair2', { node: 'b', ready: 500 })).at(-1)).toBe('lone');
    expect(order(pod('long', { node: 'a', ready: 5000 }), pod('new', { node: 'b', ready: 5 }))).toEqual(['new', 'long']);
    expect(order(pod('steady', { node: 'a', ready: 500 }), pod('restarted', { node: 'b', ready: 500, restarts: 3 }))).toEqual(['restarted', 'steady']);
    expect(order(pod('old', { node: 'a', ready: 500, age: 90_000 }), pod('young', { node: 'b', ready: 500, age: 600 }))).toEqual(['young', 'old']);
  });
});
