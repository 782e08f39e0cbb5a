// What ingresses, nodes and bindings get from the cluster around them (contract 12.3).
import type { Ingress, IngressClass, Node } from '../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin } from './chain.ts';
import { defaultsOf } from './storage.ts';

type Env = () => Pick<RegistryEnv, 'store' | 'find'>;

/** Gives a new ingress that names no class the default one, if there is one. */
export function defaultIngressClass(env: Env): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    mutate(a) {
      const { group, plural } = a.resource.spec;
      if (a.operation !== 'CREATE' || a.subresource !== '' || group !== 'networking.k8s.io' || plural !== 'ingresses') return;
      const ingress = a.object as Ingress;
      if ((ingress.spec?.ingressClassName ?? undefined) !== undefined || ingress.metadata!.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
      const chosen = defaultsOf<IngressClass>(env, 'networking.k8s.io', 'ingressclasses', c => c.metadata?.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true')[0];
      if (chosen) ingress.spec = { ...ingress.spec, ingressClassName: chosen.metadata!.name! };
    },
  };
}

const NOT_READY = 'node.kubernetes.io/not-ready';
/** A new node takes no pods until the node lifecycle controller has seen it ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  mutate(a) {
    if (a.operation !== 'CREATE' || a.subresource !== '' || a.resource.spec.group !== '' || a.resource.spec.plural !== 'nodes') return;
    const node = a.object as Node, taints = node.spec?.taints ?? [];
    if (taints.some(t => t.key === NOT_READY && t.effect === 'NoSchedule')) return;
    node.spec = { ...node.spec, taints: [...taints, { key: NOT_READY, effect: 'NoSchedule' }] };
  },
};

const TOPOLOGY = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];
/** A pod that is placed carries the zone and the region of its node as labels. */
export function podTopologyLabels(env: Env): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    mutate(a) {
      if (a.operation !== 'CREATE' || a.subresource !== 'binding' || a.resource.spec.group !== '') return;
      const binding = a.object as { metadata?: { labels?: Record<string, string> }; target?: { name?: string } };
      const { store, find } = env(), nodes = find('', 'nodes'), entry = nodes && store.get(nodes.key('', binding.target?.name ?? ''));
      const labels = entry && nodes.stateOf(entry).metadata!.labels;
      const found = TOPOLOGY.filter(t => labels?.[t] !== undefined);
      if (found.length > 0) binding.metadata = { ...binding.metadata, labels: { ...binding.metadata?.labels, ...Object.fromEntries(found.map(t => [t, labels![t]!])) } };
    },
  };
}
