// Whether a pod that was put on this node fits it: kubelet's own check, for pods no scheduler has weighed.
import { podAmounts } from '../api/meta/pod.ts';
import { millisOf, wholeOf } from '../api/meta/quantity.ts';
import type { Pod } from '../api/types/kubernetes.ts';
import { forbiddenSysctl } from './sysctls.ts';

interface Amounts { cpu: number; memory: number; storage: number }
interface Held extends Amounts { ports: string[] }

/** What the scheduler counts, too. */
function requests(pod: Pod): Amounts {
  const { cpu = 0, memory = 0, 'ephemeral-storage': storage = 0 } = pod.spec ? podAmounts(pod.spec) : {};
  return { cpu, memory, storage };
}

function hostPorts(pod: Pod): string[] {
  return (pod.spec?.containers ?? []).flatMap(c => (c.ports ?? []).filter(p => p.hostPort).map(p => `${p.protocol ?? 'TCP'}/${p.hostIP ?? ''}/${p.hostPort}`));
}

/** What the pods of this node hold; `admit` says why one more does not fit. */
export class Admission {
  readonly #capacity: Amounts & { pods: number };
  readonly #held = new Map<string, Held>();
  #cpu = 0; #memory = 0; #storage = 0;
  constructor(allocatable: Readonly<Record<string, string>>) { this.#capacity = { cpu: millisOf(allocatable['cpu']), memory: wholeOf(allocatable['memory']), storage: allocatable['ephemeral-storage'] === undefined ? Number.POSITIVE_INFINITY : wholeOf(allocatable['ephemeral-storage']), pods: Number(allocatable['pods'] ?? 110) }; }

  /** Holds what the pod needs, asked or not (adopted pods are not refused). */
  hold(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    if (this.#held.has(uid)) return;
    const r = requests(pod);
    this.#held.set(uid, { ...r, ports: hostPorts(pod) });
    this.#cpu += r.cpu; this.#memory += r.memory; this.#storage += r.storage;
  }
  admit(pod: Pod): { reason: string; message: string } | undefined {
    const sysctl = forbiddenSysctl(pod);
    if (sysctl) return sysctl;
    const r = requests(pod); const c = this.#capacity;
    const lacks = (name: string, requested: number, used: number, capacity: number) => ({ reason: `OutOf${name}`, message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}` });
    if (this.#held.size + 1 > c.pods) return lacks('pods', 1, this.#held.size, c.pods);
    if (r.cpu > 0 && this.#cpu + r.cpu > c.cpu) return lacks('cpu', r.cpu, this.#cpu, c.cpu);
    if (r.memory > 0 && this.#memory + r.memory > c.memory) return lacks('memory', r.memory, this.#memory, c.memory);
    if (r.storage > 0 && this.#storage + r.storage > c.storage) return lacks('ephemeral-storage', r.storage, this.#storage, c.storage);
    const ports = hostPorts(pod);
    if (ports.length) for (const h of this.#held.values()) if (ports.some(p => h.ports.includes(p))) return { reason: 'NodePorts', message: 'Predicate NodePorts failed: node(s) didn\'t have free ports for the requested pod ports' };
    this.hold(pod);
    return undefined;
  }
  leave(uid: string): void {
    const h = this.#held.get(uid);
    if (!h) return;
    this.#held.delete(uid);
    this.#cpu -= h.cpu; this.#memory -= h.memory; this.#storage -= h.storage;
  }

  /** Gives a pod that is here what it asks for now, or says why not: never (Infeasible) or not yet (Deferred). */
  resize(pod: Pod): { reason: 'Infeasible' | 'Deferred'; message: string } | undefined {
    const uid = pod.metadata?.uid ?? '';
    const held = this.#held.get(uid); const r = requests(pod); const c = this.#capacity;
    for (const name of ['memory', 'cpu'] as const) if (r[name] > c[name]) return { reason: 'Infeasible', message: `Node didn't have enough capacity: ${name}, requested: ${r[name]}, capacity: ${c[name]}` };
    const used = { cpu: this.#cpu - (held?.cpu ?? 0), memory: this.#memory - (held?.memory ?? 0) };
    for (const name of ['cpu', 'memory'] as const) if (used[name] + r[name] > c[name]) return { reason: 'Deferred', message: `Node didn't have enough resource: ${name}, requested: ${r[name]}, used: ${used[name]}, capacity: ${c[name]}` };
    this.leave(uid);
    this.hold(pod);
    return undefined;
  }
}
