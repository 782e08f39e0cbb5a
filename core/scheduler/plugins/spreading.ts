// Keeping pods apart or together: by their controller, by topology constraints, by affinity to other pods.
import { cachedSelectorFrom } from '../../api/meta/labels.ts';
import { isTolerated } from '../../api/meta/taint.ts';
import type { TopologySpreadConstraint } from '../../api/types/kubernetes.ts';
import { normalized, spread, type FilterPlugin, type Refusal, type ScorePlugin } from '../framework.ts';
import { termMatchesNode } from '../../api/meta/node-match.ts';
import { termMatches, type PodInfo, type Term } from '../pod-info.ts';
import type { NodeInfo, Snapshot } from '../snapshot.ts';

const labelOf = (n: NodeInfo, key: string): string | undefined => (key === 'kubernetes.io/hostname' ? n.node?.metadata?.labels?.[key] ?? n.name : n.node?.metadata?.labels?.[key]);

/** Pods of one controller go where fewest of them are; Kubernetes' default spreading over hosts has this effect and weight. */
export const ownerSpread: ScorePlugin = {
  name: 'PodTopologySpread', weight: 2,
  score(pod, nodes) {
    if (!pod.owner || pod.pod.spec?.topologySpreadConstraints?.length) return undefined;
    const counts = nodes.map(n => n.owners.get(pod.owner!) ?? 0);
    return counts.some(c => c > 0) ? normalized(counts, true) : undefined;
  },
};

interface Domains { readonly constraint: TopologySpreadConstraint; readonly counts: Map<string, number>; readonly self: number; readonly min: number }

function domains(pod: PodInfo, snapshot: Snapshot, constraint: TopologySpreadConstraint): Domains {
  const own = pod.pod.metadata?.labels ?? {};
  const base = constraint.labelSelector ?? {};
  const keys = (constraint.matchLabelKeys ?? []).filter(k => k in own).map(key => ({ key, operator: 'In', values: [own[key]!] }));
  const selector = cachedSelectorFrom(keys.length ? { ...base, matchExpressions: [...(base.matchExpressions ?? []), ...keys] } : base);
  const counts = new Map<string, number>();
  for (const n of snapshot.nodes) {
    const domain = labelOf(n, constraint.topologyKey);
    if (domain === undefined || !eligible(pod, n, constraint)) continue;
    let count = counts.get(domain) ?? 0;
    for (const p of n.pods.values()) if (p.namespace === pod.namespace && p.pod.metadata?.deletionTimestamp === undefined && selector.matches(p.pod.metadata?.labels)) count++;
    counts.set(domain, count);
  }
  const enough = counts.size >= (constraint.minDomains ?? 1);
  return { constraint, counts, self: selector.matches(own) ? 1 : 0, min: enough && counts.size ? Math.min(...counts.values()) : 0 };
}

/** Whether a node counts as a place the pod could be in, under the constraint's policies. */
function eligible(pod: PodInfo, n: NodeInfo, c: TopologySpreadConstraint): boolean {
  if ((c.nodeAffinityPolicy ?? 'Honor') === 'Honor') {
    const labels = n.node?.metadata?.labels ?? {};
    if (!Object.entries(pod.pod.spec?.nodeSelector ?? {}).every(([k, v]) => labels[k] === v)) return false;
    const terms = pod.pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    if (terms && !terms.some(t => termMatchesNode(t, n.node!))) return false;
  }
  return c.nodeTaintsPolicy !== 'Honor' || !(n.node?.spec?.taints ?? []).some(t => t.effect !== 'PreferNoSchedule' && !isTolerated(t, pod.tolerations));
}

export const topologySpread: FilterPlugin = {
  name: 'PodTopologySpread', events: ['node-added', 'node-labels', 'pod-placed', 'pod-removed', 'pod-labels'],
  prepare(pod, snapshot) {
    const all = (pod.pod.spec?.topologySpreadConstraints ?? []).filter(c => c.whenUnsatisfiable === 'DoNotSchedule').map(c => domains(pod, snapshot, c));
    if (all.length === 0) return undefined;
    const missing: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"], fixed: true };
    const skewed: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints"], fixed: false };
    return {
      filter(n) {
        for (const d of all) {
          const domain = labelOf(n, d.constraint.topologyKey);
          if (domain === undefined) return missing;
          if ((d.counts.get(domain) ?? 0) + d.self - d.min > d.constraint.maxSkew) return skewed;
        }
        return undefined;
      },
    };
  },
};

