// Random sequences of what people, pods, failing writes, a failing disk and restarts do to claims and volumes. What holds at every moment: a
// volume is one claim's, a bound claim stays with its volume, no data go while their claim is there or their policy keeps them. What holds at
// the end: both sides of every binding agree, nobody waits beside a volume that fits, nothing is left of what was to be deleted.
// SEQUENCES says how many (60; 10000 takes minutes), SEED where to begin.
import { expect, it } from 'vitest';
import { world, type World } from '../../../test/harness/controllers.ts';
import { random, type Random } from '../../../test/harness/random.ts';
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../api/kinds/core/persistent-volume.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { storageClass as classKind } from '../../api/kinds/storage/storage-class.ts';
import { bestVolume } from '../../api/meta/claims.ts';
import { internalError } from '../../api/meta/status.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../api/types/kubernetes.ts';
import { Client } from '../../client/client.ts';
import { LOCAL_PROVISIONER } from '../volume-provisioner/directories.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 60), SEED = Number(process.env.SEED ?? 1);
const RUN = ['persistentvolume-binder', 'local-provisioner', 'persistentvolume-expander', 'pvc-protection', 'pv-protection', 'ephemeral-volume'];

class Disk {
  readonly dirs = new Set<string>();
  failing = false;
  /** Told before a directory goes. */
  onRemove: (path: string) => void = () => {};
  make(name: string): Promise<string> {
    if (this.failing) return Promise.reject(new Error('disk is full'));
    this.dirs.add(`/vol/${name}`);
    return Promise.resolve(`/vol/${name}`);
  }
  makeFile(name: string): Promise<string> { return this.make(name); }
  growFile(): Promise<void> { return Promise.resolve(); }
  copy(): Promise<void> { return Promise.resolve(); }
  remove(path: string): Promise<void> {
    if (this.failing) return Promise.reject(new Error('disk is busy'));
    this.onRemove(path);
    this.dirs.delete(path);
    return Promise.resolve();
  }
}

const claims = (w: World): PersistentVolumeClaim[] => w.api.all<PersistentVolumeClaim>(claimKind), volumes = (w: World): PersistentVolume[] => w.api.all<PersistentVolume>(volumeKind);

/** What must never be seen. */
function broken(w: World, homes: Map<string, string>): string | undefined {
  const taken = new Map<string, string>();
  for (const c of claims(w)) {
    const uid = c.metadata!.uid!, name = c.spec?.volumeName, home = homes.get(uid);
    if (home !== undefined && name !== home) return `claim ${c.metadata!.name} moved from ${home} to ${name}`;
    if (c.status?.phase !== 'Bound') continue;
    homes.set(uid, name!);
    if (taken.has(name!)) return `${name} is bound to ${taken.get(name!)} and ${c.metadata!.name}`;
    taken.set(name!, c.metadata!.name!);
  }
  return undefined;
}

