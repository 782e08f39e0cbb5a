// Every field of the volumes that carry files: keys and paths, modes, what is optional, where a projected volume gets its files from.
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConfigMap, Pod, Secret, Volume } from '../../api/types/kubernetes.ts';
import { FakeClock } from '../../base/clock.ts';
import { PodVolumes } from './pod-volumes.ts';
import { Tokens } from './tokens.ts';

let dir = ''; let count = 0;
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'sources-')); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

const CONFIG: ConfigMap = { data: { a: 'A', b: 'B' }, binaryData: { raw: Buffer.from([0, 255]).toString('base64') } };
const SECRET: Secret = { data: { pw: Buffer.from('geheim').toString('base64'), user: Buffer.from('me').toString('base64') } };
const sources = { configMap: (_: string, n: string) => (n === 'cm' ? CONFIG : undefined), secret: (_: string, n: string) => (n === 'se' ? SECRET : undefined), services: () => [] };
const storage = { claim: () => undefined, persistentVolume: () => undefined };

/** Sets the volume up; its files as `path:mode:content`. */
async function files(volume: Omit<Volume, 'name'>): Promise<string[]> {
  const clock = new FakeClock();
  const tokens = new Tokens({ create: async () => ({ status: { token: 't', expirationTimestamp: undefined } }) } as never, clock);
  const pod: Pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { l: '1' } }, spec: { containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v' }], resources: { limits: { memory: '64Mi' } } }], volumes: [{ name: 'v', ...volume }] } };
  const at = join(dir, String(count++));
  const v = new PodVolumes(at, join(at, 'm'), { sources, storage, image: () => Promise.reject(new Error('no images here')), tokens, clock, root: false, node: () => Promise.resolve({}), users: new Map(), recursiveReadOnly: true });
  await v.setUp(pod, () => ({ podIPs: ['10.0.0.9'], hostIPs: [], nodeName: 'n', allocatable: {} }));
  const root = v.pathOf('v')!;
  const list = (below: string): string[] => readdirSync(join(root, below)).filter(n => !n.startsWith('..')).flatMap(n => {
    const path = join(below, n); const s = statSync(join(root, path));
    return s.isDirectory() ? list(path) : [`${path}:${(s.mode & 0o777).toString(8)}:${readFileSync(join(root, path), 'latin1')}`];
  });
  return list('').sort();
}

it('a configMap volume: all keys or those named, paths, modes, optional', async () => {
  expect(await files({ configMap: { name: 'cm' } })).toEqual(['a:644:A', 'b:644:B', 'raw:644:\0\u00ff']);
  expect(await files({ configMap: { name: 'cm', defaultMode: 0o600, items: [{ key: 'a', path: 'x/y' }, { key: 'b', path: 'z', mode: 0o444 }] } })).toEqual(['x/y:600:A', 'z:444:B']);
  expect(await files({ configMap: { name: 'no', optional: true } })).toEqual([]);
  expect(await files({ configMap: { name: 'cm', optional: true, items: [{ key: 'none', path: 'n' }, { key: 'a', path: 'a' }] } })).toEqual(['a:644:A']);
  await expect(files({ configMap: { name: 'no' } })).rejects.toThrow('configmap "no" not found');
  await expect(files({ configMap: { name: 'cm', items: [{ key: 'none', path: 'n' }] } })).rejects.toThrow('references non-existent config key: none');
});

it('a secret volume: all keys or those named, paths, modes, optional', async () => {
  expect(await files({ secret: { secretName: 'se' } })).toEqual(['pw:644:geheim', 'user:644:me']);
  expect(await files({ secret: { secretName: 'se', defaultMode: 0o400, items: [{ key: 'pw', path: 'deep/pw' }, { key: 'user', path: 'u', mode: 0o440 }] } })).toEqual(['deep/pw:400:geheim', 'u:440:me']);
  expect(await files({ secret: { secretName: 'no', optional: true } })).toEqual([]);
  await expect(files({ secret: { secretName: 'no' } })).rejects.toThrow('secret "no" not found');
});

it('a downwardAPI volume: fields, resources of a container by divisor, modes', async () => {
  const items = [{ path: 'labels', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.labels' } }, { path: 'd/memory', mode: 0o440, resourceFieldRef: { containerName: 'c', resource: 'limits.memory', divisor: '1Mi' } }];
  expect(await files({ downwardAPI: { defaultMode: 0o600, items } })).toEqual(['d/memory:440:64', 'labels:600:l="1"']);
  await expect(files({ downwardAPI: { items: [{ path: 'x', resourceFieldRef: { containerName: 'who', resource: 'limits.memory' } }] } })).rejects.toThrow('container who not found');
});

it('a projected volume: every source in one directory, its modes, what is optional', async () => {
  expect(await files({ projected: { defaultMode: 0o640, sources: [
    { configMap: { name: 'cm', items: [{ key: 'a', path: 'conf/a', mode: 0o400 }] } }, { secret: { name: 'se', items: [{ key: 'pw', path: 'pw' }] } }, { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    { serviceAccountToken: { path: 'deep/token', audience: 'vault', expirationSeconds: 600 } }, { configMap: { name: 'no', optional: true } }, { secret: { name: 'no', optional: true } },
  ] } })).toEqual(['conf/a:400:A', 'deep/token:644:t', 'ns:640:ns', 'pw:640:geheim']);
  await expect(files({ projected: { sources: [{ configMap: { name: 'no' } }] } })).rejects.toThrow('configmap "no" not found');
  await expect(files({ projected: { sources: [{ secret: { name: 'no' } }] } })).rejects.toThrow('secret "no" not found');
});
