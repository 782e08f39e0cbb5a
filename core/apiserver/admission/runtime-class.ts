// RuntimeClass: pods get the overhead and the nodes of the class they name (contract 12.3).
import { semanticEqual } from '../../api/meta/equal.ts';
import { forbiddenError } from '../../api/meta/status.ts';
import type { Pod, RuntimeClass } from '../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin } from './chain.ts';

/** 403 for a class that is not there, and for pods that contradict it. */
export function runtimeClass(env: () => Pick<RegistryEnv, 'store' | 'find'>): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    mutate(a) {
      if (a.operation !== 'CREATE' || a.subresource !== '' || a.resource.spec.group !== '' || a.resource.spec.plural !== 'pods') return;
      const s = (a.object as Pod).spec;
      if (!s) return;
      const refuse = (why: string): Error => forbiddenError(a.resource.spec, a.name, why);
      const { store, find } = env(), classes = find('node.k8s.io', 'runtimeclasses'), name = s.runtimeClassName;
      const entry = name ? classes && store.get(classes.key('', name)) : undefined;
      if (name && classes && entry === undefined) throw refuse(`pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
      const rc = entry && (classes!.stateOf(entry) as RuntimeClass), overhead = rc?.overhead?.podFixed;
      if (s.overhead && Object.keys(s.overhead).length > 0) {
        if (!overhead) throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
        if (!semanticEqual(s.overhead, overhead)) throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      } else if (overhead) s.overhead = { ...overhead };
      const wanted = rc?.scheduling;
      for (const [k, v] of Object.entries(wanted?.nodeSelector ?? {})) {
        const own = s.nodeSelector?.[k];
        if (own !== undefined && own !== v) throw refuse(`conflict: runtimeClass.scheduling.nodeSelector[${k}] = ${v}; pod.spec.nodeSelector[${k}] = ${own}`);
        s.nodeSelector = { ...s.nodeSelector, [k]: v };
      }
      for (const t of wanted?.tolerations ?? []) if (!s.tolerations?.some(x => semanticEqual(x, t))) s.tolerations = [...(s.tolerations ?? []), { ...t }];
    },
  };
}
