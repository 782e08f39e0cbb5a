// From a container of a pod spec to a running process: image, environment, mounts, create, start.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Pod, ResourceRequirements } from '../api/types/kubernetes.ts';
import { ConfigError, containerEnv } from './env/env.ts';
import { fileValues } from './env/env-file.ts';
import { expand } from './env/expand.ts';
import type { PodFacts } from './env/field-ref.ts';
import { credentialsFor } from './images/credentials.ts';
import { ImageWait } from './images/images.ts';
import { containerResources, containerSecurity } from './limits.ts';
import type { NodeContext } from './node-context.ts';
import { LABEL, specHash, type Member } from './pod-record.ts';
import { ContainerError, type ContainerSpec, type ContainerState, type ImageStatus, type Mount } from './runtime/runtime.ts';
import type { PodVolumes } from './volumes/pod-volumes.ts';

export interface StartRequest {
  pod: Pod; member: Member; sandboxId: string; attempt: number; volumes: PodVolumes; podDir: string; facts: PodFacts;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
  signal: AbortSignal;
  /** The running container whose processes an ephemeral container wants to see. */
  joinPidOf?: string | undefined;
}

/** Why a container did not start: the waiting reason, and when another try is worth it. */
export class StartFailure extends Error {
  readonly reason: string;
  readonly retryMs: number;
  /** The run that was created and could not start; it counts as a restart. */
  readonly run: ContainerState | undefined;
  constructor(reason: string, message: string, retryMs: number, run?: ContainerState) { super(message); this.reason = reason; this.retryMs = retryMs; this.run = run; }
}

const RETRY_MS = 10_000;
/** The exit code of a container whose program could not be started, as today's runtimes give it; 127 is a shell's own word. */
const NEVER_RAN = 128;
/** After a failed pull kubelet soon shows ImagePullBackOff. */
const SHOW_BACKOFF_MS = 2_000;

/** A container that is created and not started. */
export interface Created { id: string; name: string; image: ImageStatus; /** what it was created with */ requirements: ResourceRequirements | undefined; /** and its pod */ inherited: ResourceRequirements | undefined }

/**
 * Everything up to and with the create; the sandbox need not run yet. Throws StartFailure; the events of each step are recorded. The
 * create waits for its `turn`, a pull before it does not: a slow registry is no reason to hold other pods.
 */
export async function createContainer(ctx: NodeContext, q: StartRequest, turn: <T>(work: () => Promise<T>) => Promise<T> = work => work()): Promise<Created> {
  const { spec, image } = await prepare(ctx, q);
  q.signal.throwIfAborted();
  let id: string;
  try { id = await turn(() => { q.signal.throwIfAborted(); return ctx.runtime.createContainer(q.sandboxId, spec); }); } catch (e) {
    if (q.signal.aborted) throw e;
    q.event('Warning', 'Failed', `Error: ${text(e)}`);
    throw new StartFailure(e instanceof ContainerError ? e.reason : 'CreateContainerError', text(e), RETRY_MS);
  }
  q.event('Normal', 'Created', `Created container: ${spec.name}`);
  return { id, name: spec.name, image, requirements: q.member.container.resources, inherited: q.pod.spec?.resources };
}

/** Starts what `createContainer` made. Throws StartFailure. */
export async function startCreated(ctx: NodeContext, q: Pick<StartRequest, 'event'>, { id, name }: Pick<Created, 'id' | 'name'>): Promise<ContainerState> {
  try { await ctx.runtime.startContainer(id); } catch (e) {
    q.event('Warning', 'Failed', `Error: ${text(e)}`);
    const run = await ctx.runtime.container(id);
    const now = ctx.clock.now();
    throw new StartFailure('RunContainerError', text(e), 0, run && { ...run, phase: 'exited', exitCode: (run.startedAt && run.exitCode) || NEVER_RAN, finishedAt: run.finishedAt || now, message: run.message ?? text(e) });
  }
  q.event('Normal', 'Started', `Started container ${name}`);
  const state = await ctx.runtime.container(id);
  if (!state) throw new StartFailure('RunContainerError', 'the container vanished after its start', RETRY_MS);
  return state;
}

const text = (e: unknown): string => (e instanceof Error ? e.message : String(e));

