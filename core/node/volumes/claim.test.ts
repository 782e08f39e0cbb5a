// What a node says of a pod's claim until its volume is there, and what the container gets then.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, Pod, Volume, VolumeMount } from '../../api/types/kubernetes.ts';
import { FakeClock } from '../../base/clock.ts';
import { PodVolumes } from './pod-volumes.ts';
import { Tokens } from './tokens.ts';

let dir = '';
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'claims-')); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

const CLAIM: PersistentVolumeClaim = { metadata: { name: 'c', namespace: 'ns', uid: 'uc' }, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } };
const volumeOf = (spec: PersistentVolumeSpec): PersistentVolume => ({ metadata: { name: 'pv' }, spec: { claimRef: { namespace: 'ns', name: 'c', uid: 'uc' }, ...spec } });

interface Setting { volume?: Omit<Volume, 'name'>; claim?: PersistentVolumeClaim | undefined; pv?: PersistentVolume | undefined; mount?: Partial<VolumeMount> }
async function mounts(s: Setting): Promise<{ path: string; readOnly: boolean }> {
  const clock = new FakeClock(), sources = { configMap: () => undefined, secret: () => undefined, services: () => [] };
  const storage = { claim: (ns: string, name: string) => (ns === 'ns' && name === (s.claim?.metadata?.name ?? 'c') ? s.claim : undefined), persistentVolume: (name: string) => (name === 'pv' ? s.pv : undefined) };
  const container = { name: 'c', volumeMounts: [{ name: 'data', mountPath: '/data', ...s.mount }] };
  const pod: Pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [container], volumes: [{ name: 'data', ...(s.volume ?? { persistentVolumeClaim: { claimName: 'c' } }) }] } };
  const v = new PodVolumes(join(dir, 'pod'), join(dir, 'memory'), { sources, storage, image: () => Promise.reject(new Error('no images here')), tokens: new Tokens({} as never, clock), clock, root: false, node: () => Promise.resolve({ metadata: { labels: { zone: 'here' } } }), users: new Map(), recursiveReadOnly: true });
  await v.setUp(pod, () => ({ podIPs: [], hostIPs: [], nodeName: 'n', allocatable: {} }));
  const [m] = await v.mountsOf(pod, container, new Map([['POD', 'p-0']]));
  await v.tearDown();
  return { path: m!.hostPath, readOnly: m!.readOnly };
}

const OTHER = 'Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: ', FAILED = `${OTHER}error processing PVC ns/`;
it.each<[string, Setting, string]>([
  ['no claim', {}, `${FAILED}c: failed to fetch PVC from API server: persistentvolumeclaims "c" not found`],
  ['not bound', { claim: { ...CLAIM, status: { phase: 'Pending' } } }, `${FAILED}c: PVC is not bound`],
  ['leaving', { claim: { ...CLAIM, metadata: { ...CLAIM.metadata, deletionTimestamp: 'now' } } as never }, `${FAILED}c: PVC is being deleted`],
  ['no volume', { claim: CLAIM }, `${FAILED}c: failed to fetch PV pv from API server: persistentvolumes "pv" not found`],
  ['a volume of nobody', { claim: CLAIM, pv: { metadata: { name: 'pv' }, spec: {} } }, `${FAILED}c: found PV object pv with a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`],
  ['a volume of another claim', { claim: CLAIM, pv: volumeOf({ claimRef: { namespace: 'ns', name: 'c', uid: 'other' } }) }, `${FAILED}c: found PV object pv with a pv.Spec.ClaimRef.UID other that does not point to the claim uc`],
  ['a block device', { claim: CLAIM, pv: volumeOf({ volumeMode: 'Block' }) }, `${OTHER}volume data has volumeMode Block, but is specified in volumeMounts`],
  ['another pod\'s ephemeral claim', { volume: { ephemeral: {} }, claim: { ...CLAIM, metadata: { ...CLAIM.metadata, name: 'p-data' } } }, `${OTHER}PVC ns/p-data was not created for pod ns/p (pod is not owner)`],
  ['a directory that is gone', { claim: CLAIM, pv: volumeOf({ hostPath: { path: '/does/not/exist', type: 'Directory' } }) }, 'MountVolume.SetUp failed for volume "pv" : hostPath type check failed: /does/not/exist is not a directory'],
  ['a local path that is gone', { claim: CLAIM, pv: volumeOf({ local: { path: '/does/not/exist' } }) }, 'MountVolume.NewMounter initialization failed for volume "pv" : path "/does/not/exist" does not exist'],
  ['a volume of another node', { claim: CLAIM, pv: volumeOf({ local: { path: '/tmp' }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['there'] }] }] } } }) }, 'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms'],
  ['mount options', { claim: CLAIM, pv: volumeOf({ hostPath: { path: '/data' }, mountOptions: ['noatime'] }) }, 'MountVolume.MountOptionSupport check failed for volume "pv" : mount options are not supported for this volume type'],
  ['a driver that is not installed', { claim: CLAIM, pv: volumeOf({ csi: { driver: 'd.example.com', volumeHandle: 'h' } }) }, 'MountVolume.MountDevice failed for volume "pv" : driver name d.example.com not found in the list of registered CSI drivers'],
  ['a kind this node cannot mount', { claim: CLAIM, pv: volumeOf({ accessModes: ['ReadWriteOnce'], nfs: { server: 's', path: '/' } }) }, 'MountVolume.SetUp failed for volume "pv" : volumes of type nfs are not supported by this node'],
])('what a pod waits for is told in kubelet\'s words: %s', async (_, s, message) => {
  await expect(mounts(s)).rejects.toMatchObject({ message });
});

