import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Pod, PodSpec } from '../api/types/kubernetes.ts';
import { silentLog } from '../base/log.ts';
import { Admission } from './admit.ts';
import { diskUsage, diskUsageOf } from './disk-usage.ts';
import { LocalStorage, limitsStorage, overLimit, type StoredPod } from './local-storage.ts';

const MI = 1 << 20;
let dir = '';
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'storage-')); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });
const fill = (path: string, bytes: number): void => { mkdirSync(join(dir, path, '..'), { recursive: true }); writeFileSync(join(dir, path), Buffer.alloc(bytes, 1)); };

it('disk usage: blocks of a tree, a file with two names once, links not followed, nothing for what is not there', async () => {
  fill('u/deep/er/a', 2 * MI); fill('u/b', MI); fill('elsewhere', 8 * MI);
  linkSync(join(dir, 'u/b'), join(dir, 'u/c')); symlinkSync(join(dir, 'elsewhere'), join(dir, 'u/link'));
  const bytes = await diskUsage(join(dir, 'u'));
  expect(bytes).toBeGreaterThanOrEqual(3 * MI); expect(bytes).toBeLessThan(3.5 * MI);
  expect(await diskUsage(join(dir, 'none'))).toBe(0);
  fill('l/log', MI); fill('l/log.1', MI); fill('l/upper', 5 * MI);
  const logs = await diskUsageOf(join(dir, 'l'), name => name.startsWith('log'));
  expect([logs >= 2 * MI, logs < 2.5 * MI, await diskUsageOf(join(dir, 'none'), () => true)]).toEqual([true, true, 0]);
  await expect(diskUsage(join(dir, 'u'), AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

const limit = (n: string) => ({ resources: { limits: { 'ephemeral-storage': n } } });
function stored(spec: Partial<PodSpec>, disk: Record<string, number> = {}): StoredPod & { evicted: string[]; asked: number } {
  const pod: Pod = { metadata: { name: 'p', namespace: 'n' }, spec: { containers: [{ name: 'a' }], ...spec } };
  const p = { pod, evicted: [] as string[], asked: 0, volumePath: (name: string) => join(dir, 'v', name), containerDisk: async (name: string) => { p.asked++; return disk[name]; }, evict: (m: string) => { p.evicted.push(m); } };
  return p;
}

it('an emptyDir over its sizeLimit, in kubelet\'s words; in memory the file system holds it', async () => {
  fill('v/big/x', 2 * MI); fill('v/small/x', MI / 2);
  const v = (name: string, sizeLimit?: string, medium?: string) => ({ volumes: [{ name, emptyDir: { ...(sizeLimit ? { sizeLimit } : {}), ...(medium ? { medium } : {}) } }] });
  expect(await overLimit(stored(v('big', '1Mi')))).toBe('Usage of EmptyDir volume "big" exceeds the limit "1Mi". ');
  expect(await overLimit(stored(v('small', '1Mi')))).toBeUndefined();
  expect([limitsStorage(stored(v('big')).pod), limitsStorage(stored(v('big', '1Mi', 'Memory')).pod), limitsStorage(stored(v('big', '0')).pod), limitsStorage(stored(v('big', '1')).pod)]).toEqual([false, false, false, true]);
});

it('ephemeral-storage: of all containers and their volumes together, then of each', async () => {
  const two = { containers: [{ name: 'a', ...limit('1Mi') }, { name: 'b', ...limit('3Mi') }] };
  expect(await overLimit(stored(two, { a: MI, b: 3 * MI }))).toBeUndefined();
  expect(await overLimit(stored(two, { a: 2 * MI, b: 0 }))).toBe('Container a exceeded its local ephemeral storage limit "1Mi". ');
  expect(await overLimit(stored(two, { a: 2 * MI, b: 3 * MI }))).toBe('Pod ephemeral local storage usage exceeds the total limit of containers 4Mi. ');
  expect(await overLimit(stored({ ...two, volumes: [{ name: 'big', emptyDir: {} }] }, { a: MI, b: 2 * MI }))).toBe('Pod ephemeral local storage usage exceeds the total limit of containers 4Mi. ');
  expect(await overLimit(stored(two))).toBeUndefined();
});

it('only pods that ask are measured; one that cannot be measured holds nobody up', async () => {
  const quiet = stored({}, { a: 9 * MI }), loud = stored({ containers: [{ name: 'a', ...limit('1Mi') }] }, { a: 2 * MI });
  const broken = { ...stored({ containers: [{ name: 'a', ...limit('1Mi') }] }), containerDisk: () => Promise.reject(new Error('gone')) };
  const s = new LocalStorage(silentLog);
  const first = s.round([quiet, broken, loud]);
  expect(s.round([loud])).toBe(first);
  await first;
  expect([quiet.asked, loud.evicted]).toEqual([0, ['Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ']]);
  s.close();
  await s.round([loud]);
  expect(loud.evicted).toHaveLength(1);
});

it('requests of ephemeral-storage are held like the others', () => {
  const a = new Admission({ cpu: '4', memory: '8Gi', 'ephemeral-storage': '10Gi' });
  const pod = (uid: string, n: string): Pod => ({ metadata: { uid }, spec: { containers: [{ name: 'c', resources: { requests: { 'ephemeral-storage': n } } }] } });
  expect(a.admit(pod('1', '6Gi'))).toBeUndefined();
  expect(a.admit(pod('2', '6Gi'))).toEqual({ reason: 'OutOfephemeral-storage', message: `Node didn't have enough resource: ephemeral-storage, requested: ${6 * 2 ** 30}, used: ${6 * 2 ** 30}, capacity: ${10 * 2 ** 30}` });
  a.leave('1');
  expect(a.admit(pod('2', '6Gi'))).toBeUndefined();
});
