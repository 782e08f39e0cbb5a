// Translation between the runtime's words and Docker's.
import type Docker from 'dockerode';
import type { ContainerSpec, ContainerState, ImageStatus, Mount, Resources, RuntimeConfig, SandboxSpec } from '../runtime.ts';
import { LABEL, agentLabels, networkName } from './naming.ts';

/** What the daemon's machine allows; found once at start. */
export interface HostLimits {
  /** False when the kernel withholds CAP_SYS_RESOURCE: then no negative OOM score and no `Privileged`. */
  sysResource: boolean;
  /** Profiles of AppArmor are enforced. */
  appArmor: boolean;
  /** Who keeps its cgroups: `cgroupfs` or `systemd`. */
  cgroupDriver?: string | undefined;
}

// Docker 20.10 does not know BPF, PERFMON and CHECKPOINT_RESTORE, so they are not asked for.
const ALL_BUT_SYS_RESOURCE = ['AUDIT_CONTROL', 'AUDIT_READ', 'AUDIT_WRITE', 'BLOCK_SUSPEND', 'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'IPC_LOCK', 'IPC_OWNER', 'KILL', 'LEASE', 'LINUX_IMMUTABLE', 'MAC_ADMIN', 'MAC_OVERRIDE', 'MKNOD', 'NET_ADMIN', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYSLOG', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_CHROOT', 'SYS_MODULE', 'SYS_NICE', 'SYS_PACCT', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_TIME', 'SYS_TTY_CONFIG', 'WAKE_ALARM'];

/** Docker's resource fields. CPU shares below 2 and CPU limits below 10 ms per second are raised to the kernel's least. */
export function resourceFields(r: Resources, host: HostLimits): Pick<Docker.HostConfig, 'CpuShares' | 'CpuQuota' | 'CpuPeriod' | 'Memory' | 'MemorySwap' | 'PidsLimit' | 'OomScoreAdj'> {
  return {
    ...(r.cpuShares === undefined ? {} : { CpuShares: Math.max(2, r.cpuShares) }),
    ...(r.cpuLimitMilli === undefined ? {} : { CpuPeriod: 100_000, CpuQuota: Math.max(1000, r.cpuLimitMilli * 100) }),
    ...(r.memoryLimitBytes === undefined ? {} : { Memory: r.memoryLimitBytes, MemorySwap: r.memoryLimitBytes }),
    ...(r.pidsLimit === undefined ? {} : { PidsLimit: r.pidsLimit }),
    ...(r.oomScoreAdj === undefined ? {} : { OomScoreAdj: host.sysResource ? r.oomScoreAdj : Math.max(0, r.oomScoreAdj) }),
  };
}

/** The pause container of a pod. */
export function sandboxOptions(spec: SandboxSpec, name: string, image: string, config: RuntimeConfig, cgroupParent?: string): Docker.ContainerCreateOptions {
  const exposed: Record<string, Record<string, never>> = {};
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const p of spec.hostNetwork ? [] : spec.ports) {
    const key = `${p.containerPort}/${p.protocol.toLowerCase()}`;
    exposed[key] = {};
    (bindings[key] ??= []).push({ HostIp: p.hostIP, HostPort: String(p.hostPort) });
  }
  const network = networkName(config.clusterId);
  return {
    name, Image: image, ...(spec.hostNetwork ? {} : { Hostname: spec.hostname }), ExposedPorts: exposed,
    Labels: {
      ...spec.labels, [LABEL.agent]: JSON.stringify(spec.labels), [LABEL.cluster]: config.clusterId, [LABEL.node]: config.nodeName, [LABEL.type]: 'podsandbox',
      [LABEL.podName]: spec.podName, [LABEL.podNamespace]: spec.podNamespace, [LABEL.podUid]: spec.podUid, [LABEL.containerName]: 'POD',
      [LABEL.attempt]: String(spec.attempt), [LABEL.ip]: spec.ip ?? '', [LABEL.sharedPid]: String(spec.shareProcessNamespace),
    },
    HostConfig: {
      NetworkMode: spec.hostNetwork ? 'host' : network, IpcMode: spec.hostIPC ? 'host' : 'shareable', ...(spec.hostPID ? { PidMode: 'host' } : {}),
      PortBindings: bindings, Sysctls: spec.sysctls, LogConfig: { Type: 'none', Config: {} }, CpuShares: 2, SecurityOpt: ['no-new-privileges'], ...(cgroupParent === undefined ? {} : { CgroupParent: cgroupParent }),
    },
    ...(spec.hostNetwork ? {} : { NetworkingConfig: { EndpointsConfig: { [network]: spec.ip === undefined ? {} : { IPAMConfig: { IPv4Address: spec.ip } } } } }),
  };
}

