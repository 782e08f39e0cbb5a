// Volumes of claims, and what the machine's kernel does for volumes, as real containers see them: raw block devices, devices with a file system,
// mounts that spread or are all read-only, groups.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { persistentVolumeClaim as claimKind } from '../../core/api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../core/api/kinds/core/persistent-volume.ts';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec } from '../../core/api/types/kubernetes.ts';
import { ALPINE, FOREVER, RUNTIMES, RealNode, sh, statusOf } from './real-node.ts';

const text = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' }).trim();
const mountsAt = (path: string): number => readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(l => l.split(' ')[1] === path).length;

describe.each(RUNTIMES)('storage on %s', runtime => {
  let n: RealNode; let dir = '';
  beforeAll(async () => { n = await RealNode.start(runtime); dir = mkdtempSync(join(tmpdir(), 'pilothouse-storage-')); });
  afterAll(async () => { await n.close(); rmSync(dir, { recursive: true, force: true }); });

  /** A claim and its volume, bound as the controller binds them. */
  async function bound(name: string, spec: PersistentVolumeSpec): Promise<void> {
    const base = { capacity: { storage: '8Mi' }, accessModes: ['ReadWriteOnce'], storageClassName: '' };
    const c = await n.client.create<PersistentVolumeClaim>(claimKind, { metadata: { name, namespace: 'default' }, spec: { accessModes: base.accessModes, storageClassName: '', volumeName: name, volumeMode: spec.volumeMode ?? 'Filesystem', resources: { requests: base.capacity } } } as PersistentVolumeClaim);
    await n.client.create<PersistentVolume>(volumeKind, { metadata: { name, annotations: { 'pv.beta.kubernetes.io/gid': '777' } }, spec: { ...base, claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name, uid: c.metadata!.uid! }, ...(spec.local ? { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] }] } } } : {}), ...spec } } as PersistentVolume);
    await n.client.updateStatus(claimKind, { ...c, status: { phase: 'Bound', capacity: base.capacity } });
  }
  const uses = (claimName: string, readOnly = false): { name: string; persistentVolumeClaim: { claimName: string; readOnly: boolean } } => ({ name: 'v', persistentVolumeClaim: { claimName, readOnly } });

  it.concurrent('a raw block volume: the size of its file, one device for all its pods, read-only where asked for, gone with the last of them', async () => {
    const file = join(dir, 'block');
    writeFileSync(file, ''); truncateSync(file, 8 << 20);
    await bound('block', { volumeMode: 'Block', hostPath: { path: file, type: 'File' } });
    const container = (script: string) => sh(script, { volumeDevices: [{ name: 'v', devicePath: '/dev/xvda' }] });
    await n.run('writer', { volumes: [uses('block')], containers: [container(`stat -c %F /dev/xvda; id -G; printf written | dd of=/dev/xvda conv=fsync 2>/dev/null; ${FOREVER}`)] });
    await n.ready('writer');
    await n.run('reader', { volumes: [uses('block', true)], containers: [container(`head -c 7 /dev/xvda; echo; wc -c < /dev/xvda; echo x > /dev/xvda && echo wrong; ${FOREVER}`)] });
    await n.ready('reader');
    const said = async (name: string, words: RegExp): Promise<string> => n.eventually(name, async () => { const l = await n.logs(name); return words.test(l) ? l : undefined; });
    expect(await said('writer', /777/)).toMatch(/^block special file\n0 .*\b777\b.*\n$/);
    expect((await said('reader', /8388608/)).replaceAll(/^sh:.*\n/gm, '')).toBe('written\n8388608\n');
    expect(text('losetup', '-j', file, '-O', 'NAME', '-n').split('\n').length).toBe(1);
    const { pods: measured } = await n.agent.backend.statsSummary() as { pods: { podRef: { name: string }; volume?: object[] }[] };
    expect(measured.find(p => p.podRef.name === 'reader')?.volume).toContainEqual(expect.objectContaining({ name: 'v', capacityBytes: 8 << 20, pvcRef: { name: 'block', namespace: 'default' } }));
    await n.delete('writer', 0); await n.gone('writer');
    expect((await n.exec('reader', ['head', '-c', '7', '/dev/xvda'])).out).toBe('written');
    await n.delete('reader', 0); await n.gone('reader');
    await n.eventually('the device goes', () => text('losetup', '-j', file) === '');
    expect(readFileSync(file).subarray(0, 7).toString()).toBe('written');
  });

  // These are the node's work, whatever runs the containers: one runtime shows them.
  const only = runtime === 'sandbox' ? it.concurrent : () => { /* not here */ };

  only('a local volume that is a block device: it gets a file system, and keeps it; used as the wrong kind it is refused', async () => {
    const file = join(dir, 'disk');
    writeFileSync(file, ''); truncateSync(file, 8 << 20);
    const device = text('losetup', '--find', '--show', file);
    try {
      await bound('disk', { local: { path: device, fsType: 'ext4' } });
      await bound('raw', { volumeMode: 'Block', local: { path: device } });
      const mounts = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
      const refused = Promise.all([n.run('asmount', { volumes: [uses('raw')], containers: [sh('true', mounts)] }), n.run('asdevice', { volumes: [uses('disk')], containers: [sh('true', { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] })] })]);
      for (const [i, words] of ['first', 'second'].entries()) {
        const out = await n.output(`disk${i}`, { securityContext: { fsGroup: 4321 }, volumes: [uses('disk')], containers: [sh(`cat /v/f; echo ${words} > /v/f; grep -c " /v ext4 " /proc/mounts; stat -c %g /v/f`, mounts)] });
        expect(out.replaceAll(/^cat:.*\n/gm, '')).toBe(i === 0 ? '1\n4321\n' : 'first\n1\n4321\n');
        await n.gone(`disk${i}`);
      }
      await refused;
      await n.event('asmount', /^FailedMount: Unable to attach or mount volumes: .*: volume v has volumeMode Block, but is specified in volumeMounts$/);
      await n.event('asdevice', /^FailedMount: Unable to attach or mount volumes: .*: volume v has volumeMode Filesystem, but is specified in volumeDevices$/);
      for (const p of ['asmount', 'asdevice']) { await n.delete(p, 0); await n.gone(p); }
    } finally { execFileSync('losetup', ['-d', device]); }
  });

  it.concurrent('mountPropagation: None sees nothing, HostToContainer what the host mounts, Bidirectional shows it what it mounts itself', async () => {
    const path = join(dir, 'spread');
    mkdirSync(path);
    const tmpfs = (at: string): void => { mkdirSync(at); execFileSync('mount', ['-t', 'tmpfs', 'none', at]); writeFileSync(join(at, 'file'), at.slice(-4)); };
    const volumes = [{ name: 'v', hostPath: { path } }], mount = (mountPropagation: string) => ({ volumeMounts: [{ name: 'v', mountPath: '/v', mountPropagation }] });
    const master = sh(`mkdir /v/cont && mount -t tmpfs none /v/cont && echo cont > /v/cont/file; touch /v/done; ${FOREVER}`, { ...mount('Bidirectional'), securityContext: { privileged: true } });
    try {
      await n.run('spread', { volumes, containers: [{ ...master, name: 'master' }, sh(FOREVER, { ...mount('HostToContainer'), name: 'slave' }), sh(FOREVER, { ...mount('None'), name: 'private' })] });
      await n.ready('spread');
      await n.eventually('the mount of the container', () => existsSync(join(path, 'done')));
      tmpfs(join(path, 'host'));
      const seen = async (p: string): Promise<string> => (await n.exec('spread', ['sh', '-c', 'cat /v/*/file 2>/dev/null | tr -d "\\n"'], p)).out;
      expect([await seen('master'), await seen('slave'), readFileSync(join(path, 'cont', 'file'), 'utf8').trim()]).toEqual(['conthost', 'conthost', 'cont']);
      // What was there when it began it may keep; what came later does not reach it.
      expect(await seen('private')).not.toContain('host');
    } finally {
      for (const p of ['host', 'cont']) if (mountsAt(join(path, p))) execFileSync('umount', ['-l', join(path, p)]);
      await n.delete('spread', 0); await n.gone('spread');
    }
    await n.eventually('the machine\'s mounts are what they were', () => mountsAt(path) === 0);
  });

  it.concurrent('recursiveReadOnly: what is mounted below a read-only mount is read-only too, and the status says so; without it, it is not', async () => {
    const path = join(dir, 'deep');
    mkdirSync(join(path, 'in'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(path, 'in')]);
    try {
      const modes = { plain: undefined, possible: 'IfPossible', enabled: 'Enabled' } as const, names = Object.keys(modes) as (keyof typeof modes)[];
      const mounts = names.map(k => ({ name: 'v', mountPath: `/${k}`, readOnly: true, ...(modes[k] ? { recursiveReadOnly: modes[k] } : {}) }));
      await n.run('rro', { restartPolicy: 'Never', volumes: [{ name: 'v', hostPath: { path } }], containers: [sh(names.map(k => `touch /${k}/x 2>/dev/null && echo wrong; touch /${k}/in/${k} 2>/dev/null && echo ${k}`).join('; '), { volumeMounts: mounts })] });
      const p = await n.until('rro', x => x?.status?.phase === 'Succeeded' || x?.status?.phase === 'Failed');
      expect(await n.logs('rro')).toBe('plain\n');
      expect(statusOf(p)?.volumeMounts?.slice(0, 3).map(m => m.recursiveReadOnly)).toEqual(['Disabled', 'Enabled', 'Enabled']);
      await n.delete('rro', 0); await n.gone('rro');
    } finally { execFileSync('umount', ['-l', join(path, 'in')]); }
  });

  it.concurrent('supplementalGroupsPolicy: Merge adds the groups that the image says its user is in, Strict does not', async () => {
    // User 1 has group 1 and is in groups 2 and 3: in the image for Docker, which looks there; for the sandbox files of the container will do.
    const passwd = 'one:x:1:1::/:/bin/sh\n', group = 'own:x:1:\ntwo:x:2:one\nthree:x:3:other,one\nfour:x:4:other\n', etc = join(dir, 'etc');
    mkdirSync(etc); writeFileSync(join(etc, 'passwd'), passwd); writeFileSync(join(etc, 'group'), group);
    let image = ALPINE;
    const mounts = runtime === 'docker' ? {} : { volumeMounts: ['passwd', 'group'].map(f => ({ name: 'etc', mountPath: `/etc/${f}`, subPath: f })) };
    if (runtime === 'docker') {
      image = 'pilothouse-test/groups:1';
      const made = text('docker', 'create', ALPINE);
      try { execFileSync('docker', ['cp', '-q', `${etc}/.`, `${made}:/etc`]); execFileSync('docker', ['commit', made, image], { stdio: 'ignore' }); } finally { execFileSync('docker', ['rm', made], { stdio: 'ignore' }); }
    }
    const groups = async (name: string, supplementalGroupsPolicy: string, supplementalGroups: number[]): Promise<string[]> => {
      const container = (of: string, runAsGroup?: number) => sh('id -G', { image, ...mounts, name: of, securityContext: runAsGroup === undefined ? {} : { runAsGroup } });
      await n.run(name, { restartPolicy: 'Never', securityContext: { runAsUser: 1, supplementalGroups, supplementalGroupsPolicy }, ...(runtime === 'docker' ? {} : { volumes: [{ name: 'etc', hostPath: { path: etc } }] }), containers: [container('plain'), container('grouped', 5)] });
      await n.until(name, x => x?.status?.phase === 'Succeeded' || x?.status?.phase === 'Failed');
      const said = await Promise.all(['plain', 'grouped'].map(c => n.logs(name, c)));
      await n.delete(name, 0);
      return said.map(s => [...new Set(s.trim().split(' '))].sort().join());
    };
    expect(await Promise.all([groups('merge', 'Merge', [777]), groups('strict', 'Strict', [777])])).toEqual([['1,2,3,777', '2,3,5,777'], ['1,777', '5,777']]);
    if (runtime === 'docker') execFileSync('docker', ['rmi', '-f', image], { stdio: 'ignore' });
  });

  only('what no container uses is not mounted; what this node cannot mount is told in a node\'s words', async () => {
    const out = await n.output('unused', { volumes: [{ name: 'a', configMap: { name: 'none' } }, { name: 'b', persistentVolumeClaim: { claimName: 'none' } }], containers: [sh('echo ran')] });
    expect(out).toBe('ran\n');
    const mounts = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
    await n.run('csi', { volumes: [{ name: 'v', csi: { driver: 'hostpath.csi.k8s.io' } }], containers: [sh('true', mounts)] });
    await n.event('csi', 'FailedMount: MountVolume.SetUp failed for volume "v" : driver name hostpath.csi.k8s.io not found in the list of registered CSI drivers');
    await n.run('nfs', { volumes: [{ name: 'v', nfs: { server: '127.0.0.1', path: '/none' } }], containers: [sh('true', mounts)] });
    await n.event('nfs', /^FailedMount: MountVolume.SetUp failed for volume "v" : mount failed: exit status \d+\nMounting command: mount\nMounting arguments: -t nfs 127.0.0.1:\/none \S+\nOutput: mount/);
    for (const p of ['csi', 'nfs']) { await n.delete(p, 0); await n.gone(p); }
  });
});
