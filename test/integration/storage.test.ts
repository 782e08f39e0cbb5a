// Claims and volumes against the real API server: its validation, its admission, the roles of the binder, the provisioner and the others.
import { afterEach, expect, it } from 'vitest';
import { event as eventKind } from '../../core/api/kinds/core/event.ts';
import { persistentVolumeClaim as claimKind } from '../../core/api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../core/api/kinds/core/persistent-volume.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { storageClass as classKind } from '../../core/api/kinds/storage/storage-class.ts';
import type { CoreEvent, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec, Pod, StorageClass } from '../../core/api/types/kubernetes.ts';
import { LOCAL_PROVISIONER, type VolumeDirectories } from '../../core/controllers/volume-provisioner/directories.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';

let c: ControlPlane;
afterEach(async () => { await c.stop(); });

const MERGE = 'application/merge-patch+json';
const dirs = new Set<string>();
const disk: VolumeDirectories = { make: name => { dirs.add(`/vol/${name}`); return Promise.resolve(`/vol/${name}`); }, makeFile: name => disk.make(name), growFile: () => Promise.resolve(), copy: () => Promise.resolve(), remove: path => { dirs.delete(path); return Promise.resolve(); } };

async function start(): Promise<void> {
  dirs.clear();
  c = await controlPlane(['n1', 'n2'], { volumes: disk });
  await c.client.create<StorageClass>(classKind, { metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: LOCAL_PROVISIONER, allowVolumeExpansion: true } as StorageClass);
}
const claim = (name: string, spec: Partial<PersistentVolumeClaimSpec> = {}): Promise<unknown> => c.client.create(claimKind, { metadata: { name, namespace: 'default' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } });
const volume = (name: string, spec: PersistentVolumeSpec = {}): Promise<unknown> => c.client.create(volumeKind, { metadata: { name }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: '', hostPath: { path: '/data' }, ...spec } });
const user = (name: string, volumes: NonNullable<Pod['spec']>['volumes']): Promise<unknown> => c.client.create(podKind, { metadata: { name, namespace: 'default' }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'i' }], volumes } } as Pod);
const claimOf = (name: string): Promise<PersistentVolumeClaim | undefined> => c.get<PersistentVolumeClaim>(claimKind, name);
const phases = async (): Promise<string[]> => (await c.list<PersistentVolume>(volumeKind)).map(v => v.status?.phase ?? '');
const reasons = async (name: string): Promise<string[]> => (await c.list<CoreEvent>(eventKind, 'default')).filter(e => e.involvedObject.name === name).map(e => `${e.source?.component} ${e.reason}`);

it('a claim without a class is bound by itself; in use it outlives its deletion; then it goes with its data', async () => {
  await start();
  await claim('data');
  await user('app', [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]);
  await c.settle(2000);
  const bound = await claimOf('data'), name = bound!.spec!.volumeName!;
  expect([bound?.status?.phase, bound?.spec?.storageClassName, (await c.get<Pod>(podKind, 'app'))?.status?.phase, dirs.size]).toEqual(['Bound', 'standard', 'Running', 1]);
  expect(await c.get<PersistentVolume>(volumeKind, name)).toMatchObject({ metadata: { finalizers: ['external-provisioner.volume.kubernetes.io/finalizer', 'kubernetes.io/pv-protection'] }, status: { phase: 'Bound' } });
  expect(new Set(await reasons('data'))).toEqual(new Set(['persistentvolume-controller ExternalProvisioning', `${LOCAL_PROVISIONER} Provisioning`, `${LOCAL_PROVISIONER} ProvisioningSucceeded`]));
  // It grows; it does not shrink.
  const ask = (storage: string): Promise<unknown> => c.client.patch(claimKind, 'default', 'data', MERGE, { spec: { resources: { requests: { storage } } } });
  await ask('3Gi');
  await c.settle(300);
  expect([(await claimOf('data'))?.status?.capacity, (await c.get<PersistentVolume>(volumeKind, name))?.spec?.capacity]).toEqual([{ storage: '3Gi' }, { storage: '3Gi' }]);
  await expect(ask('2Gi')).rejects.toThrow('field can not be less than status.capacity');
  // Deleted, and used.
  await c.client.delete(claimKind, 'default', 'data');
  await c.client.delete(volumeKind, undefined, name);
  await c.settle(300);
  expect([(await claimOf('data'))?.metadata?.finalizers, await phases(), dirs.size]).toEqual([['kubernetes.io/pvc-protection'], ['Bound'], 1]);
  await c.client.delete(podKind, 'default', 'app');
  await c.settle(600);
  expect([await claimOf('data'), await phases(), dirs.size, c.complaints]).toEqual([undefined, [], 0, []]);
});

