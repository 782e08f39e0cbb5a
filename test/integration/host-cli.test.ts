// Every promise of the command line, with the real host: what it prints, what it refuses, what it leaves and what it brings back.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { buildHost, eventually, startHost, type Host } from '../harness/host.ts';
import { credentials, send } from '../harness/https.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';
import { leftovers, ownImage } from './host-leftovers.ts';

const BUNDLE = process.env.PILOTHOUSE_BUNDLE ?? join(import.meta.dirname, '../../dist/pilothouse.mjs');
const kubectl = kubectls().at(-1)!.binary;
const home = mkdtempSync(join(tmpdir(), 'pilothouse-cli-'));
afterAll(() => { rmSync(home, { recursive: true, force: true }); });
const cli = (args: string[], env: NodeJS.ProcessEnv = {}): { code: number | null; stdout: string; stderr: string } => {
  const r = spawnSync('node', [BUNDLE, ...args], { encoding: 'utf8', timeout: 20_000, env: { ...process.env, ...env } });
  return { code: r.status, stdout: r.stdout, stderr: r.stderr };
};
interface Listed { metadata: { name: string; namespace?: string; uid: string; resourceVersion: string; creationTimestamp: string } }
const items = async <T = Listed>(host: Host, path: string): Promise<T[]> => {
  const a = await send(credentials(host.ready.kubeconfig), 'GET', path);
  expect(a.status, `${path}: ${a.body.slice(0, 200)}`).toBe(200);
  return (JSON.parse(a.body) as { items: T[] }).items;
};
const kube = (host: Host): Kube => new Kube(kubectl, host.ready.kubeconfig);
const clusterId = (data: string): string => (JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as { id: string }).id;
/** SIGTERM; how long it took, ms. */
const timedStop = async (host: Host): Promise<number> => {
  const began = performance.now();
  expect(await host.stop()).toBe(0);
  return performance.now() - began;
};

beforeAll(() => { buildHost(); });

