// What a security context, limits, names and namespaces come to inside a real container, on both runtimes.
import { hostname } from 'node:os';
import { readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import type { PodSpec } from '../../core/api/types/kubernetes.ts';
import { FOREVER, RUNTIMES, RealNode, sh, statusOf } from './real-node.ts';

const CAPS = (mask: string): bigint => BigInt(`0x${mask}`);
const bit = (mask: string, n: number): boolean => (CAPS(mask) >> BigInt(n) & 1n) === 1n;

describe.each(RUNTIMES)('containers on %s', runtime => {
  let n: RealNode; let count = 0;
  beforeAll(async () => { n = await RealNode.start(runtime); });
  afterAll(async () => { await n.close(); });
  const say = (script: string, spec: Partial<PodSpec> = {}, more = {}): Promise<string> => n.output(`s${++count}`, { ...spec, containers: [sh(script, more)] });
  const status = 'grep -E "^(CapEff|NoNewPrivs|Groups):" /proc/self/status | tr -s "\\t" " "';

  it('users, groups, refusals of root', async () => {
    expect(await say('id -u; id -g; grep ^Groups /proc/self/status | tr "\\t" " "', { securityContext: { runAsUser: 1234, runAsGroup: 2345, supplementalGroups: [3456], fsGroup: 4567 } })).toMatch(/^1234\n2345\nGroups: (2345 )?3456 4567 ?\n$/);
    expect(await say('id -u', { securityContext: { runAsUser: 1234 } }, { securityContext: { runAsUser: 77 } })).toBe('77\n');
    for (const [name, sc, words] of [['root', { runAsNonRoot: true }, 'container has runAsNonRoot and image will run as root'], ['zero', { runAsNonRoot: true, runAsUser: 0 }, "container's runAsUser breaks non-root policy"]] as const) {
      await n.run(name, { containers: [sh('true', { securityContext: sc })] });
      const p = await n.until(name, x => statusOf(x)?.state?.waiting?.reason === 'CreateContainerConfigError');
      expect(statusOf(p)?.state?.waiting?.message).toBe(`${words} (pod: "${name}_default(${p.metadata!.uid})", container: main)`);
      await n.delete(name, 0);
    }
    expect(await say('id -u', {}, { securityContext: { runAsNonRoot: true, runAsUser: 5 } })).toBe('5\n');
  });

  it('capabilities, no new privileges, read-only root, privileged, seccomp, AppArmor', async () => {
    const mask = (t: string): string => /CapEff: (\w+)/.exec(t)![1]!;
    const plain = mask(await say(status));
    expect([bit(plain, 0), bit(plain, 12), bit(plain, 21)]).toEqual([true, false, false]);
    const some = mask(await say(status, {}, { securityContext: { capabilities: { add: ['NET_ADMIN'], drop: ['CHOWN'] } } }));
    expect([bit(some, 12), bit(some, 0)]).toEqual([true, false]);
    expect(CAPS(mask(await say(status, {}, { securityContext: { capabilities: { drop: ['ALL'] } } })))).toBe(0n);
    const all = mask(await say(status, {}, { securityContext: { capabilities: { add: ['ALL'], drop: ['NET_RAW'] } } }));
    expect([bit(all, 21), bit(all, 13)]).toEqual([true, false]);
    expect(await say(status, {}, { securityContext: { allowPrivilegeEscalation: false } })).toContain('NoNewPrivs: 1');
    // Output and errors are two streams: which comes first is nobody's promise.
    const said = await say('touch /x; mkdir -p /e/d && echo volume', { volumes: [{ name: 'e', emptyDir: {} }] }, { volumeMounts: [{ name: 'e', mountPath: '/e' }], securityContext: { readOnlyRootFilesystem: true } });
    expect(said).toContain('Read-only file system');
    expect(said).toContain('volume');
    const privileged = await say(`${status}; mkdir /m && mount -t tmpfs none /m && echo mounted`, {}, { securityContext: { privileged: true } });
    expect([bit(mask(privileged), 21), privileged.includes('mounted')]).toEqual([true, true]);
    expect(await say('grep ^Seccomp: /proc/self/status', { securityContext: { seLinuxOptions: { level: 's0' } } }, { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } })).toMatch(/\t2/);
    expect(await say('grep ^Seccomp: /proc/self/status', {}, { securityContext: { seccompProfile: { type: 'Unconfined' } } })).toMatch(/\t0/);
    const profile = (type: string) => ({ securityContext: { appArmorProfile: { type } } });
    expect(await say('grep -l "(enforce)" /proc/self/attr/current 2>/dev/null; echo ran', profile('Unconfined'))).toBe('ran\n');
    await n.run('armor', { ...profile('RuntimeDefault'), containers: [sh('true', { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } } })] });
    if (n.runtime.appArmor) await n.event('armor', /^Failed: Error: .*mine/);
    else for (const words of ['AppArmor profile RuntimeDefault', 'container "main": AppArmor profile mine']) await n.event('armor', `Unsupported: ${words}: cannot enforce AppArmor: AppArmor is not enabled on the host`);
    await n.delete('armor', 0);
    await n.run('caps', { containers: [sh('true', { securityContext: { capabilities: { add: ['FLY'] } } })] });
    await n.event('caps', /^Failed: Error: .*(FLY|unknown capability)/i);
    await n.delete('caps', 0);
  });

  it('limits are those of the cgroup inside', async () => {
    const text = await say('cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.shares 2>/dev/null || cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max; cat /proc/self/oom_score_adj',
      {}, { resources: { limits: { memory: '64Mi', cpu: '250m' }, requests: { cpu: '100m', memory: '32Mi' } } });
    expect(text).toMatch(/^67108864\n25000( 100000)?\n(102\n)?\d+\n$/);
    const score = Number(text.trim().split('\n').at(-1));
    expect(score).toBeGreaterThan(2); expect(score).toBeLessThan(1000);
    expect(await say('cat /proc/self/oom_score_adj')).toBe('1000\n');
  });

  it('names, aliases, DNS and the host\'s namespaces', async () => {
    expect(await say('hostname; grep alias.test /etc/hosts; cat /etc/resolv.conf', { hostname: 'me', subdomain: 'club', setHostnameAsFQDN: true, hostAliases: [{ ip: '1.2.3.4', hostnames: ['alias.test', 'other.test'] }], dnsConfig: { nameservers: ['9.9.9.9'], searches: ['my.test'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } }))
      .toMatch(/^me\.club\.default\.svc\.cluster\.local\n1\.2\.3\.4\talias\.test\tother\.test\nsearch default\.svc\.cluster\.local .*my\.test\nnameserver 10\.96\.0\.10\nnameserver 9\.9\.9\.9\noptions ndots:2 edns0\n$/);
    expect(await say('cat /etc/resolv.conf', { dnsPolicy: 'None', dnsConfig: { nameservers: ['8.8.4.4'] } })).toBe('nameserver 8.8.4.4\n');
    expect(await say('cat /etc/resolv.conf', { dnsPolicy: 'Default' })).not.toContain('10.96.0.10');
    expect(await say('hostname; readlink /proc/self/ns/net; cat /etc/resolv.conf', { hostNetwork: true })).toContain(`${readlinkSync('/proc/self/ns/net')}\n`);
    expect(await say('cat /etc/resolv.conf', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' })).toContain('10.96.0.10');
    expect(await say('readlink /proc/self/ns/pid', { hostPID: true })).toBe(`${readlinkSync('/proc/self/ns/pid')}\n`);
    expect(await say('readlink /proc/self/ns/ipc', { hostIPC: true })).toBe(`${readlinkSync('/proc/self/ns/ipc')}\n`);
    const own = await say('readlink /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/ipc');
    for (const ns of ['net', 'pid', 'ipc']) expect(own).not.toContain(readlinkSync(`/proc/self/ns/${ns}`));
    expect(hostname().length + readFileSync('/etc/hosts', 'utf8').length).toBeGreaterThan(0);
  });

  it('sysctls of the pod\'s own namespaces are set, others are refused', async () => {
    expect(await say('cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced', { securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '80' }, { name: 'kernel.shm_rmid_forced', value: '1' }] } })).toBe('80\n1\n');
    await n.run('sysctl', { securityContext: { sysctls: [{ name: 'vm.swappiness', value: '1' }] }, containers: [sh('true')] });
    expect((await n.until('sysctl', x => x?.status?.phase === 'Failed')).status).toMatchObject({ reason: 'SysctlForbidden', message: 'Pod was rejected: forbidden sysctl: "vm.swappiness" not allowlisted' });
    await n.event('sysctl', 'SysctlForbidden: forbidden sysctl: "vm.swappiness" not allowlisted');
    await n.delete('sysctl', 0);
  });

  it('containers of a pod share what it says; one that comes to look sees its target\'s processes', async () => {
    await n.run('shared', { shareProcessNamespace: true, containers: [sh(FOREVER, { name: 'a' }), sh(FOREVER, { name: 'b' })] });
    await n.run('target', { containers: [sh(`${FOREVER} # the-target`)] });
    await n.ready('shared'); await n.ready('target');
    expect((await n.exec('shared', ['cat', '/proc/1/cmdline'], 'a')).out).not.toContain('trap');
    await n.client.patch(pods, 'default', 'target', 'application/strategic-merge-patch+json', { spec: { ephemeralContainers: [
      { name: 'look', image: 'alpine:3.20', imagePullPolicy: 'IfNotPresent', targetContainerName: 'main', terminationMessagePolicy: 'File', command: ['sh', '-c', 'tr "\\0" " " < /proc/1/cmdline; echo; sleep 100'] },
      { name: 'odd', image: 'alpine:3.20', imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File', command: ['true'], securityContext: { procMount: 'Default', seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' } } }] } }, 'ephemeralcontainers');
    await n.eventually('what it sees', async () => { try { return (await n.logs('target', 'look')).includes('the-target'); } catch { return false; } }, 15_000).catch(async (e: unknown) => { throw new Error(`${String(e)} ${JSON.stringify(await n.events('target'))} ${JSON.stringify((await n.get('target'))?.status?.ephemeralContainerStatuses)}`); });
    await n.event('target', 'Unsupported: container "odd": seccomp profile p.json: this node has RuntimeDefault and Unconfined only');
    expect(statusOf(await n.get('target'))?.state?.running).toBeDefined();
    for (const name of ['shared', 'target']) await n.delete(name, 0);
  });
});
