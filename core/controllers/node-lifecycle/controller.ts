// Watches nodes' heartbeats. A node silent for longer than its grace is Unknown, its pods no longer Ready, and taints keep new pods
// away and send old ones off.
import { lease as leaseKind } from '../../api/kinds/coordination/lease.ts';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Lease, Node, Pod } from '../../api/types/kubernetes.ts';
import type { Informer } from '../../client/informer.ts';
import type { Controller, ControllerContext, Outcome } from '../controller.ts';
import { podCondition } from '../../api/meta/pod.ts';
import { isNodeReady, nodeCondition, NOT_READY, olderLabels, sameTaints, silenced, UNREACHABLE, wantedTaints } from './conditions.ts';
import { zoneOf, Zones, type ZoneFigures } from './zones.ts';

const LEASES = 'kube-node-lease';
export const BY_NODE = 'by-node';

interface Pulse {
  /** When it was last heard of, by our clock: the node's own may be wrong. */
  heardAt: number;
  wasReady: boolean;
}

/** Pods by the node they are on, O(pods of the node). */
export function indexByNode(pods: Informer<Pod>): (node: string) => Pod[] {
  pods.addIndex(BY_NODE, p => [p.spec?.nodeName ?? '']);
  return node => pods.lister.byIndex(BY_NODE, node);
}