describe('pilothouse up', () => {
  let host: Host;
  beforeAll(async () => { host = await startHost(['--runtime', 'simulated', '--nodes', '3', '--ui', '127.0.0.1:0', '--kubeconfig', join(home, 'own-kubeconfig')]); });
  afterAll(async () => { await host?.dispose(); });

  it('prints one line of JSON when every node is Ready, and progress on stderr', async () => {
    expect(Object.keys(host.ready)).toEqual(['ready', 'server', 'kubeconfig', 'ui', 'pid', 'ms']);
    expect(host.ready).toMatchObject({ ready: true, kubeconfig: join(home, 'own-kubeconfig'), pid: host.child.pid });
    expect(host.ready.server).toMatch(/^https:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(host.ready.ui).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+/);
    expect(host.ready.ms).toBeGreaterThan(0);
    expect(host.stderr()).toContain('runtime: simulated');
    expect(host.stderr()).toContain('nodes: 3 Ready');
    expect(await kube(host).run(['get', 'nodes', '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'])).toBe('True True True');
    expect((await fetch(host.ready.ui!)).status).toBeLessThan(500);
  });

  it('keeps its data to the user', () => {
    expect(statSync(host.data).mode & 0o777).toBe(0o700);
    for (const f of ['own-kubeconfig']) expect(statSync(join(home, f)).mode & 0o777).toBe(0o600);
    expect(statSync(join(host.data, 'pki/ca.key')).mode & 0o777).toBe(0o600);
  });

  it('refuses a second one on the same directory and names the first', () => {
    const r = cli(['up', '--data', host.data, '--listen', '127.0.0.1:0', '--no-ui']);
    expect(r.code).toBe(1);
    expect(r.stderr).toContain(`pid ${host.ready.pid}`);
    expect(r.stdout).toBe('');
    const reset = cli(['reset', '--data', host.data]);
    expect(reset.code).toBe(1);
    expect(reset.stderr).toContain(`pid ${host.ready.pid}`);
  });

  it('gives kubeconfigs away: printed, and merged into the user\'s own', () => {
    const printed = cli(['kubeconfig', '--data', host.data]);
    expect(printed.code).toBe(0);
    const file = join(home, 'printed');
    writeFileSync(file, printed.stdout);
    expect(spawnSync(kubectl, ['--kubeconfig', file, 'get', 'nodes', '-o', 'name'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean)).toHaveLength(3);
    const mine = join(home, 'mine');
    writeFileSync(mine, '# mine\napiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts:\n- name: work # stays\n  context: {cluster: c, user: u}\ncurrent-context: work\n');
    expect(cli(['kubeconfig', '--data', host.data, '--merge'], { KUBECONFIG: mine }).code).toBe(0);
    expect(readFileSync(mine, 'utf8')).toContain('name: work # stays');
    expect(spawnSync(kubectl, ['--kubeconfig', mine, 'config', 'current-context'], { encoding: 'utf8' }).stdout.trim()).toBe('pilothouse');
    expect(spawnSync(kubectl, ['--kubeconfig', mine, 'get', 'ns', 'default', '-o', 'name'], { encoding: 'utf8' }).stdout.trim()).toBe('namespace/default');
  });

  it('stops cleanly in under 5 s, and comes back with every object as it was, on another port', async () => {
    const k = kube(host);
    await k.run('create deployment web --image=nginx --replicas=5');
    await k.run('expose deployment web --port=80');
    await k.run('rollout status deployment/web --timeout=20s');
    await k.run('create configmap settings --from-literal=a=b');
    const paths = ['/api/v1/namespaces', '/api/v1/configmaps', '/api/v1/secrets', '/api/v1/serviceaccounts', '/api/v1/services', '/apis/apps/v1/deployments', '/apis/apps/v1/replicasets', '/api/v1/namespaces/default/pods'];
    const look = async (h: Host): Promise<Map<string, Listed>> => new Map((await Promise.all(paths.map(async p => (await items(h, p)).map(o => [`${p} ${o.metadata.namespace ?? ''}/${o.metadata.name}`, o] as const)))).flat());
    // Between reading and stopping nobody may write: the state is settled when two looks agree.
    let before = await look(host);
    await eventually('quiet', async () => { const now = await look(host); const same = JSON.stringify([...now]) === JSON.stringify([...before]); before = now; return same; }, 10_000, 300);
    expect(await timedStop(host)).toBeLessThan(5_000);
    expect(host.child.exitCode).toBe(0);
    expect(existsSync(join(host.data, 'host.pid'))).toBe(false);
    const old = host.ready.server;
    host = await startHost(['--runtime', 'simulated', '--nodes', '3'], { data: host.data });
    expect(host.ready.kubeconfig).toBe(join(host.data, 'kubeconfig'));
    expect(host.ready.server).not.toBe(old);
    const after = await look(host);
    for (const [key, o] of before) {
      const now = after.get(key);
      expect([key, now?.metadata.uid, now?.metadata.creationTimestamp]).toEqual([key, o.metadata.uid, o.metadata.creationTimestamp]);
      // Nobody but the host itself has a reason to write what is not about running.
      if (/configmaps|secrets|serviceaccounts/.test(key) && !/kube-public|kube-system/.test(key)) expect([key, now?.metadata.resourceVersion]).toEqual([key, o.metadata.resourceVersion]);
      expect(Number(now?.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(o.metadata.resourceVersion));
    }
    await kube(host).run('rollout status deployment/web --timeout=20s');
    expect((await items<Pod>(host, '/api/v1/namespaces/default/pods')).map(p => p.metadata?.uid).sort()).toEqual([...before].filter(([p]) => p.startsWith('/api/v1/namespaces/default/pods')).map(([, o]) => o.metadata.uid).sort());
  });

  it('addresses come from the ranges it was made with, also when a later start does not name them', async () => {
    let h = await startHost(['--runtime', 'simulated', '--pod-cidr', '10.203.0.0/16', '--service-cidr', '10.104.8.0/24']);
    try {
      const addresses = async (): Promise<unknown> => {
        await kube(h).run(['get', 'pod,svc', '-A']);
        const ips = (await items<{ spec: { clusterIP: string } }>(h, '/api/v1/services')).map(s => s.spec.clusterIP).sort();
        const [node] = await items<{ spec: { podCIDR: string } }>(h, '/api/v1/nodes');
        const pod = await kube(h).run(['get', 'pod', 'a', '-o', 'jsonpath={.status.podIP}']);
        return { ips, slice: node?.spec.podCIDR, pod };
      };
      await kube(h).run('run a --image=nginx');
      await kube(h).run('wait --for=condition=Ready pod/a --timeout=20s');
      const first = await addresses();
      expect(first).toEqual({ ips: ['10.104.8.1', '10.104.8.10'], slice: '10.203.1.0/24', pod: expect.stringMatching(/^10\.203\.1\.\d+$/) });
      await h.stop();
      const other = cli(['up', '--data', h.data, '--listen', '127.0.0.1:0', '--no-ui', '--service-cidr', '10.105.0.0/16']);
      expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('--service-cidr 10.105.0.0/16: the cluster in')]);
      h = await startHost(['--runtime', 'simulated'], { data: h.data });
      expect(await addresses()).toEqual(first);
    } finally { await h.dispose(); }
  });

  it('SIGINT and SIGHUP end it as well', async () => {
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      const h = await startHost(['--nodes', '0']);
      expect(await h.stop(signal)).toBe(0);
      await h.dispose();
    }
  });
});

