// What a pod and its containers ask for, in the launcher's letters.
import { join } from 'node:path';
import type { ContainerSpec, Mount, SandboxSpec } from '../runtime.ts';
import type { ImageConfig } from './archive.ts';
import { capabilityMask } from './capabilities.ts';
import { groupDirs, groupView, oomFile } from '../cgroup.ts';
import type { Setting } from './launcher.ts';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Settings of `launcher pod`. Throws on a sysctl that is no name. */
export function podSettings(spec: SandboxSpec, dir: string, group: string): Setting[] {
  const out: Setting[] = [['d', dir], ['H', spec.hostname], ['f', namespaceFlags(spec)]];
  for (const d of groupDirs(group)) out.push(['k', d]);
  for (const [name, value] of Object.entries(spec.sysctls)) {
    // Docker's list: what belongs to the pod's namespaces. The rest would change the machine.
    if (!/^(net\.|kernel\.shm|kernel\.msg|kernel\.sem$|fs\.mqueue\.)[\w./-]*$/.test(name) || name.includes('..')) throw new Error(`sysctl "${name}" is not separate for a pod`);
    if (spec.hostNetwork && name.startsWith('net.')) throw new Error(`sysctl "${name}" is not allowed with hostNetwork`);
    out.push(['q', `/proc/sys/${name.replaceAll('.', '/')}`], ['q', value]);
  }
  return out;
}

function namespaceFlags(s: SandboxSpec): string { return `${s.hostNetwork ? 'n' : ''}${s.hostIPC ? 'i' : ''}${s.hostPID ? 'p' : s.shareProcessNamespace ? 'P' : ''}`; }

export interface ContainerPlace { dir: string; group: string; podPid: number; layers: readonly string[]; ownCaps: bigint; filterFile: string | undefined; logMaxBytes: number; logMaxFiles: number }

/** Environment as the process gets it: the image's, then the pod's over it. */
export function environment(spec: ContainerSpec, sandbox: SandboxSpec, image: ImageConfig): string[] {
  const env = new Map<string, string>();
  for (const e of [PATH, `HOSTNAME=${sandbox.hostname}`, ...(spec.tty ? ['TERM=xterm'] : []), ...(image.config?.Env ?? [])]) env.set(e.slice(0, e.indexOf('=')), e.slice(e.indexOf('=') + 1));
  for (const e of spec.env) env.set(e.name, e.value);
  return [...env].map(([k, v]) => `${k}=${v}`);
}

/** Entrypoint and arguments: a command replaces both of the image's, arguments alone replace its CMD. */
export function commandLine(spec: ContainerSpec, image: ImageConfig): string[] {
  return [...(spec.command ?? image.config?.Entrypoint ?? []), ...(spec.args ?? (spec.command === undefined ? image.config?.Cmd ?? [] : []))];
}

/** Who a process of the container is and what it may do: the same for its first process and for every exec. */
export function identity(spec: ContainerSpec, image: ImageConfig, place: Pick<ContainerPlace, 'ownCaps' | 'filterFile'>): Setting[] {
  const s = spec.security;
  const out: Setting[] = [['u', image.config?.User ?? ''], ['c', capabilityMask(place.ownCaps, s.privileged, s.capAdd, s.capDrop)]];
  if (s.runAsUser !== undefined) out.push(['U', s.runAsUser]);
  if (s.runAsGroup !== undefined) out.push(['g', s.runAsGroup]);
  for (const g of s.supplementalGroups) out.push(['G', g]);
  if (spec.resources.oomScoreAdj !== undefined) out.push(['j', Math.max(place.ownCaps >> 24n & 1n ? -1000 : 0, spec.resources.oomScoreAdj)]);
  if (seccompApplies(spec) && place.filterFile !== undefined) out.push(['S', place.filterFile]);
  return out;
}

