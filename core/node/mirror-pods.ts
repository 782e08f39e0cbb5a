// The control plane's components run inside the host process. In the API each appears as a mirror pod in kube-system, as on any
// cluster, and its annotations say honestly where it runs. RESTARTS counts the host's starts.
import { createHash } from 'node:crypto';
import { pod as pods } from '../api/kinds/core/pod.ts';
import { isAlreadyExists, isNotFound } from '../api/meta/status.ts';
import { formatTime } from '../api/meta/time.ts';
import type { Pod, PodStatus } from '../api/types/kubernetes.ts';
import type { NodeContext } from './node-context.ts';
import { statusPatch } from './status/status-patch.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const RETRY_MS = 1_000;

export interface Component {
  /** `etcd`: the label and the container's name. */
  name: string;
  /** `etcd-NODE`, or with a suffix of its own for the ones a DaemonSet or Deployment would make. */
  podName: string;
  /** What it is in this product, for the annotation. */
  about: string;
  priorityClass: 'system-cluster-critical' | 'system-node-critical';
}

/** Where the health and the metrics of a component are served, on the node's own address. */
export const COMPONENT_PORTS: Readonly<Record<string, number>> = { 'kube-controller-manager': 10_257, 'kube-scheduler': 10_259 };

const suffix = (text: string, length: number): string => createHash('sha256').update(text).digest('base64url').toLowerCase().replaceAll(/[^bcdfghjklmnpqrstvwxz2456789]/g, '').slice(0, length).padEnd(length, 'x');

/** The components of a node: all of them where the control plane is, the service proxy everywhere. */
export function componentsOf(nodeName: string, controlPlane: boolean): Component[] {
  const proxy: Component = { name: 'kube-proxy', podName: `kube-proxy-${suffix(`${nodeName}/proxy`, 5)}`, about: 'service proxy of this node', priorityClass: 'system-node-critical' };
  if (!controlPlane) return [proxy];
  const fixed = (name: string, about: string): Component => ({ name, podName: `${name}-${nodeName}`, about, priorityClass: 'system-node-critical' });
  return [
    { name: 'coredns', podName: `coredns-${suffix(`${nodeName}/dns`, 10)}-${suffix(`${nodeName}/dns/pod`, 5)}`, about: 'cluster DNS server', priorityClass: 'system-cluster-critical' },
    fixed('etcd', 'embedded store (durable log on disk, shaped like etcd)'), fixed('kube-apiserver', 'embedded API server'), fixed('kube-controller-manager', 'embedded controllers'),
    proxy, fixed('kube-scheduler', 'embedded scheduler'), { name: 'storage-provisioner', podName: 'storage-provisioner', about: 'embedded volume provisioner', priorityClass: 'system-node-critical' },
  ];
}

export const isMirror = (p: Pod): boolean => p.metadata?.annotations?.[MIRROR] !== undefined;
/** What `kubectl logs` of a mirror pod answers. */
export const mirrorLog = (p: Pod): string => `${p.metadata?.name ?? ''}: ${p.metadata?.annotations?.['pilothouse.dev/about'] ?? 'component'}; runs inside the host process (${p.metadata?.annotations?.['pilothouse.dev/process'] ?? ''}). Its messages are in the host's own log.\n`;

function mirrorPod(ctx: NodeContext, c: Component, nodeUid: string | undefined): Pod {
  const { nodeName, config } = ctx;
  const label: Record<string, string> = c.name === 'coredns' ? { 'k8s-app': 'kube-dns' } : c.name === 'kube-proxy' ? { 'k8s-app': 'kube-proxy' } : { component: c.name, tier: 'control-plane' };
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      name: c.podName, namespace: 'kube-system', labels: label,
      annotations: { [MIRROR]: suffix(`${c.podName}${config.gitVersion}`, 32), 'kubernetes.io/config.hash': suffix(c.podName, 32), 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.seen': formatTime(ctx.clock.now()), 'pilothouse.dev/about': c.about, 'pilothouse.dev/process': `pid ${process.pid}` },
      ...(nodeUid ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid, controller: true }] } : {}),
    },
    spec: {
      nodeName, hostNetwork: true, restartPolicy: 'Always', priorityClassName: c.priorityClass, enableServiceLinks: false, automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: c.name, image: `pilothouse.dev/embedded/${c.name}:${config.gitVersion.replace('+', '-')}`, imagePullPolicy: 'Never' }],
    },
  };
}

