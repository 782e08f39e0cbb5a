// ResourceQuota: refuses writes that would exceed a quota of their namespace, and keeps the quotas' status (contract 12.3).
// Kubernetes splits this between admission and a controller that counts from caches; here one ledger beside the store does both, so
// that no two writes can be granted what is there only once, and what is given back is free at once.
import { clone } from '../../../api/meta/clone.ts';
import { semanticEqual } from '../../../api/meta/equal.ts';
import { formatQuantity, type Quantity } from '../../../api/meta/quantity.ts';
import type { ResourceSums } from '../../../api/meta/resource-list.ts';
import { failure, forbiddenError, isNotFound } from '../../../api/meta/status.ts';
import type { ResourceQuota } from '../../../api/types/kubernetes.ts';
import type { Timer } from '../../../base/clock.ts';
import type { Log } from '../../../base/log.ts';
import type { Watcher } from '../../../store/store.ts';
import type { Resource } from '../../registry/resource.ts';
import type { AdmissionPlugin, Attributes } from '../chain.ts';
import { countedNames, evaluatorOf, resourceOf } from './evaluators.ts';
import { uncovered, type LimitedResource } from './limited.ts';
import { concerns, NamespaceLedger, total, type Account, type LedgerEnv } from './namespace-ledger.ts';

export interface QuotaEnv extends LedgerEnv {
  readonly log: Log;
  /** Changes a quota's status through the chain; rejects with 404 when it is gone. */
  writeStatus(namespace: string, name: string, produce: (q: ResourceQuota) => ResourceQuota): Promise<unknown>;
}

/** How often every status is put right though nothing changed, as Kubernetes' controller does. */
const RESYNC_MS = 5 * 60_000;

/** `cpu=1,memory=64Mi`, sorted by name. */
const shown = (names: readonly string[], of: (name: string) => Quantity | undefined): string =>
  [...names].sort().map(n => `${n}=${formatQuantity(of(n) ?? { nanos: 0n, format: 'DecimalSI' })}`).join(',');

interface Writing { running?: Promise<void>; waiting?: Promise<void> }

/** The plug-in, and what keeps the books. */
export class ResourceQuotas implements AdmissionPlugin {
  readonly name = 'ResourceQuota';
  readonly #env: () => QuotaEnv;
  readonly #namespaces = new Map<string, NamespaceLedger>();
  readonly #writing = new Map<string, Writing>();
  #watcher: Watcher | undefined;
  #resync: Timer | undefined;

  readonly #limited: readonly LimitedResource[];

  /** `limited` may be taken only where a quota covers it. */
  constructor(env: () => QuotaEnv, limited: readonly LimitedResource[] = []) { this.#env = env; this.#limited = limited; }

  /** Reads the quotas there are and follows them. */
  start(): void {
    const { store, find, log } = this.#env(), quotas = find('', 'resourcequotas');
    if (!quotas) return;
    for (const ns of new Set(store.range({ prefix: quotas.prefix }).entries.map(e => quotas.stateOf(e).metadata!.namespace!))) this.#reopen(ns, quotas);
    this.#watcher = store.watch(quotas.prefix, store.revision, events => {
      const moved = new Set<string>();
      for (const e of events) {
        const q = quotas.stateOf(e.entry) as ResourceQuota, prev = e.prev && (quotas.stateOf(e.prev) as ResourceQuota);
        if (e.type === 'DELETE' || !prev || !semanticEqual(q.spec, prev.spec)) moved.add(q.metadata!.namespace!);
      }
      for (const ns of moved) try { this.#reopen(ns, quotas); } catch (error) { log.error('quotas could not be counted', { namespace: ns, error }); }
    });
  }

