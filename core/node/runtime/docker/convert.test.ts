import { expect, it } from 'vitest';
import type { ContainerSpec, RuntimeConfig } from '../runtime.ts';
import { containerOptions, containerState, resourceFields, sandboxOptions } from './convert.ts';
import { pauseArchive } from './pause-image.ts';
import { StreamReader, logLine } from './logs.ts';

const config = { clusterId: 'c', nodeName: 'n', logMaxBytes: 10, logMaxFiles: 2 } as RuntimeConfig;
const sandbox = { id: 's', hostPID: false, hostIPC: false, sharedPID: true, podName: 'p', podNamespace: 'd', podUid: 'u' };
const spec = (o: Partial<ContainerSpec>): ContainerSpec => ({ name: 'c', attempt: 0, imageId: 'i', image: 'i', env: [], mounts: [], resources: {}, security: { privileged: false, readOnlyRootFilesystem: false, noNewPrivileges: false, supplementalGroups: [], capAdd: [], capDrop: [] }, tty: false, stdin: false, stdinOnce: false, labels: {}, ...o });
const options = (o: Partial<ContainerSpec>, sysResource = true, appArmor = false) => containerOptions(spec(o), 'name', sandbox, undefined, config, { sysResource, appArmor });

it('drops the image\'s CMD when a command is given without args', () => {
  expect(options({ command: ['x'] })).toMatchObject({ Entrypoint: ['x'], Cmd: [] });
  expect(options({ args: ['y'] })).toMatchObject({ Cmd: ['y'] });
  expect(options({})).not.toHaveProperty('Cmd');
});
it('names every capability where privileged is withheld', () => {
  const o = options({ security: { ...spec({}).security, privileged: true } }, false).HostConfig;
  expect(o).toMatchObject({ Privileged: false, SecurityOpt: ['seccomp=unconfined'] });
  expect(o?.CapAdd).toContain('SYS_ADMIN'); expect(o?.CapAdd).not.toContain('SYS_RESOURCE');
});
it('lowers no OOM score where it may not', () => { expect(resourceFields({ oomScoreAdj: -997 }, { sysResource: false, appArmor: false })).toEqual({ OomScoreAdj: 0 }); expect(resourceFields({ oomScoreAdj: -997 }, { sysResource: true, appArmor: false })).toEqual({ OomScoreAdj: -997 }); });
it('shares the PID namespace when the pod does', () => { expect(options({}).HostConfig?.PidMode).toBe('container:s'); });
it('gives colons in paths to the long form', () => {
  expect(options({ mounts: [{ hostPath: '/a:b', containerPath: '/c', readOnly: true }] }).HostConfig).toMatchObject({ Binds: [], Mounts: [{ Source: '/a:b', Target: '/c', ReadOnly: true }] });
  expect(options({ mounts: [{ hostPath: '/a', containerPath: '/c', readOnly: true, propagation: 'rslave' }] }).HostConfig?.Binds).toEqual(['/a:/c:ro,rslave']);
});
it('cuts log frames wherever the stream is cut', () => {
  const frame = Buffer.from('\x02\0\0\0\0\0\0\x062026 x', 'latin1');
  const reader = new StreamReader();
  expect([...frame].flatMap(b => reader.push(Buffer.from([b]))).map(logLine)).toEqual([{ time: '2026', stream: 'stderr', data: Buffer.from('x') }]);
});
it('has a pause image for both processors', () => { expect(pauseArchive('x86_64')).toBeDefined(); expect(pauseArchive('aarch64')).toBeDefined(); expect(pauseArchive('riscv64')).toBeUndefined(); });
it('names an AppArmor profile only where they are enforced', () => {
  const of = (appArmor: string | undefined, enforced: boolean) => options({ security: { ...spec({}).security, ...(appArmor ? { appArmor } : {}) } }, true, enforced).HostConfig?.SecurityOpt;
  expect([of('Unconfined', true), of('mine', true), of(undefined, true), of('Unconfined', false)]).toEqual([['apparmor=unconfined'], ['apparmor=mine'], [], []]);
});
it('a program that could not be started ended with 128, whatever Docker calls it; a shell\'s own 127 stays', () => {
  const info = (State: object) => containerState({ Id: 'i', Image: 'i', Created: '2026-01-01T00:00:00Z', Config: { Image: 'i', Labels: {} }, State: { Running: false, Paused: false, Restarting: false, OOMKilled: false, Error: '', StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z', ExitCode: 127, Status: 'created', ...State } } as never);
  expect(info({ Error: 'no such file' })).toMatchObject({ phase: 'exited', exitCode: 128, message: 'no such file' });
  expect(info({ Status: 'exited', Error: 'no such file', FinishedAt: '2026-01-01T00:00:01Z' })).toMatchObject({ phase: 'exited', exitCode: 128 });
  expect(info({})).toMatchObject({ phase: 'exited', exitCode: 128 });
  expect(info({ ExitCode: 0 })).toMatchObject({ phase: 'created' });
  expect(info({ Status: 'exited', StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '2026-01-01T00:00:01Z' })).toMatchObject({ phase: 'exited', exitCode: 127 });
});
it('publishes host ports at the address and for the protocol asked for', () => {
  const ports = [{ hostIP: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'TCP' as const }, { hostIP: '', hostPort: 53, containerPort: 5353, protocol: 'UDP' as const }];
  const pod = { podName: 'p', podNamespace: 'd', podUid: 'u', attempt: 0, hostname: 'p', ip: '10.0.0.2', hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false, sysctls: {}, ports, resources: {}, labels: {} };
  expect(sandboxOptions(pod, 'name', 'pause', config).HostConfig?.PortBindings).toEqual({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }], '5353/udp': [{ HostIp: '', HostPort: '53' }] });
});
it('passes devices, and says how they may be opened', () => {
  expect(options({ devices: [{ hostPath: '/dev/loop0', containerPath: '/dev/xvda', readOnly: false }, { hostPath: '/dev/sdb', containerPath: '/dev/b', readOnly: true }] }).HostConfig?.Devices).toEqual([
    { PathOnHost: '/dev/loop0', PathInContainer: '/dev/xvda', CgroupPermissions: 'rwm' }, { PathOnHost: '/dev/sdb', PathInContainer: '/dev/b', CgroupPermissions: 'r' },
  ]);
});
