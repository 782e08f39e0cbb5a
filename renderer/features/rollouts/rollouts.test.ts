import { describe, expect, it } from 'vitest';
import type { ControllerRevision, CoreEvent, DaemonSet, Deployment, Pod, ReplicaSet, StatefulSet } from '../../../core/api/types/kubernetes.ts';
import { hunks, lineDiff } from './line-diff.ts';
import { progressOf } from './progress.ts';
import type { Maker } from './reasons.ts';
import { controllerRevisionsOf, imagePatch, revisionsOf, undoPatch } from './revisions.ts';
import { standingOf } from './standing.ts';

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

const OWNER = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 's', controller: true }];
const statefulSet = { metadata: { name: 'db', uid: 's', generation: 3, resourceVersion: '9', annotations: { 'kubernetes.io/change-cause': 'three', note: 'stays' } }, spec: { replicas: 3, template: { spec: { containers: [{ name: 'a', image: 'x:3' }] } } }, status: { observedGeneration: 3, replicas: 3, readyReplicas: 2, updatedReplicas: 1, currentRevision: 'db-1', updateRevision: 'db-3' } } as unknown as StatefulSet;
const kept = (n: number): ControllerRevision => ({ metadata: { name: `db-${n}`, uid: `c${n}`, ownerReferences: OWNER, labels: { 'controller-revision-hash': `h${n}` }, annotations: { 'kubernetes.io/change-cause': `cause ${n}`, note: 'older' } }, revision: n, data: { spec: { template: { $patch: 'replace', spec: { containers: [{ name: 'a', image: `x:${n}` }] } } } } });
const member = (n: number, hash: string): Pod => ({ metadata: { name: `db-${n}`, uid: `p${n}`, labels: { 'controller-revision-hash': hash }, ownerReferences: OWNER }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }) as unknown as Pod;

describe('controller revisions', () => {
  it('are the history of stateful sets (pods labelled by name) and daemon sets (by hash)', () => {
    const list = controllerRevisionsOf(statefulSet, [kept(1), kept(3), { ...kept(2), metadata: { name: 'foreign' } }], [member(0, 'db-1'), member(1, 'h1'), member(2, 'db-3')]);
    expect(list.map(r => [r.number, r.images, r.cause, r.current, r.replicas, r.ready])).toEqual([[3, ['x:3'], 'cause 3', true, 1, 1], [1, ['x:1'], 'cause 1', false, 2, 2]]);
  });
  it('without a word in the status the newest is the current one; an undo brings the template and the cause alone', () => {
    const set = { ...statefulSet, status: {} } as StatefulSet;
    const [now, before] = controllerRevisionsOf(set, [kept(1), kept(3)], []);
    expect(now!.current).toBe(true);
    expect(undoPatch(set, before!)).toEqual([
      { op: 'test', path: '/spec/template', value: statefulSet.spec!.template }, { op: 'replace', path: '/spec/template', value: { spec: { containers: [{ name: 'a', image: 'x:1' }] } } },
      { op: 'replace', path: '/metadata/annotations', value: { note: 'stays', 'kubernetes.io/change-cause': 'cause 1' } },
    ]);
  });
});

describe('standing', () => {
  it('ends where kubectl rollout status does', () => {
    expect(standingOf('StatefulSet', statefulSet)).toMatchObject({ want: 3, updated: 1, old: 2, done: false });
    const turned = { ...statefulSet, status: { ...statefulSet.status!, readyReplicas: 3, updatedReplicas: 3 } };
    expect(standingOf('StatefulSet', turned).done).toBe(true);
    const parted = { ...statefulSet, spec: { ...statefulSet.spec!, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }, status: { ...statefulSet.status!, readyReplicas: 3 } };
    expect(standingOf('StatefulSet', parted).done).toBe(true);
    const daemon = { metadata: { generation: 1 }, spec: {}, status: { observedGeneration: 1, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 2, numberReady: 3, numberAvailable: 3 } } as unknown as DaemonSet;
    expect(standingOf('DaemonSet', daemon)).toMatchObject({ want: 3, old: 1, done: false });
    expect(standingOf('DaemonSet', { ...daemon, spec: { ...daemon.spec!, updateStrategy: { type: 'OnDelete' } } })).toMatchObject({ done: true, byHand: true });
  });
});