/** Whether the filter of seccomp.ts applies: always, unless privileged, unconfined, or given the capability whose calls it refuses. */
export function seccompApplies(spec: ContainerSpec): boolean {
  return !spec.security.privileged && spec.security.seccomp !== 'Unconfined' && !spec.security.capAdd.some(c => /^(CAP_)?(SYS_ADMIN|ALL)$/i.test(c));
}

const noNewPrivileges = (spec: ContainerSpec): boolean => spec.security.noNewPrivileges || seccompApplies(spec);

/** The launcher's letters for what becomes of later mounts. */
const SPREAD = { private: '', rslave: 'l', rshared: 's' } as const;

/** Settings of `launcher run`. Throws on a capability or profile there is not. */
export function containerSettings(spec: ContainerSpec, sandbox: SandboxSpec, image: ImageConfig, place: ContainerPlace): Setting[] {
  const s = spec.security;
  if (s.seccomp !== undefined && s.seccomp !== 'RuntimeDefault' && s.seccomp !== 'Unconfined') throw new Error(`seccomp profile "${s.seccomp}": this runtime has RuntimeDefault and Unconfined only`);
  const flags = [namespaceFlags(sandbox), spec.tty ? 't' : '', spec.stdin ? 'I' : '', spec.stdinOnce ? 'o' : '', s.readOnlyRootFilesystem ? 'r' : '', s.privileged ? 'V' : '', noNewPrivileges(spec) ? '1' : '', s.strictGroups ? 'g' : ''].join('');
  // Relative to the layers' folder, where the launcher stands: mount data ends at one page.
  const here = join('..', 'pods', ...place.dir.split('/').slice(-3));
  const out: Setting[] = [
    ['d', place.dir], ['f', flags], ['N', place.podPid], ['R', `lowerdir=${[...place.layers].reverse().join(':')},upperdir=${here}/upper,workdir=${here}/work`],
    ['w', spec.workingDir ?? image.config?.WorkingDir ?? ''], ['O', oomFile(place.group)], ['L', place.logMaxBytes], ['F', place.logMaxFiles], ...identity(spec, image, place),
  ];
  for (const d of groupDirs(place.group)) out.push(['k', d]);
  for (const d of groupView(place.group)) out.push(['K', d]);
  for (const a of commandLine(spec, image)) out.push(['a', a]);
  for (const e of environment(spec, sandbox, image)) out.push(['e', e]);
  // Outer mount points first, or they would hide the inner ones.
  const devices = (spec.devices ?? []).map((d): Mount => ({ hostPath: d.hostPath, containerPath: d.containerPath, readOnly: false }));
  for (const m of [...spec.mounts, ...devices].sort((a, b) => depth(a.containerPath) - depth(b.containerPath))) {
    out.push(['m', m.tmpfsBytes === undefined ? m.hostPath : ''], ['M', join('/', m.containerPath)]);
    out.push(['o', `${m.readOnly ? m.recursiveReadOnly ? 'rR' : 'r' : 'w'}${SPREAD[m.propagation ?? 'private']}${m.tmpfsBytes === undefined ? '' : `,size=${m.tmpfsBytes},mode=1777`}`]);
  }
  return out;
}

const depth = (path: string): number => path.split('/').filter(p => p !== '').length;

/** Settings of `launcher exec`. */
export function execSettings(spec: ContainerSpec, sandbox: SandboxSpec, image: ImageConfig, place: Omit<ContainerPlace, 'podPid' | 'layers' | 'logMaxBytes' | 'logMaxFiles'>, pid: number, command: readonly string[], tty: boolean): Setting[] {
  const out: Setting[] = [['f', `${tty ? 't' : ''}${noNewPrivileges(spec) ? '1' : ''}${spec.security.strictGroups ? 'g' : ''}`], ['N', pid], ['w', spec.workingDir ?? image.config?.WorkingDir ?? ''], ...identity(spec, image, place)];
  for (const d of groupDirs(place.group)) out.push(['k', d]);
  for (const a of command) out.push(['a', a]);
  for (const e of environment({ ...spec, tty: tty || spec.tty }, sandbox, image)) out.push(['e', e]);
  return out;
}
