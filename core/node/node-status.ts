// The Node object: registration, conditions, images, heartbeat by Lease.
import { lease as leases } from '../api/kinds/coordination/lease.ts';
import { node as nodes } from '../api/kinds/core/node.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/meta/status.ts';
import { formatMicroTime, formatTime } from '../api/meta/time.ts';
import type { ContainerImage, Lease, Node, NodeCondition, NodeStatus } from '../api/types/kubernetes.ts';
import type { Timer } from '../base/clock.ts';
import { goArch, goOs, pressureOf, systemInfo, type Capacity } from './host.ts';
import type { NodeContext } from './node-context.ts';
import { same } from './status/status-patch.ts';

const LEASE_MS = 10_000;
const LEASE_SECONDS = 40;
const LEASE_NAMESPACE = 'kube-node-lease';
const STATUS_MS = 10_000;
const REPORT_MS = 300_000;
/** Features a pod can depend on that this node has, as kubelet declares them: schedulers and API servers of a newer kind look there. */
const DECLARED = ['InPlacePodLevelResourcesVerticalScaling', 'InPlacePodVerticalScalingInitContainers', 'RestartAllContainersOnContainerExits'] as const;
const MAX_IMAGES = 50;
const RETRY_MS = 500;

export class NodeReporter {
  readonly #ctx: NodeContext;
  readonly #capacity: Capacity;
  #node: Node | undefined;
  #lease: Lease | undefined;
  #timers = new Set<Timer>();
  #closed = false;
  #reportedAt = 0;
  #last: NodeStatus | undefined;

