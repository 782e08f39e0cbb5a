// The books of one namespace: what each of its quotas allows, what is used, and what writes under way have been promised.
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Quantity } from '../../../api/meta/quantity.ts';
import { plus, quantityOf, type ResourceSums } from '../../../api/meta/resource-list.ts';
import type { ResourceQuota } from '../../../api/types/kubernetes.ts';
import type { Clock, Timer } from '../../../base/clock.ts';
import type { Store, StoreEvent, Watcher } from '../../../store/store.ts';
import type { Resource } from '../../registry/resource.ts';
import { evaluatorOf, resourceOf, type Evaluator, type ScopeRequirement } from './evaluators.ts';

/** One quota with its account. `used` is what is stored, `promised` what writes under way will add. */
export interface Account {
  readonly name: string;
  readonly hard: ResourceSums;
  readonly scopes: readonly ScopeRequirement[];
  readonly used: ResourceSums;
  readonly promised: ResourceSums;
}

/** Amounts promised to one write until it is stored or refused. */
export interface Promised { readonly uid: string; readonly object: KubeObject; readonly evaluator: Evaluator; readonly delta: ResourceSums; open: boolean }

interface Charge { readonly usage: ResourceSums; readonly accounts: readonly Account[] }

const minus = (a: Quantity | undefined, b: Quantity): Quantity => ({ nanos: (a?.nanos ?? 0n) - b.nanos, format: a?.format ?? b.format });

/** Whether a quota concerns an object: it bounds something the object is counted under, and the object is in all its scopes. */
export const concerns = (q: Account, evaluator: Evaluator, object: KubeObject): boolean =>
  [...q.hard.keys()].some(n => evaluator.counts(n)) && q.scopes.every(s => evaluator.inScope?.(s, object) ?? false);