async function prepare(ctx: NodeContext, q: StartRequest): Promise<{ spec: ContainerSpec; image: ImageStatus }> {
  const { pod, member: { container: c } } = q;
  const ns = pod.metadata?.namespace ?? '';
  const secrets = (pod.spec?.imagePullSecrets ?? []).flatMap(s => ctx.sources.secret(ns, s.name ?? '') ?? []);
  const image = c.image ?? '';
  const policy = c.imagePullPolicy ?? (/:latest$|^[^:@]*(?:\/[^:@]*)*$/.test(image) ? 'Always' : 'IfNotPresent');
  let found;
  try { found = await ctx.images.ensure(pod.metadata?.uid ?? '', image, policy, credentialsFor(image, secrets, m => q.event('Warning', 'FailedToRetrieveImagePullSecret', m)), q.event, q.signal); }
  catch (e) {
    if (!(e instanceof ImageWait)) throw e;
    q.event('Warning', 'Failed', `Error: ${e.reason}`);
    throw new StartFailure(e.reason, e.message, e.reason === 'ErrImagePull' ? SHOW_BACKOFF_MS : e.retryMs ?? RETRY_MS);
  }
  try {
    const files = c.env?.some(e => e.valueFrom?.fileKeyRef) ? await fileValues(c, v => q.volumes.pathOf(v)) : undefined;
    const { env, skipped } = containerEnv(pod, c, ctx.sources, q.facts, files);
    if (skipped.length) q.event('Warning', 'InvalidEnvironmentVariableNames', `Keys [${skipped.join(', ')}] were skipped since they are considered invalid environment variable names.`);
    const byName = new Map(env.map(e => [e.name, e.value]));
    const get = (n: string): string | undefined => byName.get(n);
    const fsGroup = pod.spec?.securityContext?.fsGroup;
    const messageFile = join(q.podDir, 'containers', c.name, `${q.attempt}`);
    const spec: ContainerSpec = {
      name: c.name, attempt: q.attempt, imageId: found.id, image,
      ...(c.command?.length ? { command: c.command.map(x => expand(x, get)) } : {}), ...(c.args?.length ? { args: c.args.map(x => expand(x, get)) } : {}),
      env, ...(c.workingDir ? { workingDir: c.workingDir } : {}),
      mounts: [...await q.volumes.mountsOf(pod, c, byName), ...await agentFiles(q, messageFile)],
      ...(c.volumeDevices?.length ? { devices: await q.volumes.devicesOf(pod, c) } : {}),
      resources: containerResources(pod, c, ctx.machineMemory),
      security: containerSecurity(pod, c, found, [...(fsGroup === undefined ? [] : [fsGroup]), ...q.volumes.groups]),
      tty: c.tty ?? false, stdin: c.stdin ?? false, stdinOnce: c.stdinOnce ?? false,
      ...(c.lifecycle?.stopSignal ? { stopSignal: c.lifecycle.stopSignal } : {}), ...(q.joinPidOf === undefined ? {} : { joinPidOf: q.joinPidOf }),
      labels: {
        [LABEL.uid]: pod.metadata?.uid ?? '', [LABEL.pod]: pod.metadata?.name ?? '', [LABEL.namespace]: ns, [LABEL.container]: c.name,
        [LABEL.hash]: specHash(c), [LABEL.restarts]: String(q.attempt), [LABEL.messageFile]: messageFile, [LABEL.messagePolicy]: c.terminationMessagePolicy ?? 'File',
      },
    };
    return { spec, image: found };
  } catch (e) {
    if (!(e instanceof ConfigError)) throw e;
    q.event('Warning', 'Failed', `Error: ${e.message}`);
    throw new StartFailure('CreateContainerConfigError', e.message, RETRY_MS);
  }
}

/** /etc/hosts, /etc/resolv.conf and the termination log: written by the agent, mounted unless the pod mounts its own. */
async function agentFiles(q: StartRequest, messageFile: string): Promise<Mount[]> {
  const c = q.member.container;
  const taken = new Set((c.volumeMounts ?? []).map(m => m.mountPath));
  const out: Mount[] = [];
  for (const [file, path] of [['etc-hosts', '/etc/hosts'], ['resolv.conf', '/etc/resolv.conf']] as const) if (!taken.has(path)) out.push({ hostPath: join(q.podDir, file), containerPath: path, readOnly: false });
  const messagePath = c.terminationMessagePath ?? '/dev/termination-log';
  if (messagePath && !taken.has(messagePath)) {
    await mkdir(dirname(messageFile), { recursive: true });
    // The container's user may be anyone.
    await writeFile(messageFile, '');
    await chmod(messageFile, 0o666);
    out.push({ hostPath: messageFile, containerPath: messagePath, readOnly: false });
  }
  return out;
}
