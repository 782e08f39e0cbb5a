import { describe, expect, it } from 'vitest';
import type { CoreEvent, Deployment, Pod, ReplicaSet } from '../../../core/api/types/kubernetes.ts';
import { hunks, lineDiff } from './line-diff.ts';
import { progressOf } from './progress.ts';
import { imagePatch, revisionsOf, undoPatch } from './revisions.ts';

const d = { metadata: { name: 'web', uid: 'd', generation: 2, resourceVersion: '9', annotations: { 'deployment.kubernetes.io/revision': '2', 'kubernetes.io/change-cause': 'two', keep: 'no' } }, spec: { replicas: 2, template: { spec: { containers: [{ name: 'a', image: 'x:2' }] } } }, status: { observedGeneration: 2, replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2 } } as unknown as Deployment;
const set = (n: number, image: string, uid = 'd'): ReplicaSet => ({ metadata: { name: `web-${n}`, uid: `r${n}`, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid, controller: true }], annotations: { 'deployment.kubernetes.io/revision': String(n), 'deployment.kubernetes.io/desired-replicas': '2', 'kubernetes.io/change-cause': `cause ${n}` } }, spec: { selector: {}, template: { metadata: { labels: { app: 'web', 'pod-template-hash': `h${n}` } }, spec: { containers: [{ name: 'a', image }] } } }, status: { replicas: 1 } }) as unknown as ReplicaSet;

describe('revisions', () => {
  it('lists owned replica sets, newest first, and undoes as kubectl does', () => {
    const list = revisionsOf(d, [set(1, 'x:1'), set(2, 'x:2'), set(7, 'other', 'foreign')]);
    expect(list.map(r => [r.number, r.images[0], r.cause, r.current])).toEqual([[2, 'x:2', 'cause 2', true], [1, 'x:1', 'cause 1', false]]);
    const patch = undoPatch(d, list[1]!) as { op: string; path: string; value: unknown }[];
    expect(patch.find(p => p.op === 'replace' && p.path === '/spec/template')!.value).toEqual({ metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'x:1' }] } });
    expect(patch.at(-1)!.value).toEqual({ 'deployment.kubernetes.io/revision': '2', 'kubernetes.io/change-cause': 'cause 1' });
  });
  it('sets images of containers and init containers with the cause', () => {
    expect(imagePatch({ a: 'x:3', i: 'y:1' }, 'why', new Set(['i']))).toEqual({ metadata: { annotations: { 'kubernetes.io/change-cause': 'why' } }, spec: { template: { spec: { containers: [{ name: 'a', image: 'x:3' }], initContainers: [{ name: 'i', image: 'y:1' }] } } } });
  });
});

const pod = (status: unknown, name = 'web-2-a'): Pod => ({ metadata: { name, uid: name }, status }) as unknown as Pod;
describe('progress', () => {
  const kinds = (pods: Pod[], events: CoreEvent[] = [], dep = d, rs: ReplicaSet | undefined = undefined): string[] => progressOf(dep, rs, pods, events).reasons.map(r => r.kind);
  it('names each way to be stuck', () => {
    const waiting = (reason: string) => pod({ containerStatuses: [{ name: 'a', state: { waiting: { reason, message: 'm' } } }] });
    expect(kinds([waiting('ImagePullBackOff')])).toEqual(['image']);
    expect(kinds([waiting('CreateContainerConfigError')])).toEqual(['config']);
    expect(kinds([waiting('CrashLoopBackOff')])).toEqual(['crash']);
    expect(kinds([pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' }] })])).toEqual(['unschedulable']);
    const unready = pod({ containerStatuses: [{ name: 'a', ready: false, state: { running: {} } }] });
    expect(kinds([unready], [{ reason: 'Unhealthy', message: 'Readiness probe failed', involvedObject: { uid: 'web-2-a' } } as unknown as CoreEvent])).toEqual(['probe']);
    expect(kinds([unready])).toEqual(['creating']);
    const failing = { ...set(2, 'x:2'), status: { replicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: q' }] } } as unknown as ReplicaSet;
    expect(kinds([], [], d, failing)).toEqual(['quota']);
    expect(progressOf(d, undefined, [waiting('ImagePullBackOff'), pod({ containerStatuses: [{ name: 'a', state: { waiting: { reason: 'ImagePullBackOff', message: 'm' } } }] }, 'web-2-b')], []).reasons).toMatchObject([{ count: 2 }]);
  });
  it('tells done, moving and paused apart', () => {
    expect(progressOf(d, undefined, [], []).state).toBe('moving');
    expect(progressOf({ ...d, spec: { ...d.spec!, paused: true } }, undefined, [], []).state).toBe('paused');
    const done = { ...d, status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 } } as Deployment;
    expect(progressOf(done, undefined, [], []).state).toBe('done');
    expect(progressOf({ ...done, metadata: { ...done.metadata, generation: 3 } }, undefined, [], []).state).toBe('moving');
  });
});

describe('lineDiff', () => {
  it('finds what changed and shows it with its surroundings', () => {
    const before = Array.from({ length: 40 }, (_, i) => `l${i}`).join('\n');
    const after = before.replace('l20\n', 'l20a\nl20b\n');
    const lines = lineDiff(before, after);
    expect(lines.filter(l => l.sign !== ' ').map(l => l.sign + l.text)).toEqual(['-l20', '+l20a', '+l20b']);
    expect(hunks(lines, 2).map(h => h && h.sign + h.text)).toEqual([null, ' l18', ' l19', '-l20', '+l20a', '+l20b', ' l21', ' l22', null]);
    expect(lineDiff('a', 'a')).toEqual([{ sign: ' ', text: 'a' }]);
  });
});
