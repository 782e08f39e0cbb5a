// Binding, provisioning, reclaiming and growing, each case named by what Kubernetes' documentation promises.
import { describe, expect, it } from 'vitest';
import { world, type World } from '../../../test/harness/controllers.ts';
import { FakeApi } from '../../../test/harness/fake-api.ts';
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../api/kinds/core/persistent-volume.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { storageClass as classKind } from '../../api/kinds/storage/storage-class.ts';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec, StorageClass } from '../../api/types/kubernetes.ts';
import { LOCAL_PROVISIONER, type VolumeDirectories } from '../volume-provisioner/directories.ts';

const BINDER = ['persistentvolume-binder'], ALL = ['persistentvolume-binder', 'local-provisioner', 'persistentvolume-expander'];

const put = (api: FakeApi) => ({
  volume: (name: string, size: string, spec: PersistentVolumeSpec = {}, labels?: Record<string, string>) =>
    api.put<PersistentVolume>(volumeKind, { metadata: { name, ...(labels ? { labels } : {}) }, spec: { capacity: { storage: size }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', hostPath: { path: `/data/${name}` }, ...spec }, status: { phase: 'Pending' } }),
  claim: (name: string, size: string, spec: Partial<PersistentVolumeClaimSpec> = {}, annotations?: Record<string, string>) =>
    api.put<PersistentVolumeClaim>(claimKind, { metadata: { name, namespace: 'ns', ...(annotations ? { annotations } : {}) }, spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', storageClassName: '', resources: { requests: { storage: size } }, ...spec }, status: { phase: 'Pending' } }),
  cls: (name: string, more: Partial<StorageClass> = {}) => api.put<StorageClass>(classKind, { metadata: { name }, provisioner: LOCAL_PROVISIONER, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true, ...more }),
});
type Put = ReturnType<typeof put>;

async function storage(setup: (p: Put, api: FakeApi) => void = () => {}, only: readonly string[] = BINDER, disk?: VolumeDirectories) {
  const w = await world(only, api => { setup(put(api), api); }, disk ? { volumes: disk } : {});
  const claim = (name: string): PersistentVolumeClaim => w.api.get<PersistentVolumeClaim>(claimKind, `ns/${name}`)!;
  const volume = (name: string): PersistentVolume => w.api.get<PersistentVolume>(volumeKind, name)!;
  return {
    ...w, ...put(w.api), w, claimOf: claim, volumeOf: volume,
    /** `Bound to v` or the phase. */
    state: (name: string): string => { const c = claim(name); return c.spec?.volumeName ? `${c.status?.phase} ${c.spec.volumeName}` : c.status?.phase ?? ''; },
    phase: (name: string): string => volume(name)?.status?.phase ?? 'gone',
    deleteClaim: async (name: string): Promise<void> => { w.api.remove(claimKind, `ns/${name}`); await w.settle(); },
  };
}
const about = (w: World, name: string): string[] => [...new Set(w.events.filter(e => e.includes(`/${name} `)))];

/** Directories and files that are only names; `did` is what was done to files. */
function fakeDisk(): VolumeDirectories & { dirs: Set<string>; did: string[]; fail: string | undefined } {
  const dirs = new Set<string>(), did: string[] = [];
  return {
    dirs, did, fail: undefined,
    async make(name) { if (this.fail) throw new Error(this.fail); dirs.add(`/vol/${name}`); return `/vol/${name}`; },
    async makeFile(name, bytes) { did.push(`file of ${bytes}`); return this.make(name); },
    async growFile(_path, bytes) { did.push(`grown to ${bytes}`); },
    async copy(from, to) { if (this.fail) throw new Error(this.fail); did.push(`${from} into ${to}`); },
    async remove(path) { if (this.fail) throw new Error(this.fail); dirs.delete(path); },
  };
}

describe('binding', () => {
  it('the user will always get at least what they asked for, but the volume may be in excess of what was requested: the smallest that fits', async () => {
    const s = await storage(p => { p.volume('large', '100Gi'); p.volume('small', '1Gi'); p.volume('fits', '5Gi'); p.claim('c', '3Gi'); });
    expect(s.state('c')).toBe('Bound fits');
    expect(s.claimOf('c').status).toEqual({ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } });
    expect(s.claimOf('c').metadata?.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(s.volumeOf('fits').spec?.claimRef).toMatchObject({ kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'ns', name: 'c', uid: s.claimOf('c').metadata?.uid });
    expect(s.volumeOf('fits').metadata?.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect([s.phase('fits'), s.phase('large'), s.phase('small')]).toEqual(['Bound', 'Available', 'Available']);
    expect(s.complaints).toEqual([]);
    await s.stop();
  });

  it('claims will remain unbound indefinitely if a matching volume does not exist; claims will be bound as matching volumes become available', async () => {
    const s = await storage(p => { p.volume('v', '50Gi'); p.claim('c', '100Gi'); });
    expect(s.state('c')).toBe('Pending');
    expect(about(s.w, 'c')).toEqual(['PersistentVolumeClaim/c Normal FailedBinding no persistent volumes available for this claim and no storage class is set']);
    s.volume('big', '100Gi');
    await s.settle();
    expect(s.state('c')).toBe('Bound big');
    await s.stop();
  });

  it('once bound, binds are exclusive: of two claims one gets the volume', async () => {
    const s = await storage(p => { p.claim('a', '1Gi'); p.claim('b', '1Gi'); p.volume('v', '1Gi'); });
    expect([s.state('a'), s.state('b')].sort()).toEqual(['Bound v', 'Pending']);
    await s.stop();
  });

  it.each<[string, PersistentVolumeSpec, Partial<PersistentVolumeClaimSpec>, boolean]>([
    ['claims can specify a label selector: only the volumes whose labels match can be bound', {}, { selector: { matchLabels: { release: 'beta' } } }, false],
    ['only PVs of the requested class can be bound', { storageClassName: 'slow' }, {}, false],
    ['a PV with no storageClassName can only be bound to PVCs that request no particular class', {}, { storageClassName: 'slow' }, false],
    ['PVs with the same class are bound', { storageClassName: 'slow' }, { storageClassName: 'slow' }, true],
    ['access modes: the volume must offer all that are asked for', { accessModes: ['ReadWriteOnce'] }, { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }, false],
    ['access modes: it may offer more', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }, { accessModes: ['ReadOnlyMany'] }, true],
    ['volumeMode: block volume, filesystem claim: NO BIND', { volumeMode: 'Block' }, {}, false],
    ['volumeMode: filesystem volume, block claim: NO BIND', {}, { volumeMode: 'Block' }, false],
    ['volumeMode: block and block: BIND', { volumeMode: 'Block' }, { volumeMode: 'Block' }, true],
  ])('%s', async (_, spec, asks, binds) => {
    const s = await storage(p => { p.volume('v', '1Gi', spec); p.claim('c', '1Gi', asks); });
    expect(s.state('c')).toBe(binds ? 'Bound v' : 'Pending');
    await s.stop();
  });

  it('selector: volumes that match are bound', async () => {
    const s = await storage(p => { p.volume('v', '1Gi', {}, { release: 'beta', env: 'dev' }); p.volume('w', '1Gi', {}, { release: 'stable' }); p.claim('c', '1Gi', { selector: { matchLabels: { release: 'stable' }, matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] } }); });
    expect(s.state('c')).toBe('Bound w');
    await s.stop();
  });

  it('a volume that is being deleted is not bound', async () => {
    const s = await storage((p, api) => { p.volume('v', '1Gi'); api.change<PersistentVolume>(volumeKind, 'v', v => { v.metadata!.finalizers = ['x/y']; v.metadata!.deletionTimestamp = '2026-01-01T00:00:00Z'; }); p.claim('c', '1Gi'); });
    expect(s.state('c')).toBe('Pending');
    await s.stop();
  });
});

describe('reserving a PersistentVolume', () => {
  it('by specifying a PersistentVolume in a claim you declare a binding between that PV and PVC; size, class and modes are still checked', async () => {
    const s = await storage(p => { p.volume('mine', '10Gi'); p.volume('small', '1Gi'); p.volume('slow', '10Gi', { storageClassName: 'slow' }); p.volume('block', '10Gi', { volumeMode: 'Block' }); p.volume('many', '10Gi', { accessModes: ['ReadOnlyMany'] }); p.claim('c', '5Gi', { volumeName: 'mine' }); p.claim('d', '5Gi', { volumeName: 'small' }); p.claim('e', '5Gi', { volumeName: 'slow' }); p.claim('f', '5Gi', { volumeName: 'block' }); p.claim('g', '5Gi', { volumeName: 'many' }); });
    expect(s.state('c')).toBe('Bound mine');
    expect(s.claimOf('c').metadata?.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes' });
    expect(['d', 'e', 'f', 'g'].map(n => `${s.claimOf(n).status?.phase} ${about(s.w, n)[0]}`)).toEqual([
      'Pending PersistentVolumeClaim/d Warning VolumeMismatch Cannot bind to requested volume "small": requested PV is too small',
      'Pending PersistentVolumeClaim/e Warning VolumeMismatch Cannot bind to requested volume "slow": storageClassName does not match',
      'Pending PersistentVolumeClaim/f Warning VolumeMismatch Cannot bind to requested volume "block": incompatible volumeMode',
      'Pending PersistentVolumeClaim/g Warning VolumeMismatch Cannot bind to requested volume "many": incompatible accessMode',
    ]);
    await s.stop();
  });

  it('a claim that names a volume to come waits for it; one that names a taken one is told', async () => {
    const s = await storage(p => { p.volume('taken', '1Gi'); p.claim('first', '1Gi', { volumeName: 'taken' }); });
    s.claim('second', '1Gi', { volumeName: 'taken' });
    s.claim('early', '1Gi', { volumeName: 'later' });
    await s.settle();
    expect([s.state('first'), s.claimOf('second').status?.phase, s.claimOf('early').status?.phase]).toEqual(['Bound taken', 'Pending', 'Pending']);
    expect(about(s.w, 'second')).toEqual(['PersistentVolumeClaim/second Warning FailedBinding volume "taken" already bound to a different claim.']);
    s.volume('later', '1Gi');
    await s.settle();
    expect(s.state('early')).toBe('Bound later');
    await s.stop();
  });

  it('specify the relevant PersistentVolumeClaim in the claimRef field of the PV so that other PVCs can not bind to it', async () => {
    const s = await storage(p => { p.volume('kept', '1Gi', { claimRef: { namespace: 'ns', name: 'mine' } }); p.claim('other', '1Gi'); });
    expect([s.phase('kept'), s.state('other')]).toEqual(['Available', 'Pending']);
    s.claim('mine', '1Gi');
    await s.settle();
    expect([s.phase('kept'), s.state('mine'), s.volumeOf('kept').metadata?.annotations]).toEqual(['Bound', 'Bound kept', undefined]);
    await s.stop();
  });

  it('a claim that finds another volume first leaves the reserved one reserved', async () => {
    const s = await storage(p => { p.claim('c', '1Gi', { volumeName: 'named' }); p.volume('named', '1Gi'); });
    s.volume('reserved', '1Gi', { claimRef: { namespace: 'ns', name: 'c', uid: s.claimOf('c').metadata!.uid! } });
    await s.settle();
    expect([s.state('c'), s.phase('reserved'), s.volumeOf('reserved').spec?.claimRef]).toEqual(['Bound named', 'Available', { namespace: 'ns', name: 'c' }]);
    await s.stop();
  });
});

describe('storage classes', () => {
  it('a claim without a class gets the default one when there is one, also later; of several the newest', async () => {
    const s = await storage(p => { p.claim('c', '1Gi', { storageClassName: undefined } as never); p.claim('none', '1Gi', { storageClassName: '' }); });
    expect(s.state('c')).toBe('Pending');
    const byDefault = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
    s.cls('old', { metadata: { name: 'old', ...byDefault, creationTimestamp: '2020-01-01T00:00:00Z' }, provisioner: 'a/b' });
    await s.settle();
    expect([s.claimOf('c').spec?.storageClassName, s.claimOf('none').spec?.storageClassName]).toEqual(['old', '']);
    s.cls('new', { metadata: { name: 'new', ...byDefault, creationTimestamp: '2026-01-01T00:00:00Z' }, provisioner: 'a/b' });
    s.claim('d', '1Gi', { storageClassName: undefined } as never);
    await s.settle();
    expect(s.claimOf('d').spec?.storageClassName).toBe('new');
    await s.stop();
  });

  it('a claim with no class is bound to a volume with no class before any default applies', async () => {
    const s = await storage(p => { p.volume('v', '1Gi'); });
    s.cls('std', { metadata: { name: 'std', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } });
    s.claim('c', '1Gi', { storageClassName: undefined } as never);
    await s.settle();
    expect([s.state('c'), s.claimOf('c').spec?.storageClassName]).toEqual(['Bound v', undefined]);
    await s.stop();
  });

  it('a class that is not there, one of old days and one of somebody else: each in its words', async () => {
    const s = await storage(p => { p.cls('ext', { provisioner: 'example.com/nfs' }); p.cls('no', { provisioner: 'kubernetes.io/no-provisioner' }); p.claim('a', '1Gi', { storageClassName: 'missing' }); p.claim('b', '1Gi', { storageClassName: 'ext' }); p.claim('c', '1Gi', { storageClassName: 'no' }); });
    expect(about(s.w, 'a')).toEqual(['PersistentVolumeClaim/a Warning ProvisioningFailed storageclass.storage.k8s.io "missing" not found']);
    expect(about(s.w, 'b')).toEqual(["PersistentVolumeClaim/b Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner 'example.com/nfs' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."]);
    expect(s.claimOf('b').metadata?.annotations).toEqual({ 'volume.beta.kubernetes.io/storage-provisioner': 'example.com/nfs', 'volume.kubernetes.io/storage-provisioner': 'example.com/nfs' });
    expect(about(s.w, 'c')).toEqual(['PersistentVolumeClaim/c Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner']);
    s.cls('missing', { provisioner: 'example.com/nfs' });
    await s.settle();
    expect(about(s.w, 'a').at(-1)).toContain("external provisioner 'example.com/nfs'");
    await s.stop();
  });

  it('WaitForFirstConsumer delays the binding and provisioning of a PersistentVolume until a Pod using the PersistentVolumeClaim is created', async () => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('wait', { volumeBindingMode: 'WaitForFirstConsumer' }); p.volume('static', '1Gi', { storageClassName: 'wait' }); p.claim('c', '1Gi', { storageClassName: 'wait' }); }, ALL, disk);
    expect([s.state('c'), s.phase('static'), disk.dirs.size]).toEqual(['Pending', 'Available', 0]);
    expect(about(s.w, 'c')).toEqual(['PersistentVolumeClaim/c Normal WaitForFirstConsumer waiting for first consumer to be created before binding']);
    s.api.put(podKind, { metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] } } as never);
    await s.settle();
    expect(about(s.w, 'c').at(-1)).toBe('PersistentVolumeClaim/c Normal WaitForPodScheduled waiting for pod p to be scheduled');
    // The scheduler has chosen a node; it would have bound the static one itself.
    s.api.remove(volumeKind, 'static');
    s.api.change<PersistentVolumeClaim>(claimKind, 'ns/c', c => { c.metadata!.annotations = { 'volume.kubernetes.io/selected-node': 'node-1' }; });
    await s.settle();
    expect(s.state('c')).toBe(`Bound pvc-${s.claimOf('c').metadata?.uid}`);
    await s.stop();
  });

  it('WaitForFirstConsumer: a volume the scheduler has bound to the claim is taken', async () => {
    const s = await storage(p => { p.cls('wait', { volumeBindingMode: 'WaitForFirstConsumer' }); p.volume('static', '1Gi', { storageClassName: 'wait' }); p.claim('c', '1Gi', { storageClassName: 'wait' }); });
    s.api.change<PersistentVolume>(volumeKind, 'static', v => { v.spec!.claimRef = { namespace: 'ns', name: 'c', uid: s.claimOf('c').metadata!.uid! }; v.metadata!.annotations = { 'pv.kubernetes.io/bound-by-controller': 'yes' }; });
    await s.settle();
    expect([s.state('c'), s.phase('static')]).toEqual(['Bound static', 'Bound']);
    await s.stop();
  });
});