export const preferredSpread: ScorePlugin = {
  name: 'PodTopologySpread', weight: 2,
  score(pod, nodes, snapshot) {
    const all = (pod.pod.spec?.topologySpreadConstraints ?? []).filter(c => c.whenUnsatisfiable === 'ScheduleAnyway').map(c => domains(pod, snapshot, c));
    if (all.length === 0) return undefined;
    return normalized(nodes.map(n => all.reduce((sum, d) => sum + (d.counts.get(labelOf(n, d.constraint.topologyKey) ?? '') ?? 0), 0)), true);
  },
};

/** Values of the topology key in which a pod matches the term. */
function where(t: Term, snapshot: Snapshot): Map<string, number> {
  const found = new Map<string, number>();
  for (const n of snapshot.nodes) {
    const domain = labelOf(n, t.topologyKey);
    if (domain === undefined) continue;
    for (const p of n.pods.values()) if (p.pod.metadata?.deletionTimestamp === undefined && termMatches(t, p, snapshot.namespaces)) found.set(domain, (found.get(domain) ?? 0) + 1);
  }
  return found;
}

export const interPodAffinity: FilterPlugin = {
  name: 'InterPodAffinity', events: ['node-added', 'node-labels', 'pod-placed', 'pod-removed', 'pod-labels'],
  prepare(pod, snapshot) {
    // Others' refusal of this pod: topology key -> values in which they are.
    const refused = new Map<string, Set<string>>();
    for (const { info, node } of snapshot.withAffinity.values())
      for (const t of info.requiredAntiAffinity) {
        const at = snapshot.get(node);
        const domain = at?.node && labelOf(at, t.topologyKey);
        if (domain !== undefined && termMatches(t, pod, snapshot.namespaces)) refused.set(t.topologyKey, (refused.get(t.topologyKey) ?? new Set()).add(domain));
      }
    if (refused.size === 0 && pod.requiredAffinity.length === 0 && pod.requiredAntiAffinity.length === 0) return undefined;
    const wanted = pod.requiredAffinity.map(t => ({ t, found: where(t, snapshot) }));
    const avoided = pod.requiredAntiAffinity.map(t => ({ t, found: where(t, snapshot) }));
    // The first of a group that wants to be together has nobody to be with: it may start the group.
    const first = wanted.every(w => w.found.size === 0 && termMatches(w.t, pod, snapshot.namespaces));
    const because = (reason: string, fixed: boolean): Refusal => ({ reasons: [reason], fixed });
    const affinity = because("node(s) didn't match pod affinity rules", true);
    const anti = because("node(s) didn't match pod anti-affinity rules", false);
    const existing = because("node(s) didn't satisfy existing pods anti-affinity rules", false);
    return {
      filter(n) {
        for (const { t, found } of wanted) {
          const domain = labelOf(n, t.topologyKey);
          if (domain === undefined || (!first && !found.has(domain))) return affinity;
        }
        for (const { t, found } of avoided) {
          const domain = labelOf(n, t.topologyKey);
          if (domain !== undefined && found.has(domain)) return anti;
        }
        for (const [key, values] of refused) {
          const domain = labelOf(n, key);
          if (domain !== undefined && values.has(domain)) return existing;
        }
        return undefined;
      },
    };
  },
};

export const preferredPodAffinity: ScorePlugin = {
  name: 'InterPodAffinity', weight: 2,
  score(pod, nodes, snapshot) {
    const terms = [...pod.preferredAffinity.map(t => ({ t, sign: 1 })), ...pod.preferredAntiAffinity.map(t => ({ t, sign: -1 }))];
    const scores = new Map<string, number>();
    for (const { t, sign } of terms) for (const [domain, count] of where(t, snapshot)) bump(scores, t.topologyKey, domain, sign * t.weight * count);
    for (const { info, node } of snapshot.withAffinity.values()) {
      const at = snapshot.get(node);
      if (!at?.node) continue;
      const theirs = [...info.preferredAffinity.map(t => ({ t, sign: 1 })), ...info.preferredAntiAffinity.map(t => ({ t, sign: -1 })), ...info.requiredAffinity.map(t => ({ t, sign: 1 }))];
      for (const { t, sign } of theirs) {
        const domain = labelOf(at, t.topologyKey);
        if (domain !== undefined && termMatches(t, pod, snapshot.namespaces)) bump(scores, t.topologyKey, domain, sign * t.weight);
      }
    }
    if (scores.size === 0) return undefined;
    const keys = new Set([...scores.keys()].map(id => id.slice(0, id.indexOf('\0'))));
    return spread(nodes.map(n => [...keys].reduce((sum, key) => sum + (scores.get(`${key}\0${labelOf(n, key) ?? ''}`) ?? 0), 0)));
  },
};

const bump = (scores: Map<string, number>, key: string, domain: string, by: number): void => {
  const id = `${key}\0${domain}`;
  scores.set(id, (scores.get(id) ?? 0) + by);
};