describe('parts that can be left out', () => {
  const withHost = async (args: string[], check: (host: Host) => Promise<void>): Promise<void> => {
    const host = await startHost(args);
    try { await check(host); } finally { await host.dispose(); }
  };

  it('--nodes 0: the control plane alone', () => withHost(['--nodes', '0'], async host => {
    expect(await items(host, '/api/v1/nodes')).toEqual([]);
    expect(await items(host, '/api/v1/pods')).toEqual([]);
    await kube(host).run('create deployment web --image=nginx');
    await eventually('pod made by controllers, placed by nobody', async () => (await items<Pod>(host, '/api/v1/namespaces/default/pods'))[0]?.status?.conditions?.some(c => c.reason === 'Unschedulable'));
  }));

  it('--no-scheduler: nobody places pods', () => withHost(['--runtime', 'simulated', '--no-scheduler'], async host => {
    await kube(host).run('run free --image=nginx');
    await kube(host).run(['run', 'bound', '--image=nginx', '--overrides={"spec":{"nodeName":"node-1"}}']);
    await kube(host).run('wait --for=condition=Ready pod/bound --timeout=20s');
    const free = (await items<Pod>(host, '/api/v1/namespaces/default/pods')).find(p => p.metadata?.name === 'free');
    expect([free?.spec?.nodeName, free?.status?.phase, free?.status?.conditions]).toEqual([undefined, 'Pending', undefined]);
  }));

  it('--controllers: all but one', () => withHost(['--nodes', '0', '--controllers', '*,-deployment'], async host => {
    await kube(host).run('create deployment web --image=nginx');
    // The replica set controller works on, and by the time it has made its pod the other would have made its replica set.
    const template = { metadata: { labels: { app: 'rs' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
    await kube(host).run(['create', '-f', '-'], JSON.stringify({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'rs' }, spec: { replicas: 1, selector: { matchLabels: { app: 'rs' } }, template } }));
    await eventually('the replica set has its pod', async () => (await items(host, '/api/v1/namespaces/default/pods')).length === 1);
    expect((await items(host, '/apis/apps/v1/namespaces/default/replicasets')).map(r => r.metadata.name)).toEqual(['rs']);
  }));

  it('--controllers: a few by name', () => withHost(['--nodes', '0', '--controllers', 'serviceaccount,replicaset'], async host => {
    await kube(host).run('create namespace x');
    await eventually('service account', async () => (await items(host, '/api/v1/namespaces/x/serviceaccounts')).length === 1);
    await kube(host).run('create deployment web --image=nginx');
    expect(await items(host, '/apis/apps/v1/namespaces/default/replicasets')).toEqual([]);
  }));

  it('--disable-admission-plugins', () => withHost(['--nodes', '0', '--controllers', '-deployment', '--disable-admission-plugins', 'ServiceAccount,NamespaceLifecycle'], async host => {
    // Without ServiceAccount no pod is refused for want of one, and gets no token volume; without NamespaceLifecycle nobody asks for the namespace.
    await kube(host).run('run a --image=nginx -n nowhere');
    const [pod] = await items<Pod>(host, '/api/v1/namespaces/nowhere/pods');
    expect([pod?.spec?.serviceAccountName, pod?.spec?.volumes]).toEqual([undefined, undefined]);
  }));

  it.each([
    [['--controllers', 'nonsense'], /"nonsense" is not in the list of known controllers/],
    [['--disable-admission-plugins', 'Nonsense'], /disable-admission-plugins plugin "Nonsense" is unknown/],
    [['--nodes', 'many'], /--nodes many: expected a number/],
    [['--runtime', 'magic'], /--runtime magic: choose one of/],
    [['--colour'], /--colour/],
    [['--pod-cidr', '10.96.0.0/16'], /--pod-cidr 10\.96\.0\.0\/16 and --service-cidr 10\.96\.0\.0\/16 overlap/],
    [['--service-cidr', '127.0.0.0/16'], /127\.0\.0\.0\/8 is loopback/],
    [['--service-cidr', 'all'], /--service-cidr all: expected an IPv4 range/],
  ])('%j is refused with a reason, and nothing is left', (args, words) => {
    const data = join(home, 'refused');
    const r = cli(['up', '--data', data, '--listen', '127.0.0.1:0', '--no-ui', ...(args[0] === '--nodes' ? [] : ['--nodes', '0']), ...args]);
    expect(r.stderr).toMatch(words);
    expect(r.code).toBe(2);
    expect(r.stdout).toBe('');
    rmSync(data, { recursive: true, force: true });
  });

  it('an address in use is named', () => withHost(['--nodes', '0'], host => {
    const taken = new URL(host.ready.server).host;
    const r = cli(['up', '--data', join(home, 'second'), '--nodes', '0', '--no-ui', '--listen', taken]);
    expect(r.code).toBe(1);
    expect(r.stderr.trim().split('\n').at(-1)).toBe(`pilothouse: --listen ${taken} is taken by another program. Choose another; port 0 picks a free one.`);
    expect(existsSync(join(home, 'second/host.pid'))).toBe(false);
    return Promise.resolve();
  }));
});

describe('other words', () => {
  it('version, and wrong use', () => {
    expect(cli(['version']).stdout).toMatch(/^Pilothouse \d+\.\d+\.\d+ \(Kubernetes API v1\.36\.0\+pilothouse\.\d+\.\d+\.\d+\)\n$/);
    expect(cli(['fly']).code).toBe(2);
    for (const args of [['--help'], ['up', '--help'], ['reset', '-h'], ['help']]) expect([args, cli(args)]).toEqual([args, { code: 0, stdout: expect.stringContaining('--disable-admission-plugins LIST'), stderr: '' }]);
    for (const args of [['version', 'now'], ['kubeconfig', '--what'], ['reset', 'all']]) expect([args, cli(args).code]).toEqual([args, 2]);
    expect(cli([]).code).toBe(2);
    const none = cli(['kubeconfig', '--data', join(home, 'none')]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('pilothouse up')]);
    const alien = cli(['reset', '--data', home]);
    expect(alien.code).not.toBe(0);
    expect(existsSync(home)).toBe(true);
    const data = mkdtempSync(join(home, 'default-'));
    expect(cli(['kubeconfig'], { XDG_DATA_HOME: data }).stderr).toContain(join(data, 'pilothouse'));
  });
});

describe.each(['docker', 'sandbox'] as const)('real containers on %s', runtime => {
  let host: Host;
  beforeAll(() => { ownImage(runtime); }, 120_000);
  afterAll(async () => { if (host && existsSync(host.data)) await host.dispose(); });
  const running = async (): Promise<string[]> => (await items<Pod>(host, '/api/v1/namespaces/default/pods')).map(p => `${p.metadata?.uid} ${p.status?.podIP} ${p.status?.containerStatuses?.[0]?.containerID} ${p.status?.containerStatuses?.[0]?.restartCount} ${p.status?.containerStatuses?.[0]?.state?.running?.startedAt}`).sort();
  const up = async (...more: string[]): Promise<Host> => startHost(['--runtime', runtime, '--pod-cidr', '10.202.0.0/16', '--service-cidr', '10.98.0.0/16', ...more], { ...(host ? { data: host.data } : {}), env: { PILOTHOUSE_IMAGE_DIRS: '/var/cache/pilothouse-test-images' } });

  it('pods run on with --leave-running and are adopted; SIGTERM without it leaves nothing but what volumes hold; reset not even that', async () => {
    host = await up('--leave-running');
    const id = clusterId(host.data);
    await kube(host).run(['apply', '-f', '-'], `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  securityContext: {runAsUser: 1000, fsGroup: 2000}
  containers: [{name: a, image: alpine, imagePullPolicy: IfNotPresent, command: [sleep, '100000'], volumeMounts: [{name: data, mountPath: /data, subPath: of/a}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`);
    await kube(host).run(['create', 'deployment', 'web', '--image=alpine:3.20', '--replicas=2', '--', 'sleep', '100000']);
    await kube(host).run('wait --for=condition=Ready pod --all --timeout=60s');
    const before = await running();
    expect(before).toHaveLength(3);
    await kube(host).run(['exec', 'a', '--', 'sh', '-c', 'echo kept > /data/file']);
    expect(await timedStop(host)).toBeLessThan(5_000);
    expect(leftovers(id, host.data).filter(l => /^(container|process)/.test(l)).length).toBeGreaterThanOrEqual(3);

    host = await up();
    await kube(host).run('wait --for=condition=Ready pod --all --timeout=30s');
    expect(await running()).toEqual(before);
    expect((await kube(host).run('exec a -- echo still here'))).toBe('still here');

    // Grace periods of 30 s of processes that ignore SIGTERM must not hold the terminal.
    expect(await timedStop(host)).toBeLessThan(5_000);
    expect(leftovers(id, host.data)).toEqual([]);

    host = await up('--leave-running');
    await kube(host).run('wait --for=condition=Ready pod --all --timeout=60s');
    expect(await kube(host).run('exec a -- cat /data/file')).toBe('kept');
    await host.stop('SIGKILL');
    expect(leftovers(id, host.data)).not.toEqual([]);
    const r = cli(['reset', '--data', host.data]);
    expect([r.code, r.stderr]).toEqual([0, expect.stringContaining('removed')]);
    expect(leftovers(id, host.data)).toEqual([]);
    expect(existsSync(host.data)).toBe(false);
  }, 120_000);
});
