// Ends namespaces: deletes what is in them, says in conditions what still holds them, and lets them go when they are empty.
import { namespace as namespaceKind } from '../../api/kinds/core/namespace.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Namespace, NamespaceCondition, Pod } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { deleteContent, type Remains } from './content.ts';

const FINALIZER = 'kubernetes';
/** What remains may be gone at any moment without this controller watching it. */
const LOOK_AGAIN = 1_000;

const counted = (m: ReadonlyMap<string, number>, word: (name: string, n: number) => string): string => [...m].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, n]) => word(k, n)).join(', ');

/** The five conditions Kubernetes shows on a namespace that is going. */
function conditions(old: readonly NamespaceCondition[], r: Remains, now: string): NamespaceCondition[] {
  const say = (type: string, bad: boolean, badWord: [string, string], goodWord: [string, string]): NamespaceCondition => {
    const [reason, message] = bad ? badWord : goodWord;
    const status = bad ? 'True' : 'False';
    const was = old.find(c => c.type === type);
    return { type, status, reason, message, lastTransitionTime: was?.status === status && was.lastTransitionTime ? was.lastTransitionTime : now };
  };
  return [
    say('NamespaceDeletionDiscoveryFailure', false, ['', ''], ['ResourcesDiscovered', 'All resources successfully discovered']),
    say('NamespaceDeletionGroupVersionParsingFailure', false, ['', ''], ['ParsedGroupVersions', 'All legacy kube types successfully parsed']),
    say('NamespaceDeletionContentFailure', r.errors.length > 0, ['ContentDeletionFailed', `Failed to delete all resource types, ${r.errors.length} remaining: ${r.errors.join(', ')}`],
      ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization']),
    say('NamespaceContentRemaining', r.resources.size > 0, ['SomeResourcesRemain', `Some resources are remaining: ${counted(r.resources, (k, n) => `${k} has ${n} resource instances`)}`],
      ['ContentRemoved', 'All content successfully removed']),
    say('NamespaceFinalizersRemaining', r.finalizers.size > 0, ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${counted(r.finalizers, (k, n) => `${k} in ${n} resource instances`)}`],
      ['ContentHasNoFinalizers', 'All content-preserving finalizers finished']),
  ];
}

export const namespaceController: Controller = {
  name: 'namespace-controller', alias: 'namespace', workers: 10,
  start(ctx, keys) {
    const namespaces = ctx.informers.for<Namespace>(namespaceKind);
    const pods = ctx.informers.for<Pod>(podKind);
    const wake = (ns: Namespace): void => { if (ns.metadata?.deletionTimestamp !== undefined) keys.add(ns.metadata.name ?? ''); };
    namespaces.on({ add: wake, update: wake });
    // Pods are what a namespace usually waits for; without this the last one's end would be noticed a second late.
    pods.on({ delete: p => { const ns = namespaces.lister.get(undefined, p.metadata?.namespace ?? ''); if (ns) wake(ns); } });
    return async name => {
      const ns = namespaces.lister.get(undefined, name);
      if (!ns || ns.metadata?.deletionTimestamp === undefined || !ns.spec?.finalizers?.includes(FINALIZER)) return undefined;
      const remains = await deleteContent(ctx.client, name, ctx.config.resources());
      const empty = remains.resources.size === 0 && remains.errors.length === 0;
      try {
        const status = { phase: 'Terminating', conditions: conditions(ns.status?.conditions ?? [], remains, formatTime(ctx.clock.now())) };
        let current = ns;
        if (!empty || ns.status?.conditions?.length) {
          if (!semanticEqual(status, ns.status)) current = await ctx.client.updateStatus<Namespace>(namespaceKind, { ...ns, status });
        }
        if (empty) await ctx.client.update<Namespace>(namespaceKind, { ...current, spec: { ...current.spec, finalizers: (current.spec?.finalizers ?? []).filter(f => f !== FINALIZER) } }, 'finalize');
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return undefined;
      }
      if (remains.errors.length) throw new Error(remains.errors.join(', '));
      return empty ? undefined : { requeueAfter: LOOK_AGAIN };
    };
  },
};
