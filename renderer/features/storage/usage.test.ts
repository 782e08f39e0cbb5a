import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, Pod, StorageClass } from '../../../core/api/types/kubernetes.ts';
import { classOf, growthOf, nodeOf, usageOf, waitOf } from './usage.ts';

const cls = (name: string, more: object = {}): StorageClass => ({ metadata: { name }, provisioner: 'example.com/disks', ...more }) as unknown as StorageClass;
const standard = cls('standard', { metadata: { name: 'standard', creationTimestamp: '2026-01-01T00:00:00Z', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } });
const late = cls('late', { volumeBindingMode: 'WaitForFirstConsumer' });
const claim = (spec: object, status: object = { phase: 'Pending' }, annotations: object = {}): PersistentVolumeClaim => ({ metadata: { name: 'disk', namespace: 'shop', annotations }, spec, status }) as unknown as PersistentVolumeClaim;
const user = (phase: string, more: object = {}): Pod => ({ metadata: { name: 'web' }, spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'disk' } }], ...more }, status: { phase } }) as unknown as Pod;

describe('usage of a claim', () => {
  it('is what the node measures of the volume of this claim, and nothing else', () => {
    const summary = { pods: [{}, { volume: [{ name: 'tmp', usedBytes: 1, capacityBytes: 2 }, { name: 'data', usedBytes: 30, capacityBytes: 100, inodes: 10, inodesUsed: 1, pvcRef: { name: 'disk', namespace: 'shop' } }] }] };
    expect(usageOf(summary, 'shop', 'disk')).toEqual({ usedBytes: 30, capacityBytes: 100, inodes: 10, inodesUsed: 1 });
    expect(usageOf(summary, 'other', 'disk')).toBeUndefined();
    for (const odd of [undefined, null, {}, { pods: {} }, { pods: [{ volume: [{ pvcRef: { name: 'disk', namespace: 'shop' } }] }] }]) expect(usageOf(odd, 'shop', 'disk')).toBeUndefined();
  });
  it('is asked of the node where a pod with it runs, ephemeral claims too', () => {
    expect(nodeOf([user('Pending', { nodeName: 'a' }), user('Running', { nodeName: 'b' })], 'disk')).toBe('b');
    expect(nodeOf([user('Running', { nodeName: 'c', volumes: [{ name: 'scratch', ephemeral: {} }] })], 'web-scratch')).toBe('c');
    expect(nodeOf([user('Running')], 'disk')).toBeUndefined();
  });
});

describe('a claim that is not bound', () => {
  it.each<[string, PersistentVolumeClaim, Pod[], string | undefined]>([
    ['bound', claim({}, { phase: 'Bound' }), [], undefined],
    ['lost its volume', claim({ volumeName: 'pv' }, { phase: 'Lost' }), [], 'lost'],
    ['waits for the volume it names', claim({ volumeName: 'pv' }), [], 'volume'],
    ['wants a volume somebody made', claim({ storageClassName: '' }), [], 'static'],
    ['names a class that is not there', claim({ storageClassName: 'gone' }), [], 'classMissing'],
    ['waits for the default class to provide', claim({}), [], 'provisioning'],
    ['waits for a pod', claim({ storageClassName: 'late' }), [], 'firstConsumer'],
    ['has its pod', claim({ storageClassName: 'late' }), [user('Pending')], 'provisioning'],
    ['has its node', claim({ storageClassName: 'late' }, undefined, { 'volume.kubernetes.io/selected-node': 'n' }), [], 'provisioning'],
  ])('%s', (_, c, pods, expected) => { expect(waitOf(c, [standard, late], pods)?.wait).toBe(expected); });
  it('without any class says that there is no default', () => { expect(waitOf(claim({}), [late], [])?.wait).toBe('noClass'); });
  it('of two defaults the newer counts', () => {
    const newer = cls('newer', { metadata: { name: 'newer', creationTimestamp: '2026-02-01T00:00:00Z', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } });
    expect(classOf(claim({}), [standard, newer])?.metadata?.name).toBe('newer');
    expect(classOf(claim({ storageClassName: 'late' }), [standard, late])).toBe(late);
  });
});

describe('growth', () => {
  it('is there while more is asked for than there is', () => {
    const c = claim({ resources: { requests: { storage: '2Gi' } } }, { phase: 'Bound', capacity: { storage: '1Gi' }, conditions: [{ type: 'FileSystemResizePending', status: 'True' }] });
    expect(growthOf(c)).toEqual({ from: '1Gi', to: '2Gi', state: 'FileSystemResizePending' });
    expect(growthOf({ ...c, spec: { resources: { requests: { storage: '1024Mi' } } } })).toBeUndefined();
  });
});
