// Counts that are kept while pods come and go, so that nobody has to walk pods to place one: where pods of a kind are (a Tally), and
// where pods are that say something about others (Holders).
import { Selected } from '../base/selected.ts';
import type { NodeInfo } from './node-info.ts';
import { termMatches, type NamespaceLabels, type PodInfo, type Term } from './pod-info.ts';

function bump(map: Map<string, number>, id: string, by: number): void {
  const next = (map.get(id) ?? 0) + by;
  if (next === 0) map.delete(id); else map.set(id, next);
}

/** How many pods of a kind are on each node and, for the labels asked for, in each of the label's values. */
export class Tally {
  readonly #matches: (p: PodInfo) => boolean;
  readonly #perNode = new Map<NodeInfo, number>();
  readonly #domains = new Map<string, Map<string, number>>();
  constructor(matches: (p: PodInfo) => boolean) { this.#matches = matches; }

  on(node: NodeInfo): number { return this.#perNode.get(node) ?? 0; }
  /** Value of the label -> pods on nodes that have it; kept up to date from here on. Values without pods are not in it. */
  domains(label: string): ReadonlyMap<string, number> {
    let found = this.#domains.get(label);
    if (!found) {
      this.#domains.set(label, found = new Map());
      for (const [node, n] of this.#perNode) { const value = node.labels[label]; if (value !== undefined) bump(found, value, n); }
    }
    return found;
  }
  count(p: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    if (!this.#matches(p)) return;
    const next = (this.#perNode.get(node) ?? 0) + sign;
    if (next === 0) this.#perNode.delete(node); else this.#perNode.set(node, next);
    for (const [label, values] of this.#domains) { const value = node.labels[label]; if (value !== undefined) bump(values, value, sign); }
  }
}

/** A term some placed pods share, and in which values of its topology label they are. */
export interface Holder { readonly term: Term; readonly domains: Map<string, number>; pods: number }

/** Placed pods' own terms of one sort, equal ones together. */
export class Holders {
  readonly #weighted: boolean;
  readonly #found = new Selected<Holder>();
  readonly #all = new Map<string, Holder>();
  /** `weighted`: domains sum the terms' weights, not the pods. */
  constructor(weighted = false) { this.#weighted = weighted; }

  count(t: Term, node: NodeInfo, sign: 1 | -1): void {
    const id = this.#weighted ? `${t.weight < 0 ? '-' : ''}${t.id}` : t.id;
    let h = this.#all.get(id);
    if (!h) {
      this.#all.set(id, h = { term: t, domains: new Map(), pods: 0 });
      this.#found.add(h, namespacesOf(t), t.selector);
    }
    h.pods += sign;
    const value = node.labels[t.topologyKey];
    if (value !== undefined) bump(h.domains, value, sign * (this.#weighted ? t.weight : 1));
    if (h.pods > 0) return;
    this.#all.delete(id);
    this.#found.delete(h, namespacesOf(h.term), h.term.selector);
  }
  /** Those whose term matches the pod. */
  *about(p: PodInfo, namespaces: NamespaceLabels): Generator<Holder> {
    for (const h of this.#found.about(p)) if (termMatches(h.term, p, namespaces)) yield h;
  }
}

const namespacesOf = (t: Term): ReadonlySet<string> | undefined => (t.namespaceSelector.nothing ? t.namespaces : undefined);