describe('dynamic provisioning', () => {
  it('a claim without anything to bind to gets a volume made for it; deleting the claim deletes both the object and the storage', async () => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('std'); p.claim('c', '2Gi', { storageClassName: 'std', accessModes: ['ReadWriteMany'] }); }, ALL, disk);
    const uid = s.claimOf('c').metadata!.uid!, name = `pvc-${uid}`;
    expect(s.state('c')).toBe(`Bound ${name}`);
    expect(s.volumeOf(name)).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': LOCAL_PROVISIONER }, finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'] },
      spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteMany'], persistentVolumeReclaimPolicy: 'Delete', storageClassName: 'std', volumeMode: 'Filesystem', hostPath: { path: `/vol/${name}_ns_c`, type: 'Directory' }, claimRef: { name: 'c', uid } },
      status: { phase: 'Bound' },
    });
    expect(about(s.w, 'c').map(e => e.split(' ').slice(2).join(' '))).toEqual([
      `ExternalProvisioning Waiting for a volume to be created either by the external provisioner '${LOCAL_PROVISIONER}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
      'Provisioning External provisioner is provisioning volume for claim "ns/c"', `ProvisioningSucceeded Successfully provisioned volume ${name}`,
    ]);
    await s.deleteClaim('c');
    expect([s.phase(name), disk.dirs.size, s.complaints]).toEqual(['gone', 0, []]);
    await s.stop();
  });

  it('Retain: when the claim is deleted the volume still exists and is considered released, but not available for another claim', async () => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('keep', { reclaimPolicy: 'Retain' }); p.claim('c', '1Gi', { storageClassName: 'keep' }); }, ALL, disk);
    const name = s.claimOf('c').spec!.volumeName!;
    expect(s.volumeOf(name).metadata?.finalizers).toBeUndefined();
    await s.deleteClaim('c');
    s.claim('again', '1Gi', { storageClassName: 'keep', volumeName: name });
    await s.settle();
    expect([s.phase(name), disk.dirs.size, s.claimOf('again').status?.phase]).toEqual(['Released', 1, 'Pending']);
    // An administrator takes the reference off: it is free again, and its data with it.
    s.api.change<PersistentVolume>(volumeKind, name, v => { delete v.spec!.claimRef; });
    await s.settle();
    expect(s.state('again')).toBe(`Bound ${name}`);
    await s.stop();
  });

  it('a policy changed afterwards counts: Delete becomes Retain and the data stay', async () => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('std'); p.claim('c', '1Gi', { storageClassName: 'std' }); }, ALL, disk);
    const name = s.claimOf('c').spec!.volumeName!;
    s.api.change<PersistentVolume>(volumeKind, name, v => { v.spec!.persistentVolumeReclaimPolicy = 'Retain'; });
    await s.settle();
    expect(s.volumeOf(name).metadata?.finalizers).toEqual([]);
    await s.deleteClaim('c');
    expect([s.phase(name), disk.dirs.size]).toEqual(['Released', 1]);
    await s.stop();
  });

  it('Failed: the volume has failed its automated reclamation, and it is tried again', async () => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('std'); p.claim('c', '1Gi', { storageClassName: 'std' }); }, ALL, disk);
    const name = s.claimOf('c').spec!.volumeName!;
    disk.fail = 'EBUSY: resource busy';
    await s.deleteClaim('c');
    expect([s.phase(name), s.volumeOf(name).status?.message, about(s.w, name)]).toEqual(['Failed', 'EBUSY: resource busy', [`PersistentVolume/${name} Warning VolumeFailedDelete EBUSY: resource busy`]]);
    disk.fail = undefined;
    await s.clock.advance(60_000);
    await s.settle();
    expect([s.phase(name), disk.dirs.size]).toEqual(['gone', 0]);
    await s.stop();
  });

  it('a disk that refuses is told on the claim and asked again', async () => {
    const disk = fakeDisk();
    disk.fail = 'ENOSPC: no space left on device';
    const s = await storage(p => { p.cls('std'); p.claim('c', '1Gi', { storageClassName: 'std' }); }, ALL, disk);
    expect(about(s.w, 'c')).toContain('PersistentVolumeClaim/c Warning ProvisioningFailed failed to provision volume with StorageClass "std": ENOSPC: no space left on device');
    disk.fail = undefined;
    await s.clock.advance(60_000);
    await s.settle();
    expect(s.claimOf('c').status?.phase).toBe('Bound');
    await s.stop();
  });

  it.each([['kubernetes.io/aws-ebs', 'ebs.csi.aws.com'], ['example.com/nfs', 'example.com/nfs']])('an external provisioner is waited for by its name, and one of the in-tree plugins by the name of the driver it moved to: %s', async (provisioner, name) => {
    const s = await storage(p => { p.cls('x', { provisioner }); p.claim('c', '1Gi', { storageClassName: 'x' }); });
    expect([s.state('c'), about(s.w, 'c')]).toEqual(['Pending', [expect.stringContaining(`Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner '${name}' or`)]]);
    expect(s.claimOf('c').metadata?.annotations).toEqual({ 'volume.kubernetes.io/storage-provisioner': name, 'volume.beta.kubernetes.io/storage-provisioner': name });
    await s.stop();
  });

  it.each<[string, Partial<PersistentVolumeClaimSpec>, Partial<StorageClass>, string]>([
    ['snapshots', { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' } }, {}, `a claim cannot start with the data of a VolumeSnapshot ("s"): ${LOCAL_PROVISIONER} makes no snapshots`],
    ['volume populators', { dataSourceRef: { apiGroup: 'example.com', kind: 'Hello', name: 'h' } }, {}, 'a claim cannot start with the data of a Hello ("h"): no volume populator is registered for it'],
    ['claims of other namespaces', { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'x', namespace: 'other' } }, {}, 'a claim cannot start with the data of a claim of another namespace ("other/x")'],
    ['attribute classes', { volumeAttributesClassName: 'gold' }, {}, 'VolumeAttributesClass "gold" is not supported: directories have no attributes'],
    ['selectors: a PVC with a non-empty selector can\'t have a PV dynamically provisioned for it', { selector: { matchLabels: { a: 'b' } } }, {}, 'claim.Spec.Selector is not supported'],
    ['mount options', {}, { mountOptions: ['noatime'] }, 'mount options of the class (noatime) are not supported'],
    ['parameters', {}, { parameters: { type: 'io1' } }, 'parameter "type" of the class is not known'],
  ])('what a directory cannot be is refused with its reason: %s', async (_, spec, cls, why) => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('std', cls); p.claim('c', '1Gi', { storageClassName: 'std', ...spec }); }, ALL, disk);
    expect([s.state('c'), disk.dirs.size]).toEqual(['Pending', 0]);
    expect(about(s.w, 'c')).toContain(`PersistentVolumeClaim/c Warning ProvisioningFailed failed to provision volume with StorageClass "std": ${why}`);
    await s.stop();
  });

  it('volumeMode Block: a raw block device without any filesystem, of the size asked for, and larger when the claim grows', async () => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('std'); p.claim('c', '1Gi', { storageClassName: 'std', volumeMode: 'Block' }); }, ALL, disk);
    const name = s.claimOf('c').spec!.volumeName!;
    expect(s.volumeOf(name).spec).toMatchObject({ volumeMode: 'Block', capacity: { storage: '1Gi' }, hostPath: { path: `/vol/${name}_ns_c`, type: 'File' } });
    s.api.change<PersistentVolumeClaim>(claimKind, 'ns/c', c => { c.spec!.resources = { requests: { storage: '2Gi' } }; });
    await s.settle();
    expect([disk.did, s.claimOf('c').status?.capacity]).toEqual([[`file of ${2 ** 30}`, `grown to ${2 ** 31}`], { storage: '2Gi' }]);
    await s.deleteClaim('c');
    expect([s.phase(name), disk.dirs.size]).toEqual(['gone', 0]);
    await s.stop();
  });

  it('cloning: a duplicate of an existing volume; whether it is named in dataSource or dataSourceRef', async () => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('std'); p.claim('src', '1Gi', { storageClassName: 'std' }); }, ALL, disk);
    const from = `/vol/${s.claimOf('src').spec!.volumeName!}_ns_src`, clone = { kind: 'PersistentVolumeClaim', name: 'src' };
    s.claim('a', '2Gi', { storageClassName: 'std', dataSource: clone });
    await s.settle();
    s.claim('b', '1Gi', { storageClassName: 'std', dataSourceRef: clone });
    await s.settle();
    const into = (c: string): string => `${from} into /vol/${s.claimOf(c).spec!.volumeName!}_ns_${c}`;
    expect([disk.did, s.claimOf('a').status?.capacity]).toEqual([[into('a'), into('b')], { storage: '2Gi' }]);
    await s.stop();
  });

  it.each<[string, Partial<PersistentVolumeClaimSpec>, string]>([
    ['the source PVC must exist in the same namespace', { dataSource: { kind: 'PersistentVolumeClaim', name: 'none' } }, 'error getting PVC none (namespace "ns") from api server: persistentvolumeclaims "none" not found'],
    ['the source PVC must be bound and available', { dataSource: { kind: 'PersistentVolumeClaim', name: 'open' } }, 'the PVC DataSource open must have a status of Bound.  Got Pending'],
    ['you must specify a capacity value that is the same or larger than the capacity of the source volume', { dataSource: { kind: 'PersistentVolumeClaim', name: 'large' } }, 'error, new PVC request must be greater than or equal in size to the specified PVC data source, requested 1Gi but source is 5Gi'],
    ['the source and destination must have the same VolumeMode', { dataSource: { kind: 'PersistentVolumeClaim', name: 'small' }, volumeMode: 'Block' }, 'the source PVC and destination PVCs must have the same volumeMode, requested Block but source is Filesystem'],
  ])('cloning: %s', async (_, spec, why) => {
    const disk = fakeDisk();
    const s = await storage(p => { p.cls('std'); p.claim('large', '5Gi', { storageClassName: 'std' }); p.claim('small', '1Gi', { storageClassName: 'std' }); p.claim('open', '1Gi', { storageClassName: 'none' }); }, ALL, disk);
    s.claim('c', '1Gi', { storageClassName: 'std', ...spec });
    await s.settle();
    expect([s.state('c'), about(s.w, 'c').at(-1)]).toEqual(['Pending', `PersistentVolumeClaim/c Warning ProvisioningFailed failed to provision volume with StorageClass "std": ${why}`]);
    s.api.remove(claimKind, 'ns/c');
    await s.clock.advance(60_000);
    await s.settle();
    expect(disk.dirs.size).toBe(2);
    await s.stop();
  });

  it('a host that dies between the volume and the claim finishes after its restart', async () => {
    const disk = fakeDisk();
    const s = await storage((p, api) => {
      p.cls('std');
      const c = p.claim('c', '1Gi', { storageClassName: 'std' }, { 'volume.kubernetes.io/storage-provisioner': LOCAL_PROVISIONER });
      api.put<PersistentVolume>(volumeKind, { metadata: { name: `pvc-${c.metadata!.uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': LOCAL_PROVISIONER } }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'std', persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/vol/x' }, claimRef: { namespace: 'ns', name: 'c', uid: c.metadata!.uid! } }, status: { phase: 'Pending' } });
    }, ALL, disk);
    expect([s.claimOf('c').status?.phase, disk.dirs.size, s.api.all(volumeKind).length]).toEqual(['Bound', 0, 1]);
    await s.stop();
  });
});

