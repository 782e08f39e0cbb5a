// W19: the scheduler's laws, as somebody with kubectl meets them. Nodes are objects only: what counts is where pods go and what is said of
// those that go nowhere. The scheduler has its own role and no more.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { persistentVolumeClaim as claimKind } from '../../core/api/kinds/core/persistent-volume-claim.ts';
import { silentLog } from '../../core/base/log.ts';
import { systemClock } from '../../core/base/clock.ts';
import { MANAGER, SCHEDULER } from '../../core/boot/workers.ts';
import { createRecorder } from '../../core/client/create-recorder.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { startScheduler, type RunningScheduler } from '../../core/scheduler/scheduler.ts';
import { TestApi } from '../harness/api-server.ts';
import { eventually } from '../harness/host.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';
import { node } from '../harness/scheduling.ts';

let api: TestApi, k: Kube, scheduler: RunningScheduler, stopInformers: () => void;
beforeAll(async () => {
  api = await TestApi.start({ disabledAdmission: ['TaintNodesByCondition'] });
  const clock = systemClock, log = silentLog, client = api.client(SCHEDULER);
  const informers = createInformerFactory(api.client(MANAGER), { clock, log });
  stopInformers = () => informers.stop();
  for (const n of [node('n35', { memory: '3500Mi' }), node('n4', { memory: '4Gi' })]) await api.client().create(nodeKind, n);
  scheduler = await startScheduler({ client, informers, clock, log, recorder: createRecorder(client, { component: 'default-scheduler', clock, log }) });
  k = new Kube(kubectls().at(-1)!.binary, api.kubeconfig);
});
afterAll(async () => { await scheduler.stop(); stopInformers(); await api.stop(); });

const apply = (...objects: object[]): Promise<string> => k.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
const pod = (name: string, spec: object, labels = {}) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { containers: [{ name: 'c', image: 'x' }], ...spec } });
const asking = (...memory: string[]) => ({ containers: memory.map((m, i) => ({ name: `c${i}`, image: 'x', resources: { requests: { memory: m } } })) });
const scheduled = (...names: string[]): Promise<string> => k.run(['wait', '--for=condition=PodScheduled', '--timeout=30s', ...names.map(n => `pod/${n}`)]);
const on = (name: string): Promise<string> => k.run(['get', 'pod', name, '-o', 'jsonpath={.spec.nodeName}']);
/** What is said of a pod that goes nowhere. */
const refused = async (name: string): Promise<string> => {
  await k.run(['wait', '--for=condition=PodScheduled=false', '--timeout=30s', `pod/${name}`]);
  return k.run(['get', 'pod', name, '-o', 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}']);
};
const remove = (...names: string[]): Promise<string> => k.run(['delete', 'pod', ...names, '--grace-period=0', '--force', '--wait=false']);

it('1. a pod is placed as a whole; who fits nowhere waits, is told why, and goes where room appears', async () => {
  await apply(pod('one', asking('2Gi', '2Gi')));
  await scheduled('one');
  expect(await on('one')).toBe('n4');
  await apply(pod('two', asking('2Gi', '2Gi')));
  const message = '0/2 nodes are available: 2 Insufficient memory. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.';
  expect(await refused('two')).toBe(message);
  expect(await k.run('get pod two --no-headers')).toMatch(/^two +0\/2 +Pending /);
  await eventually('the event', async () => (await k.run('describe pod two')).includes(message));
  await remove('one');
  await scheduled('two');
  expect(await on('two')).toBe('n4');
  await remove('two');
});

it('2. a label that no node has; the node is labelled', async () => {
  await apply(pod('picky', { nodeSelector: { machine: 'physical' } }));
  expect(await refused('picky')).toBe("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.");
  await k.run('label node n35 machine=physical');
  await scheduled('picky');
  expect(await on('picky')).toBe('n35');
  await remove('picky');
});

it('3. four pods of a service on two nodes are two and two', async () => {
  const names = ['w1', 'w2', 'w3', 'w4'];
  await apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'w' }, spec: { selector: { app: 'w' }, ports: [{ port: 80 }] } }, ...names.map(n => pod(n, {}, { app: 'w' })));
  await scheduled(...names);
  expect((await k.run(['get', 'pods', '-l', 'app=w', '-o', 'jsonpath={.items[*].spec.nodeName}'])).split(' ').sort()).toEqual(['n35', 'n35', 'n4', 'n4']);
  await remove(...names);
});

it('5. a pod of high priority drives out one of low priority, and waits for its place', async () => {
  await apply({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1000 },
    ...['35', '4'].map(n => pod(`low${n}`, { ...asking('3Gi'), nodeSelector: { 'kubernetes.io/hostname': `n${n}` } })));
  await scheduled('low35', 'low4');
  await apply(pod('high', { ...asking('3Gi'), priorityClassName: 'high' }));
  expect(await refused('high')).toMatch(/^0\/2 nodes are available: 2 Insufficient memory\.(?: no new claims to deallocate, preemption: not eligible due to a terminating pod on the nominated node\.)?$/);
  await eventually('a nomination', async () => (await k.run(['get', 'pod', 'high', '-o', 'jsonpath={.status.nominatedNodeName}'])) !== '');
  const nominated = await k.run(['get', 'pod', 'high', '-o', 'jsonpath={.status.nominatedNodeName}']), victim = nominated === 'n4' ? 'low4' : 'low35';
  await eventually('the victim leaves', async () => (await k.run(['get', 'pod', victim, '-o', 'jsonpath={.metadata.deletionTimestamp}'])) !== '');
  expect(await k.run(['get', 'pod', victim, '-o', 'jsonpath={.status.conditions[?(@.type=="DisruptionTarget")].reason}'])).toBe('PreemptionByScheduler');
  const uid = await k.run(['get', 'pod', 'high', '-o', 'jsonpath={.metadata.uid}']);
  await eventually('the event', async () => (await k.run(['get', 'events', '--field-selector', 'reason=Preempted', '-o', 'jsonpath={.items[*].message}'])) === `Preempted by pod ${uid} on node ${nominated}`);
  await remove(victim);
  await scheduled('high');
  expect(await on('high')).toBe(nominated);
  await remove('high', victim === 'low4' ? 'low35' : 'low4');
});

it('a gated pod is not tried until its gates are gone; a claim that waits is told the node', async () => {
  await apply(
    pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] }),
    { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'late' }, provisioner: 'example.com/disk', volumeBindingMode: 'WaitForFirstConsumer' },
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: { storageClassName: 'late', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    pod('user', { nodeSelector: { 'kubernetes.io/hostname': 'n4' }, volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] }),
  );
  expect(await k.run('get pod gated --no-headers')).toMatch(/^gated +0\/1 +SchedulingGated /);
  await k.run(['patch', 'pod', 'gated', '--type=json', '-p', '[{"op":"remove","path":"/spec/schedulingGates"}]']);
  await scheduled('gated');
  await eventually('the node in the claim', async () => (await k.run(['get', 'pvc', 'data', '-o', String.raw`jsonpath={.metadata.annotations.volume\.kubernetes\.io/selected-node}`])) === 'n4');
  expect(await on('user')).toBe('');
  await api.client().patch(claimKind, 'default', 'data', 'application/merge-patch+json', { metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }, spec: { volumeName: 'pv' } });
  await scheduled('user');
  expect(await on('user')).toBe('n4');
});
