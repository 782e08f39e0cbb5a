// APIService objects for the groups and versions this server serves itself: made when they come, removed when they go.
import { apiService } from '../../api/kinds/apiregistration/api-service.ts';
import type { KindSpec } from '../../api/kinds/kind.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import type { APIService } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { priorityOf } from '../discovery/priorities.ts';

/** Upstream's marks: kept as long as the server runs, or made at start only. */
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged';

/** Brings the Local APIServices in line with `kinds`. Objects of others, and those that lead to a service, are left alone. */
export async function registerLocal(client: Client, kinds: readonly KindSpec[]): Promise<void> {
  const wanted = new Map<string, APIService>();
  for (const { group, version } of kinds) {
    const p = priorityOf(group, version), name = `${version}.${group}`;
    wanted.set(name, {
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name, labels: { [MANAGED]: p.custom ? 'true' : 'onstart' } },
      spec: { ...(group ? { group } : {}), version, groupPriorityMinimum: p.group, versionPriority: p.version },
    });
  }
  const { items } = await client.list<APIService>(apiService);
  const have = new Map(items.map(a => [a.metadata!.name!, a]));
  await Promise.all([
    ...[...wanted].filter(([name]) => !have.has(name)).map(([, object]) => client.create(apiService, object).catch(unless(isAlreadyExists))),
    ...items.filter(a => a.metadata!.labels?.[MANAGED] && !wanted.has(a.metadata!.name!)).map(a => client.delete(apiService, undefined, a.metadata!.name!).catch(unless(isNotFound))),
    ...items.flatMap(a => {
      const w = wanted.get(a.metadata!.name!);
      if (!w || !a.metadata!.labels?.[MANAGED] || a.spec?.service || (a.spec?.groupPriorityMinimum === w.spec!.groupPriorityMinimum && a.spec.versionPriority === w.spec!.versionPriority)) return [];
      return [client.update(apiService, { ...a, spec: w.spec! }).catch(unless(e => isConflict(e) || isNotFound(e)))];
    }),
  ]);
}

const unless = (expected: (e: unknown) => boolean) => (e: unknown): void => { if (!expected(e)) throw e; };

/** Registers anew whenever a definition of custom resources has changed what is served; `close` ends it. */
export function keepLocal(env: RegistryEnv, client: Client, kinds: () => readonly KindSpec[]): { close(): void } {
  const definitions = env.find('apiextensions.k8s.io', 'customresourcedefinitions');
  if (!definitions) return { close: () => undefined };
  let registered = kinds(), running = false, closed = false;
  const pass = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      while (!closed && registered !== kinds()) {
        registered = kinds();
        await registerLocal(client, registered);
      }
    } catch (error) { env.log.warn('groups could not be registered', { error }); } finally { running = false; }
  };
  // Who serves the kinds watches the definitions as well, and may hear of this event after us.
  const watcher = env.store.watch(definitions.prefix, env.store.revision, () => setImmediate(() => { void pass(); }));
  return { close: () => { closed = true; watcher.close(); } };
}
