import { expect, it } from 'vitest';
import { applyStrategicMergePatch } from '../../api/meta/patch-strategic.ts';
import type { Pod, PodStatus } from '../../api/types/kubernetes.ts';
import { statusPatch } from './status-patch.ts';

const POD = 'io.k8s.api.core.v1.Pod';
const becomes = (from: PodStatus, to: PodStatus): PodStatus | undefined =>
  applyStrategicMergePatch<Pod>({ status: from }, statusPatch('u', from, to), POD).status;

it('addresses that are not a pod\'s or its node\'s any more leave the lists: one address of a family is what the API allows', () => {
  const from: PodStatus = { hostIP: '127.0.0.1', hostIPs: [{ ip: '127.0.0.1' }], podIP: '10.244.0.9', podIPs: [{ ip: '10.244.0.9' }, { ip: 'fd00::9' }] };
  const to: PodStatus = { hostIP: '10.244.0.2', hostIPs: [{ ip: '10.244.0.2' }], podIP: '10.244.0.7', podIPs: [{ ip: '10.244.0.7' }] };
  expect(becomes(from, to)).toEqual(to);
  expect(becomes({}, to)).toEqual(to);
});
