import { mkdtempSync, readFileSync, readlinkSync, symlinkSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Backoff, goDuration } from './backoff.ts';
import { credentialsFor, repositoryOf } from './images/credentials.ts';
import { createIpam } from './ipam.ts';
import { unsupported } from './unsupported.ts';
import { writeAtomically } from './volumes/atomic-dir.ts';
import { subPath } from './volumes/sub-path.ts';

it('back-off doubles from 10 s to 300 s and starts anew after ten quiet minutes', () => {
  const b = new Backoff(); let now = 0; const seen: number[] = [];
  for (let i = 0; i < 7; i++) { b.next('k', now, now); seen.push(b.current('k') / 1000); now += b.current('k'); }
  expect(seen).toEqual([10, 20, 40, 80, 160, 300, 300]);
  expect(b.left('k', now, now + 1000)).toBe(299_000);
  expect(b.left('k', now + 700_000, now + 700_000)).toBe(0);
  b.next('k', now + 1_400_000, now + 1_400_000); expect(b.current('k')).toBe(10_000);
  expect([10_000, 80_000, 300_000, 1500, 250].map(goDuration)).toEqual(['10s', '1m20s', '5m0s', '1.5s', '250ms']);
});
it('pod addresses: unique, sticky, reservable, exhaustible', () => {
  const p = createIpam('10.1.0.0/29', ['10.1.0.1']);
  expect(p.allocate('a')).toBe('10.1.0.2'); expect(p.allocate('a')).toBe('10.1.0.2');
  expect(p.reserve('b', '10.1.0.4')).toBe(true); expect(p.reserve('c', '10.1.0.4')).toBe(false); expect(p.reserve('c', '10.2.0.4')).toBe(false);
  expect([p.allocate('c'), p.allocate('d'), p.allocate('e')]).toEqual(['10.1.0.3', '10.1.0.5', '10.1.0.6']);
  expect(() => p.allocate('f')).toThrow('no IP addresses available'); p.release('a'); expect(p.allocate('f')).toBe('10.1.0.2');
});
it('pull secrets match registries', () => {
  const of = (auths: object) => [{ metadata: { name: 's' }, data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') } }];
  expect([repositoryOf('nginx:1'), repositoryOf('a/b'), repositoryOf('localhost:5000/x:1'), repositoryOf('docker.io/nginx'), repositoryOf('not a name')]).toEqual(['docker.io/library/nginx', 'docker.io/a/b', 'localhost:5000/x', 'docker.io/library/nginx', undefined]);
  expect(credentialsFor('localhost:5000/x:1', of({ 'localhost:5000': { auth: Buffer.from('u:p:q').toString('base64') }, 'other:5000': { username: 'no' } }), () => {})).toEqual([{ username: 'u', password: 'p:q' }]);
  expect(credentialsFor('nginx', of({ 'https://index.docker.io/v1/': { username: 'u', password: 'p' } }), () => {})).toHaveLength(1);
});
it('refuses what it cannot do', () => { expect(unsupported({ spec: { containers: [{ name: 'c', resources: { limits: { 'nvidia.com/gpu': '1', 'hugepages-2Mi': '2Mi' } } }], volumes: [{ name: 'v', iscsi: { targetPortal: 't', iqn: 'q', lun: 0 } }] } }, true)).toEqual(['volume "v" is of type iscsi, which this node cannot mount', 'container "c": resource hugepages-2Mi is not offered by this node']); });
it('files change all at once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'atomic-'));
  try {
    const file = (text: string) => ({ data: Buffer.from(text), mode: 0o644 });
    expect(await writeAtomically(dir, new Map([['a', file('1')], ['sub/b', file('2')]]), '2026_1')).toBe(true);
    expect(await writeAtomically(dir, new Map([['a', file('1')], ['sub/b', file('2')]]), '2026_2')).toBe(false);
    expect(readFileSync(join(dir, 'sub/b'), 'utf8')).toBe('2'); expect(readlinkSync(join(dir, 'a'))).toBe('..data/a');
    expect(await writeAtomically(dir, new Map([['a', file('3')]]), '2026_3')).toBe(true);
    expect(readdirSync(dir).sort()).toEqual(['..2026_3', '..data', 'a']); expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('3');
    const mount = { name: 'v', container: 'c' };
    expect(await subPath(dir, 'a', mount)).toBe(join(dir, '..2026_3/a'));
    await expect(subPath(dir, '../x', mount)).rejects.toThrow("unable to provision SubPath \"../x\": must not contain '..'");
    await expect(subPath(dir, '/x', mount)).rejects.toThrow('error SubPath "/x" must not be an absolute path');
    symlinkSync('/etc', join(dir, 'out'));
    await expect(subPath(dir, 'out/x', mount)).rejects.toThrow(/^failed to prepare subPath for volumeMount "v" of container "c"$/);
  } finally { rmSync(dir, { recursive: true, force: true }); }
});
