// Named by the sentences of Kubernetes' page "Taints and Tolerations".
import { afterEach, describe, expect, it } from 'vitest';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Node, Pod, Taint } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';
import { tolerationSeconds } from './eviction.ts';

let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });
type Tolerations = NonNullable<NonNullable<Pod['spec']>['tolerations']>;
const TAINT: Taint = { key: 'evict', value: 'yes', effect: 'NoExecute' };
const tolerate = (tolerationSeconds?: number, more: object = {}): Tolerations => [{ key: 'evict', value: 'yes', operator: 'Equal', effect: 'NoExecute', ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }), ...more }];
const pod = (name: string, tolerations: Tolerations = [], nodeName: string | undefined = 'n'): Pod => ({ metadata: { name, namespace: 'a' }, spec: { ...(nodeName ? { nodeName } : {}), containers: [], tolerations }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
const start = (...pods: Pod[]): Promise<World> => world(['taint-eviction'], api => { api.put(nodeKind, { metadata: { name: 'n' }, spec: {} }); for (const p of pods) api.put(podKind, p); });
const taint = (...taints: Taint[]): void => { w.api.change<Node>(nodeKind, 'n', n => { n.spec!.taints = taints; }); };
const leaving = (): string[] => w.api.all<Pod>(podKind).filter(p => p.metadata?.deletionTimestamp !== undefined).map(p => p.metadata!.name!).sort();

describe('NoExecute', () => {
  it('pods that do not tolerate the taint are evicted immediately; pods that tolerate it without specifying tolerationSeconds remain bound forever; with it they remain for the specified amount of time', async () => {
    w = await start(pod('no'), pod('forever', tolerate()), pod('minute', tolerate(60)), pod('zero', tolerate(0)), pod('negative', tolerate(-5)), pod('else', tolerate(undefined, { value: 'other' })), pod('nowhere', [], ''));
    taint(TAINT);
    await w.settle();
    expect(leaving()).toEqual(['else', 'negative', 'no', 'zero']);
    await w.clock.advance(55_000);
    expect(leaving()).not.toContain('minute');
    await w.clock.advance(6_000);
    expect(leaving()).toContain('minute');
    await w.clock.advance(86_400_000);
    expect(leaving()).not.toContain('forever');
    expect(w.api.get<Pod>(podKind, 'a/minute')?.status?.conditions?.at(-1)).toMatchObject({ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' });
    expect(w.events).toContain('Pod/minute Normal TaintManagerEviction Marking for deletion Pod a/minute');
    expect(w.counted('taint_eviction_controller_pod_deletions_total')).toEqual(['taint_eviction_controller_pod_deletions_total{} 5']);
  });

  it('if the taint is removed before that time, the pod will not be evicted', async () => {
    w = await start(pod('p', tolerate(60)));
    taint(TAINT);
    await w.clock.advance(50_000);
    taint();
    await w.clock.advance(600_000);
    expect(leaving()).toEqual([]);
    expect(w.events).toEqual(['Pod/p Normal TaintManagerEviction Cancelling deletion of Pod a/p']);
    taint(TAINT);
    await w.clock.advance(59_000);
    expect(leaving()).toEqual([]);
    await w.clock.advance(2_000);
    expect(leaving()).toEqual(['p']);
  });

  it('a second taint that is not tolerated ends the patience with the first; taints of other effects evict nobody', async () => {
    w = await start(pod('p', tolerate(600)));
    taint(TAINT, { key: 'x', effect: 'NoSchedule' }, { key: 'y', effect: 'PreferNoSchedule' });
    await w.clock.advance(10_000);
    expect(leaving()).toEqual([]);
    taint(TAINT, { key: 'x', effect: 'NoExecute' });
    await w.settle();
    expect(leaving()).toEqual(['p']);
  });

  it('a pod that comes to a node that has long been tainted has its whole time from then on', async () => {
    w = await start();
    taint({ ...TAINT, timeAdded: formatTime(w.clock.now()) });
    await w.clock.advance(3_600_000);
    w.api.put(podKind, pod('late', tolerate(60)));
    await w.clock.advance(50_000);
    expect(leaving()).toEqual([]);
    await w.clock.advance(11_000);
    expect(leaving()).toEqual(['late']);
  });

  it('a taint that says when it came counts from there, also after the controller started anew', async () => {
    w = await start(pod('p', tolerate(60)));
    taint({ ...TAINT, timeAdded: formatTime(w.clock.now()) });
    await w.clock.advance(40_000);
    await w.restart();
    await w.clock.advance(21_000);
    expect(leaving()).toEqual(['p']);
  });

  it('a toleration that is added in time saves the pod', async () => {
    w = await start(pod('p', tolerate(60)));
    taint(TAINT);
    await w.clock.advance(10_000);
    w.api.change<Pod>(podKind, 'a/p', p => { p.spec!.tolerations = [{ operator: 'Exists' }]; p.metadata!.generation = 2; });
    await w.clock.advance(600_000);
    expect(leaving()).toEqual([]);
  });

  it('finished pods stay as they are', async () => {
    w = await start({ ...pod('done'), status: { phase: 'Succeeded' } });
    taint(TAINT);
    await w.settle();
    expect(leaving()).toEqual([]);
  });

  it.each<[Tolerations, number]>([
    [[{ key: 'evict', operator: 'Exists', tolerationSeconds: 30 }, { key: 'evict', operator: 'Exists', tolerationSeconds: 10 }], 30],
    [[{ operator: 'Exists' }, { key: 'evict', operator: 'Exists', tolerationSeconds: 10 }], Number.POSITIVE_INFINITY],
    [[{ key: 'evict', operator: 'Exists', effect: 'NoSchedule' }], 0], [[{ key: 'evict', operator: 'Equal' }], 0], [[{ key: 'evict', value: 'yes' }], Number.POSITIVE_INFINITY],
  ])('of several tolerations for one taint the first that matches is used: %j', async (tolerations, seconds) => {
    w = await start();
    expect(tolerationSeconds({ spec: { containers: [], tolerations } } as Pod, [TAINT])).toBe(seconds);
  });
});
