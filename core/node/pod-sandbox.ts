// What a pod needs before its first container: directories, volumes, address, files, sandbox.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../api/types/kubernetes.ts';
import type { PodFacts } from './env/field-ref.ts';
import { podResources } from './limits.ts';
import type { NodeContext } from './node-context.ts';
import { hostsFile, resolvFile, uname } from './pod-files.ts';
import { LABEL } from './pod-record.ts';
import type { SandboxSpec, SandboxState } from './runtime/runtime.ts';
import type { PodVolumes } from './volumes/pod-volumes.ts';

/** Annotations of this prefix reach the runtime as sandbox labels. */
const HINTS = 'runtime.pilothouse.dev/';

export function sandboxSpec(ctx: NodeContext, pod: Pod, attempt: number, ip: string | undefined): SandboxSpec {
  const m = pod.metadata; const s = pod.spec; const uid = m?.uid ?? '';
  const hints = Object.entries(m?.annotations ?? {}).filter(([k]) => k.startsWith(HINTS));
  return {
    podName: m?.name ?? '', podNamespace: m?.namespace ?? '', podUid: uid, attempt, hostname: s?.hostNetwork ? ctx.nodeName : uname(pod, ctx.config.clusterDomain), ip,
    hostNetwork: s?.hostNetwork ?? false, hostPID: s?.hostPID ?? false, hostIPC: s?.hostIPC ?? false, shareProcessNamespace: s?.shareProcessNamespace ?? false,
    sysctls: Object.fromEntries((s?.securityContext?.sysctls ?? []).map(x => [x.name, x.value])),
    ports: s?.hostNetwork ? [] : [...(s?.containers ?? []), ...(s?.initContainers ?? [])].flatMap(c => (c.ports ?? []).filter(p => p.hostPort).map(p => ({ hostIP: p.hostIP ?? '', hostPort: p.hostPort!, containerPort: p.containerPort, protocol: (p.protocol ?? 'TCP') as 'TCP' }))),
    resources: podResources(pod), labels: { [LABEL.uid]: uid, [LABEL.pod]: m?.name ?? '', [LABEL.namespace]: m?.namespace ?? '', ...Object.fromEntries(hints) },
  };
}

/** Writes /etc/hosts and resolv.conf of the pod; again when its address has changed. */
export async function writePodFiles(ctx: NodeContext, pod: Pod, dir: string, ips: readonly string[]): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o755 });
  await writeFile(join(dir, 'etc-hosts'), hostsFile(pod, ips, ctx.config.clusterDomain), { mode: 0o644 });
  await writeFile(join(dir, 'resolv.conf'), resolvFile(pod, ctx.hostResolv, ctx.config.clusterDns, ctx.config.clusterDomain), { mode: 0o644 });
}

export interface SandboxRequest {
  pod: Pod; attempt: number; dir: string; volumes: PodVolumes;
  facts(ips: readonly string[]): PodFacts;
  /** Containers can be created in it from now on, though it does not run yet; not every runtime says so. */
  created(id: string, ips: readonly string[]): void;
}

/** Sets up volumes and files and runs the sandbox. Throws MountFailure or the runtime's error. */
export async function createSandbox(ctx: NodeContext, q: SandboxRequest): Promise<{ sandbox: SandboxState; ips: string[] }> {
  const uid = q.pod.metadata?.uid ?? '';
  const ip = q.pod.spec?.hostNetwork ? undefined : ctx.network.allocate(uid);
  const ips = ip === undefined ? ctx.network.hostAddresses.slice(0, 1) : [ip];
  await q.volumes.setUp(q.pod, () => q.facts(ips));
  await writePodFiles(ctx, q.pod, q.dir, ips);
  const sandbox = await ctx.runtime.runSandbox(sandboxSpec(ctx, q.pod, q.attempt, ip), id => { q.created(id, ips); });
  return { sandbox, ips: sandbox.ip && sandbox.ip !== ip ? [sandbox.ip] : ips };
}