  constructor(ctx: NodeContext, capacity: Capacity) { this.#ctx = ctx; this.#capacity = capacity; }

  get node(): Node | undefined { return this.#node; }

  /** Creates or updates the Node, says it is ready, begins heartbeats. Waits for the API server as long as it takes. */
  async start(): Promise<void> {
    const { recorder, nodeName } = this.#ctx;
    while (!this.#closed) {
      try { this.#node = await this.#register(); await this.#report(true); break; }
      catch (e) { this.#ctx.log.warn('node not registered; trying again', { node: nodeName, error: e }); await new Promise<void>(resolve => { this.#ctx.clock.after(RETRY_MS, resolve); }); }
    }
    if (!this.#node) return;
    const about = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } };
    recorder.event(about, 'Normal', 'Starting', 'Starting kubelet.');
    for (const word of ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID', 'NodeReady']) recorder.event(about, 'Normal', word, `Node ${nodeName} status is now: ${word}`);
    recorder.event(about, 'Normal', 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods');
    void this.#renew();
    this.#every(STATUS_MS, () => this.#report(false));
  }

  #every(ms: number, work: () => Promise<void>): void {
    if (this.#closed) return;
    const timer = this.#ctx.clock.after(ms, () => {
      this.#timers.delete(timer);
      work().catch((e: unknown) => { this.#ctx.log.warn('node status', { error: e }); }).finally(() => this.#every(ms, work));
    });
    this.#timers.add(timer);
  }

  async #register(): Promise<Node> {
    const { client, nodeName, config } = this.#ctx;
    const labels = {
      'beta.kubernetes.io/arch': goArch(), 'beta.kubernetes.io/os': goOs(), 'kubernetes.io/arch': goArch(), 'kubernetes.io/os': goOs(), 'kubernetes.io/hostname': nodeName,
      ...(config.controlPlane ? { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } : {}), ...config.labels,
    };
    const fresh: Node = {
      apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, labels, annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
      spec: { podCIDR: config.podCidr, podCIDRs: [config.podCidr], ...(config.taints.length ? { taints: [...config.taints] } : {}) },
    };
    try { return await client.create<Node>(nodes, fresh); } catch (e) { if (!isAlreadyExists(e)) throw e; }
    const found = await client.get<Node>(nodes, undefined, nodeName);
    const missing = Object.fromEntries(Object.entries(labels).filter(([k, v]) => found.metadata?.labels?.[k] !== v));
    if (Object.keys(missing).length === 0 && found.spec?.podCIDR) return found;
    return client.patch<Node>(nodes, undefined, nodeName, 'application/merge-patch+json', { metadata: { labels: missing }, spec: found.spec?.podCIDR ? {} : { podCIDR: config.podCidr, podCIDRs: [config.podCidr] } });
  }

  async #images(): Promise<ContainerImage[]> {
    const all = await this.#ctx.runtime.listImages();
    return all.filter(i => i.repoTags.length || i.repoDigests.length).sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, MAX_IMAGES).map(i => ({ names: [...i.repoDigests, ...i.repoTags].slice(0, 5), sizeBytes: i.sizeBytes }));
  }

  /** What somebody has added to the node's capacity (extended resources) is there for pods, as kubelet has it; what is taken away again is not. */
  async #allocatable(): Promise<Record<string, string>> {
    const { client, nodeName } = this.#ctx, out: Record<string, string> = { ...this.#capacity.allocatable };
    const { capacity = {}, allocatable = {} } = (await client.get<Node>(nodes, undefined, nodeName).catch((e: unknown) => { if (isNotFound(e)) return undefined; throw e; }))?.status ?? {};
    for (const [name, amount] of Object.entries(capacity)) if (!(name in this.#capacity.capacity)) out[name] = amount;
    // Null takes it out of what the API server has.
    for (const name in allocatable) if (!(name in out)) (out as Record<string, string | null>)[name] = null;
    return out;
  }

  #condition(type: string, status: 'True' | 'False', reason: string, message: string): NodeCondition {
    const now = formatTime(this.#ctx.clock.now());
    const old = this.#node?.status?.conditions?.find(c => c.type === type);
    return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : now };
  }

  /** Writes the status when it differs in more than heartbeats, and every five minutes. */
  async #report(force: boolean): Promise<void> {
    const { client, nodeName, config, runtime, network, clock, volumes } = this.#ctx;
    const p = await pressureOf(config.dataDir);
    const conditions = [
      p.memory ? this.#condition('MemoryPressure', 'True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available') : this.#condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      p.disk ? this.#condition('DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure') : this.#condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      p.pid ? this.#condition('PIDPressure', 'True', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available') : this.#condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      this.#condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ];
    const status: NodeStatus = {
      ...this.#capacity, allocatable: await this.#allocatable(), conditions, images: await this.#images(),
      addresses: [...network.hostAddresses.slice(0, 1).map(address => ({ type: 'InternalIP', address })), { type: 'Hostname', address: nodeName }],
      daemonEndpoints: { kubeletEndpoint: { Port: config.kubeletPort } } as NonNullable<NodeStatus['daemonEndpoints']>,
      declaredFeatures: [...DECLARED], features: { supplementalGroupsPolicy: true }, runtimeHandlers: [{ name: '', features: { recursiveReadOnlyMounts: volumes.recursiveReadOnly || volumes.root, userNamespaces: false } }],
      nodeInfo: this.#last?.nodeInfo ?? await systemInfo(runtime.version, config.gitVersion),
    };
    const quiet = (s: NodeStatus | undefined): unknown => s && { ...s, conditions: s.conditions?.map(c => ({ ...c, lastHeartbeatTime: '' })) };
    if (!force && clock.now() - this.#reportedAt < REPORT_MS && same(quiet(this.#last), quiet(status))) return;
    try { this.#node = await client.patch<Node>(nodes, undefined, nodeName, 'application/strategic-merge-patch+json', { status }, 'status'); }
    catch (e) {
      if (!isNotFound(e)) throw e;
      // Someone deleted the node while it lives: it registers again, as kubelet does only after a restart.
      this.#node = await this.#register();
      this.#last = undefined;
      return;
    }
    this.#last = status; this.#reportedAt = clock.now();
  }

  async #renew(): Promise<void> {
    const { client, nodeName, clock, log } = this.#ctx;
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime: formatMicroTime(clock.now()) };
    const owner = this.#node?.metadata?.uid ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: this.#node.metadata.uid }] } : {};
    try {
      if (this.#lease) this.#lease = await client.update<Lease>(leases, { ...this.#lease, spec: { ...this.#lease.spec, ...spec } });
      else {
        try { this.#lease = await client.create<Lease>(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: nodeName, namespace: LEASE_NAMESPACE, ...owner }, spec }); }
        catch (e) { if (!isAlreadyExists(e)) throw e; this.#lease = await client.get<Lease>(leases, LEASE_NAMESPACE, nodeName); this.#lease = await client.update<Lease>(leases, { ...this.#lease, spec: { ...this.#lease.spec, ...spec } }); }
      }
    } catch (e) {
      // Stale or gone: the next round starts from what the API has.
      this.#lease = undefined;
      if (!isConflict(e)) log.debug('lease not renewed', { node: nodeName, error: e });
    }
    if (this.#closed) return;
    const timer = clock.after(this.#lease ? LEASE_MS : RETRY_MS * 2, () => { this.#timers.delete(timer); void this.#renew(); });
    this.#timers.add(timer);
  }

  close(): void {
    this.#closed = true;
    for (const t of this.#timers) t.cancel();
    this.#timers.clear();
  }
}
