import { execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { identity } from './identity.ts';
import { kubeconfigText, mergeKubeconfig } from './kubeconfig.ts';
import { parseAddress, parseUp } from './options.ts';
import { AlreadyRunning, ensurePrivateDir, lockDataDir, runningPid } from './paths.ts';
import { Pki } from './pki.ts';
import { UsageError } from './refusal.ts';

const dir = mkdtempSync(join(tmpdir(), 'pilothouse-boot-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const now = Date.now();

describe('Pki', () => {
  it('signs certificates that openssl accepts, keeps them, and renews on new names or near the end', async () => {
    const pki = await Pki.open(join(dir, 'pki'), now);
    const names = { commonName: 'kube-apiserver', hosts: ['127.0.0.1', '::1', 'kubernetes.default.svc', '10.96.0.1'] };
    const first = await pki.issue('apiserver', names);
    expect(execFileSync('openssl', ['verify', '-CAfile', join(dir, 'pki/ca.crt'), join(dir, 'pki/apiserver.crt')], { encoding: 'utf8' })).toContain('OK');
    expect(new X509Certificate(first.cert).checkIP('10.96.0.1')).toBe('10.96.0.1');
    expect(await (await Pki.open(join(dir, 'pki'), now)).issue('apiserver', names)).toEqual(first);
    expect(await pki.issue('apiserver', { ...names, hosts: [...names.hosts, 'example.test'] })).not.toEqual(first);
    const later = await Pki.open(join(dir, 'pki'), now + 340 * 86_400_000);
    const renewed = await later.issue('apiserver', names);
    expect(Date.parse(new X509Certificate(renewed.cert).validTo)).toBeGreaterThan(now + 600 * 86_400_000);
    expect(statSync(join(dir, 'pki/ca.key')).mode & 0o777).toBe(0o600);
  });
  it('puts groups into O', async () => {
    const pki = await Pki.open(join(dir, 'pki'), now);
    const c = new X509Certificate((await pki.issue('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'] })).cert);
    expect(c.subject.split('\n')).toEqual(['O=system:masters', 'CN=kubernetes-admin']);
  });
});

describe('data directory', () => {
  it('is private and locked for one live process; a stale lock is replaced', () => {
    const d = join(dir, 'data');
    ensurePrivateDir(d);
    expect(statSync(d).mode & 0o777).toBe(0o700);
    const lock = lockDataDir(d);
    expect(runningPid(d)).toBe(process.pid);
    expect(() => lockDataDir(d)).toThrow(AlreadyRunning);
    expect(() => lockDataDir(d)).toThrow(`pid ${process.pid}`);
    lock.release();
    expect(existsSync(join(d, 'host.pid'))).toBe(false);
    // The right pid with another start time is a reused pid, not the owner.
    writeFileSync(join(d, 'host.pid'), JSON.stringify({ pid: process.pid, ticks: '1' }));
    lockDataDir(d).release();
  });

  it('is not held by a process that has ended and waits to be reaped', async () => {
    const d = join(dir, 'zombie');
    ensurePrivateDir(d);
    // `exec` leaves the shell's child with a parent that never waits for it.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 10'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const pid = Number(await new Promise<string>(resolve => { parent.stdout.once('data', b => resolve(String(b))); }));
      writeFileSync(join(d, 'host.pid'), JSON.stringify({ pid, ticks: readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19] }));
      expect(runningPid(d)).toBe(pid);
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0]).toBe('Z');
      expect(runningPid(d)).toBeUndefined();
    } finally { parent.kill(); }
  });
});

