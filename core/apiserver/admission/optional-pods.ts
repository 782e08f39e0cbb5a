// Plug-ins for pods that are off unless --enable-admission-plugins names them.
import { isTolerated } from '../../api/meta/taint.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { parseSelector } from '../../api/meta/labels.ts';
import { qosClass } from '../../api/meta/pod.ts';
import { badRequest, forbiddenError } from '../../api/meta/status.ts';
import type { Container, Pod, PodSpec, Toleration } from '../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin, Attributes } from './chain.ts';

type Env = () => Pick<RegistryEnv, 'store' | 'find'>;

function specOf(a: Attributes, ...operations: string[]): PodSpec | undefined {
  const { group, plural } = a.resource.spec;
  return group === '' && plural === 'pods' && a.subresource === '' && operations.includes(a.operation) ? (a.object as Pod).spec : undefined;
}
const containersOf = (s: PodSpec): Container[] => [...s.containers, ...(s.initContainers ?? []), ...((s.ephemeralContainers ?? []) as Container[])];

function annotation(env: Env, namespace: string, key: string): string | undefined {
  const { store, find } = env(), namespaces = find('', 'namespaces'), entry = namespaces && store.get(namespaces.key('', namespace));
  return entry && namespaces.stateOf(entry).metadata!.annotations?.[key];
}

/** No pod runs an image it might not be allowed to pull itself. */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  mutate(a) {
    const s = specOf(a, 'CREATE', 'UPDATE');
    if (!s) return;
    for (const c of containersOf(s)) c.imagePullPolicy = 'Always';
    for (const v of s.volumes ?? []) if (v.image) v.image.pullPolicy = 'Always';
  },
};

/** Pods tolerate the taints that keep others off nodes with the devices they ask for. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  mutate(a) {
    const s = specOf(a, 'CREATE', 'UPDATE');
    if (!s) return;
    const names = new Set(containersOf(s).flatMap(c => Object.keys(c.resources?.requests ?? {}).filter(n => n.includes('/') && !n.includes('kubernetes.io/'))));
    for (const key of [...names].sort()) {
      const t: Toleration = { key, operator: 'Exists', effect: 'NoSchedule' };
      if (!s.tolerations?.some(x => semanticEqual(x, t))) s.tolerations = [...(s.tolerations ?? []), t];
    }
  },
};

/** Anti-affinity that must hold may only be about nodes: wider ones let one pod lock out all others. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  validate(a) {
    const terms = specOf(a, 'CREATE')?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const bad = terms.find(t => t.topologyKey !== 'kubernetes.io/hostname');
    if (bad) throw forbiddenError(a.resource.spec, a.name, `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${bad.topologyKey} but only key kubernetes.io/hostname is allowed`);
  },
};

/** Pods go to the nodes that their namespace's annotation `scheduler.alpha.kubernetes.io/node-selector` names. */
export function podNodeSelector(env: Env): AdmissionPlugin {
  return {
    name: 'PodNodeSelector',
    mutate(a) {
      const s = specOf(a, 'CREATE'), text = s && annotation(env, a.namespace, 'scheduler.alpha.kubernetes.io/node-selector');
      if (!s || !text) return;
      for (const r of parseSelector(text).requirements) {
        if (r.operator !== '=' && r.operator !== '==') throw badRequest(`namespace ${a.namespace}: annotation scheduler.alpha.kubernetes.io/node-selector: only key=value is allowed`);
        const own = s.nodeSelector?.[r.key];
        if (own !== undefined && own !== r.values[0]) throw forbiddenError(a.resource.spec, a.name, 'pod node label selector conflicts with its namespace node label selector');
        s.nodeSelector = { ...s.nodeSelector, [r.key]: r.values[0]! };
      }
    },
  };
}

/** Every taint that `t` tolerates is tolerated by `by` as well. */
function within(t: Toleration, by: Toleration): boolean {
  if (by.key && by.key !== t.key) return false;
  if (by.effect && by.effect !== t.effect) return false;
  if (by.tolerationSeconds !== undefined && (t.tolerationSeconds === undefined || t.tolerationSeconds > by.tolerationSeconds)) return false;
  return by.operator === 'Exists' || (t.operator !== 'Exists' && (by.value ?? '') === (t.value ?? ''));
}

/** Pods tolerate what their namespace's annotations give them and no more than they allow. */
export function podTolerationRestriction(env: Env): AdmissionPlugin {
  const list = (a: Attributes, key: string): Toleration[] | undefined => {
    const text = annotation(env, a.namespace, `scheduler.alpha.kubernetes.io/${key}`);
    if (!text) return undefined;
    try { return JSON.parse(text) as Toleration[]; } catch (e) { throw badRequest(`namespace ${a.namespace}: annotation scheduler.alpha.kubernetes.io/${key}: ${(e as Error).message}`); }
  };
  return {
    name: 'PodTolerationRestriction',
    mutate(a) {
      const s = specOf(a, 'CREATE', 'UPDATE');
      if (!s) return;
      if (a.operation === 'CREATE') for (const t of list(a, 'defaultTolerations') ?? []) if (!s.tolerations?.some(x => semanticEqual(x, t))) s.tolerations = [...(s.tolerations ?? []), t];
      const pressure = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };
      if (qosClass(s) !== 'BestEffort' && !isTolerated(pressure, s.tolerations ?? [])) s.tolerations = [...(s.tolerations ?? []), { ...pressure, operator: 'Exists' }];
    },
    validate(a) {
      const s = specOf(a, 'CREATE', 'UPDATE'), allowed = s && list(a, 'tolerationsWhitelist');
      if (s && allowed && allowed.length > 0 && !s.tolerations?.every(t => allowed.some(by => within(t, by)))) {
        throw forbiddenError(a.resource.spec, a.name, 'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist');
      }
    },
  };
}
