// Whether a pod that was put on this node fits it: kubelet's own check, for pods no scheduler has weighed.
import { podAmounts } from '../api/meta/pod.ts';
import { millisOf, wholeOf } from '../api/meta/quantity.ts';
import type { Pod } from '../api/types/kubernetes.ts';

interface Held { cpu: number; memory: number; ports: string[] }

/** What the scheduler counts, too. */
function requests(pod: Pod): { cpu: number; memory: number } {
  const { cpu = 0, memory = 0 } = pod.spec ? podAmounts(pod.spec) : {};
  return { cpu, memory };
}

function hostPorts(pod: Pod): string[] {
  return (pod.spec?.containers ?? []).flatMap(c => (c.ports ?? []).filter(p => p.hostPort).map(p => `${p.protocol ?? 'TCP'}/${p.hostIP ?? ''}/${p.hostPort}`));
}

/** What the pods of this node hold; `admit` says why one more does not fit. */
export class Admission {
  readonly #capacity: { cpu: number; memory: number; pods: number };
  readonly #held = new Map<string, Held>();
  #cpu = 0; #memory = 0;
  constructor(allocatable: Readonly<Record<string, string>>) { this.#capacity = { cpu: millisOf(allocatable['cpu']), memory: wholeOf(allocatable['memory']), pods: Number(allocatable['pods'] ?? 110) }; }

  /** Holds what the pod needs, asked or not (adopted pods are not refused). */
  hold(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    if (this.#held.has(uid)) return;
    const r = requests(pod);
    this.#held.set(uid, { ...r, ports: hostPorts(pod) });
    this.#cpu += r.cpu; this.#memory += r.memory;
  }
  admit(pod: Pod): { reason: string; message: string } | undefined {
    const r = requests(pod); const c = this.#capacity;
    const lacks = (name: string, requested: number, used: number, capacity: number) => ({ reason: `OutOf${name}`, message: `Pod was rejected: Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}` });
    if (this.#held.size + 1 > c.pods) return lacks('pods', 1, this.#held.size, c.pods);
    if (r.cpu > 0 && this.#cpu + r.cpu > c.cpu) return lacks('cpu', r.cpu, this.#cpu, c.cpu);
    if (r.memory > 0 && this.#memory + r.memory > c.memory) return lacks('memory', r.memory, this.#memory, c.memory);
    const ports = hostPorts(pod);
    if (ports.length) for (const h of this.#held.values()) if (ports.some(p => h.ports.includes(p))) return { reason: 'NodePorts', message: 'Pod was rejected: Predicate NodePorts failed: node(s) didn\'t have free ports for the requested pod ports' };
    this.hold(pod);
    return undefined;
  }
  leave(uid: string): void {
    const h = this.#held.get(uid);
    if (!h) return;
    this.#held.delete(uid);
    this.#cpu -= h.cpu; this.#memory -= h.memory;
  }
}
