// Why pods are not where a rollout wants them. Each reason is a plain sentence of the catalogue (`rollouts.why.<kind>`) with the
// names it speaks of; `text` is the server's own words beside it. Reason words are those of Kubernetes' kubelet and controllers.
import type { ContainerStatus, CoreEvent, Pod } from '../../../core/api/types/kubernetes.ts';

/** Who makes the pods of the newest revision: a deployment's replica set, or the workload itself. */
export interface Maker { kind: string; metadata?: { name?: string; uid?: string }; status?: { conditions?: readonly { type: string; status: string; reason?: string; message?: string }[] } }

export type ReasonKind = 'image' | 'imageName' | 'unschedulable' | 'quota' | 'refused' | 'crash' | 'oom' | 'missing' | 'missingKey' | 'config' | 'readiness' | 'liveness' | 'startup' | 'volume' | 'network' | 'deadline' | 'creating' | 'ending';
export interface Reason {
  kind: ReasonKind;
  /** Time alone does not mend it. */
  grave: boolean;
  /** In the server's own words; empty when the sentence says it all. */
  text: string;
  /** Pods it concerns; `pod` is the first of them. */
  count: number;
  pod?: string;
  /** Who may not make pods, where that is the trouble. */
  maker?: { kind: string; name: string };
  values: Readonly<Record<string, string | number>>;
}

const IMAGE = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'ImageInspectError', 'RegistryUnavailable']);
const CONFIG = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'PreCreateHookError', 'PreStartHookError', 'PostStartHookError']);
/** A probe that has failed so often is no slow start any more: Kubernetes' default failure threshold. */
const FAILS = 3;
const PROBE = /^(Readiness|Liveness|Startup) probe /;

const when = (e: CoreEvent): string => e.series?.lastObservedTime ?? e.lastTimestamp ?? e.eventTime ?? e.firstTimestamp ?? e.metadata?.creationTimestamp ?? '';
const newestOf = (list: readonly CoreEvent[]): CoreEvent | undefined => list.reduce<CoreEvent | undefined>((a, b) => (a && when(a) >= when(b) ? a : b), undefined);
const timesOf = (e: CoreEvent): number => e.series?.count ?? e.count ?? 1;
type Found = Omit<Reason, 'count'>;

/** Pods that may not even be made: of the conditions of workload and maker, or of the maker's events while pods are missing. */
export function ownReasons(o: Maker, maker: Maker | undefined, events: readonly CoreEvent[], missing: boolean): Reason[] {
  const who = maker ?? o;
  const failure = [who, o].flatMap(x => x.status?.conditions ?? []).find(c => c.type === 'ReplicaFailure' && c.status === 'True');
  const event = missing ? newestOf(events.filter(e => e.reason === 'FailedCreate' && e.involvedObject?.uid !== undefined && (e.involvedObject.uid === who.metadata?.uid || e.involvedObject.uid === o.metadata?.uid))) : undefined;
  const text = failure ? failure.message || failure.reason || '' : event?.message;
  if (text === undefined) return [];
  const quota = /exceeded quota: ([^,\s]+)/.exec(text)?.[1];
  const name = who.metadata?.name ?? '';
  return [{ kind: quota ? 'quota' : 'refused', grave: true, count: 1, text, maker: { kind: who.kind, name }, values: { name, ...(quota ? { quota } : {}) } }];
}

/** What holds up each pod; the same trouble of several pods is one reason. */
export function podReasons(pods: readonly Pod[], events: readonly CoreEvent[]): Reason[] {
  const out = new Map<string, Reason>();
  for (const p of pods) {
    if (p.metadata?.deletionTimestamp) continue;
    const name = p.metadata?.name ?? '';
    for (const found of troublesOf(p, name, events.filter(e => e.involvedObject?.uid !== undefined && e.involvedObject.uid === p.metadata?.uid))) {
      const key = `${found.kind}\n${JSON.stringify(found.values)}\n${found.text}`.replaceAll(name, '');
      const known = out.get(key);
      if (known) known.count++; else out.set(key, { ...found, pod: name, count: 1 });
    }
  }
  return [...out.values()];
}