const scopesOf = (q: ResourceQuota): ScopeRequirement[] => [
  ...(q.spec?.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists' })),
  ...(q.spec?.scopeSelector?.matchExpressions ?? []),
];

/** What is used and promised of one resource. */
export function total(q: Account, name: string): Quantity {
  const used = q.used.get(name) ?? { nanos: 0n, format: q.hard.get(name)?.format ?? 'DecimalSI' }, promised = q.promised.get(name);
  return promised ? plus(used, promised) : used;
}

export interface LedgerEnv {
  readonly store: Store;
  readonly clock: Clock;
  find(group: string, plural: string): Resource | undefined;
}

/**
 * Counts by following the store: once over what is there when a quota appears or changes, then event by event. Amounts are those of
 * the newest durable revision, so that nothing stored is ever missing from them.
 */
export class NamespaceLedger {
  readonly #env: LedgerEnv;
  readonly #namespace: string;
  readonly #changed: (q: Account) => void;
  readonly #charges = new Map<string, Charge>();
  readonly #usages = new Map<string, ResourceSums>();
  readonly #promises = new Set<Promised>();
  /** Storage keys of pods that stop counting at a time. */
  readonly #fading = new Map<string, { readonly at: number; again(): void }>();
  #accounts: Account[] = [];
  #followed = new Map<string, Watcher>();
  #timer: Timer | undefined;

  /** `changed` is told of every account whose numbers moved. */
  constructor(env: LedgerEnv, namespace: string, changed: (q: Account) => void) { this.#env = env; this.#namespace = namespace; this.#changed = changed; }

  get accounts(): readonly Account[] { return this.#accounts; }

  /** Opens the books anew for these quotas; promises are carried over. */
  open(quotas: readonly ResourceQuota[]): void {
    this.close();
    this.#accounts = quotas.map(q => ({
      name: q.metadata!.name!, hard: new Map(Object.entries(q.spec?.hard ?? {}).map(([n, v]) => [n, quantityOf(v)])), scopes: scopesOf(q), used: new Map(), promised: new Map(),
    }));
    for (const q of this.#accounts) for (const n of q.hard.keys()) { const r = resourceOf(n); if (r) this.#follow(r.group, r.plural); }
    for (const p of this.#promises) this.#add('promised', p.delta, this.#accounts.filter(q => concerns(q, p.evaluator, p.object)), plus);
    this.#rearm();
  }

  close(): void {
    for (const w of this.#followed.values()) w.close();
    this.#followed.clear();
    this.#charges.clear();
    this.#fading.clear();
    this.#timer?.cancel();
  }

  /** A resource that was not served when the books were opened (of a custom resource) is counted from its first write on. */
  know(resource: Resource): void {
    const { group, plural } = resource.spec;
    if (this.#followed.has(resource.prefix) || !this.#accounts.some(q => [...q.hard.keys()].some(n => { const r = resourceOf(n); return r?.group === group && r.plural === plural; }))) return;
    this.#follow(group, plural);
  }

  /** Takes `delta` from all accounts that concern the object, until `end`. */
  promise(uid: string, object: KubeObject, evaluator: Evaluator, delta: ResourceSums, accounts: readonly Account[]): Promised {
    const p: Promised = { uid, object, evaluator, delta, open: true };
    this.#promises.add(p);
    this.#add('promised', delta, accounts, plus);
    return p;
  }

  /** The write has ended: what was stored is counted by now. */
  end(p: Promised): void {
    if (!p.open) return;
    p.open = false;
    this.#promises.delete(p);
    const accounts = this.#accounts.filter(q => concerns(q, p.evaluator, p.object));
    this.#add('promised', p.delta, accounts, minus);
    for (const q of accounts) this.#changed(q);
  }

  #add(which: 'used' | 'promised', sums: ResourceSums, accounts: readonly Account[], f: (a: Quantity | undefined, b: Quantity) => Quantity): void {
    for (const q of accounts) for (const [n, v] of sums) if (q.hard.has(n)) q[which].set(n, f(q[which].get(n), v));
  }

  #follow(group: string, plural: string): void {
    const resource = this.#env.find(group, plural), evaluator = evaluatorOf(group, plural);
    if (!resource?.spec.namespaced || !evaluator || this.#followed.has(resource.prefix)) return;
    const prefix = resource.range(this.#namespace), { store } = this.#env;
    for (const e of store.range({ prefix }).entries) this.#charge(e.key, resource.stateOf(e), evaluator);
    this.#followed.set(resource.prefix, store.watch(prefix, store.revision, events => { for (const e of events) this.#apply(e, resource, evaluator); }));
  }

  #apply(e: StoreEvent, resource: Resource, evaluator: Evaluator): void {
    const before = this.#charges.get(e.entry.key);
    const object = e.type === 'PUT' ? resource.stateOf(e.entry) : undefined;
    const after = this.#charge(e.entry.key, object, evaluator);
    // What was promised to a new object is now its own.
    if (object && !before) for (const p of this.#promises) if (p.uid === object.metadata!.uid) this.end(p);
    if (before === after) return;
    for (const q of new Set([...(before?.accounts ?? []), ...(after?.accounts ?? [])])) this.#changed(q);
  }

  /** Books what an object costs now, in place of what it cost before; the same Charge when that is the same. */
  #charge(key: string, object: KubeObject | undefined, evaluator: Evaluator): Charge | undefined {
    const before = this.#charges.get(key);
    let after: Charge | undefined;
    if (object) {
      const usage = this.#same(evaluator.usage(object, this.#env.clock.now())), accounts = this.#accounts.filter(q => concerns(q, evaluator, object));
      after = before && before.usage === usage && before.accounts.length === accounts.length && accounts.every((q, i) => q === before.accounts[i]) ? before : { usage, accounts };
      this.#fade(key, object, evaluator);
    } else this.#fading.delete(key);
    if (before === after) return after;
    if (before) this.#add('used', before.usage, before.accounts, minus);
    if (after) { this.#add('used', after.usage, after.accounts, plus); this.#charges.set(key, after); } else this.#charges.delete(key);
    return after;
  }

  /** Pods of one template cost the same: one Map for all of them. */
  #same(usage: ResourceSums): ResourceSums {
    let key = '';
    for (const [n, q] of usage) key += `${n}=${q.nanos}${q.format};`;
    const found = this.#usages.get(key);
    if (found) return found;
    if (this.#usages.size > 1_000) this.#usages.clear();
    this.#usages.set(key, usage);
    return usage;
  }

  #fade(key: string, object: KubeObject, evaluator: Evaluator): void {
    const at = evaluator.changesAt?.(object);
    if (at === undefined || at < this.#env.clock.now()) { this.#fading.delete(key); return; }
    this.#fading.set(key, {
      at, again: () => {
        const before = this.#charges.get(key), after = this.#charge(key, object, evaluator);
        if (before !== after) for (const q of after?.accounts ?? []) this.#changed(q);
      },
    });
    this.#rearm();
  }

  #rearm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#fading.size === 0) return;
    const next = Math.min(...[...this.#fading.values()].map(f => f.at));
    this.#timer = this.#env.clock.after(Math.max(0, next - this.#env.clock.now()) + 1, () => {
      const now = this.#env.clock.now();
      for (const [key, f] of this.#fading) if (f.at < now) { this.#fading.delete(key); f.again(); }
      this.#rearm();
    });
  }
}