it('volumes that people made: bound, released, given back, lost', async () => {
  await start();
  await volume('v', { persistentVolumeReclaimPolicy: 'Retain' });
  await claim('first', { storageClassName: '' });
  await c.settle(400);
  expect([(await claimOf('first'))?.status, await phases()]).toEqual([{ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } }, ['Bound']]);
  await c.client.delete(claimKind, 'default', 'first');
  await claim('second', { storageClassName: '' });
  await c.settle(400);
  expect([(await claimOf('second'))?.status?.phase, await phases()]).toEqual(['Pending', ['Released']]);
  await c.client.patch(volumeKind, undefined, 'v', MERGE, { spec: { claimRef: null } });
  await c.settle(400);
  expect([(await claimOf('second'))?.status?.phase, await phases()]).toEqual(['Bound', ['Bound']]);
  await c.client.patch(volumeKind, undefined, 'v', MERGE, { metadata: { finalizers: null } });
  await c.client.delete(volumeKind, undefined, 'v');
  await c.settle(400);
  expect((await claimOf('second'))?.status).toEqual({ phase: 'Lost' });
  expect(await reasons('second')).toContain('persistentvolume-controller ClaimLost');
  expect(c.complaints).toEqual([]);
});

it('a pod\'s ephemeral volume: its claim is made, bound, and goes with the pod', async () => {
  await start();
  await user('app', [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { of: 'app' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } }]);
  await c.settle(3000);
  const made = await claimOf('app-scratch');
  expect([made?.status?.phase, made?.metadata?.labels, made?.metadata?.ownerReferences?.[0]?.name, (await c.get<Pod>(podKind, 'app'))?.status?.phase]).toEqual(['Bound', { of: 'app' }, 'app', 'Running']);
  await c.client.delete(podKind, 'default', 'app');
  await c.settle(2000);
  expect([await claimOf('app-scratch'), await phases(), dirs.size, c.complaints]).toEqual([undefined, [], 0, []]);
});

it('claims made before there was a default class get it', async () => {
  dirs.clear();
  c = await controlPlane(['n1'], { volumes: disk });
  await claim('early');
  await c.settle(300);
  expect([(await claimOf('early'))?.status?.phase, (await claimOf('early'))?.spec?.storageClassName]).toEqual(['Pending', undefined]);
  await c.client.create<StorageClass>(classKind, { metadata: { name: 'late', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: LOCAL_PROVISIONER } as StorageClass);
  await c.settle(500);
  expect([(await claimOf('early'))?.status?.phase, (await claimOf('early'))?.spec?.storageClassName, c.complaints]).toEqual(['Bound', 'late', []]);
});

it('WaitForFirstConsumer: the scheduler chooses node and volume together; what must be made is made for the chosen node', async () => {
  await start();
  const waits = (name: string, provisioner: string): Promise<unknown> => c.client.create<StorageClass>(classKind, { metadata: { name }, provisioner, volumeBindingMode: 'WaitForFirstConsumer' } as StorageClass);
  await waits('local', 'kubernetes.io/no-provisioner');
  await waits('made', LOCAL_PROVISIONER);
  const local = (name: string, node: string): Promise<unknown> => volume(name, { storageClassName: 'local', hostPath: undefined, local: { path: '/mnt' }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] } } } as PersistentVolumeSpec);
  await local('on-n2', 'n2');
  await claim('l', { storageClassName: 'local' });
  await claim('m', { storageClassName: 'made' });
  await c.settle(400);
  expect([(await claimOf('l'))?.status?.phase, (await claimOf('m'))?.status?.phase, dirs.size]).toEqual(['Pending', 'Pending', 0]);
  expect(await reasons('m')).toEqual(['persistentvolume-controller WaitForFirstConsumer']);
  await user('one', [{ name: 'l', persistentVolumeClaim: { claimName: 'l' } }, { name: 'm', persistentVolumeClaim: { claimName: 'm' } }]);
  await c.settle(3000);
  expect((await c.get<Pod>(podKind, 'one'))?.spec?.nodeName).toBe('n2');
  expect([(await claimOf('l'))?.spec?.volumeName, (await claimOf('l'))?.status?.phase, (await claimOf('m'))?.status?.phase, dirs.size]).toEqual(['on-n2', 'Bound', 'Bound', 1]);
  expect((await claimOf('m'))?.metadata?.annotations?.['volume.kubernetes.io/selected-node']).toBe('n2');
  // Nothing is left for a second one.
  await claim('l2', { storageClassName: 'local' });
  await user('two', [{ name: 'l', persistentVolumeClaim: { claimName: 'l2' } }]);
  await c.settle(2000);
  const why = (await c.list<CoreEvent>(eventKind, 'default')).filter(e => e.involvedObject.name === 'two' && e.reason === 'FailedScheduling').map(e => e.message);
  expect(why[0]).toMatch(/^0\/2 nodes are available: 2 node\(s\) didn't find available persistent volumes to bind\./);
  await local('on-n1', 'n1');
  await c.settle(3000);
  expect([(await claimOf('l2'))?.spec?.volumeName, (await c.get<Pod>(podKind, 'two'))?.spec?.nodeName, c.complaints]).toEqual(['on-n1', 'n1', []]);
});
