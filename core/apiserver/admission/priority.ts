// Priority: the class's name becomes a number (contract 12.3).
import type { Pod, PriorityClass } from '../../api/types/kubernetes.ts';
import { forbiddenError } from '../../api/meta/status.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin } from './chain.ts';

/** Classes every cluster has, also before their objects are there. */
const SYSTEM: Readonly<Record<string, number>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 };

/** Sets `spec.priority` and the preemption policy of new pods; 403 for a class that does not exist or a number that is not its own. */
export function priority(env: () => Pick<RegistryEnv, 'store' | 'find'>): AdmissionPlugin {
  return {
    name: 'Priority',
    validate(a) {
      const { spec } = a.resource;
      if (spec.plural !== 'priorityclasses' || spec.group !== 'scheduling.k8s.io' || (a.operation !== 'CREATE' && a.operation !== 'UPDATE') || (a.object as PriorityClass).globalDefault !== true) return;
      const { store } = env(), other = store.range({ prefix: a.resource.prefix }).entries.map(e => a.resource.stateOf(e) as PriorityClass).find(c => c.globalDefault === true && c.metadata!.name !== a.name);
      if (other) throw forbiddenError(spec, a.name, `PriorityClass ${other.metadata!.name!} is already marked as default. Only one default can exist`);
    },
    mutate(a) {
      const { spec } = a.resource;
      if (a.operation === 'UPDATE' && spec.group === '' && spec.plural === 'pods' && a.subresource === '') {
        // What the server computed stays, also when a client leaves it out.
        const next = (a.object as Pod).spec, prev = (a.old as Pod).spec;
        if (next && prev) { next.priority ??= prev.priority; next.preemptionPolicy ??= prev.preemptionPolicy; if (next.priority === undefined) delete next.priority; if (next.preemptionPolicy === undefined) delete next.preemptionPolicy; }
        return;
      }
      if (a.operation !== 'CREATE' || spec.group !== '' || spec.plural !== 'pods' || a.subresource !== '') return;
      const s = (a.object as Pod).spec;
      if (!s) return;
      const { store, find } = env();
      const classes = find('scheduling.k8s.io', 'priorityclasses');
      let value = 0, policy = 'PreemptLowerPriority';
      if (s.priorityClassName) {
        const entry = classes && store.get(classes.key('', s.priorityClassName));
        const c = entry && (classes.stateOf(entry) as PriorityClass);
        if (!c && SYSTEM[s.priorityClassName] === undefined) throw forbiddenError(spec, a.name, `no PriorityClass with name ${s.priorityClassName} was found`);
        value = c ? (c.value ?? 0) : SYSTEM[s.priorityClassName]!;
        policy = c?.preemptionPolicy ?? policy;
      } else if (classes && store.count(classes.prefix) > 0) {
        let best: PriorityClass | undefined;
        for (const e of store.range({ prefix: classes.prefix }).entries) {
          const c = classes.stateOf(e) as PriorityClass;
          if (c.globalDefault === true && (best === undefined || (c.value ?? 0) < (best.value ?? 0))) best = c;
        }
        if (best) { s.priorityClassName = best.metadata!.name!; value = best.value ?? 0; policy = best.preemptionPolicy ?? policy; }
      }
      if (s.priority !== undefined && s.priority !== null && s.priority !== value) throw forbiddenError(spec, a.name, `the integer value of priority (${s.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`);
      if (s.preemptionPolicy && s.preemptionPolicy !== policy) throw forbiddenError(spec, a.name, `the string value of PreemptionPolicy (${s.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`);
      s.priority = value;
      s.preemptionPolicy = policy as NonNullable<typeof s.preemptionPolicy>;
    },
  };
}
