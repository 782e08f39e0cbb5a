import { expect, it } from 'vitest';
import { world } from '../../../test/harness/controllers.ts';
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import type { PersistentVolumeClaim } from '../../api/types/kubernetes.ts';

const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'std', resources: { requests: { storage: '1Gi' } } };
const podWith = (name: string): never => ({ metadata: { name, namespace: 'ns' }, spec: { containers: [], volumes: [{ name: 'plain', emptyDir: {} }, { name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { type: 'my' }, annotations: { a: 'b' } }, spec } } }] } }) as never;

it('an actual PVC is created in the same namespace, named by the pod and the volume, with the pod as its owner', async () => {
  const w = await world(['ephemeral-volume'], api => { api.put(podKind, podWith('app')); });
  const made = w.api.all<PersistentVolumeClaim>(claimKind);
  const uid = w.api.get(podKind, 'ns/app')!.metadata!.uid;
  expect(made).toMatchObject([{ metadata: { name: 'app-scratch', namespace: 'ns', labels: { type: 'my' }, annotations: { a: 'b' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'app', uid, controller: true, blockOwnerDeletion: true }] }, spec }]);
  // Somebody deletes it while the pod lives.
  w.api.remove(claimKind, 'ns/app-scratch');
  await w.settle();
  expect(w.api.all(claimKind)).toHaveLength(1);
  expect(w.complaints).toEqual([]);
  await w.stop();
});

it('a conflict is detected: a PVC is only used for an ephemeral volume if it was created for the Pod', async () => {
  const w = await world(['ephemeral-volume'], api => { api.put(claimKind, { metadata: { name: 'app-scratch', namespace: 'ns' }, spec } as never); api.put(podKind, podWith('app')); });
  expect(w.events[0]).toBe('Pod/app Warning FailedBinding ephemeral volume scratch: PVC ns/app-scratch was not created for pod ns/app (pod is not owner)');
  expect(w.api.all<PersistentVolumeClaim>(claimKind)[0]?.metadata?.ownerReferences).toBeUndefined();
  w.api.remove(claimKind, 'ns/app-scratch');
  await w.clock.advance(60_000);
  await w.settle();
  expect(w.api.all<PersistentVolumeClaim>(claimKind)[0]?.metadata?.ownerReferences).toHaveLength(1);
  await w.stop();
});
