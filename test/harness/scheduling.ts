// One scheduling decision without a server: what the scheduler's plug-ins say of a pod, some nodes and the pods on them.
import { classOf } from '../../core/api/meta/claims.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodDisruptionBudget, PodSpec, StorageClass, Taint } from '../../core/api/types/kubernetes.ts';
import { selectorFrom, type LabelSelectorLike } from '../../core/api/meta/labels.ts';
import { FakeClock } from '../../core/base/clock.ts';
import type { Client } from '../../core/client/client.ts';
import { deviceMatches } from '../../core/apiserver/cel/device-selector.ts';
import { defaultPlugins } from '../../core/scheduler/default-plugins.ts';
import type { Devices, SelectDevice } from '../../core/scheduler/devices.ts';
import type { Cycle } from '../../core/scheduler/framework.ts';
import { Placer } from '../../core/scheduler/placement.ts';
import { podInfo } from '../../core/scheduler/pod-info.ts';
import { createProfile, type Profile, type ProfileConfig } from '../../core/scheduler/profile.ts';
import { Snapshot } from '../../core/scheduler/snapshot.ts';

/** As a cluster has it. */
export const selectDevice: SelectDevice = deviceMatches;

export interface NodeWords { labels?: Record<string, string>; taints?: Taint[]; unschedulable?: boolean; images?: Record<string, number>; [resource: string]: unknown }
/** A node of 4 CPUs, 8Gi and 110 pods, with its hostname label; resources by name change that. */
export function node(name: string, words: NodeWords = {}): Node {
  const { labels, taints, unschedulable, images, ...resources } = words;
  const allocatable = { cpu: '4', memory: '8Gi', pods: '110', ...resources as Record<string, string> };
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } }, spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: { allocatable, capacity: allocatable, images: Object.entries(images ?? {}).map(([n, mb]) => ({ names: [n], sizeBytes: mb * 1024 * 1024 })) },
  };
}

export interface PodWords extends Partial<Omit<PodSpec, 'containers'>> {
  on?: string; labels?: Record<string, string>; ns?: string; requests?: Record<string, string>; ports?: number[]; containers?: PodSpec['containers']; owner?: [kind: string, name: string];
  start?: string; leaving?: boolean; nominated?: string; image?: string;
}
/** A pod of one container; `on` places it. */
export function pod(name: string, words: PodWords = {}): Pod {
  const { on, labels, ns = 'default', requests, ports, containers, owner, start, leaving, nominated, image = 'app', ...spec } = words;
  return {
    metadata: {
      name, namespace: ns, uid: `uid-${ns}-${name}`, ...(labels ? { labels } : {}), ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: owner[0], name: owner[1], uid: owner[1], controller: true }] } : {}),
    },
    spec: { ...(on === undefined ? {} : { nodeName: on }), containers: containers ?? [{ name: 'c', image, ...(requests ? { resources: { requests } } : {}), ...(ports ? { ports: ports.map(p => ({ containerPort: p, hostPort: p, protocol: 'TCP' })) } : {}) }], ...spec },
    status: { ...(start ? { startTime: start } : {}), ...(nominated ? { nominatedNodeName: nominated } : {}), ...(leaving ? { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] } : {}) },
  };
}

export interface World {
  nodes: Node[];
  pods?: Pod[];
  namespaces?: Record<string, Record<string, string>>;
  claims?: PersistentVolumeClaim[];
  volumes?: PersistentVolume[];
  classes?: StorageClass[];
  csiNodes?: CSINode[];
  drivers?: CSIDriver[];
  capacities?: CSIStorageCapacity[];
  budgets?: PodDisruptionBudget[];
  /** What selects a pod's fellows for default spreading. */
  fellows?: LabelSelectorLike;
  profile?: Partial<ProfileConfig>;
  random?: () => number;
}
export interface Decision { node?: string; message?: string; victims?: string[]; nominated?: string }

/** A world that stands: pods can be placed and taken off in it. */
export class Scheduling {
  readonly snapshot = new Snapshot();
  readonly profile: Profile;
  readonly #placer: Placer;

  constructor(w: World) {
    const random = w.random ?? (() => 0);
    for (const [name, labels] of Object.entries({ default: {}, ...w.namespaces })) this.snapshot.setNamespace(name, labels);
    for (const n of w.nodes) this.snapshot.setNode(n);
    for (const p of w.pods ?? []) {
      if (p.spec?.nodeName) this.snapshot.place(podInfo(p), p.spec.nodeName, false);
      else if (p.status?.nominatedNodeName) this.snapshot.nominate(podInfo(p), p.status.nominatedNodeName);
    }
    const never = (): Promise<void> => Promise.reject(new Error('no writes here'));
    const factories = defaultPlugins({
      client: undefined as never as Client, clock: new FakeClock(), budgets: () => w.budgets ?? [], fellowsOf: () => (w.fellows ? selectorFrom(w.fellows) : undefined), random, extenders: [], devices: undefined as never as Devices, selectDevice,
      storage: {
        claim: (ns, name) => w.claims?.find(c => c.metadata?.namespace === ns && c.metadata.name === name), volume: name => w.volumes?.find(v => v.metadata?.name === name),
        volumesOfClass: name => w.volumes?.filter(v => classOf(v) === name) ?? [], storageClass: name => w.classes?.find(c => c.metadata?.name === name), csiNode: name => w.csiNodes?.find(n => n.metadata?.name === name),
        csiDriver: name => w.drivers?.find(d => d.metadata?.name === name), capacitiesOf: name => w.capacities?.filter(c => c.storageClassName === name) ?? [],
      },
      storageWriter: { reserveVolume: never, selectNode: never, watchClaim: () => () => undefined },
    });
    this.profile = createProfile({ schedulerName: 'default-scheduler', ...w.profile }, factories);
    this.#placer = new Placer(random);
  }

  decide(p: Pod): Decision {
    const info = podInfo(p), cycle: Cycle = { pod: info, snapshot: this.snapshot };
    if (p.status?.nominatedNodeName) this.snapshot.nominate(info, p.status.nominatedNodeName);
    const placement = this.#placer.place(this.profile, cycle);
    if (placement.node) return { node: placement.node.name };
    const { message } = placement;
    let said = '';
    for (const plugin of this.profile.postFilters) {
      const outcome = plugin.postFilter!(cycle, placement.refusals);
      if (outcome instanceof Promise) throw new Error('there is nobody outside to be asked');
      if (outcome.node !== undefined) return { message, nominated: outcome.node, victims: outcome.victims.map(v => v.pod.metadata?.name ?? '') };
      said += `${said ? ', ' : ' '}${outcome.message}`;
      if (outcome.stop) break;
    }
    return { message: message + said };
  }
}

export const decide = (w: World, p: Pod): Decision => new Scheduling(w).decide(p);
