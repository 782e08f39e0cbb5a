import { expect, it } from 'vitest';
import type { Pod } from '../../api/types/kubernetes.ts';
import { refersTo } from './references.ts';

it('a pod hears of the ConfigMaps and Secrets it is made of, and of no others', () => {
  const pod = {
    spec: {
      imagePullSecrets: [{ name: 'pull' }], volumes: [{ name: 'a', configMap: { name: 'files' } }, { name: 'b', secret: { secretName: 'secrets' } }, { name: 'c', projected: { sources: [{ configMap: { name: 'part' } }, { secret: { name: 'hidden' } }] } }],
      initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'all' } }] }], containers: [{ name: 'c', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } }] }],
    },
  } as Pod;
  const of = (kind: 'configMap' | 'secret'): string[] => ['files', 'part', 'all', 'pull', 'secrets', 'hidden', 'key', 'other'].filter(n => refersTo(pod, kind, n));
  expect([of('configMap'), of('secret')]).toEqual([['files', 'part', 'all'], ['pull', 'secrets', 'hidden', 'key']]);
});
