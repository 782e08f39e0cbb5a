// Emptying a namespace: every namespaced resource is deleted, and what remains is counted.
import type { KubeObject, ResourceType } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { Client } from '../../client/client.ts';

export interface Remains {
  /** `pods.` or `deployments.apps` -> how many are left. */
  readonly resources: ReadonlyMap<string, number>;
  /** Finalizer -> on how many of what is left. */
  readonly finalizers: ReadonlyMap<string, number>;
  readonly errors: readonly string[];
}

const isPods = (r: ResourceType): boolean => r.group === '' && r.plural === 'pods';
/** A resource that went away meanwhile (a custom one), or never could be asked so, has no content to tell of. */
const beyondReach = (error: unknown): boolean => error instanceof ApiError && (error.code === 404 || error.code === 405);

/**
 * Deletes all it can of `resources` in `namespace` and says what is left. Pods go first: while one is left nothing else is touched,
 * so that what protects them (network policies, secrets' access) outlives them. Never rejects: failures are among the answers.
 */
export async function deleteContent(client: Client, namespace: string, resources: readonly ResourceType[]): Promise<Remains> {
  const left = new Map<string, number>(), finalizers = new Map<string, number>(), errors: string[] = [];
  const empty = async (r: ResourceType): Promise<void> => {
    try {
      // Most kinds have nothing here: asking first is cheaper than deleting nothing.
      if ((await client.list(r, { namespace, limit: 1 })).items.length === 0) return;
      await deleteAll(client, r, namespace);
      const { items } = await client.list<KubeObject>(r, { namespace });
      if (items.length === 0) return;
      left.set(`${r.plural}.${r.group}`, items.length);
      for (const f of items.flatMap(o => o.metadata?.finalizers ?? [])) finalizers.set(f, (finalizers.get(f) ?? 0) + 1);
    } catch (error) {
      if (!beyondReach(error)) errors.push(error instanceof Error ? error.message : String(error));
    }
  };
  const here = resources.filter(r => r.namespaced);
  await Promise.all(here.filter(isPods).map(empty));
  if (left.size === 0 && errors.length === 0) await Promise.all(here.filter(r => !isPods(r)).map(empty));
  return { resources: left, finalizers, errors: errors.sort() };
}

/** The collection at once or, where a server cannot, one by one. In the background: the namespace is to be empty, nothing in it is to be kept. */
async function deleteAll(client: Client, r: ResourceType, namespace: string): Promise<void> {
  try { await client.deleteCollection(r, namespace, {}, { propagationPolicy: 'Background' }); return; } catch (error) { if (!beyondReach(error)) throw error; }
  const { items } = await client.list<KubeObject>(r, { namespace });
  await Promise.all(items.map(async o => {
    try { await client.delete(r, namespace, o.metadata?.name ?? '', { propagationPolicy: 'Background' }); } catch (error) { if (!beyondReach(error)) throw error; }
  }));
}