describe('kubeconfig', () => {
  const access = { server: 'https://127.0.0.1:6443', ca: 'CA', cert: 'CERT', key: 'KEY' };
  it('is one context that is current', () => {
    const file = join(dir, 'kubeconfig');
    writeFileSync(file, kubeconfigText(access));
    expect(execFileSync('kubectl', ['--kubeconfig', file, 'config', 'current-context'], { encoding: 'utf8' }).trim()).toBe('pilothouse');
  });
  it('merges into a file of the user and leaves the rest, comments too; twice is once', () => {
    const file = join(dir, 'config');
    writeFileSync(file, '# mine\napiVersion: v1\nkind: Config\nclusters: []\ncontexts:\n- name: work # keep\n  context: {cluster: c, user: u}\ncurrent-context: work\n');
    mergeKubeconfig(file, access);
    const once = readFileSync(file, 'utf8');
    mergeKubeconfig(file, access);
    expect(readFileSync(file, 'utf8')).toBe(once);
    expect(once).toContain('# mine');
    expect(once).toContain('name: work # keep');
    expect(execFileSync('kubectl', ['--kubeconfig', file, 'config', 'get-contexts', '-o', 'name'], { encoding: 'utf8' }).trim().split('\n').sort()).toEqual(['pilothouse', 'work']);
  });
  it('refuses a file that is no kubeconfig and changes nothing', () => {
    const file = join(dir, 'broken');
    writeFileSync(file, 'a: [1');
    expect(() => mergeKubeconfig(file, access)).toThrow('Nothing was changed');
    expect(readFileSync(file, 'utf8')).toBe('a: [1');
  });
});

describe('identity', () => {
  it('keeps id and ranges of a cluster from start to start, and refuses others', () => {
    const d = join(dir, 'cluster');
    ensurePrivateDir(d);
    const first = identity(d, { serviceCidr: '10.97.0.0/16' });
    expect(first).toMatchObject({ starts: 1, podCidr: '10.244.0.0/16', serviceCidr: '10.97.0.0/16' });
    expect(identity(d, {})).toEqual({ ...first, starts: 2 });
    expect(() => identity(d, { serviceCidr: '10.98.0.0/16' })).toThrow(/--service-cidr 10\.98\.0\.0\/16: the cluster in .* has 10\.97\.0\.0\/16/);
    expect(identity(d, { podCidr: '10.244.0.0/16' }).starts).toBe(3);
    const other = join(dir, 'overlapping');
    ensurePrivateDir(other);
    expect(() => identity(other, { podCidr: '10.96.0.0/16' })).toThrow(/overlap/);
    expect(existsSync(join(other, 'cluster.json'))).toBe(false);
  });
});

describe('options', () => {
  it('has the documented defaults', () => {
    expect(parseUp(['--data', '/x'])).toMatchObject({ listen: { host: '127.0.0.1', port: 6443 }, ui: { host: '127.0.0.1', port: 7717 }, runtime: 'auto', nodes: 1, podCidr: undefined, serviceCidr: undefined, scheduler: true, controllers: ['*'] });
    expect(parseUp(['--no-ui', '--nodes', '0', '--controllers', '*,-deployment'])).toMatchObject({ ui: undefined, nodes: 0, controllers: ['*', '-deployment'] });
    expect(parseAddress('--ui', '[::1]:0')).toEqual({ host: '::1', port: 0 });
  });
  it.each([[['--runtime', 'podman']], [['--nodes', '-1']], [['--listen', '6443']], [['--pod-cidr', '10.244.0.1/16']], [['--what']], [['extra']], [['--data', '']],
    [['--pod-cidr', '10.244.0.0']], [['--pod-cidr', '10.244.0.0/24']], [['--pod-cidr', 'fd00::/64']], [['--service-cidr', '10.96.0.0/33']], [['--service-cidr', '10.96.0.0/28']],
    [['--service-cidr', '127.0.0.0/16']], [['--pod-cidr', '224.0.0.0/8']], [['--pod-cidr', '10.0.0.0/8', '--service-cidr', '10.96.0.0/16']], [['--pod-cidr', '300.1.0.0/16']]])('says what is wrong with %j', args => {
    expect(() => parseUp(args)).toThrow(UsageError);
  });
  it('takes paths relative to where it was called', () => {
    expect(parseUp(['--data', 'x', '--kubeconfig', 'y/z'])).toMatchObject({ data: join(process.cwd(), 'x'), kubeconfig: join(process.cwd(), 'y/z') });
  });
});