  stop(): void {
    this.#watcher?.close();
    this.#resync?.cancel();
    for (const ledger of this.#namespaces.values()) ledger.close();
    this.#namespaces.clear();
  }

  validate(a: Attributes): void | Promise<void> {
    const ledger = this.#namespaces.get(a.namespace);
    if ((ledger === undefined && this.#limited.length === 0) || a.namespace === '') return undefined;
    const { spec } = a.resource, evaluator = evaluatorOf(spec.group, spec.plural);
    if (!evaluator?.handles(a.operation, a.subresource)) return undefined;
    ledger?.know(a.resource);
    const object = a.object!, refuse = (why: string): Error => forbiddenError(spec, a.name, why);
    const concerned: Account[] = [];
    for (const q of ledger?.accounts ?? []) {
      if (!concerns(q, evaluator, object)) continue;
      const unsaid = evaluator.unsaid?.(countedNames(evaluator, q.hard.keys()), object);
      if (unsaid !== undefined) throw refuse(`failed quota: ${q.name}: ${unsaid}`);
      concerned.push(q);
    }
    if (concerned.length === 0 && this.#limited.length === 0) return undefined;
    const now = this.#env().clock.now(), usage = evaluator.usage(object, now);
    const delta: ResourceSums = new Map(), before = a.operation === 'UPDATE' && a.old ? evaluator.usage(a.old, now) : undefined;
    for (const [n, v] of usage) {
      const more = v.nanos - (before?.get(n)?.nanos ?? 0n);
      if (more > 0n) delta.set(n, { nanos: more, format: v.format });
    }
    const open = this.#limited.length > 0 && delta.size > 0 ? uncovered(this.#limited, spec, evaluator, object, usage, ledger?.accounts ?? []) : undefined;
    if (open) throw open.forbidden ? refuse(open.message) : failure(500, '', open.message);
    if (ledger === undefined) return undefined;
    for (const q of concerned) {
      const exceeded = [...delta].filter(([n, v]) => q.hard.has(n) && total(q, n).nanos + v.nanos > q.hard.get(n)!.nanos).map(([n]) => n);
      if (exceeded.length > 0) throw refuse(`exceeded quota: ${q.name}, requested: ${shown(exceeded, n => delta.get(n))}, used: ${shown(exceeded, n => total(q, n))}, limited: ${shown(exceeded, n => q.hard.get(n))}`);
    }
    const charged = concerned.filter(q => [...delta.keys()].some(n => q.hard.has(n)));
    if (a.dryRun || charged.length === 0) return undefined;
    const promise = ledger.promise(object.metadata!.uid!, object, evaluator, delta, charged);
    a.ended.push(() => ledger.end(promise));
    // Who reads the quota after the write has been answered sees it charged.
    return Promise.all(charged.map(q => this.#publish(a.namespace, q))).then(() => undefined);
  }

  #reopen(namespace: string, quotas: Resource): void {
    const found = this.#env().store.range({ prefix: quotas.range(namespace) }).entries.map(e => quotas.stateOf(e) as ResourceQuota);
    let ledger = this.#namespaces.get(namespace);
    if (found.length === 0) {
      ledger?.close();
      this.#namespaces.delete(namespace);
      if (this.#namespaces.size === 0) { this.#resync?.cancel(); this.#resync = undefined; }
      return;
    }
    if (!ledger) this.#namespaces.set(namespace, ledger = new NamespaceLedger(this.#env(), namespace, q => { this.#inBackground(namespace, q); }));
    ledger.open(found);
    for (const q of ledger.accounts) this.#inBackground(namespace, q);
    this.#resync ??= this.#later();
  }

  #later(): Timer {
    return this.#env().clock.after(RESYNC_MS, () => {
      for (const [ns, ledger] of this.#namespaces) for (const q of ledger.accounts) this.#inBackground(ns, q);
      this.#resync = this.#namespaces.size > 0 ? this.#later() : undefined;
    });
  }

  #inBackground(namespace: string, q: Account): void {
    this.#publish(namespace, q).catch((error: unknown) => this.#env().log.warn('the status of a quota could not be written', { namespace, quota: q.name, error }));
  }

  /** Writes the status as it is when its turn comes; those who ask meanwhile share the next write. */
  #publish(namespace: string, q: Account): Promise<void> {
    const key = `${namespace}/${q.name}`;
    let w = this.#writing.get(key);
    if (!w) this.#writing.set(key, w = {});
    if (w.waiting) return w.waiting;
    const writing = w, before = w.running;
    const write = async (): Promise<void> => {
      try { await before; } catch { /* was said to those who waited for it */ }
      writing.running = writing.waiting;
      delete writing.waiting;
      try { await this.#write(namespace, q.name); } finally { if (!writing.waiting && this.#writing.get(key) === writing) this.#writing.delete(key); }
    };
    return w.waiting = write();
  }

  async #write(namespace: string, name: string): Promise<void> {
    const account = (): Account | undefined => this.#namespaces.get(namespace)?.accounts.find(q => q.name === name);
    if (!account()) return;
    try {
      await this.#env().writeStatus(namespace, name, prev => {
        const q = account(), next = clone(prev), hard = prev.spec?.hard ?? {};
        // Of a name that nothing is counted under there is no use.
        if (q) next.status = { hard: { ...hard }, used: Object.fromEntries(Object.keys(hard).filter(n => resourceOf(n) !== undefined).sort().map(n => [n, formatQuantity(total(q, n))])) };
        return next;
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
