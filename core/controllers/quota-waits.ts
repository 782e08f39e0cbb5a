// Whom a quota refused tries again later and later, up to a quarter of an hour. When there is room again, nobody need wait so long:
// a quota that is raised, freed or deleted wakes those of its namespace that it refused.
import { resourceQuota as quotaKind } from '../api/kinds/core/resource-quota.ts';
import { splitKey } from '../api/meta/object.ts';
import { compareQuantity } from '../api/meta/quantity.ts';
import type { ResourceQuota } from '../api/types/kubernetes.ts';
import type { InformerFactory } from '../client/informer.ts';

/** What is to be done when there is room: the key is tried at once and its back-off starts anew. */
type Wake = () => void;

/** Who was refused by a quota, by namespace. */
export class QuotaWaits {
  readonly #refused = new Map<string, Map<string, Wake>>();

  constructor(informers: InformerFactory) {
    informers.for<ResourceQuota>(quotaKind).on({
      update: (quota, prev) => { if (this.#refused.size > 0 && hasMoreRoom(quota, prev)) this.#wake(quota); },
      delete: quota => this.#wake(quota),
    });
  }

  /** Takes note of a failure of the key of a controller, where it is a quota's refusal. */
  note(controller: string, key: string, error: unknown, wake: Wake): void {
    if (!isRefusal(error)) return;
    const { namespace } = splitKey(key), id = `${controller} ${key}`;
    const waiting = this.#refused.get(namespace);
    if (waiting) waiting.set(id, wake); else this.#refused.set(namespace, new Map([[id, wake]]));
  }

  #wake(quota: ResourceQuota): void {
    const namespace = quota.metadata?.namespace ?? '', waiting = this.#refused.get(namespace);
    this.#refused.delete(namespace);
    for (const wake of waiting?.values() ?? []) wake();
  }
}

/** Others' errors may tell of the server's in their text alone. */
const isRefusal = (error: unknown): boolean => error instanceof Error && error.message.includes('exceeded quota: ');

/** More is allowed, or less used, than before. */
function hasMoreRoom(quota: ResourceQuota, prev: ResourceQuota): boolean {
  const hard = quota.status?.hard ?? {}, used = quota.status?.used ?? {}, before = prev.status;
  return Object.entries(before?.hard ?? {}).some(([name, limit]) => hard[name] === undefined || compareQuantity(hard[name], limit) > 0)
    || Object.entries(before?.used ?? {}).some(([name, n]) => used[name] !== undefined && compareQuantity(used[name], n) < 0);
}