function troublesOf(p: Pod, pod: string, events: readonly CoreEvent[]): Found[] {
  const unscheduled = p.status?.conditions?.find(c => c.type === 'PodScheduled' && c.status === 'False');
  if (unscheduled) return [{ kind: 'unschedulable', grave: true, text: unscheduled.message ?? unscheduled.reason ?? '', values: { pod } }];
  const containers = [...p.status?.initContainerStatuses ?? [], ...p.status?.containerStatuses ?? []];
  const found = containers.map(c => ofContainer(c, pod, events)).filter(x => x !== undefined);
  const grave = found.filter(x => x.grave);
  if (grave.length > 0) return grave;
  if (found.length === 0 && containers.length > 0) return [];
  // Containers that merely wait: their pod's own trouble says for what.
  const own = newestOf(events.filter(e => e.type === 'Warning' && (e.reason === 'FailedMount' || e.reason === 'FailedAttachVolume' || e.reason === 'FailedCreatePodSandBox')));
  const waits = containers.length === 0 || containers.some(c => c.state?.waiting);
  if (own && waits) return [missingIn(own.message ?? '', pod) ?? { kind: own.reason === 'FailedCreatePodSandBox' ? 'network' : 'volume', grave: true, text: own.message ?? '', values: { pod } }];
  return found.length > 0 ? found.slice(0, 1) : [{ kind: 'creating', grave: false, text: '', values: { pod } }];
}

function ofContainer(c: ContainerStatus, pod: string, events: readonly CoreEvent[]): Found | undefined {
  const { waiting, terminated, running } = c.state ?? {};
  const container = c.name;
  const word = waiting?.reason ?? '';
  const said = `${word}${waiting?.message ? `: ${waiting.message}` : ''}`;
  const last = terminated ?? c.lastState?.terminated;
  const probe = (which: string): CoreEvent | undefined => newestOf(events.filter(e => e.reason === 'Unhealthy' && e.message?.startsWith(`${which} probe `) && isAbout(e, container)));
  if (word === 'InvalidImageName') return { kind: 'imageName', grave: true, text: said, values: { pod, image: c.image } };
  if (IMAGE.has(word)) return { kind: 'image', grave: true, text: said, values: { pod, image: c.image } };
  if (CONFIG.has(word)) return missingIn(waiting?.message ?? '', pod, container) ?? { kind: 'config', grave: true, text: said, values: { pod, container } };
  const failing = word === 'CrashLoopBackOff' || (terminated !== undefined && terminated.exitCode !== 0);
  // Who fails its liveness probe is killed and started again: the exit code would only tell of the killing.
  for (const [which, kind] of [['Liveness', 'liveness'], ['Startup', 'startup']] as const) {
    const event = (failing || (running && c.restartCount > 0)) ? probe(which) : undefined;
    if (event) return { kind, grave: true, text: event.message ?? '', values: { pod, container, restarts: c.restartCount } };
  }
  if (failing) {
    if (last?.reason === 'OOMKilled') return { kind: 'oom', grave: true, text: said, values: { pod, container, restarts: c.restartCount } };
    return { kind: 'crash', grave: true, text: [last?.message, waiting?.message].filter(Boolean).join(' · ') || (last?.reason ?? word), values: { pod, container, code: last?.exitCode ?? 0, restarts: c.restartCount } };
  }
  if (running && !c.ready) {
    const event = newestOf(events.filter(e => e.reason === 'Unhealthy' && PROBE.test(e.message ?? '') && isAbout(e, container)));
    if (!event) return { kind: 'creating', grave: false, text: '', values: { pod } };
    const which = PROBE.exec(event.message ?? '')![1]!.toLowerCase() as 'readiness' | 'liveness' | 'startup';
    return { kind: which, grave: timesOf(event) >= FAILS, text: event.message ?? '', values: { pod, container, restarts: c.restartCount } };
  }
  return waiting ? { kind: 'creating', grave: false, text: word === 'ContainerCreating' || word === 'PodInitializing' ? waiting.message ?? '' : said, values: { pod } } : undefined;
}

/** Events name the container as `spec.containers{main}`; those that name none are of the pod's only one. */
const isAbout = (e: CoreEvent, container: string): boolean => !e.involvedObject?.fieldPath || e.involvedObject.fieldPath.endsWith(`{${container}}`);

/** `configmap "settings" not found`, `couldn't find key mode in ConfigMap shop/settings`. */
function missingIn(message: string, pod: string, container = ''): Found | undefined {
  const key = /find key (\S+) in (ConfigMap|Secret) (?:[^/\s]+\/)?([^\s,]+)/.exec(message);
  if (key) return { kind: 'missingKey', grave: true, text: '', values: { pod, container, key: key[1]!, what: key[2]!, name: key[3]! } };
  const gone = /\b(configmap|secret|persistentvolumeclaim)s? "([^"]+)" (?:is )?not found/i.exec(message);
  return gone ? { kind: 'missing', grave: true, text: '', values: { pod, container, what: { configmap: 'ConfigMap', secret: 'Secret', persistentvolumeclaim: 'PersistentVolumeClaim' }[gone[1]!.toLowerCase()]!, name: gone[2]! } } : undefined;
}
