import { describe, expect, test } from 'vitest';
import { fieldErrorText } from '../meta/field-error.ts';
import { clone } from '../meta/clone.ts';
import { podAmounts, qosClass } from '../meta/pod.ts';
import { table } from '../meta/table.ts';
import type { ContainerStatus, Pod } from '../types/kubernetes.ts';
import { pod } from './core/pod.ts';
import { podHealth, podSummary, restartsText } from './parts/pod-status.ts';

const NOW = Date.UTC(2026, 0, 1, 1);
const make = (spec: Partial<NonNullable<Pod['spec']>> = {}, metadata: Pod['metadata'] = { name: 'p', namespace: 'default' }): Pod => {
  const p: Pod = { metadata: { ...metadata }, spec: { containers: [{ name: 'c', image: 'nginx:1' }], ...clone(spec) } };
  pod.setDefaults!(p);
  pod.prepareForCreate!(p);
  return p;
};
const errors = (p: Pod): string[] => pod.validate(p).map(fieldErrorText);
const state = (s: Partial<ContainerStatus>): ContainerStatus => ({ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, ...s });
const word = (status: Pod['status'], extra: Partial<Pod> = {}, spec: Partial<NonNullable<Pod['spec']>> = {}): string => podSummary({ ...make(spec), ...extra, status }).word;

