// Volumes as real containers see them: owners, memory, every type of hostPath, changes that arrive, tokens.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap } from '../../core/api/kinds/core/config-map.ts';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { secret } from '../../core/api/kinds/core/secret.ts';
import type { ConfigMap, Secret, Volume } from '../../core/api/types/kubernetes.ts';
import { packTar } from '../../core/node/runtime/docker/tar.ts';
import { ALPINE, FOREVER, RUNTIMES, RealNode, sh } from './real-node.ts';

/** An archive of an image of two layers, the second over and instead of files of the first. */
function twoLayers(name: string): Buffer {
  const file = (path: string, data: string): { name: string; mode: number; data: Buffer } => ({ name: path, mode: 0o644, data: Buffer.from(data) });
  const layers = [packTar([file('a', 'first\n'), file('gone', 'x')]), packTar([file('a', 'second\n'), file('in/b', 'b\n'), file('.wh.gone', '')])];
  const config = { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: layers.map(l => `sha256:${createHash('sha256').update(l).digest('hex')}`) } };
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['0.tar', '1.tar'] }];
  return packTar([file('config.json', JSON.stringify(config)), file('manifest.json', JSON.stringify(manifest)), ...layers.map((data, i) => ({ name: `${i}.tar`, mode: 0o644, data }))]);
}