it('the bound volume is mounted, whatever of it the pod asks for; what it holds stays when the pod goes', async () => {
  const path = join(dir, 'volume');
  mkdirSync(path);
  chmodSync(path, 0o777);
  writeFileSync(join(path, 'file'), 'data');
  for (const source of [{ hostPath: { path } }, { local: { path }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }] } } }]) {
    const pv = volumeOf(source);
    expect(await mounts({ claim: CLAIM, pv })).toEqual({ path, readOnly: false });
    expect(await mounts({ claim: CLAIM, pv, volume: { persistentVolumeClaim: { claimName: 'c', readOnly: true } } })).toEqual({ path, readOnly: true });
    expect(await mounts({ claim: CLAIM, pv, mount: { readOnly: true } })).toEqual({ path, readOnly: true });
    expect(await mounts({ claim: CLAIM, pv, mount: { subPathExpr: 'of/$(POD)' } })).toEqual({ path: join(path, 'of', 'p-0'), readOnly: false });
  }
  // Whoever may write to the volume may write to a part of it that was made for it.
  expect([...['of', 'of/p-0'].map(p => statSync(join(path, p)).mode & 0o777), existsSync(join(path, 'file'))]).toEqual([0o777, 0o777, true]);
});

it('a claim made for the pod is its ephemeral volume', async () => {
  const path = join(dir, 'ephemeral');
  mkdirSync(path);
  const claim = { ...CLAIM, metadata: { ...CLAIM.metadata, name: 'p-data', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }] } };
  expect(await mounts({ volume: { ephemeral: {} }, claim, pv: volumeOf({ hostPath: { path } }) })).toEqual({ path, readOnly: false });
});

it('ReadWriteOncePod: one pod of the node has it, and the next when that one has gone', async () => {
  const path = join(dir, 'alone');
  mkdirSync(path);
  const clock = new FakeClock(), sources = { configMap: () => undefined, secret: () => undefined, services: () => [] }, pv = volumeOf({ hostPath: { path }, accessModes: ['ReadWriteOncePod'] });
  const env = { sources, storage: { claim: () => CLAIM, persistentVolume: () => pv }, image: () => Promise.reject(new Error('no images here')), tokens: new Tokens({} as never, clock), clock, root: false, node: () => Promise.resolve({ metadata: { labels: { zone: 'here' } } }), users: new Map(), recursiveReadOnly: true };
  const [a, b] = ['a', 'b'].map(name => new PodVolumes(join(dir, name), join(dir, name), env)) as [PodVolumes, PodVolumes];
  const pod: Pod = { metadata: { namespace: 'ns' }, spec: { containers: [{ name: 'c', volumeMounts: [{ name: 'data', mountPath: '/data' }] }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] } };
  const setUp = (v: PodVolumes): Promise<void> => v.setUp(pod, () => ({ podIPs: [], hostIPs: [], nodeName: 'n', allocatable: {} }));
  await setUp(a);
  await setUp(a);
  await expect(setUp(b)).rejects.toMatchObject({ reason: 'FailedMount', message: 'MountVolume.SetUp failed for volume "pv" : volume uses the ReadWriteOncePod access mode and is already in use by another pod' });
  await a.tearDown();
  await setUp(b);
  await b.tearDown();
  expect(env.users.size).toBe(0);
});