export interface SandboxFacts { id: string; /** the group of the pod as a whole, where it has one */ cgroupParent?: string | undefined; hostPID: boolean; hostIPC: boolean; sharedPID: boolean; podName: string; podNamespace: string; podUid: string }

/** A container of a pod, in the pause container's namespaces. */
export function containerOptions(spec: ContainerSpec, name: string, sandbox: SandboxFacts, image: ImageStatus | undefined, config: RuntimeConfig, host: HostLimits): Docker.ContainerCreateOptions {
  const s = spec.security;
  const named = s.privileged && !host.sysResource;
  const groups = s.supplementalGroups.map(String);
  const seccomp = s.seccomp === undefined || s.seccomp === 'RuntimeDefault' ? [] : s.seccomp === 'Unconfined' ? ['seccomp=unconfined'] : [`seccomp=${s.seccomp}`];
  const labels = Object.entries(s.seLinux ?? {}).map(([k, v]) => `label=${k}:${v}`);
  const appArmor = s.appArmor === undefined || !host.appArmor ? [] : [`apparmor=${s.appArmor === 'Unconfined' ? 'unconfined' : s.appArmor}`];
  return {
    name, Image: spec.imageId, ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }), Tty: spec.tty, OpenStdin: spec.stdin, StdinOnce: spec.stdinOnce,
    ...(spec.command === undefined ? {} : { Entrypoint: spec.command }),
    ...(spec.args === undefined ? spec.command === undefined ? {} : { Cmd: [] } : { Cmd: spec.args }),
    Env: spec.env.map(e => `${e.name}=${e.value}`), ...(spec.workingDir === undefined ? {} : { WorkingDir: spec.workingDir }),
    ...userField(s.runAsUser, s.runAsGroup, image),
    // A pod's probes are the agent's: an image's own HEALTHCHECK would only cost.
    Healthcheck: { Test: ['NONE'] },
    Labels: {
      ...spec.labels, [LABEL.agent]: JSON.stringify(spec.labels), [LABEL.cluster]: config.clusterId, [LABEL.node]: config.nodeName, [LABEL.type]: 'container', [LABEL.sandbox]: sandbox.id,
      [LABEL.podName]: sandbox.podName, [LABEL.podNamespace]: sandbox.podNamespace, [LABEL.podUid]: sandbox.podUid,
      [LABEL.containerName]: spec.name, [LABEL.attempt]: String(spec.attempt), [LABEL.image]: spec.image,
    },
    HostConfig: {
      NetworkMode: `container:${sandbox.id}`, IpcMode: sandbox.hostIPC ? 'host' : `container:${sandbox.id}`,
      ...(spec.joinPidOf !== undefined ? { PidMode: `container:${spec.joinPidOf}` } : sandbox.hostPID ? { PidMode: 'host' } : sandbox.sharedPID ? { PidMode: `container:${sandbox.id}` } : {}),
      ...mountFields(spec.mounts), ...resourceFields(spec.resources, host), ...(sandbox.cgroupParent === undefined ? {} : { CgroupParent: sandbox.cgroupParent }),
      ...(spec.devices?.length ? { Devices: spec.devices.map(d => ({ PathOnHost: d.hostPath, PathInContainer: d.containerPath, CgroupPermissions: d.readOnly ? 'r' : 'rwm' })) } : {}),
      Privileged: s.privileged && host.sysResource, ReadonlyRootfs: s.readOnlyRootFilesystem, GroupAdd: groups,
      CapAdd: named ? ALL_BUT_SYS_RESOURCE : !host.sysResource && s.capAdd.includes('ALL') ? ALL_BUT_SYS_RESOURCE.filter(c => !s.capDrop.includes(c)) : s.capAdd, CapDrop: s.capDrop,
      SecurityOpt: [...(s.noNewPrivileges ? ['no-new-privileges'] : []), ...(named ? ['seccomp=unconfined'] : seccomp), ...appArmor, ...labels],
      LogConfig: { Type: 'json-file', Config: { 'max-size': String(config.logMaxBytes), 'max-file': String(config.logMaxFiles) } },
    },
  };
}

