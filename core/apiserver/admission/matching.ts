// Which requests webhooks and policies see: rules, selectors, versions that stand for one another (upstream:
// apiserver/pkg/admission/plugin/webhook/predicates). Compiled once per stored object, kept as long as its revision stands.
import { GROUP } from '../../api/kinds/admissionregistration/rules.ts';
import { cachedSelectorFrom, type LabelSelectorLike } from '../../api/meta/labels.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { failure, type ApiError } from '../../api/meta/status.ts';
import type { Resource } from '../registry/resource.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { Attributes } from './chain.ts';

export type Env = Pick<RegistryEnv, 'store' | 'find' | 'findKind' | 'sharing' | 'log' | 'clock' | 'authorizer'>;

export interface Rule {
  readonly apiGroups?: readonly string[]; readonly apiVersions?: readonly string[]; readonly operations?: readonly string[]; readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[]; readonly scope?: string;
}
export interface Criteria {
  readonly matchPolicy?: string;
  readonly namespaceSelector?: LabelSelectorLike; readonly objectSelector?: LabelSelectorLike;
  readonly rules?: readonly Rule[]; readonly resourceRules?: readonly Rule[]; readonly excludeResourceRules?: readonly Rule[];
}

/** Kinds that would lock everybody out if a webhook or policy could refuse their change. */
const EXEMPT = new Set(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings']);
export const isExempt = (a: Attributes): boolean => a.resource.spec.group === GROUP && EXEMPT.has(a.resource.spec.plural);

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes('*') || list.includes(value));

function resourceMatches(list: readonly string[] | undefined, plural: string, sub: string): boolean {
  return (list ?? []).some(v => {
    const slash = v.indexOf('/'), resource = slash < 0 ? v : v.slice(0, slash), wanted = slash < 0 ? '' : v.slice(slash + 1);
    return (resource === '*' || resource === plural) && (wanted === '*' || wanted === sub);
  });
}

function scopeMatches(scope: string | undefined, a: Attributes): boolean {
  if (scope === undefined || scope === '*') return true;
  const { group, plural, namespaced } = a.resource.spec;
  // A namespace is cluster-scoped although its requests carry a namespace.
  return (scope === 'Namespaced') === (namespaced && !(group === '' && plural === 'namespaces'));
}

/** Whether a rule names the request, as one on `as`. */
function ruleMatches(r: Rule, a: Attributes, { spec }: Resource): boolean {
  return has(r.operations, a.operation) && has(r.apiGroups, spec.group) && has(r.apiVersions, spec.version) && resourceMatches(r.resources, spec.plural, a.subresource)
    && scopeMatches(r.scope, a) && (!r.resourceNames?.length || r.resourceNames.includes(a.name));
}

/**
 * The resource under whose name the rules take the request: its own, or (matchPolicy Equivalent) another that shows the same stored
 * objects, of another version or group. Undefined when they do not.
 */
function ruled(env: Env, rules: readonly Rule[] | undefined, a: Attributes, equivalent: boolean): Resource | undefined {
  if (rules === undefined) return undefined;
  if (rules.some(r => ruleMatches(r, a, a.resource))) return a.resource;
  const others = equivalent ? env.sharing(a.resource) : [];
  if (others.length < 2) return undefined;
  for (const r of rules) {
    for (const other of others) if (other !== a.resource && (a.subresource === '' || other.spec.subresources.some(s => s.name === a.subresource)) && ruleMatches(r, a, other)) return other;
  }
  return undefined;
}

function labelsOf(o: KubeObject | undefined): Readonly<Record<string, string>> | undefined { return o?.metadata && (o.metadata.labels ?? {}); }

/** The namespace object of a request; undefined for cluster-scoped ones and when it is not there. */
export function namespaceOf(env: Env, a: Attributes): KubeObject | undefined {
  if (a.namespace === '' || isNamespace(a)) return undefined;
  const namespaces = env.find('', 'namespaces'), entry = namespaces && env.store.get(namespaces.key('', a.namespace));
  return entry && namespaces!.objectOf(entry);
}
const isNamespace = (a: Attributes): boolean => a.resource.spec.group === '' && a.resource.spec.plural === 'namespaces';

function namespaceMatches(env: Env, selector: LabelSelectorLike | undefined, a: Attributes): boolean {
  const s = cachedSelectorFrom(selector);
  if (selector === undefined || (!selector.matchLabels && !selector.matchExpressions) || isEmpty(selector)) return true;
  if (isNamespace(a)) {
    const of = a.operation === 'DELETE' || a.operation === 'CONNECT' || a.subresource !== '' ? a.old ?? a.object : a.object;
    return s.matches(of?.metadata?.labels ?? {});
  }
  // What lives in no namespace is not exempted by a selector of namespaces.
  if (a.namespace === '') return true;
  const ns = namespaceOf(env, a);
  if (!ns) throw notFound(a.namespace);
  return s.matches(ns.metadata?.labels ?? {});
}
const notFound = (name: string): ApiError => failure(404, 'NotFound', `namespaces ${JSON.stringify(name)} not found`, { details: { name, kind: 'namespaces' } });
const isEmpty = (s: LabelSelectorLike): boolean => Object.keys(s.matchLabels ?? {}).length === 0 && (s.matchExpressions?.length ?? 0) === 0;

function objectMatches(selector: LabelSelectorLike | undefined, a: Attributes): boolean {
  if (selector === undefined || isEmpty(selector)) return true;
  const s = cachedSelectorFrom(selector);
  return [a.object, a.old].some(o => { const l = labelsOf(o); return l !== undefined && s.matches(l); });
}

/** As a request on which resource a webhook or policy with these criteria sees it; undefined when it does not. Throws 404 for a namespace that is gone. */
export function seenAs(env: Env, c: Criteria, a: Attributes): Resource | undefined {
  const rules = c.rules ?? c.resourceRules, equivalent = c.matchPolicy !== 'Exact';
  const as = rules?.length || c.rules ? ruled(env, rules, a, equivalent) : a.resource;
  if (!as || ruled(env, c.excludeResourceRules, a, equivalent)) return undefined;
  return namespaceMatches(env, c.namespaceSelector, a) && objectMatches(c.objectSelector, a) ? as : undefined;
}

/** The objects of a kind in the order of their names, each with what `make` makes of it, anew when it changed. Until one changes a look costs nothing. */
export class Compiled<T> {
  readonly #env: () => Env;
  readonly #plural: string;
  readonly #make: (object: KubeObject) => T;
  #cached = new Map<string, { revision: number; value: T }>();
  #all: readonly T[] | undefined;
  #watched = false;
  constructor(env: () => Env, plural: string, make: (object: KubeObject) => T) { this.#env = env; this.#plural = plural; this.#make = make; }

  all(): readonly T[] { return this.#all ?? this.#read(); }

  #read(): readonly T[] {
    const { store, find } = this.#env(), r = find(GROUP, this.#plural);
    if (!r) return [];
    if (!this.#watched) {
      this.#watched = true;
      store.watch(r.prefix, store.revision, () => { this.#all = undefined; });
    }
    const next = new Map<string, { revision: number; value: T }>(), out: T[] = [];
    for (const e of store.range({ prefix: r.prefix }).entries) {
      const known = this.#cached.get(e.key), kept = known?.revision === e.revision ? known : { revision: e.revision, value: this.#make(r.objectOf(e)) };
      next.set(e.key, kept);
      out.push(kept.value);
    }
    this.#cached = next;
    return this.#all = out;
  }
}
