import { describe, expect, it } from 'vitest';
import { world } from '../../../test/harness/controllers.ts';
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../api/kinds/core/persistent-volume.ts';
import { volumeAttributesClass as attributesKind } from '../../api/kinds/storage/volume-attributes-class.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/kubernetes.ts';

const AT = '2026-01-01T00:00:00Z';

describe('what is in use', () => {
  it('keeps a deleted claim until the last pod on a node is gone', async () => {
    const w = await world(['pvc-protection'], api => {
      api.put(claimKind, { metadata: { name: 'c', namespace: 'a', finalizers: ['kubernetes.io/pvc-protection', 'x/y'], deletionTimestamp: AT } });
      api.put(claimKind, { metadata: { name: 'free', namespace: 'a', finalizers: ['kubernetes.io/pvc-protection', 'x/y'], deletionTimestamp: AT } });
      const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
      api.put(podKind, { metadata: { name: 'p', namespace: 'a' }, spec: { nodeName: 'n', containers: [], volumes } } as never);
    });
    const left = (name: string): unknown => api(name)?.metadata?.finalizers;
    const api = (name: string): PersistentVolumeClaim | undefined => w.api.get<PersistentVolumeClaim>(claimKind, `a/${name}`);
    expect(left('c')).toEqual(['kubernetes.io/pvc-protection', 'x/y']);
    expect(left('free')).toEqual(['x/y']);
    w.api.remove(podKind, 'a/p');
    await w.settle();
    expect(left('c')).toEqual(['x/y']);
    await w.stop();
  });

  it('keeps a deleted volume as long as it is bound', async () => {
    const w = await world(['pv-protection'], api => {
      api.put(volumeKind, { metadata: { name: 'v', finalizers: ['kubernetes.io/pv-protection', 'x/y'], deletionTimestamp: AT }, status: { phase: 'Bound' } } as never);
    });
    expect(w.api.get(volumeKind, 'v')?.metadata?.finalizers).toHaveLength(2);
    w.api.change<PersistentVolume>(volumeKind, 'v', v => { v.status = { phase: 'Released' }; });
    await w.settle();
    expect(w.api.get(volumeKind, 'v')?.metadata?.finalizers).toEqual(['x/y']);
    await w.stop();
  });

  it('keeps a deleted attributes class as long as a claim has it', async () => {
    const w = await world(['vac-protection'], api => {
      api.put(attributesKind, { metadata: { name: 'fast', finalizers: ['kubernetes.io/vac-protection', 'x/y'], deletionTimestamp: AT }, driverName: 'd' } as never);
      api.put(claimKind, { metadata: { name: 'c', namespace: 'a' }, spec: { volumeAttributesClassName: 'fast' } } as never);
    });
    expect(w.api.get(attributesKind, 'fast')?.metadata?.finalizers).toHaveLength(2);
    w.api.remove(claimKind, 'a/c');
    await w.settle();
    expect(w.api.get(attributesKind, 'fast')?.metadata?.finalizers).toEqual(['x/y']);
    await w.stop();
  });
});
