// What may be taken only where a quota bounds it: `limitedResources` of kube-apiserver's ResourceQuotaConfiguration. Without a quota that
// covers it, as much of it is allowed as of a quota of nothing.
import type { KubeObject } from '../../../api/meta/object.ts';
import type { ResourceSums } from '../../../api/meta/resource-list.ts';
import { concerns, type Account } from './namespace-ledger.ts';
import { countedNames, type Evaluator, type ScopeRequirement } from './evaluators.ts';

/** One entry of `limitedResources`. */
export interface LimitedResource {
  readonly apiGroup?: string;
  readonly resource: string;
  /** Parts of names of amounts, such as `requests.storage`. */
  readonly matchContains?: readonly string[];
  readonly matchScopes?: readonly ScopeRequirement[];
}

/** Why an object may not be taken: `forbidden` where names are not covered, a plain error where scopes are not, as Kubernetes has it. */
export interface Uncovered { readonly message: string; readonly forbidden: boolean }

/** As Go prints the list. */
const shown = (scopes: readonly ScopeRequirement[]): string => `[${scopes.map(s => `{${s.scopeName} ${s.operator} [${s.values?.join(' ') ?? ''}]}`).join(' ')}]`;

/** What of an object no quota of its namespace covers though one must; undefined when there is nothing. `usage` is what it costs. */
export function uncovered(limited: readonly LimitedResource[], r: { group: string; plural: string }, evaluator: Evaluator, object: KubeObject, usage: ResourceSums, quotas: readonly Account[]): Uncovered | undefined {
  const matching = (all: readonly ScopeRequirement[] | undefined): ScopeRequirement[] => (all ?? []).filter(s => evaluator.inScope?.(s, object));
  const parts = limited.filter(l => (l.apiGroup ?? '') === r.group && l.resource === r.plural).flatMap(l => l.matchContains ?? []);
  const bounded = new Set(quotas.filter(q => concerns(q, evaluator, object)).flatMap(q => countedNames(evaluator, q.hard.keys())));
  const names = [...usage].filter(([n, v]) => v.nanos > 0n && parts.some(p => n.includes(p)) && !bounded.has(n)).map(([n]) => n).sort();
  if (names.length > 0) return { forbidden: true, message: `insufficient quota to consume: ${names.join(',')}` };
  const covered = new Set(quotas.flatMap(q => matching(q.scopes)).map(s => s.scopeName));
  const scopes = limited.flatMap(l => matching(l.matchScopes)).filter(s => !covered.has(s.scopeName));
  return scopes.length > 0 ? { forbidden: false, message: `insufficient quota to match these scopes: ${shown(scopes)}` } : undefined;
}