const pod = (status: unknown, name = 'web-2-a'): Pod => ({ metadata: { name, uid: name }, status }) as unknown as Pod;
const event = (reason: string, message: string, more: object = {}): CoreEvent => ({ type: 'Warning', reason, message, involvedObject: { uid: 'web-2-a' }, ...more }) as unknown as CoreEvent;
describe('progress', () => {
  const maker = (rs: ReplicaSet): Maker => ({ ...rs, kind: 'ReplicaSet' }) as Maker;
  const of = (pods: Pod[], events: CoreEvent[] = [], rs?: ReplicaSet, dep = d) => progressOf('Deployment', dep, rs && maker(rs), pods, events);
  const first = (pods: Pod[], events: CoreEvent[] = [], rs?: ReplicaSet) => { const { kind, grave, values } = of(pods, events, rs).reasons[0]!; return [kind, grave, values] as const; };
  const waiting = (reason: string, message = 'm', name = 'web-2-a') => pod({ containerStatuses: [{ name: 'a', image: 'x:2', restartCount: 4, state: { waiting: { reason, message } }, lastState: { terminated: { exitCode: 2, reason: 'Error' } } }] }, name);
  const running = (more: object = {}) => pod({ containerStatuses: [{ name: 'a', ready: false, restartCount: 0, state: { running: {} }, ...more }] });

  it('names each way to be stuck, with the pod and the cause', () => {
    expect(first([waiting('ImagePullBackOff')])).toEqual(['image', true, { pod: 'web-2-a', image: 'x:2' }]);
    expect(first([waiting('InvalidImageName')])[0]).toBe('imageName');
    expect(first([waiting('CreateContainerConfigError', 'configmap "settings" not found')])).toEqual(['missing', true, { pod: 'web-2-a', container: 'a', what: 'ConfigMap', name: 'settings' }]);
    expect(first([waiting('CreateContainerConfigError', "couldn't find key mode in Secret shop/db")])).toEqual(['missingKey', true, { pod: 'web-2-a', container: 'a', key: 'mode', what: 'Secret', name: 'db' }]);
    expect(first([waiting('CreateContainerError', 'no such user')])[0]).toBe('config');
    expect(first([waiting('CrashLoopBackOff')])).toEqual(['crash', true, { pod: 'web-2-a', container: 'a', code: 2, restarts: 4 }]);
    expect(first([pod({ containerStatuses: [{ name: 'a', restartCount: 1, state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }] })])[0]).toBe('oom');
    const unfit = of([pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' }] })]).reasons;
    expect(unfit).toEqual([{ kind: 'unschedulable', grave: true, text: '0/1 nodes are available: 1 Insufficient cpu.', values: { pod: 'web-2-a' }, pod: 'web-2-a', count: 1 }]);
  });
  it('a probe that fails once is a start, one that keeps failing is a trouble; liveness explains the restarts', () => {
    expect(first([running()])[0]).toBe('creating');
    expect(first([running()], [event('Unhealthy', 'Readiness probe failed: 503', { count: 1 })])).toEqual(['readiness', false, { pod: 'web-2-a', container: 'a', restarts: 0 }]);
    expect(first([running()], [event('Unhealthy', 'Readiness probe failed: 503', { count: 3, involvedObject: { uid: 'web-2-a', fieldPath: 'spec.containers{a}' } })]).slice(0, 2)).toEqual(['readiness', true]);
    expect(first([running()], [event('Unhealthy', 'Readiness probe failed: 503', { count: 3, involvedObject: { uid: 'web-2-a', fieldPath: 'spec.containers{other}' } })])[0]).toBe('creating');
    expect(first([waiting('CrashLoopBackOff')], [event('Unhealthy', 'Liveness probe failed: refused', { count: 6 })])[0]).toBe('liveness');
    expect(first([running({ restartCount: 2 })], [event('Unhealthy', 'Startup probe failed: refused', { count: 6 })])[0]).toBe('startup');
  });
  it('reads what a pod waits for from its events', () => {
    const creating = waiting('ContainerCreating', '');
    expect(first([creating])).toEqual(['creating', false, { pod: 'web-2-a' }]);
    expect(first([creating], [event('FailedMount', 'MountVolume.SetUp failed for volume "v" : configmap "c" not found')])[0]).toBe('missing');
    expect(first([creating], [event('FailedMount', 'timed out')])[0]).toBe('volume');
    expect(first([creating], [event('FailedCreatePodSandBox', 'no address left')])[0]).toBe('network');
  });
  it('quota and refusals come from the condition, or from the events of who makes the pods', () => {
    const failing = (message: string) => ({ ...set(2, 'x:2'), status: { replicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] } }) as unknown as ReplicaSet;
    expect(first([], [], failing('pods "web-2-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'))).toEqual(['quota', true, { name: 'web-2', quota: 'small' }]);
    expect(first([], [], failing('denied by a webhook'))[0]).toBe('refused');
    const { reasons } = progressOf('StatefulSet', statefulSet, { ...statefulSet, kind: 'StatefulSet' } as Maker, [member(0, 'db-3')], [event('FailedCreate', 'create Pod db-1 failed: exceeded quota: small, requested', { involvedObject: { uid: 's' } })]);
    expect(reasons[0]).toMatchObject({ kind: 'quota', maker: { kind: 'StatefulSet', name: 'db' } });
    // An old event says nothing once all pods are there.
    expect(progressOf('StatefulSet', statefulSet, { ...statefulSet, kind: 'StatefulSet' } as Maker, [0, 1, 2].map(n => member(n, 'db-3')), [event('FailedCreate', 'exceeded quota: small, requested', { involvedObject: { uid: 's' } })]).reasons.map(r => r.kind)).not.toContain('quota');
  });
  it('the same trouble of several pods is one reason that counts them', () => {
    expect(of([waiting('ImagePullBackOff'), waiting('ImagePullBackOff', 'm', 'web-2-b')]).reasons).toMatchObject([{ kind: 'image', count: 2, pod: 'web-2-a' }]);
  });
  it('tells done, moving, stuck and paused apart', () => {
    expect(of([]).state).toBe('moving');
    expect(of([waiting('ImagePullBackOff')]).state).toBe('stuck');
    expect(of([], [], undefined, { ...d, spec: { ...d.spec!, paused: true } }).state).toBe('paused');
    const done = { ...d, status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 } } as Deployment;
    expect(of([], [], undefined, done).state).toBe('done');
    expect(of([], [], undefined, { ...done, metadata: { ...done.metadata, generation: 3 } }).state).toBe('moving');
    const late = { ...d, status: { ...d.status!, conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' }] } } as Deployment;
    expect(of([], [], undefined, late)).toMatchObject({ state: 'stuck', reasons: [{ kind: 'deadline', values: { seconds: 600 } }] });
    const ending = { ...d, status: { observedGeneration: 2, replicas: 3, updatedReplicas: 2, readyReplicas: 3, availableReplicas: 3 } } as Deployment;
    expect(of([], [], undefined, ending)).toMatchObject({ state: 'moving', reasons: [{ kind: 'ending', count: 1 }] });
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
