import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '../../../core/api/types/kubernetes.ts';
import { parseRefusals, pendingOf, untolerated } from './pending.ts';

const words = (message: string): string[] => parseRefusals(message).refusals.map(r => `${r.nodes ?? 'pod'} ${r.why}${Object.values(r.values).map(v => ` ${v}`).join('')}`);
const pod = (o: { spec?: object; status?: object; metadata?: object }): Pod => ({ metadata: {}, spec: {}, ...o }) as unknown as Pod;

describe('why a pod is pending', () => {
  it.each<[string, string[]]>([
    ['0/6 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {dedicated: gpu}, 4 Insufficient memory. preemption: 0/6 nodes are available: 6 Preemption is not helpful for scheduling.', ['4 insufficient memory', '1 insufficient cpu', '1 taint dedicated gpu']],
    ['0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 1 node(s) were unschedulable, 1 Too many pods.', ['1 notReady', '1 cordoned', '1 tooManyPods']],
    ['0/3 nodes are available: 3 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.', ['3 taints']],
    ["0/4 nodes are available: 2 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match pod topology spread constraints (missing required label), 1 node(s) had volume node affinity conflict. preemption: x", ['2 selector', '1 spreadLabel', '1 volumeNode']],
    ['0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.', ['pod unbound']],
    ['0/2 nodes are available: persistentvolumeclaim "disk" not found. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.', ['pod claimMissing disk']],
    ['no nodes available to schedule pods', ['pod noNodes']],
    ['0/2 nodes are available: 1 Insufficient example.com/gpu, 1 node(s) said no: a, b.', ['1 insufficient example.com/gpu', '1 other']],
    ['something else went wrong', ['pod other']],
  ])('%s', (message, expected) => { expect(words(message)).toEqual(expected); });

  it('says what an attempt to make room came to', () => {
    const of = (end: string): unknown => parseRefusals(`0/1 nodes are available: 1 Insufficient cpu. preemption: ${end}`).preemption;
    expect(of('0/1 nodes are available: 1 No preemption victims found for incoming pod.')).toBe('noVictims');
    expect(of('0/1 nodes are available: 1 Preemption is not helpful for scheduling.')).toBe('unhelpful');
    expect(of('not eligible due to preemptionPolicy=Never.')).toBe('never');
  });

  it('tells gates, another scheduler, room being made, and mere waiting apart', () => {
    expect(pendingOf(pod({ spec: { schedulingGates: [{ name: 'a/b' }] } }))).toMatchObject({ state: 'gated', names: ['a/b'] });
    expect(pendingOf(pod({ spec: { schedulerName: 'mine' } }))).toMatchObject({ state: 'otherScheduler', names: ['mine'] });
    expect(pendingOf(pod({ status: { nominatedNodeName: 'n1', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient cpu.' }] } }))).toMatchObject({ state: 'making', names: ['n1'], refusals: [{ why: 'insufficient' }] });
    expect(pendingOf(pod({ spec: { schedulerName: 'default-scheduler' } }))).toMatchObject({ state: 'waiting' });
    expect(pendingOf(pod({ spec: { nodeName: 'n1' } }))).toBeUndefined();
    expect(pendingOf(pod({ status: { phase: 'Failed' } }))).toBeUndefined();
    expect(pendingOf(pod({ metadata: { deletionTimestamp: 'x' } }))).toBeUndefined();
  });

  it('names the taints that the message only counts', () => {
    const node = (...taints: object[]): Node => ({ spec: { taints } }) as unknown as Node;
    const gpu = { key: 'only', value: 'gpu', effect: 'NoSchedule' }, soft = { key: 'soft', effect: 'PreferNoSchedule' }, old = { key: 'old', effect: 'NoExecute' };
    expect(untolerated(pod({ spec: { tolerations: [{ key: 'old', operator: 'Exists' }] } }), [node(gpu, soft), node(gpu), node(old), node({ key: 'a', effect: 'NoSchedule' }), node()])).toEqual([{ taint: 'only=gpu:NoSchedule', nodes: 2 }, { taint: 'a:NoSchedule', nodes: 1 }]);
  });
});
