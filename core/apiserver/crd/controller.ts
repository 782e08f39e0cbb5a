// Looks after definitions: accepts their names, establishes them, and takes their objects away before it lets a deleted one go. It
// belongs to the server, as upstream, and writes through the server's own chain.
import { CLEANUP, customResourceDefinition, withCondition } from '../../api/kinds/apiextensions/custom-resource-definition.ts';
import type { KindSpec } from '../../api/kinds/kind.ts';
import { kindFromCrd } from '../../api/kinds/from-crd.ts';
import { equal } from '../../api/meta/clone.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import type { Timer } from '../../base/clock.ts';
import type { Watcher } from '../../store/store.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import type { Resource } from '../registry/resource.ts';
import { wantedStatus } from './names.ts';
import { isBuiltIn } from './served.ts';

const RETRY_MS = 1000;

export interface DefinitionController { stop(): void }

/** Starts to look after the definitions stored under `definitions`; `client` writes. Objects of `builtIn` kinds are nobody's to take away. */
export function startDefinitionController(env: RegistryEnv, definitions: Resource, builtIn: readonly KindSpec[], client: Client): DefinitionController {
  const waiting = new Set<string>();
  const remaining = new Map<string, Watcher>();
  let stopped = false, running = false, timer: Timer | undefined;

  const get = (name: string): CustomResourceDefinition | undefined => {
    const entry = env.store.get(definitions.key('', name));
    return entry && definitions.objectOf(entry) as CustomResourceDefinition;
  };
  const all = (): CustomResourceDefinition[] => env.store.range({ prefix: definitions.prefix }).entries.map(e => definitions.objectOf(e) as CustomResourceDefinition);
  const add = (...names: string[]): void => {
    for (const n of names) waiting.add(n);
    if (!running && !stopped && waiting.size > 0) void work();
  };
  const work = async (): Promise<void> => {
    running = true;
    for (const name of waiting) {
      if (stopped) break;
      waiting.delete(name);
      try { await reconcile(name); } catch (error) {
        if (isNotFound(error)) continue;
        if (!isConflict(error)) env.log.warn('a definition could not be looked after', { definition: name, error });
        timer = env.clock.after(RETRY_MS, () => add(name));
      }
    }
    running = false;
  };

  const reconcile = async (name: string): Promise<void> => {
    const crd = get(name);
    if (!crd) { remaining.get(name)?.close(); remaining.delete(name); return; }
    if (crd.metadata!.deletionTimestamp === undefined) {
      const status = wantedStatus(crd, all(), timestamp(env.clock.now()));
      if (!equal(status, crd.status)) await client.updateStatus(customResourceDefinition, { ...crd, status });
      return;
    }
    if (!crd.metadata!.finalizers?.includes(CLEANUP)) return;
    const say = async (c: Omit<CustomResourceDefinitionCondition, 'type' | 'lastTransitionTime'>): Promise<CustomResourceDefinition> => {
      const status = withCondition(crd.status, { type: 'Terminating', lastTransitionTime: timestamp(env.clock.now()), ...c });
      return equal(status, crd.status) ? crd : client.updateStatus(customResourceDefinition, { ...crd, status });
    };
    const prefix = `/registry/${crd.spec.group}/${crd.spec.names.plural}/`;
    if (!isBuiltIn(builtIn, crd) && env.store.count(prefix) > 0 && crd.status?.conditions?.some(c => c.type === 'Established' && c.status === 'True')) {
      const now = await say({ status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' });
      await removeObjects(now, prefix);
      if (env.store.count(prefix) > 0) {
        // Finalizers of their own hold some; the last one's end is noticed here.
        if (!remaining.has(name)) remaining.set(name, env.store.watch(prefix, env.store.revision, () => { if (env.store.count(prefix) === 0) add(name); }));
        if (env.store.count(prefix) > 0) return;
      }
      add(name);
      return;
    }
    remaining.get(name)?.close();
    remaining.delete(name);
    const done = await say({ status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' });
    await client.update(customResourceDefinition, { ...done, metadata: { ...done.metadata, finalizers: (done.metadata!.finalizers ?? []).filter(f => f !== CLEANUP) } });
  };

  const removeObjects = async (crd: CustomResourceDefinition, prefix: string): Promise<void> => {
    const version = crd.spec.versions.find(v => v.served && v.storage) ?? crd.spec.versions.find(v => v.served);
    if (!version) {
      // Objects nobody can address any more go as they are.
      const { entries } = env.store.range({ prefix });
      await env.store.txn(entries.map(e => ({ type: 'delete', key: e.key, expect: e.revision })));
      return;
    }
    const kind = kindFromCrd(crd, version);
    const namespaces = kind.namespaced ? new Set(env.store.range({ prefix }).entries.map(e => e.key.slice(prefix.length).split('/')[0]!)) : new Set([undefined]);
    for (const namespace of namespaces) await client.deleteCollection(kind, namespace);
  };

  const watcher = env.store.watch(definitions.prefix, env.store.revision, events => {
    for (const e of events) {
      const crd = definitions.objectOf(e.entry) as CustomResourceDefinition;
      add(crd.metadata!.name!);
      // A name that became free may be what another waits for.
      if (e.type === 'DELETE') add(...all().filter(c => c.spec.group === crd.spec.group).map(c => c.metadata!.name!));
      else if (e.prev && !equal((definitions.objectOf(e.prev) as CustomResourceDefinition).status?.acceptedNames, crd.status?.acceptedNames)) {
        add(...all().filter(c => c.spec.group === crd.spec.group && c.status?.conditions?.some(x => x.type === 'NamesAccepted' && x.status === 'False')).map(c => c.metadata!.name!));
      }
    }
  });
  add(...all().map(c => c.metadata!.name!));
  return {
    stop() {
      stopped = true;
      watcher.close();
      timer?.cancel();
      for (const w of remaining.values()) w.close();
    },
  };
}