function runningStatus(ctx: NodeContext, p: Pod, c: Component, restarts: number, startedAt: number): PodStatus {
  const old = p.status; const now = formatTime(startedAt);
  const ip = ctx.network.hostAddresses[0] ?? '127.0.0.1';
  const before = old?.containerStatuses?.[0];
  const generation = p.metadata?.generation;
  const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  const image = `pilothouse.dev/embedded/${c.name}:${ctx.config.gitVersion.replace('+', '-')}`;
  return {
    ...old, phase: 'Running', conditions: types.map(type => ({ type, status: 'True', lastTransitionTime: old?.conditions?.find(x => x.type === type && x.status === 'True')?.lastTransitionTime ?? now, ...(generation === undefined ? {} : { observedGeneration: generation }) })),
    hostIP: ip, hostIPs: [{ ip }], podIP: ip, podIPs: [{ ip }], startTime: old?.startTime ?? now, qosClass: 'BestEffort',
    containerStatuses: [{
      name: c.name, image, imageID: image, containerID: `pilothouse://${suffix(`${c.podName}/${restarts}`, 32)}`, ready: true, started: true, restartCount: restarts, state: { running: { startedAt: now } },
      lastState: before?.state?.running && restarts > before.restartCount ? { terminated: { exitCode: 0, reason: 'Completed', startedAt: before.state.running.startedAt ?? now, finishedAt: now, ...(before.containerID ? { containerID: before.containerID } : {}) } } : before?.lastState ?? {},
    }],
  };
}

/** Keeps the mirror pods of this node in the API. */
export class MirrorPods {
  readonly #ctx: NodeContext;
  readonly #components: Component[];
  readonly #startedAt: number;
  #nodeUid: string | undefined;
  #closed = false;
  constructor(ctx: NodeContext) { this.#ctx = ctx; this.#components = componentsOf(ctx.nodeName, ctx.config.controlPlane ?? false); this.#startedAt = ctx.clock.now(); }

  /** Creates what is missing and counts a restart of what was there. */
  async start(nodeUid: string | undefined): Promise<void> {
    this.#nodeUid = nodeUid;
    await Promise.all(this.#components.map(c => this.#ensure(c, true)));
  }

  async #ensure(c: Component, hostStarted: boolean): Promise<void> {
    const { client, log, clock } = this.#ctx;
    try {
      let p: Pod; let existed = false;
      try { p = await client.create<Pod>(pods, mirrorPod(this.#ctx, c, this.#nodeUid)); }
      catch (e) { if (!isAlreadyExists(e)) throw e; p = await client.get<Pod>(pods, 'kube-system', c.podName); existed = true; }
      if (existed && !isMirror(p)) return;
      const count = p.status?.containerStatuses?.[0]?.restartCount;
      const restarts = existed && hostStarted && count !== undefined ? count + 1 : count ?? 0;
      const patch = statusPatch(p.metadata?.uid ?? '', p.status ?? {}, runningStatus(this.#ctx, p, c, restarts, this.#startedAt));
      if (patch) await client.patch(pods, 'kube-system', c.podName, 'application/strategic-merge-patch+json', patch, 'status');
    } catch (e) {
      if (this.#closed) return;
      log.debug('mirror pod not written; trying again', { pod: c.podName, error: e });
      clock.after(RETRY_MS, () => { if (!this.#closed) void this.#ensure(c, hostStarted); });
    }
  }

  /** Someone deletes a mirror pod: the object goes and comes back, as on a real node. */
  async changed(p: Pod, deleted: boolean): Promise<void> {
    const c = this.#components.find(x => x.podName === p.metadata?.name);
    if (this.#closed || !c || p.metadata?.namespace !== 'kube-system') return;
    if (deleted) { await this.#ensure(c, false); return; }
    if (!p.metadata.deletionTimestamp) return;
    try { await this.#ctx.client.delete(pods, 'kube-system', c.podName, { gracePeriodSeconds: 0, preconditions: { uid: p.metadata.uid ?? '' } }); }
    catch (e) { if (!isNotFound(e)) this.#ctx.log.warn('mirror pod not deleted', { pod: c.podName, error: e }); }
  }
  close(): void { this.#closed = true; }
}
