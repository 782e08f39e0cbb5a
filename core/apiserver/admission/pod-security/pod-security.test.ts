import { describe, expect, it } from 'vitest';
import { inProcess, podWith, refused, type InProcess } from '../../../../test/harness/in-process.ts';
import type { PodSpec } from '../../../api/types/kubernetes.ts';
import { check, detailText } from './policy.ts';

const LATEST = Number.POSITIVE_INFINITY;
const says = (level: 'baseline' | 'restricted', spec: object, minor = LATEST, annotations?: Record<string, string>): string =>
  detailText(check({ level, minor }, { annotations }, { containers: [{ name: 'c', image: 'i' }], ...spec } as PodSpec));
const c = (securityContext: object, more: object = {}): object => ({ containers: [{ name: 'c', image: 'i', securityContext, ...more }] });
const good = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
const PLAIN = 'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
  + 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
  + 'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
  + 'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

describe('the standards', () => {
  it.each<[string, object, string]>([
    ['nothing', {}, ''],
    ['host namespaces', { hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
    ['host paths', { volumes: [{ name: 'a', hostPath: { path: '/' } }, { name: 'b', hostPath: { path: '/' } }] }, 'hostPath volumes (volumes "a", "b")'],
    ['host ports', { containers: [{ name: 'a', ports: [{ hostPort: 80 }] }, { name: 'b', ports: [{ hostPort: 443 }] }] }, 'hostPort (containers "a", "b" use hostPorts 443, 80)'],
    ['privileged', c({ privileged: true }), 'privileged (container "c" must not set securityContext.privileged=true)'],
    ['capabilities', c({ capabilities: { add: ['SYS_ADMIN', 'CHOWN', 'NET_RAW'] } }), 'non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)'],
    ['proc', c({ procMount: 'Unmasked' }), 'procMount (container "c" must not set securityContext.procMount to "Unmasked")'],
    ['SELinux', { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } }, 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)'],
    ['seccomp', { securityContext: { seccompProfile: { type: 'Unconfined' } }, ...c({ seccompProfile: { type: 'Unconfined' } }) }, 'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")'],
    ['AppArmor', c({ appArmorProfile: { type: 'Unconfined' } }), 'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")'],
    ['sysctls', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }, { name: 'net.ipv4.tcp_rmem', value: '1' }] } }, 'forbidden sysctls (kernel.msgmax)'],
    ['Windows', { securityContext: { windowsOptions: { hostProcess: true } } }, 'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)'],
    ['probes', c({}, { livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } }), 'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")'],
    ['ephemeral containers', { ephemeralContainers: [{ name: 'e', securityContext: { privileged: true } }] }, 'privileged (container "e" must not set securityContext.privileged=true)'],
  ])('baseline: %s', (_, spec, text) => { expect(says('baseline', spec)).toBe(text); });

  it.each<[string, object, string]>([
    ['a plain pod', {}, PLAIN],
    ['a good one', c(good), ''],
    ['by the pod', { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } }, ...c({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }) }, ''],
    ['root', c({ ...good, runAsUser: 0, runAsNonRoot: false }), 'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false), runAsUser=0 (container "c" must not set runAsUser=0)'],
    ['volumes', { ...c(good), volumes: [{ name: 'v', hostPath: { path: '/' } }, { name: 'n', nfs: {} }, { name: 'ok', secret: {} }] },
      'hostPath volumes (volume "v"), restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")'],
    ['capabilities', c({ ...good, capabilities: { add: ['CHOWN'] } }), 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" in securityContext.capabilities.add)'],
    ['users of its own', { hostUsers: false, ...c({ ...good, runAsNonRoot: undefined, runAsUser: 0 }) }, ''],
    ['Windows', { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }, ''],
  ])('restricted: %s', (_, spec, text) => { expect(says('restricted', spec)).toBe(text); });

  it('follow their version', () => {
    expect(says('baseline', { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }, 31)).toBe('forbidden sysctls (net.ipv4.tcp_rmem)');
    expect(says('restricted', c({ runAsUser: 0 }), 7)).toBe('runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)');
    expect(says('baseline', {}, 18, { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' })).toBe('seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")');
  });
});

describe('PodSecurity', () => {
  const labels = (api: InProcess, more: Record<string, string | null>): Promise<unknown> => api.call('PATCH', '/api/v1/namespaces/a', {
    metadata: { labels: Object.fromEntries(Object.entries(more).map(([k, v]) => [`pod-security.kubernetes.io/${k}`, v])) },
  }, { contentType: 'application/merge-patch+json' });
  const PODS = '/api/v1/namespaces/a/pods';

  it('refuses pods, and names what is wrong', async () => {
    const api = await inProcess();
    await labels(api, { enforce: 'restricted' });
    expect((await refused(api.call('POST', PODS, podWith('p')))).message).toBe(`pods "p" is forbidden: violates PodSecurity "restricted:latest": ${PLAIN}`);
    await labels(api, { enforce: 'baseline', 'enforce-version': 'v1.24' });
    await api.call('POST', PODS, podWith('p'));
    expect((await refused(api.call('POST', PODS, podWith('h', undefined, { hostIPC: true })))).message).toBe('pods "h" is forbidden: violates PodSecurity "baseline:v1.24": host namespaces (hostIPC=true)');
    await labels(api, { enforce: 'restricted' });
    // What does not touch security is let through.
    await api.call('PATCH', `${PODS}/p`, { metadata: { labels: { x: 'y' } } }, { contentType: 'application/merge-patch+json' });
    await refused(api.call('PATCH', `${PODS}/p`, { spec: { containers: [{ name: 'c', image: 'other' }] } }, { contentType: 'application/strategic-merge-patch+json' }));
  });

  it('does not know other words', async () => {
    const api = await inProcess();
    const status = await refused(labels(api, { enforce: 'strict', 'warn-version': '1.20' }));
    expect(status.code).toBe(422);
    expect(status.message).toBe('Namespace "a" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.20": must be "latest" or "v1.x"]');
  });
});