describe.each(RUNTIMES)('volumes on %s', runtime => {
  let n: RealNode; let dir = '';
  beforeAll(async () => { n = await RealNode.start(runtime); dir = mkdtempSync(join(tmpdir(), 'pilothouse-host-')); });
  afterAll(async () => { await n.close(); rmSync(dir, { recursive: true, force: true }); });

  it.concurrent('emptyDir: shared, the group\'s, gone with the pod; in memory a tmpfs of its size, or of the pod\'s', async () => {
    const text = await n.output('empty', { securityContext: { runAsUser: 1000, fsGroup: 4321 }, volumes: [{ name: 'd', emptyDir: {} }, { name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } }, { name: 'l', emptyDir: { medium: 'Memory' } }],
      containers: [sh('touch /d/f; stat -c "%g %a" /d; stat -c %g /d/f; for m in m l; do grep " /$m " /proc/mounts | cut -d" " -f3,4 | tr , "\\n" | grep -E "^tmpfs|size="; done; dd if=/dev/zero of=/m/x bs=1M count=8 2>&1 | grep -o "No space"; wc -c < /m/x',
        { resources: { limits: { memory: '32Mi' } }, volumeMounts: ['d', 'm', 'l'].map(name => ({ name, mountPath: `/${name}` })) })] });
    expect(text).toBe('4321 2777\n4321\ntmpfs rw\nsize=4096k\ntmpfs rw\nsize=32768k\nNo space\n4194304\n');
  });

  it.concurrent('every type of hostPath, and its refusal', async () => {
    mkdirSync(join(dir, 'dir')); writeFileSync(join(dir, 'file'), 'f\n');
    // A loop device's numbers: nothing opens it.
    execFileSync('mknod', [join(dir, 'block'), 'b', '7', '250']);
    const server = createServer().listen(join(dir, 'sock'));
    const v = (name: string, type: string, path = join(dir, name)): Volume => ({ name, hostPath: { path, type } });
    try {
      const volumes = [v('dir', 'Directory'), v('newdir', 'DirectoryOrCreate'), v('file', 'File'), v('newfile', 'FileOrCreate'), v('sock', 'Socket'), v('block', 'BlockDevice'), v('char', 'CharDevice', '/dev/null'), v('any', '', join(dir, 'any'))];
      const text = await n.output('host', { volumes, containers: [sh('stat -c %F /v/*; echo kept > /v/newdir/f; cat /v/file; echo ro > /v/dir/f || echo refused', { volumeMounts: volumes.map(x => ({ name: x.name, mountPath: `/v/${x.name}`, readOnly: x.name === 'dir' })) })] });
      expect(text.replaceAll(/^sh:.*\n/gm, '').split('\n').slice(0, 8)).toEqual(['directory', 'block special file', 'character special file', 'directory', 'regular file', 'directory', expect.stringMatching(/regular (empty )?file/), 'socket']);
      expect(text).toContain('f\n'); expect(text).toContain('refused');
      expect([statSync(join(dir, 'newdir', 'f')).size, statSync(join(dir, 'newdir')).mode & 0o777, statSync(join(dir, 'newfile')).mode & 0o777]).toEqual([5, 0o755, 0o644]);
      const refused: [string, string, string][] = [['Directory', 'file', 'a directory'], ['File', 'dir', 'a file'], ['Socket', 'file', 'a socket file'], ['CharDevice', 'file', 'a character device'], ['BlockDevice', 'file', 'a block device'], ['DirectoryOrCreate', 'file', 'a directory'], ['FileOrCreate', 'dir', 'a file'], ['Directory', 'none', 'a directory']];
      for (const [i, [type, name]] of refused.entries()) await n.run(`no${i}`, { volumes: [v('v', type, join(dir, name))], containers: [sh('true', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })] });
      for (const [i, [, name, words]] of refused.entries()) { await n.event(`no${i}`, `FailedMount: MountVolume.SetUp failed for volume "v" : hostPath type check failed: ${join(dir, name)} is not ${words}`); await n.delete(`no${i}`, 0); }
    } finally { server.close(); }
  });

  it.concurrent('changes of configMaps, secrets and labels arrive whole; those of a subPath and of the environment do not', async () => {
    await n.client.create<ConfigMap>(configMap, { metadata: { name: 'c', namespace: 'default' }, data: { k: 'one', other: 'x' } });
    await n.client.create<ConfigMap>(configMap, { metadata: { name: 'goes', namespace: 'default' }, data: { left: '' } });
    await n.client.create<Secret>(secret, { metadata: { name: 's', namespace: 'default' }, data: { k: Buffer.from('one').toString('base64') } });
    await n.run('live', { volumes: [{ name: 'c', configMap: { name: 'c', defaultMode: 0o440, items: [{ key: 'k', path: 'deep/k', mode: 0o400 }] } }, { name: 's', secret: { secretName: 's' } }, { name: 'sub', configMap: { name: 'c' } }, { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }, { name: 'o', projected: { sources: [{ configMap: { name: 'goes', optional: true } }, { secret: { name: 'comes', optional: true } }] } }],
      containers: [sh(FOREVER, { env: [{ name: 'K', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }], volumeMounts: [{ name: 'c', mountPath: '/c' }, { name: 's', mountPath: '/s' }, { name: 'd', mountPath: '/d' }, { name: 'sub', mountPath: '/sub', subPath: 'k' }, { name: 'o', mountPath: '/o' }] })] }, { labels: { a: '1' } });
    await n.ready('live');
    const read = async (): Promise<string> => (await n.exec('live', ['sh', '-c', 'cat /c/deep/k /s/k /sub; echo " $K"; cat /d/labels; echo; ls /o'])).out;
    expect(await read()).toBe('oneoneone one\na="1"\nleft\n');
    const tried = (await n.exec('live', ['sh', '-c', '(stat -L -c %a /c/deep/k; ls /c; echo x > /c/deep/k) 2>&1'])).out;
    expect(tried).toContain('400\ndeep\n'); expect(tried).toContain('Read-only');
    await n.client.delete(configMap, 'default', 'goes');
    await n.client.create<Secret>(secret, { metadata: { name: 'comes', namespace: 'default' }, data: { came: '' } });
    await n.client.patch(configMap, 'default', 'c', 'application/merge-patch+json', { data: { k: 'two' } });
    await n.client.patch(secret, 'default', 's', 'application/merge-patch+json', { data: { k: Buffer.from('two').toString('base64') } });
    await n.client.patch(pods, 'default', 'live', 'application/merge-patch+json', { metadata: { labels: { b: '2' } } });
    await n.eventually('the changes', async () => (await read()) === 'twotwoone one\na="1"\nb="2"\ncame\n', 20_000).catch(async () => { expect(await read()).toBe('twotwoone one\na="1"\nb="2"\ncame\n'); });
    expect((await n.exec('live', ['sh', '-c', 'grep " /s " /proc/mounts | cut -d" " -f3'])).out).toBe('tmpfs\n');
    await n.delete('live', 0);
  });

  it.concurrent('tokens: audience, life, the pod they are bound to; only who may read them', async () => {
    await n.run('token', { volumes: [{ name: 't', projected: { defaultMode: 0o444, sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 700 } }, { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } }] } }], containers: [sh(FOREVER, { volumeMounts: [{ name: 't', mountPath: '/t' }] })] });
    const p = await n.ready('token');
    const token = (await n.exec('token', ['cat', '/t/token'])).out;
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { aud: string[]; exp: number; iat: number; sub: string; 'kubernetes.io': { pod: { uid: string } } };
    expect(claims).toMatchObject({ aud: ['vault'], sub: 'system:serviceaccount:default:default', 'kubernetes.io': { pod: { uid: p.metadata!.uid } } });
    expect(claims.exp - claims.iat).toBe(700);
    expect((await n.exec('token', ['cat', '/t/ns'])).out).toBe('default');
    expect((await n.exec('token', ['ls', '/var/run/secrets/kubernetes.io/serviceaccount'])).out).toBe('ca.crt\nnamespace\ntoken\n');
    await n.delete('token', 0);
  });

  it.concurrent('an image as a volume: its files, all of its layers, for reading only', async () => {
    const name = 'pilothouse-test/layers:1', file = join(dir, 'layers.tar');
    writeFileSync(file, twoLayers(name));
    if (runtime === 'docker') execFileSync('docker', ['load', '-i', file], { stdio: 'ignore' });
    else copyFileSync(file, join(n.dir, 'runtime', 'images', 'layers.tar'));
    const image = (reference: string, pullPolicy = 'IfNotPresent'): Volume => ({ name: 'i', image: { reference, pullPolicy } });
    const text = await n.output('image', { volumes: [image(name), { ...image(ALPINE), name: 'one' }], containers: [sh('find /i | sort; cat /i/a /i/in/b; head -c 2 /one/etc/alpine-release; for d in i one; do echo x > /$d/x || echo " refused"; done; ls -d /*/.dockerenv; echo end', { volumeMounts: [{ name: 'i', mountPath: '/i' }, { name: 'one', mountPath: '/one' }] })] });
    expect(text.replaceAll(/^(sh|ls):.*\n/gm, '')).toBe('/i\n/i/a\n/i/in\n/i/in/b\nsecond\nb\n3. refused\n refused\nend\n');
    await n.run('none', { volumes: [image('localhost:1/none', 'Never')], containers: [sh('true', { volumeMounts: [{ name: 'i', mountPath: '/i' }] })] });
    await n.event('none', 'FailedMount: MountVolume.SetUp failed for volume "i" : ErrImageNeverPull: Container image "localhost:1/none" is not present with pull policy of Never');
    await n.delete('none', 0);
    if (runtime === 'docker') execFileSync('docker', ['rmi', name], { stdio: 'ignore' });
  });
});
