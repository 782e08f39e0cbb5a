import { expect, it } from 'vitest';
import type { Container, Pod, ResourceRequirements } from '../api/types/kubernetes.ts';
import { Admission } from './admit.ts';
import { planPod } from './pod-plan.ts';
import { newRecord } from './pod-record.ts';
import { POD, allocatedOf, changed, differ, grantedPod, limitsOf, needsRestart, resizeConditions, wantedOf, widest } from './resize.ts';
import type { ContainerState } from './runtime/runtime.ts';
import { statusPatch } from './status/status-patch.ts';

const of = (cpu: string, memory: string): ResourceRequirements => ({ requests: { cpu, memory } });
const pod = (resources: ResourceRequirements, more: Partial<Container> = {}): Pod => ({ metadata: { uid: 'u', generation: 3 }, spec: { containers: [{ name: 'c', resources, ...more }] } });

it('what differs is what means another amount, of cpu and memory alone', () => {
  expect(changed(of('100m', '1Gi'), of('0.1', '1024Mi'))).toEqual([]);
  expect(changed(of('100m', '1Gi'), of('200m', '1Gi'))).toEqual(['cpu']);
  expect(changed({ limits: { memory: '1Gi' } }, { limits: { memory: '1Gi', cpu: '1' } })).toEqual(['cpu']);
  expect(changed({ requests: { 'ephemeral-storage': '1' } }, {})).toEqual([]);
});

it('what is granted is what the status says of a running container, until more is given', () => {
  const p = { ...pod(of('2', '1Gi')), status: { containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: 0, state: { running: {} }, resources: of('1', '1Gi') }] } };
  expect(allocatedOf(p).get('c')).toEqual(of('1', '1Gi'));
  expect(differ(allocatedOf(p), wantedOf(p))).toBe(true);
  expect(grantedPod(p, allocatedOf(p)).spec!.containers[0]!.resources).toEqual(of('1', '1Gi'));
  expect(grantedPod(p, wantedOf(p))).toBe(p);
  expect(allocatedOf(pod(of('2', '1Gi'))).get('c')).toEqual(of('2', '1Gi'));
});

it('a pod as a whole is given what it asks for, and is as wide as its containers while they change', () => {
  const whole = (memory: string): Pod => ({ spec: { resources: { limits: { memory }, requests: { memory: '1Gi' } }, containers: [{ name: 'c' }] } });
  expect(allocatedOf(whole('2Gi')).get(POD)).toEqual(whole('2Gi').spec!.resources);
  const shown: Pod = { ...whole('4Gi'), status: { resources: { limits: { memory: '2Gi' } }, allocatedResources: { memory: '1Gi' } } };
  expect(allocatedOf(shown).get(POD)).toEqual(whole('2Gi').spec!.resources);
  expect(grantedPod(shown, allocatedOf(shown)).spec!.resources).toEqual(whole('2Gi').spec!.resources);
  expect(differ(new Map(), wantedOf(whole('2Gi')))).toBe(true);
  expect([widest({ limits: { memory: '2Gi' } }, { limits: { memory: '1Gi', cpu: '1' }, requests: { cpu: '1' } }), widest({ limits: { memory: '1Gi' } }, { limits: { memory: '2Gi' } })]).toEqual([{ limits: { memory: '2Gi', cpu: '1' }, requests: { cpu: '1' } }, { limits: { memory: '2Gi' } }]);
  expect(limitsOf({ limits: { cpu: '1' } }, { limits: { cpu: '2', memory: '2Gi', 'hugepages-2Mi': '2Mi' } })).toEqual({ cpu: '1', memory: '2Gi' });
});

it('resizePolicy RestartContainer counts for the resource it names', () => {
  const c: Container = { name: 'c', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'memory', restartPolicy: 'RestartContainer' }] };
  expect([needsRestart(c, ['cpu']), needsRestart(c, ['memory']), needsRestart({ name: 'c' }, ['memory'])]).toEqual([false, true, false]);
});

it('a container ended for a resize starts again, though its policy would leave it', () => {
  const r = newRecord('c');
  r.runs.push({ state: { phase: 'exited', exitCode: 0, sandboxId: 's', labels: {} } as unknown as ContainerState });
  const p: Pod = { ...pod({}), spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c' }] } };
  expect(planPod(p, new Map([['c', r]]), 's').over).toBe(true);
  r.again = true;
  expect(planPod(p, new Map([['c', r]]), 's')).toMatchObject({ over: false, start: [{ container: { name: 'c' } }] });
});

it('a node gives what it has: never more than itself, not yet what others hold', () => {
  const a = new Admission({ cpu: '4', memory: '8Gi' });
  const other: Pod = { metadata: { uid: 'o' }, spec: { containers: [{ name: 'o', resources: of('2', '1Gi') }] } };
  expect([a.admit(other), a.admit(pod(of('1', '1Gi')))]).toEqual([undefined, undefined]);
  expect(a.resize(pod(of('5', '1Gi')))).toEqual({ reason: 'Infeasible', message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000" });
  expect(a.resize(pod(of('1', '9Gi')))).toEqual({ reason: 'Infeasible', message: `Node didn't have enough capacity: memory, requested: ${9 * 2 ** 30}, capacity: ${8 * 2 ** 30}` });
  expect(a.resize(pod(of('3', '1Gi')))).toEqual({ reason: 'Deferred', message: "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000" });
  a.leave('o');
  expect(a.resize(pod(of('3', '1Gi')))).toBeUndefined();
  expect(a.admit(other)?.reason).toBe('OutOfcpu');
});

it('conditions of a resize keep their time and go when it is done; others stay', () => {
  const pending = resizeConditions({ pending: { reason: 'Deferred', message: 'm' } }, pod({}), [], 0);
  expect(pending).toEqual([{ type: 'PodResizePending', status: 'True', reason: 'Deferred', message: 'm', lastTransitionTime: '1970-01-01T00:00:00Z', observedGeneration: 3 }]);
  expect(resizeConditions({ pending: { reason: 'Infeasible', message: 'n' }, inProgress: {} }, pod({}), pending, 9000)).toMatchObject([{ reason: 'Infeasible', lastTransitionTime: '1970-01-01T00:00:00Z' }, { type: 'PodResizeInProgress', lastTransitionTime: '1970-01-01T00:00:09Z' }]);
  const foreign = { type: 'example.com/x', status: 'True' };
  expect(statusPatch('u', { conditions: [...pending, foreign] }, { conditions: [] })?.status).toEqual({ conditions: [{ $patch: 'delete', type: 'PodResizePending' }] });
});