export const nodeLifecycleController: Controller = {
  name: 'node-lifecycle-controller', account: 'node-controller', alias: 'nodelifecycle', component: 'node-controller', queue: 'node_lifecycle_controller', workers: 8,
  start(ctx, keys) {
    const nodes = ctx.informers.for<Node>(nodeKind);
    const leases = ctx.informers.for<Lease>(leaseKind);
    const podsOn = indexByNode(ctx.informers.for<Pod>(podKind));
    const pulses = new Map<string, Pulse>();
    const heard = (name: string): void => { const p = pulses.get(name); if (p) p.heardAt = ctx.clock.now(); };

    const zones = new Zones(ctx.config, () => nodes.lister.list().map(n => ({
      zone: zoneOf(n),
      // One that is still called Ready but whose grace is over only has not been looked at yet.
      ready: isNodeReady(n) && ctx.clock.now() - (pulses.get(n.metadata?.name ?? '')?.heardAt ?? 0) <= ctx.config.nodeMonitorGracePeriod,
    })));

    const evictions = ctx.figures.counter('node_collector_evictions_total', 'Nodes that pods were sent off.', ['zone']);
    const ofZones = (name: string, help: string, of: (z: ZoneFigures) => number): void => ctx.figures.observed({ name: `node_collector_${name}`, type: 'gauge', help, read: () => zones.figures(ctx.clock.now()).map(z => [{ zone: z.zone }, of(z)]) });
    ofZones('zone_size', 'Nodes of a zone.', z => z.size);
    ofZones('zone_health', 'Healthy nodes of a zone, per cent.', z => 100 * (z.size - z.unhealthy) / z.size);
    ofZones('unhealthy_nodes_in_zone', 'Nodes of a zone that are not ready.', z => z.unhealthy);
    nodes.on({
      add(n) {
        const name = n.metadata?.name ?? '';
        pulses.set(name, { heardAt: ctx.clock.now(), wasReady: isNodeReady(n) });
        ctx.recorder.event(n, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
        keys.add(name);
      },
      update(n, prev) {
        const ready = nodeCondition(n, 'Ready');
        const before = nodeCondition(prev, 'Ready');
        // Unknown is what we set ourselves; everything else is the node speaking.
        if (ready && ready.status !== 'Unknown' && (ready.lastHeartbeatTime !== before?.lastHeartbeatTime || ready.status !== before?.status)) heard(n.metadata?.name ?? '');
        if (olderLabels(n)) keys.add(n.metadata?.name ?? '');
        if (!sameTaints(wantedTaints(n, false, 0).filter(t => t.effect === 'NoSchedule'), (n.spec?.taints ?? []).filter(t => t.effect === 'NoSchedule')) || ready?.status !== before?.status)
          keys.add(n.metadata?.name ?? '');
      },
      delete(n) {
        const name = n.metadata?.name ?? '';
        pulses.delete(name);
        zones.leave(name);
        ctx.recorder.event(n, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
      },
    });
    leases.on({ update: (l, prev) => { if (l.metadata?.namespace === LEASES && l.spec?.renewTime !== prev.spec?.renewTime) heard(l.metadata.name ?? ''); } });

    /** Whether pods are to leave a node that is not ready; a `wait` says when to ask again. */
    const mayEvict = (n: Node, pulse: Pulse, now: number): { evict: boolean; wait?: number } => {
      // Whoever was lost together with everything else is given a whole grace to be heard of again.
      if (zones.lost(now, () => { for (const p of pulses.values()) p.heardAt = now; })) return { evict: false };
      if (n.spec?.taints?.some(t => t.effect === 'NoExecute' && (t.key === NOT_READY || t.key === UNREACHABLE))) return { evict: true };
      const status = nodeCondition(n, 'Ready')?.status;
      if (status === undefined || (status === 'Unknown' && now - pulse.heardAt <= ctx.config.nodeMonitorGracePeriod)) return { evict: false };
      const wait = zones.wait(n.metadata?.name ?? '', zoneOf(n), now);
      return { evict: wait === 0, wait };
    };

    return async (name): Promise<Outcome | void> => {
      const found = nodes.lister.get(undefined, name);
      const pulse = pulses.get(name);
      if (!found || !pulse) return undefined;
      let node = found;
      const now = ctx.clock.now();
      const reported = nodeCondition(node, 'Ready') !== undefined;
      const grace = reported ? ctx.config.nodeMonitorGracePeriod : ctx.config.nodeStartupGracePeriod;
      const waiting = nodeCondition(node, 'Ready')?.status !== 'Unknown';
      if (waiting && now - pulse.heardAt > grace)
        node = await ctx.client.updateStatus<Node>(nodeKind, { ...node, status: { ...node.status, conditions: silenced(node, now) } });

      const older = olderLabels(node);
      if (older) node = await ctx.client.patch<Node>(nodeKind, undefined, name, 'application/merge-patch+json', { metadata: { labels: older } });

      const ready = isNodeReady(node);
      if (pulse.wasReady && !ready) {
        ctx.recorder.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
        await markNotReady(ctx, podsOn(name));
      }
      pulse.wasReady = ready;

      if (ready) zones.leave(name);
      const { evict, wait } = ready ? { evict: false, wait: undefined } : mayEvict(node, pulse, now);
      const taints = wantedTaints(node, evict, now);
      if (!sameTaints(taints, node.spec?.taints ?? [])) {
        await ctx.client.patch(nodeKind, undefined, name, 'application/merge-patch+json', { metadata: { resourceVersion: node.metadata?.resourceVersion }, spec: { taints } });
        if (wait === 0) evictions.add([zoneOf(node)]);
        const next = wait === 0 ? zones.done(name, zoneOf(node), now) : undefined;
        if (next) keys.addAfter(next.node, next.after);
      }
      return { requeueAfter: wait ? Math.min(ctx.config.nodeMonitorPeriod, wait) : ctx.config.nodeMonitorPeriod };
    };
  },
};

/** So that services stop sending to pods on a node that nobody hears of. */
async function markNotReady(ctx: ControllerContext, pods: readonly Pod[]): Promise<void> {
  await Promise.all(pods.map(async pod => {
    const ready = podCondition(pod, 'Ready');
    if (ready?.status !== 'True') return;
    const conditions = (pod.status?.conditions ?? []).map(c => (c === ready ? { ...c, status: 'False', lastTransitionTime: formatTime(ctx.clock.now()) } : c));
    try {
      await ctx.client.patch(podKind, pod.metadata?.namespace, pod.metadata?.name ?? '', 'application/merge-patch+json', { metadata: { uid: pod.metadata?.uid }, status: { conditions } }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    ctx.recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
  }));
}