// Docker takes `user[:group]` in one string. A group alone needs the user it would otherwise have run as.
function userField(user: number | undefined, group: number | undefined, image: ImageStatus | undefined): { User?: string } {
  if (user === undefined && group === undefined) return {};
  const imageUser = (image?.user ?? '').split(':')[0] || '0';
  return { User: `${user ?? imageUser}${group === undefined ? '' : `:${group}`}` };
}

/** Private is what Docker does unasked; asked for, it would refuse mounts that hold its own directory, such as `/`. */
const propagation = (m: Mount): 'rslave' | 'rshared' | undefined => (m.propagation === 'private' ? undefined : m.propagation);

function mountFields(mounts: readonly Mount[]): Pick<Docker.HostConfig, 'Binds' | 'Mounts'> {
  const binds: string[] = [];
  const special: Docker.MountSettings[] = [];
  for (const m of mounts) {
    if (m.tmpfsBytes !== undefined) special.push({ Type: 'tmpfs', Target: m.containerPath, Source: '', ReadOnly: m.readOnly, TmpfsOptions: { SizeBytes: m.tmpfsBytes, Mode: 0o1777 } } as unknown as Docker.MountSettings);
    else if (m.hostPath.includes(':') || m.containerPath.includes(':')) special.push({ Type: 'bind', Source: m.hostPath, Target: m.containerPath, ReadOnly: m.readOnly, ...(propagation(m) ? { BindOptions: { Propagation: propagation(m) } } : {}) } as unknown as Docker.MountSettings);
    else binds.push(`${m.hostPath}:${m.containerPath}:${[m.readOnly ? 'ro' : 'rw', propagation(m)].filter(Boolean).join(',')}`);
  }
  return { Binds: binds, Mounts: special };
}

const at = (time: string): number => time.startsWith('0001-') ? 0 : Date.parse(time);

/** The exit code of a container that never ran, as every runtime of today gives it; Docker says 126 or 127. */
const NEVER_RAN = 128;

/** What Docker's inspect says of a container, in the runtime's words. */
export function containerState(info: Docker.ContainerInspectInfo): ContainerState {
  const labels = info.Config.Labels;
  const s = info.State;
  const phase = s.Running || s.Paused || s.Restarting ? 'running' : s.Status === 'created' && at(s.StartedAt) === 0 ? 'created' : s.Status === 'exited' || s.Status === 'dead' || s.Status === 'created' ? 'exited' : 'unknown';
  // Its program was not found or could not be run; releases differ in what they call the state of such a container.
  const failed = !s.Running && at(s.StartedAt) === 0 && (s.Error !== '' || (s.Status === 'created' && s.ExitCode !== 0));
  const exitCode = s.ExitCode;
  return {
    id: info.Id, sandboxId: labels[LABEL.sandbox] ?? '', name: labels[LABEL.containerName] ?? '', attempt: Number(labels[LABEL.attempt] ?? 0),
    image: labels[LABEL.image] ?? info.Config.Image, imageId: info.Image, phase: failed ? 'exited' : phase, createdAt: at(info.Created), startedAt: at(s.StartedAt),
    // Docker has been seen to leave an older FinishedAt beside a newer StartedAt.
    finishedAt: phase === 'exited' ? Math.max(at(s.FinishedAt), at(s.StartedAt)) : 0,
    exitCode: phase === 'running' ? 0 : failed ? NEVER_RAN : exitCode, ...(exitCode > 128 && exitCode < 128 + 65 ? { signal: exitCode - 128 } : {}), oomKilled: s.OOMKilled,
    ...(s.Error === '' ? {} : { message: s.Error }), labels: agentLabels(labels),
  };
}

/** What Docker says of an image. */
export function imageStatus(info: Docker.ImageInspectInfo): ImageStatus {
  const config = info.Config as Docker.ImageInspectInfo['Config'] & { StopSignal?: string };
  const list = (v: string | string[] | null | undefined): string[] => v === null || v === undefined ? [] : typeof v === 'string' ? [v] : v;
  return {
    id: info.Id, repoTags: info.RepoTags ?? [], repoDigests: info.RepoDigests ?? [], sizeBytes: info.Size, user: config?.User ?? '',
    entrypoint: list(config?.Entrypoint), cmd: list(config?.Cmd), ...(config?.StopSignal ? { stopSignal: config.StopSignal } : {}), volumes: Object.keys(config?.Volumes ?? {}),
  };
}