describe('what is lost and what is left', () => {
  it('Lost: the claim\'s volume is gone, and no other takes its place', async () => {
    const s = await storage(p => { p.volume('v', '1Gi'); p.claim('c', '1Gi'); });
    s.volume('w', '1Gi');
    s.api.remove(volumeKind, 'v');
    await s.settle();
    expect([s.claimOf('c').status, about(s.w, 'c').at(-1)]).toEqual([{ phase: 'Lost' }, 'PersistentVolumeClaim/c Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!']);
    await s.stop();
  });

  it('a claim of the same name is not the claim the volume was bound to', async () => {
    const s = await storage(p => { p.volume('v', '1Gi'); p.claim('c', '1Gi'); });
    await s.deleteClaim('c');
    s.claim('c', '1Gi');
    await s.settle();
    expect([s.phase('v'), s.state('c')]).toEqual(['Released', 'Pending']);
    await s.stop();
  });

  it.each<[string, PersistentVolumeSpec, string, string]>([
    ['Recycle', { persistentVolumeReclaimPolicy: 'Recycle' }, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!'],
    ['Delete of a directory a person gave', { persistentVolumeReclaimPolicy: 'Delete' }, 'VolumeFailedDelete', "host_path deleter only supports directories that this cluster's provisioner made but received provided /data/v"],
    ['Delete of a volume nobody here can delete', { persistentVolumeReclaimPolicy: 'Delete', hostPath: undefined, nfs: { server: 's', path: '/' } } as never, 'VolumeFailedDelete', 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched'],
  ])('a policy that cannot be carried out is said on the volume: %s', async (_, spec, reason, message) => {
    const s = await storage(p => { p.volume('v', '1Gi', spec); p.claim('c', '1Gi'); });
    await s.deleteClaim('c');
    expect([s.phase('v'), s.volumeOf('v').status?.message, about(s.w, 'v')]).toEqual(['Failed', message, [`PersistentVolume/v Warning ${reason} ${message}`]]);
    await s.stop();
  });
});

describe('expanding', () => {
  const ask = async (s: Awaited<ReturnType<typeof storage>>, size: string): Promise<void> => { s.api.change<PersistentVolumeClaim>(claimKind, 'ns/c', c => { c.spec!.resources!.requests!['storage'] = size; }); await s.settle(); };

  it('to request a larger volume for a PVC, edit the PVC object and specify a larger size: an existing volume is resized', async () => {
    const s = await storage(p => { p.cls('std'); p.claim('c', '1Gi', { storageClassName: 'std' }); }, ALL, fakeDisk());
    const name = s.claimOf('c').spec!.volumeName!;
    await ask(s, '5Gi');
    expect([s.volumeOf(name).spec?.capacity, s.claimOf('c').status?.capacity, s.claimOf('c').status?.conditions]).toEqual([{ storage: '5Gi' }, { storage: '5Gi' }, undefined]);
    expect(about(s.w, 'c').slice(-2).map(e => e.split(' ').slice(1).join(' '))).toEqual([`Normal Resizing External resizer is resizing volume ${name}`, 'Normal VolumeResizeSuccessful Resize volume succeeded']);
    await s.stop();
  });

  it('a volume of somebody else waits for somebody else', async () => {
    const s = await storage(p => { p.volume('v', '1Gi'); p.claim('c', '1Gi'); }, ALL, fakeDisk());
    await ask(s, '5Gi');
    expect([s.claimOf('c').status?.capacity, about(s.w, 'c').at(-1)]).toEqual([{ storage: '1Gi' }, "PersistentVolumeClaim/c Warning ExternalExpanding didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC"]);
    await s.stop();
  });

  it('other attributes are refused on the claim, not ignored', async () => {
    const s = await storage(p => { p.cls('std'); p.claim('c', '1Gi', { storageClassName: 'std' }); }, ALL, fakeDisk());
    s.api.change<PersistentVolumeClaim>(claimKind, 'ns/c', c => { c.spec!.volumeAttributesClassName = 'gold'; });
    await s.settle();
    expect(s.claimOf('c').status).toMatchObject({ phase: 'Bound', modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold', status: 'Infeasible' }, conditions: [{ type: 'ModifyVolumeError', status: 'True', reason: 'Infeasible' }] });
    expect(about(s.w, 'c').at(-1)).toMatch(/^PersistentVolumeClaim\/c Warning VolumeModifyFailed VolumeAttributesClass "gold" is not supported by /);
    await s.stop();
  });
});