async function play(seed: number): Promise<void> {
  const r: Random = random(seed), disk = new Disk(), wrong: string[] = [], done: string[] = [], homes = new Map<string, string>();
  const w = await world(RUN, api => {
    for (const [name, reclaimPolicy] of [['std', 'Delete'], ['keep', 'Retain']] as const) api.put<StorageClass>(classKind, { metadata: { name }, provisioner: LOCAL_PROVISIONER, reclaimPolicy, volumeBindingMode: 'Immediate', allowVolumeExpansion: true });
  }, { volumes: disk });
  const people = new Client(w.api, 'people');
  disk.onRemove = path => {
    const v = volumes(w).find(x => x.spec?.hostPath?.path === path);
    // One without an object never was anybody's.
    if (v ? v.spec?.persistentVolumeReclaimPolicy !== 'Delete' : [...homes.values()].some(home => path.startsWith(`/vol/${home}_`))) wrong.push(`the data of ${path} go though nobody said so`);
    if (claims(w).some(c => c.metadata?.uid === v?.spec?.claimRef?.uid && c.spec?.volumeName === v?.metadata?.name)) wrong.push(`the data of ${path} go under their claim`);
  };
  let flaky = 0, made = 0;
  w.api.intercept = () => {
    const why = broken(w, homes);
    if (why) wrong.push(why);
    if (r.chance(flaky)) throw internalError('not now');
  };
  const size = (): string => `${r.upTo(4) + 1}Gi`;
  const quietly = async (work: () => Promise<unknown>): Promise<void> => { const f = flaky; flaky = 0; await work(); flaky = f; };
  const aClaim = (): PersistentVolumeClaim | undefined => r.pick<PersistentVolumeClaim | undefined>(claims(w)), aVolume = (): PersistentVolume | undefined => r.pick<PersistentVolume | undefined>(volumes(w));
  const acts: Record<string, () => unknown> = {
    claim: () => { w.api.put<PersistentVolumeClaim>(claimKind, { metadata: { name: `c${made++}`, namespace: 'ns', finalizers: ['kubernetes.io/pvc-protection'] }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: r.pick(['', '', 'std', 'std', 'keep']), resources: { requests: { storage: size() } }, ...(r.chance(0.1) ? { volumeName: r.pick(['v0', 'v1', 'v2']) } : {}) }, status: { phase: 'Pending' } }); },
    volume: () => { w.api.put<PersistentVolume>(volumeKind, { metadata: { name: `v${made++}`, finalizers: ['kubernetes.io/pv-protection'] }, spec: { capacity: { storage: size() }, accessModes: ['ReadWriteOnce'], storageClassName: r.pick(['', 'std']), persistentVolumeReclaimPolicy: 'Retain', hostPath: { path: `/data/${made}` }, ...(r.chance(0.1) ? { claimRef: { namespace: 'ns', name: `c${made + r.upTo(2)}` } } : {}) }, status: { phase: 'Pending' } }); },
    leave: () => quietly(async () => { const c = aClaim(); if (c) await people.delete(claimKind, 'ns', c.metadata!.name!); }),
    drop: () => quietly(async () => { const v = aVolume(); if (v) await people.delete(volumeKind, undefined, v.metadata!.name!); }),
    grow: () => { const c = aClaim(); if (c?.status?.phase === 'Bound') w.api.change<PersistentVolumeClaim>(claimKind, `ns/${c.metadata!.name}`, x => { x.spec!.resources!.requests!['storage'] = '9Gi'; }); },
    keep: () => { const v = aVolume(); if (v) w.api.change<PersistentVolume>(volumeKind, v.metadata!.name!, x => { x.spec!.persistentVolumeReclaimPolicy = 'Retain'; }); },
    free: () => { const v = volumes(w).find(x => x.status?.phase === 'Released' && !x.metadata?.deletionTimestamp && x.spec?.persistentVolumeReclaimPolicy === 'Retain'); if (v) w.api.change<PersistentVolume>(volumeKind, v.metadata!.name!, x => { delete x.spec!.claimRef; }); },
    pod: () => { const c = aClaim(); w.api.put<Pod>(podKind, { metadata: { name: `p${made++}`, namespace: 'ns' }, spec: { nodeName: 'n', containers: [], volumes: [c ? { name: 'v', persistentVolumeClaim: { claimName: c.metadata!.name! } } : { name: 'v', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'std', resources: { requests: { storage: '1Gi' } } } } } }] } } as Pod); },
    end: () => { const p = r.pick<Pod | undefined>(w.api.all<Pod>(podKind)); if (p) w.api.remove(podKind, `ns/${p.metadata!.name}`); },
    flaky: () => { flaky = flaky > 0 ? 0 : 0.2; },
    disk: () => { disk.failing = !disk.failing; },
    restart: () => quietly(() => w.restart()),
  };
  for (let i = 0; i < 40; i++) {
    const act = r.pick(['claim', 'claim', 'volume', 'leave', ...Object.keys(acts)]);
    done.push(act);
    await acts[act]!();
    await w.clock.advance(r.chance(0.4) ? 0 : 20);
  }
  flaky = 0; disk.failing = false;
  for (const p of w.api.all<Pod>(podKind)) w.api.remove(podKind, `ns/${p.metadata!.name}`);
  // Longer than the longest back-off of what failed.
  for (let i = 0; i < 3; i++) { await w.clock.advance(1_000_000); await w.settle(); }
  const story = `seed ${seed}: ${done.join(' ')}`;
  const why = broken(w, homes);
  expect([...wrong, ...(why ? [why] : [])], story).toEqual([]);
  const byName = new Map(volumes(w).map(v => [v.metadata!.name!, v])), owned = new Set(claims(w).map(c => c.metadata!.uid!));
  for (const c of claims(w)) {
    const at = `${story}: claim ${c.metadata!.name}`;
    expect(c.metadata!.deletionTimestamp, at).toBeUndefined();
    if (c.status?.phase === 'Bound') {
      const v = byName.get(c.spec!.volumeName!);
      expect([v?.status?.phase, v?.spec?.claimRef?.uid], at).toEqual(['Bound', c.metadata!.uid]);
    } else if (c.status?.phase === 'Pending' && !c.spec?.volumeName) expect([bestVolume(c, byName.values(), false)?.metadata?.name, c.spec?.storageClassName], at).toEqual([undefined, '']);
  }
  for (const v of byName.values()) {
    const at = `${story}: volume ${v.metadata!.name}`, uid = v.spec?.claimRef?.uid;
    expect(v.metadata!.deletionTimestamp === undefined || v.status?.phase === 'Bound', at).toBe(true);
    // One that failed to go, and is to be kept by now, stays as it is for people to see.
    expect(v.status?.phase === 'Failed' ? 'Released' : v.status?.phase, at).toBe(!uid ? 'Available' : owned.has(uid) ? 'Bound' : 'Released');
    if (v.spec?.persistentVolumeReclaimPolicy === 'Delete') expect(owned.has(uid ?? ''), at).toBe(true);
  }
  const used = new Set([...byName.values()].map(v => v.spec?.hostPath?.path)), kept = [...disk.dirs].filter(d => !used.has(d));
  // Without an object are only directories whose volume a person took away, data and all being kept by its policy.
  expect(kept.every(() => done.includes('drop')), story).toBe(true);
  expect(w.complaints.filter(x => x.includes('forbidden')), story).toEqual([]);
  await w.stop();
}

it(`${SEQUENCES} random sequences lose no data, bind nobody twice and leave nothing behind`, async () => {
  for (let i = 0; i < SEQUENCES; i++) await play(SEED + i);
}, 30_000 + SEQUENCES * 1_000);
