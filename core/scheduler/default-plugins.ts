// The plug-ins by name, made from what they need of the scheduler.
import type { Client } from '../client/client.ts';
import type { Clock } from '../base/clock.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import type { KubeObject } from '../api/meta/object.ts';
import type { Devices, SelectDevice } from './devices.ts';
import type { Extender } from './extender.ts';
import type { Plugin } from './framework.ts';
import type { PluginFactory } from './profile.ts';
import { prepare } from './placement.ts';
import type { Storage } from './storage.ts';
import { prioritySort, schedulingGates } from './plugins/basics.ts';
import { dynamicResources } from './plugins/dynamic-resources.ts';
import { imageLocality } from './plugins/image-locality.ts';
import { interPodAffinity } from './plugins/inter-pod-affinity.ts';
import { nodeAffinity, nodeName, nodeUnschedulable, taintToleration } from './plugins/node-basics.ts';
import { defaultPreemption, type PreemptionNeeds } from './plugins/preemption.ts';
import { balancedAllocation, nodePorts, nodeResourcesFit } from './plugins/resources.ts';
import { podTopologySpread, type FellowsOf } from './plugins/topology-spread.ts';
import { volumeBinding, type StorageWriter } from './plugins/volume-binding.ts';
import { nodeVolumeLimits, volumeRestrictions, volumeZone } from './plugins/volumes.ts';

export interface PluginNeeds {
  readonly client: Client;
  readonly clock: Clock;
  readonly storage: Storage;
  readonly storageWriter: StorageWriter;
  readonly budgets: PreemptionNeeds['budgets'];
  readonly fellowsOf: FellowsOf;
  readonly random: () => number;
  readonly extenders: readonly Extender[];
  readonly devices: Devices;
  readonly selectDevice: SelectDevice;
}

export function defaultPlugins(needs: PluginNeeds): Readonly<Record<string, PluginFactory>> {
  const { storage } = needs;
  // One for all profiles: they share what is spoken for.
  const restrictions = volumeRestrictions(storage), limits = nodeVolumeLimits(storage), zone = volumeZone(storage), resources = dynamicResources(needs.devices, needs.selectDevice);
  let binding: Plugin | undefined;
  return {
    SchedulingGates: () => schedulingGates, PrioritySort: () => prioritySort,
    NodeUnschedulable: () => nodeUnschedulable, NodeName: () => nodeName, TaintToleration: () => taintToleration,
    NodeAffinity: args => nodeAffinity(args), NodePorts: () => nodePorts, NodeResourcesFit: args => nodeResourcesFit(args), NodeResourcesBalancedAllocation: args => balancedAllocation(args),
    VolumeRestrictions: () => restrictions, NodeVolumeLimits: () => limits, VolumeZone: () => zone,
    VolumeBinding: args => (binding ??= volumeBinding(storage, needs.storageWriter, needs.clock, args)),
    PodTopologySpread: args => podTopologySpread(needs.fellowsOf, args), InterPodAffinity: args => interPodAffinity(args), ImageLocality: () => imageLocality,
    DynamicResources: () => resources,
    DefaultPreemption: (args, profile) => defaultPreemption({ budgets: needs.budgets, random: needs.random, extenders: needs.extenders, prepare: cycle => prepare(profile(), cycle) }, args),
    DefaultBinder: () => defaultBinder(needs.client),
  };
}

function defaultBinder(client: Client): Plugin {
  return {
    name: 'DefaultBinder',
    async bind({ pod }, node) {
      const { pod: object } = pod;
      const binding: KubeObject & { target: { apiVersion: string; kind: string; name: string } } = {
        apiVersion: 'v1', kind: 'Binding', metadata: { name: object.metadata?.name, namespace: pod.namespace, uid: pod.uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      };
      await client.create(podKind, binding, { name: 'binding', of: object.metadata?.name ?? '' });
      return true;
    },
  };
}