describe('the STATUS column', () => {
  const running = state({ ready: true, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } });
  const init = { initContainers: [{ name: 'i', image: 'x' }, { name: 'j', image: 'x' }] };
  test.each<[string, string]>([
    ['Pending', word({ phase: 'Pending' })],
    ['ContainerCreating', word({ phase: 'Pending', containerStatuses: [state({ state: { waiting: { reason: 'ContainerCreating' } } })] })],
    ['Running', word({ phase: 'Running', containerStatuses: [running] })],
    ['CrashLoopBackOff', word({ phase: 'Running', containerStatuses: [state({ state: { waiting: { reason: 'CrashLoopBackOff' } }, restartCount: 3 })] })],
    ['Completed', word({ phase: 'Succeeded', containerStatuses: [state({ state: { terminated: { exitCode: 0, reason: 'Completed' } } })] })],
    ['Error', word({ phase: 'Failed', containerStatuses: [state({ state: { terminated: { exitCode: 1, reason: 'Error' } } })] })],
    ['ExitCode:2', word({ phase: 'Failed', containerStatuses: [state({ state: { terminated: { exitCode: 2 } } })] })],
    ['Signal:9', word({ phase: 'Failed', containerStatuses: [state({ state: { terminated: { exitCode: 137, signal: 9 } } })] })],
    ['Terminating', word({ phase: 'Running', containerStatuses: [running] }, { metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    ['Completed', word({ phase: 'Succeeded', containerStatuses: [state({ state: { terminated: { exitCode: 0, reason: 'Completed' } } })] }, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    ['Evicted', word({ phase: 'Failed', reason: 'Evicted' })],
    ['Init:0/2', word({ phase: 'Pending', initContainerStatuses: [state({ name: 'i', state: { running: {} } }), state({ name: 'j', state: { waiting: { reason: 'PodInitializing' } } })] }, {}, init)],
    ['Init:1/2', word({ phase: 'Pending', initContainerStatuses: [state({ name: 'i', state: { terminated: { exitCode: 0 } } }), state({ name: 'j', state: { waiting: { reason: 'PodInitializing' } } })] }, {}, init)],
    ['Init:Error', word({ phase: 'Pending', initContainerStatuses: [state({ name: 'i', state: { terminated: { exitCode: 1, reason: 'Error' } } })] }, {}, init)],
    ['Init:CrashLoopBackOff', word({ phase: 'Pending', initContainerStatuses: [state({ name: 'i', state: { waiting: { reason: 'CrashLoopBackOff' } } })] }, {}, init)],
    ['NotReady', word({ phase: 'Running', containerStatuses: [state({ state: { terminated: { exitCode: 0, reason: 'Completed' } } }), running] })],
  ])('%s', (want, got) => expect(got).toBe(want));

  test('restarts say when the last was', () => {
    const p = make();
    p.status = { phase: 'Running', containerStatuses: [state({ restartCount: 3, ready: true, state: { running: {} }, lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } } })] };
    expect(restartsText(podSummary(p), NOW)).toBe('3 (5m ago)');
    expect(table(pod, [{ ...p, metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z' } }], { now: NOW }).rows[0]!.cells.slice(0, 5)).toEqual(['p', '1/1', 'Running', '3 (5m ago)', '60m']);
    expect(podHealth(p).level).toBe('good');
  });
  test('a sidecar counts as a container', () => {
    const p = make({ initContainers: [{ name: 's', image: 'x', restartPolicy: 'Always' }] });
    p.status = { phase: 'Running', initContainerStatuses: [state({ name: 's', started: true, ready: true, state: { running: {} } })], containerStatuses: [running] };
    expect(podSummary(p)).toMatchObject({ ready: 2, total: 2, word: 'Running' });
  });
  test('verdicts carry the reason', () => {
    const p = make();
    p.status = { phase: 'Pending', containerStatuses: [state({ state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } })] };
    expect(podHealth(p)).toEqual({ level: 'bad', word: 'ImagePullBackOff', reason: 'no such image' });
  });
  test('what keeps failing says how it ended before it says that it waits', () => {
    const loop = (terminated: object, limits?: Record<string, string>): unknown => podHealth({ ...make({ containers: [{ name: 'c', image: 'x', resources: { limits } }] }), status: { phase: 'Running', containerStatuses: [state({ restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container=c' } }, lastState: { terminated: { exitCode: 0, ...terminated } } })] } });
    expect(loop({ exitCode: 137, signal: 9, reason: 'OOMKilled' }, { memory: '64Mi' })).toEqual({ level: 'bad', word: 'CrashLoopBackOff', reason: 'OOMKilled, exit 137, limit 64Mi · back-off 20s restarting failed container=c' });
    expect(loop({ exitCode: 2, reason: 'Error' })).toMatchObject({ reason: 'exit 2 · back-off 20s restarting failed container=c' });
    expect(loop({ exitCode: 0, reason: 'Completed' })).toMatchObject({ reason: 'back-off 20s restarting failed container=c' });
    const ended = { ...make(), status: { phase: 'Failed', containerStatuses: [state({ state: { terminated: { exitCode: 0, signal: 15, reason: 'Error' } } })] } };
    expect(podHealth(ended)).toEqual({ level: 'bad', word: 'Error', reason: 'signal 15' });
  });
});

describe('defaults', () => {
  test('requests follow limits in pods; quantities are canonical', () => {
    const p = make({ containers: [{ name: 'c', image: 'a', resources: { limits: { cpu: '1000m', memory: '1024Mi' } } }] });
    expect(p.spec!.containers[0]!.resources).toEqual({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } });
    expect(p.status).toEqual({ phase: 'Pending', qosClass: 'Guaranteed' });
  });
  test.each([['nginx', 'Always'], ['nginx:latest', 'Always'], ['nginx:1', 'IfNotPresent'], ['localhost:5000/a', 'Always'], ['localhost:5000/a:1', 'IfNotPresent'], ['a@sha256:abc', 'IfNotPresent'], ['a:latest@sha256:abc', 'Always']])('%s is pulled %s', (image, policy) => {
    expect(make({ containers: [{ name: 'c', image }] }).spec!.containers[0]!.imagePullPolicy).toBe(policy);
  });
  test('a quantity that is none is a 400', () => {
    expect(() => make({ containers: [{ name: 'c', image: 'a', resources: { limits: { cpu: 'lots' } } }] })).toThrow('quantities must match the regular expression');
  });
});

test('validation tells everything at once', () => {
  const p = make({
    containers: [{ name: 'A', image: '', ports: [{ containerPort: 70_000 }, { name: 'toolongportname1', containerPort: 80 }], env: [{ name: '', value: 'x' }, { name: 'B', valueFrom: {} }], livenessProbe: { httpGet: { port: 0 }, successThreshold: 2 }, resources: { requests: { cpu: '2' }, limits: { cpu: '1', bogus: '1' } } }, { name: 'c', image: 'a' }, { name: 'c', image: 'a' }],
    volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }, { name: 'v' }, { name: 'v' }],
    tolerations: [{ operator: 'Equal', value: 'x' }], hostAliases: [{ ip: 'x' }],
  });
  const all = errors(p).join('\n');
  for (const want of [
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type', 'spec.volumes[2].name: Duplicate value: "v"',
    'spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label', 'spec.containers[0].image: Required value',
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    'spec.containers[0].ports[1].name: Invalid value: "toolongportname1": must be no more than 15 bytes',
    'spec.containers[0].env[0].name: Required value', 'spec.containers[0].env[1].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    'spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive', 'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
    'spec.containers[0].resources.limits[bogus]: Invalid value: "bogus": must be a standard resource type or fully qualified',
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    'spec.containers[2].name: Duplicate value: "c"', 'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty',
    'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address',
  ]) expect(all).toContain(want);
});

describe('updates', () => {
  const update = (change: (p: Pod) => void): string[] => {
    const prev = make({ tolerations: [{ key: 'a', operator: 'Exists' }] }), next = clone(prev);
    change(next);
    return pod.validateUpdate!(next, prev).map(fieldErrorText);
  };
  test('image, labels, more tolerations and a first deadline may change', () => {
    expect(update(p => { p.spec!.containers[0]!.image = 'b'; p.spec!.activeDeadlineSeconds = 5; p.spec!.tolerations!.push({ key: 'b', operator: 'Exists' }); p.metadata!.labels = { a: 'b' }; })).toEqual([]);
  });
  test('nothing else may', () => {
    expect(update(p => { p.spec!.hostname = 'x'; })[0]).toMatch(/^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`/);
    expect(update(p => { p.spec!.containers.push({ name: 'd', image: 'x' }); })[0]).toBe('spec.containers: Forbidden: pod updates may not add or remove containers');
    expect(update(p => { p.spec!.tolerations = []; })[0]).toContain('existing toleration can not be modified');
  });
});

test('grace: none where nothing runs', () => {
  const p = make();
  expect(pod.gracePeriod!(p, undefined)).toBe(0);
  p.spec!.nodeName = 'n';
  expect(pod.gracePeriod!(p, undefined)).toBe(30);
  expect(pod.gracePeriod!(p, 5)).toBe(5);
  expect(pod.gracePeriod!(p, -1)).toBe(1);
  p.status!.phase = 'Failed';
  expect(pod.gracePeriod!(p, undefined)).toBe(0);
});

test('requests: sidecars beside the rest, init containers one by one; QoS', () => {
  const r = (cpu: string): { requests: Record<string, string> } => ({ requests: { cpu } });
  const p = make({ containers: [{ name: 'a', image: 'x', resources: r('100m') }, { name: 'b', image: 'x', resources: r('100m') }], initContainers: [{ name: 'i', image: 'x', resources: r('250m') }, { name: 's', image: 'x', restartPolicy: 'Always', resources: r('50m') }, { name: 'j', image: 'x', resources: r('300m') }], overhead: { cpu: '10m' } });
  expect(podAmounts(p.spec!).cpu).toBe(360);
  expect(qosClass(p.spec!)).toBe('Burstable');
  expect(qosClass(make().spec!)).toBe('BestEffort');
});
