// Rules of a pod that need no container to be seen.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Container, Pod } from '../api/types/kubernetes.ts';
import { uname } from './pod-files.ts';
import { containerResources, podResources } from './limits.ts';
import { planPod, restarts } from './pod-plan.ts';
import { newRecord } from './pod-record.ts';
import type { ContainerState } from './runtime/runtime.ts';
import { podConditions } from './status/phase.ts';
import { forbiddenSysctl } from './sysctls.ts';
import { giveToGroup } from './volumes/fs-group.ts';

it('readinessGates: ready only when whoever they belong to says so', () => {
  const pod: Pod = { spec: { containers: [{ name: 'c', image: 'i' }], readinessGates: [{ conditionType: 'example.com/ok' }] } };
  const status = { containerStatuses: [{ name: 'c', ready: true, image: 'i', imageID: '', restartCount: 0 }] };
  const ready = (status_: string | undefined) => podConditions(pod, status, 'Running', true, status_ ? [{ type: 'example.com/ok', status: status_ }] : [], 0).find(x => x.type === 'Ready');
  expect(ready(undefined)).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady', message: 'corresponding condition of pod readiness gate "example.com/ok" does not exist.' });
  expect(ready('False')?.message).toBe('the status of pod readiness gate "example.com/ok" is not "True", but False');
  expect(ready('True')?.status).toBe('True');
});

it('restartPolicyRules: a code that is named starts the container again, whatever the pod says', () => {
  const c: Container = { name: 'c', restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42, 43] } }] };
  const pod: Pod = { spec: { restartPolicy: 'Never', containers: [c] } };
  expect([42, 43, 1, 0].map(code => restarts(pod, c, code, false))).toEqual([true, true, false, false]);
  const other: Container = { ...c, restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'NotIn', values: [0] } }] };
  expect([0, 7].map(code => restarts(pod, other, code, false))).toEqual([false, true]);
});

it('RestartAllContainers: the first rule that names the code speaks, for the whole pod and before the pod is over', () => {
  const rules: Container['restartPolicyRules'] = [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }, { action: 'RestartAllContainers', exitCodes: { operator: 'NotIn', values: [0] } }];
  const pod: Pod = { spec: { restartPolicy: 'Never', containers: [{ name: 'a' }, { name: 'b', restartPolicy: 'Never', restartPolicyRules: rules }] } };
  const plan = (code: number) => planPod(pod, new Map(['a', 'b'].map(name => [name, { ...newRecord(name), runs: [{ state: { phase: 'exited', exitCode: name === 'a' ? 7 : code, sandboxId: 's', labels: {} } as unknown as ContainerState }] }])), 's');
  expect(plan(0)).toMatchObject({ restartAll: false, over: true });
  expect(plan(1)).toMatchObject({ restartAll: false, over: false, start: [{ container: { name: 'b' } }] });
  expect(plan(2)).toMatchObject({ restartAll: true, over: false, start: [] });
  const conditions = (phase: string, now: boolean) => podConditions(pod, {}, phase, true, [], 0, now).find(x => x.type === 'AllContainersRestarting');
  expect(conditions('Running', true)).toMatchObject({ status: 'True', reason: 'RestartAllContainersStarted', message: 'container exited with restart policy rule' });
  expect([conditions('Running', false)?.reason, conditions('Failed', true)?.reason, conditions('Succeeded', false)?.reason]).toEqual([undefined, 'PodFailed', 'PodCompleted']);
});

it('resources of the pod: limits a container lacks, its share of memory nobody asked for, the whole\'s own', () => {
  const pod: Pod = { spec: { resources: { requests: { cpu: '1', memory: '400Mi' }, limits: { cpu: '2', memory: '800Mi' } }, containers: [{ name: 'a', resources: { requests: { memory: '100Mi' }, limits: { memory: '200Mi' } } }, { name: 'b' }] } };
  const of = (i: number) => containerResources(pod, pod.spec!.containers[i]!, 1000 << 20);
  expect(of(0)).toEqual({ cpuShares: 2048, cpuLimitMilli: 2000, memoryLimitBytes: 200 << 20, memoryRequestBytes: 100 << 20, oomScoreAdj: 1000 - 250 });
  expect(of(1)).toEqual({ cpuShares: 2048, cpuLimitMilli: 2000, memoryLimitBytes: 800 << 20, oomScoreAdj: 1000 - 150 });
  expect(podResources(pod)).toEqual({ cpuShares: 1024, cpuLimitMilli: 2000, memoryLimitBytes: 800 << 20 });
  expect(podResources({ spec: { containers: [{ name: 'a' }], resources: {} } })).toEqual({});
});

it('sysctls: the safe ones, where the pod has the namespace they are of', () => {
  const why = (name: string, more: object = {}) => forbiddenSysctl({ spec: { containers: [], securityContext: { sysctls: [{ name, value: '1' }] }, ...more } });
  expect([why('kernel.shm_rmid_forced'), why('net/ipv4/tcp_syncookies'), why('net.ipv4.tcp_rmem')]).toEqual([undefined, undefined, undefined]);
  expect(why('kernel.msgmax')).toEqual({ reason: 'SysctlForbidden', message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' });
  expect(why('net.ipv4.tcp_syncookies', { hostNetwork: true })?.message).toBe('forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled');
  expect(why('kernel.shm_rmid_forced', { hostIPC: true })?.message).toBe('forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled');
});

it('hostnameOverride goes over name, hostname and subdomain', () => {
  expect(uname({ metadata: { name: 'p', namespace: 'n' }, spec: { containers: [], hostname: 'h', subdomain: 's', setHostnameAsFQDN: true, hostnameOverride: 'other.test' } }, 'cluster.local')).toBe('other.test');
});

it.runIf(process.getuid?.() === 0)('fsGroupChangePolicy OnRootMismatch leaves a tree alone whose top fits', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fs-group-'));
  try {
    mkdirSync(join(dir, 'd')); writeFileSync(join(dir, 'd/f'), ''); chmodSync(join(dir, 'd/f'), 0o600);
    await giveToGroup(dir, 4321, true);
    expect([statSync(dir).gid, statSync(join(dir, 'd/f')).gid, statSync(join(dir, 'd/f')).mode & 0o777]).toEqual([4321, 4321, 0o660]);
    writeFileSync(join(dir, 'new'), '');
    await giveToGroup(dir, 4321, true);
    const untouched = statSync(join(dir, 'new')).mode & 0o060;
    await giveToGroup(dir, 4321, false);
    expect([untouched, statSync(join(dir, 'new')).mode & 0o060]).toEqual([0o040, 0o060]);
  } finally { rmSync(dir, { recursive: true, force: true }); }
});
