// Pods with claims for devices (resource.k8s.io): they go where the claimed devices are, and are given them before they are bound.
import { controllerOf } from '../../api/meta/owner.ts';
import type { AllocationResult, Pod } from '../../api/types/kubernetes.ts';
import { Allocator } from '../allocator.ts';
import type { Claim, Devices, SelectDevice } from '../devices.ts';
import type { Cycle, Plugin, PodFilter, PostFiltered, Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { termMatches } from '../node-selection.ts';

/** Pods that may use one claim at a time. */
const MOST_CONSUMERS = 256;
const fixed = (reason: string): Refusal => ({ reasons: [reason], fixed: true });
const ELSEWHERE = fixed('resourceclaim not available on the node'), NONE_LEFT = fixed('cannot allocate all claims');

interface State { readonly claims: readonly Claim[]; readonly open: readonly Claim[]; readonly byNode: Map<string, readonly AllocationResult[]>; unavailable: Claim | undefined; given: readonly { claim: Claim; allocation: AllocationResult }[] }

/** Names of the claims a pod's entries stand for; undefined where one is still to be made, with the reason. */
function claimKeys(pod: Pod): { keys: string[]; why?: string } {
  const at = `${pod.metadata?.namespace}/${pod.metadata?.name}`, keys: string[] = [];
  for (const c of pod.spec?.resourceClaims ?? []) {
    if (c.resourceClaimName) { keys.push(`${pod.metadata?.namespace}/${c.resourceClaimName}`); continue; }
    const status = pod.status?.resourceClaimStatuses?.find(s => s.name === c.name);
    if (!status) return { keys, why: `pod "${at}": ResourceClaim not created yet` };
    // Its maker said that none is needed.
    if (status.resourceClaimName) keys.push(`${pod.metadata?.namespace}/${status.resourceClaimName}`);
  }
  return { keys };
}
const madeForPod = (pod: Pod, key: string): boolean => !pod.spec?.resourceClaims?.some(c => c.resourceClaimName && `${pod.metadata?.namespace}/${c.resourceClaimName}` === key);
const isReserved = (c: Claim, pod: Pod): boolean => c.status?.reservedFor?.some(r => r.uid === pod.metadata?.uid) ?? false;

export function dynamicResources(devices: Devices, select: SelectDevice): Plugin {
  const states = new WeakMap<Cycle, State>(), asked = new WeakSet<Cycle>();

  function claimsOf(pod: Pod): Claim[] | string {
    const { keys, why } = claimKeys(pod);
    if (why !== undefined) return why;
    const claims: Claim[] = [];
    for (const key of keys) {
      const c = devices.claim(key), name = c?.metadata?.name;
      if (!c) return `could not find v1.ResourceClaim ${JSON.stringify(key)}`;
      if (c.metadata?.deletionTimestamp !== undefined) return `resourceclaim ${JSON.stringify(name)} is being deleted`;
      if (madeForPod(pod, key) && controllerOf(c)?.uid !== pod.metadata?.uid) return `ResourceClaim ${key} was not created for pod ${pod.metadata?.namespace}/${pod.metadata?.name} (pod is not owner)`;
      claims.push(c);
    }
    return claims;
  }

  function preFilter(cycle: Cycle): PodFilter | Refusal | undefined {
    const { pod } = cycle.pod;
    asked.add(cycle);
    states.delete(cycle);
    if (!pod.spec?.resourceClaims?.length) return undefined;
    const claims = claimsOf(pod);
    if (typeof claims === 'string') return fixed(claims);
    if (claims.length === 0) return undefined;
    const open: Claim[] = [];
    for (const c of claims) {
      if (c.status?.allocation) {
        if ((c.status.reservedFor?.length ?? 0) >= MOST_CONSUMERS && !isReserved(c, pod)) return fixed('resourceclaim in use');
        continue;
      }
      if (devices.isAssumed(c)) return fixed(`resource claim ${c.metadata?.namespace}/${c.metadata?.name} is in the process of being allocated`);
      for (const r of c.spec.devices?.requests ?? []) for (const w of r.exactly ? [{ name: r.name, cls: r.exactly.deviceClassName }] : (r.firstAvailable ?? []).map(s => ({ name: `${r.name}/${s.name}`, cls: s.deviceClassName })))
        if (!devices.deviceClass(w.cls)) return fixed(`request ${w.name}: device class ${w.cls} does not exist`);
      open.push(c);
    }
    const state: State = { claims, open, byNode: new Map(), unavailable: undefined, given: [] };
    states.set(cycle, state);
    return {
      filter(n: NodeInfo) {
        for (const c of claims) {
          const where = c.status?.allocation?.nodeSelector?.nodeSelectorTerms;
          if (where && !where.some(t => termMatches(t, n))) { state.unavailable = c; return ELSEWHERE; }
        }
        if (open.length === 0) return undefined;
        const allocations = new Allocator(n, devices, select).allocate(open);
        if (!allocations) return NONE_LEFT;
        state.byNode.set(n.name, allocations);
        return undefined;
      },
    };
  }

  function undo(cycle: Cycle): void {
    const state = states.get(cycle);
    for (const g of state?.given ?? []) devices.forget(g.claim);
    if (state) state.given = [];
  }

  return {
    name: 'DynamicResources',
    /** While claims are made from templates there is nothing to say; the pod's own status brings it back. */
    preEnqueue: pod => claimKeys(pod.pod).why,
    events: { 'device-claim': (pod, e) => e.claim === undefined || claimKeys(pod.pod).keys.includes(e.claim), 'devices-changed': true, 'node-added': true, 'node-labels': true },
    preFilter,
    /** A claim that nobody uses may be given back where that is what keeps the pod from its node. */
    postFilter(cycle): PostFiltered {
      // Kubernetes' own words where an earlier plug-in refused the pod before this one saw it: it is an error, and nobody is driven out.
      if (!asked.has(cycle)) return { message: 'not found', clear: false, stop: true };
      const state = states.get(cycle), c = state?.unavailable, { pod } = cycle;
      if (!state) return { message: 'no new claims to deallocate', clear: false };
      if (!c || !(c.status?.reservedFor ?? []).every(r => r.uid === pod.uid)) return { message: 'still not schedulable', clear: false };
      return { message: 'deallocation of ResourceClaim completed', clear: false, work: devices.deallocate(c) };
    },
    reserve(cycle, node) {
      const state = states.get(cycle);
      if (!state || state.open.length === 0) return undefined;
      const allocations = state.byNode.get(node.name) ?? new Allocator(node, devices, select).allocate(state.open);
      if (!allocations) return NONE_LEFT;
      state.given = state.open.map((claim, i) => ({ claim, allocation: allocations[i]! }));
      for (const g of state.given) devices.assume(g.claim, g.allocation);
      return undefined;
    },
    unreserve(cycle) {
      undo(cycle);
      const { pod } = cycle.pod;
      for (const c of states.get(cycle)?.claims ?? []) void devices.unreserve(`${c.metadata?.namespace}/${c.metadata?.name}`, pod);
    },
    preBind(cycle) {
      const state = states.get(cycle), { pod } = cycle.pod;
      if (!state) return undefined;
      return (async () => {
        for (const c of state.claims) {
          const now = devices.claim(`${c.metadata?.namespace}/${c.metadata?.name}`), own = state.given.find(g => g.claim === c);
          if (!now || now.metadata?.uid !== c.metadata?.uid) throw new Error(`claim ${c.metadata?.namespace}/${c.metadata?.name} got deleted in the meantime`);
          if (own && now.status?.allocation) throw new Error(`claim ${c.metadata?.namespace}/${c.metadata?.name} got allocated elsewhere in the meantime`);
          if (!isReserved(now, pod)) await devices.reserve(now, pod, own?.allocation);
        }
        // From here on they are taken because the claims say so.
        undo(cycle);
      })();
    },
  };
}
