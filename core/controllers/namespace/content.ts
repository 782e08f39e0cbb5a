// Emptying a namespace: every namespaced resource is deleted, and what remains is counted.
import type { KubeObject, ResourceType } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';

export interface Remains {
  /** `pods.` or `deployments.apps` -> how many are left. */
  readonly resources: ReadonlyMap<string, number>;
  /** Finalizer -> on how many of what is left. */
  readonly finalizers: ReadonlyMap<string, number>;
  readonly errors: readonly string[];
  /** The longest grace still running, in milliseconds. */
  readonly grace: number;
}

/** Deletes all it can of `resources` in `namespace` and says what is left. Never rejects: failures are among the answers. */
export async function deleteContent(client: Client, namespace: string, resources: readonly ResourceType[]): Promise<Remains> {
  const left = new Map<string, number>();
  const finalizers = new Map<string, number>();
  const errors: string[] = [];
  let grace = 0;
  await Promise.all(resources.filter(r => r.namespaced).map(async r => {
    try {
      // Most kinds have nothing here: asking first is cheaper than deleting nothing.
      if ((await client.list(r, { namespace, limit: 1 })).items.length === 0) return;
      await client.deleteCollection(r, namespace);
      const { items } = await client.list<KubeObject>(r, { namespace });
      if (items.length === 0) return;
      left.set(`${r.plural}.${r.group}`, items.length);
      for (const o of items) {
        for (const f of o.metadata?.finalizers ?? []) finalizers.set(f, (finalizers.get(f) ?? 0) + 1);
        if (r.group === '' && r.plural === 'pods') grace = Math.max(grace, ((o as Pod).metadata?.deletionGracePeriodSeconds ?? 0) * 1000);
      }
    } catch (error) {
      // A resource that went away meanwhile (a custom one) has no content.
      if (error instanceof ApiError && (error.code === 404 || error.code === 405)) return;
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }));
  return { resources: left, finalizers, errors, grace };
}
