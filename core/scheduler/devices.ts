// Devices (resource.k8s.io) as the scheduler sees them: claims with what this scheduler has decided of them meanwhile, classes, pools, and
// which devices are taken.
import { deviceClass as classKind } from '../api/kinds/resource/device-class.ts';
import { resourceClaim as claimKind } from '../api/kinds/resource/resource-claim.ts';
import { resourceSlice as sliceKind } from '../api/kinds/resource/resource-slice.ts';
import { objectKey } from '../api/meta/object.ts';
import { isConflict } from '../api/meta/status.ts';
import type { AllocationResult, Device, DeviceClass, Pod, ResourceSlice, ResourceV1ResourceClaim } from '../api/types/kubernetes.ts';
import type { Client } from '../client/client.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { ClusterEvent } from './framework.ts';

export type Claim = ResourceV1ResourceClaim;
/** On a claim that has devices: it is not removed before they are free. */
export const DELETE_PROTECTION = 'resource.kubernetes.io/delete-protection';

/** Slices of one pool of one driver, of its newest generation. */
export interface Pool { readonly driver: string; readonly name: string; readonly slices: readonly ResourceSlice[]; /** All slices of that generation are there. */ readonly complete: boolean }

/** Whether a CEL expression selects a device of a driver; throws Error where that cannot be said. */
export type SelectDevice = (expression: string, driver: string, device: Device) => boolean;

export interface Devices {
  claim(key: string): Claim | undefined;
  deviceClass(name: string): DeviceClass | undefined;
  pools(): readonly Pool[];
  /** `driver/pool/device` of devices that some claim has, those decided on but not written yet among them. */
  isTaken(id: string): boolean;
  /** The claim (by uid) is being given these devices. */
  assume(claim: Claim, allocation: AllocationResult): void;
  isAssumed(claim: Claim): boolean;
  forget(claim: Claim): void;
  /** Writes allocation and reservation for the pod; rejects where somebody else was faster. */
  reserve(claim: Claim, pod: Pod, allocation: AllocationResult | undefined): Promise<void>;
  unreserve(key: string, pod: Pod): Promise<void>;
  /** Takes back what nobody uses. */
  deallocate(claim: Claim): Promise<void>;
}

export const deviceId = (r: { driver: string; pool: string; device: string }): string => `${r.driver}/${r.pool}/${r.device}`;
/** Devices an allocation has to itself. */
export const devicesOf = (a: AllocationResult | undefined): string[] => (a?.devices?.results ?? []).filter(r => !r.adminAccess).map(deviceId);

/** `happened` hears of what may make a pod with claims schedulable. */
export function createDevices(client: Client, informers: InformerFactory, happened: (e: ClusterEvent) => void): Devices {
  const claims = informers.for<Claim>(claimKind), classes = informers.for<DeviceClass>(classKind), slices = informers.for<ResourceSlice>(sliceKind);
  const taken = new Map<string, number>(), assumed = new Map<string, AllocationResult>();
  /** Claims as this scheduler wrote them, until the cache has them. */
  const newer = new Map<string, Claim>();
  let pools: Pool[] | undefined;
  const count = (a: AllocationResult | undefined, by: 1 | -1): void => { for (const id of devicesOf(a)) { const n = (taken.get(id) ?? 0) + by; if (n === 0) taken.delete(id); else taken.set(id, n); } };
  const seen = (c: Claim): void => { const own = newer.get(objectKey(c)); if (own && Number(own.metadata?.resourceVersion) <= Number(c.metadata?.resourceVersion)) newer.delete(objectKey(c)); };
  claims.on({
    add: c => { count(c.status?.allocation, 1); seen(c); happened({ kind: 'device-claim', claim: objectKey(c) }); },
    update: (c, prev) => {
      count(prev.status?.allocation, -1);
      count(c.status?.allocation, 1);
      seen(c);
      // Devices that are free again may serve any other claim.
      happened(prev.status?.allocation && !c.status?.allocation ? { kind: 'device-claim' } : { kind: 'device-claim', claim: objectKey(c) });
    },
    delete: c => { count(c.status?.allocation, -1); newer.delete(objectKey(c)); if (c.status?.allocation) happened({ kind: 'device-claim' }); },
  });
  const changed = (): void => { pools = undefined; happened({ kind: 'devices-changed' }); };
  slices.on({ add: changed, update: changed, delete: () => { pools = undefined; } });
  classes.on({ add: () => happened({ kind: 'devices-changed' }), update: () => happened({ kind: 'devices-changed' }) });

  const inPools = (): Pool[] => {
    const all = new Map<string, ResourceSlice[]>();
    for (const s of slices.lister.list()) {
      const id = `${s.spec.driver}/${s.spec.pool.name}`, there = all.get(id), newest = there?.[0]?.spec.pool.generation ?? -1;
      if (s.spec.pool.generation > newest) all.set(id, [s]); else if (s.spec.pool.generation === newest) there!.push(s);
    }
    return [...all.values()].map(list => ({ driver: list[0]!.spec.driver, name: list[0]!.spec.pool.name, slices: list, complete: list.length === list[0]!.spec.pool.resourceSliceCount }));
  };
  const write = async (c: Claim, body: object, subresource?: string): Promise<Claim> => {
    const next = await client.patch<Claim>(claimKind, c.metadata?.namespace, c.metadata?.name ?? '', 'application/merge-patch+json', body, subresource);
    newer.set(objectKey(next), next);
    return next;
  };
  const current = (key: string): Claim | undefined => newer.get(key) ?? claims.lister.getByKey(key);
  return {
    claim: current,
    deviceClass: name => classes.lister.get(undefined, name),
    pools: () => (pools ??= inPools()),
    isTaken: id => taken.has(id),
    assume(claim, allocation) { assumed.set(claim.metadata?.uid ?? '', allocation); count(allocation, 1); },
    isAssumed: claim => assumed.has(claim.metadata?.uid ?? ''),
    forget(claim) {
      const uid = claim.metadata?.uid ?? '';
      count(assumed.get(uid), -1);
      assumed.delete(uid);
    },
    async reserve(claim, pod, allocation) {
      let c = claim;
      const finalizers = c.metadata?.finalizers ?? [];
      if (allocation && !finalizers.includes(DELETE_PROTECTION)) c = await write(c, { metadata: { resourceVersion: c.metadata?.resourceVersion, finalizers: [...finalizers, DELETE_PROTECTION] } });
      const reservedFor = [...c.status?.reservedFor ?? [], { resource: 'pods', name: pod.metadata?.name, uid: pod.metadata?.uid }];
      await write(c, { metadata: { resourceVersion: c.metadata?.resourceVersion }, status: { ...(allocation ? { allocation } : {}), reservedFor } }, 'status');
    },
    async unreserve(key, pod) {
      const c = current(key), left = c?.status?.reservedFor?.filter(r => r.uid !== pod.metadata?.uid);
      if (!c || !left || left.length === c.status!.reservedFor!.length) return;
      try { await write(c, { metadata: { resourceVersion: c.metadata?.resourceVersion }, status: { reservedFor: left } }, 'status'); } catch (error) {
        // Its controller sweeps what is left of pods that are gone; somebody who wrote meanwhile knows better.
        if (!isConflict(error)) throw error;
      }
    },
    async deallocate(claim) { await write(claim, { metadata: { resourceVersion: claim.metadata?.resourceVersion }, status: { allocation: null, reservedFor: null } }, 'status'); },
  };
}
