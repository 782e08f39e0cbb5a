// What only controllers ask about a pod; the rest stands in core/api/meta/pod.ts.
import { claimKeysOf } from '../api/meta/claims.ts';
import { isReady, isSidecar, podCondition } from '../api/meta/pod.ts';
import { parseTime } from '../api/meta/time.ts';
import type { Pod, PodSpec } from '../api/types/kubernetes.ts';
import type { Informer } from '../client/informer.ts';

/** Milliseconds until a ready pod has been ready for `minReadySeconds`: 0 when it has, undefined when it is not ready. */
export function untilAvailable(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds <= 0) return 0;
  const since = parseTime(podCondition(pod, 'Ready')?.lastTransitionTime);
  return Number.isNaN(since) ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}

/** A pod's name within events and expectations. */
export const podKey = (pod: Pod): string => `${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`;

/** Restarts of a pod's most restarted container, and of its most restarted sidecar. */
export interface Restarts { readonly regular: number; readonly sidecars: number }
export function maxRestarts(pod: Pod): Restarts {
  const most = (of: readonly { restartCount: number }[] | undefined): number => (of ?? []).reduce((n, c) => Math.max(n, c.restartCount), 0);
  const sidecars = new Set(pod.spec?.initContainers?.filter(isSidecar).map(c => c.name));
  return { regular: most(pod.status?.containerStatuses), sidecars: sidecars.size ? most(pod.status?.initContainerStatuses?.filter(c => sidecars.has(c.name))) : 0 };
}

/** A pod from a template, controlled and named by its owner (`<owner>-<5 random>`). */
export function podFromTemplate(template: { metadata?: Pod['metadata']; spec?: PodSpec }, owner: { name: string; namespace: string }): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      generateName: `${owner.name}-`, namespace: owner.namespace,
      ...(labels ? { labels: { ...labels } } : {}), ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
    },
    spec: structuredClone(template.spec ?? { containers: [] }),
  };
}

const BY_CLAIM = 'by-claim';
/** Makes `podsUsing` possible on an informer of pods; several controllers may ask for it. */
export function indexByClaim(pods: Informer<Pod>): void { pods.addIndex(BY_CLAIM, claimKeysOf); }
/** Cached pods that use the claim `namespace/name`. */
export const podsUsing = (pods: Informer<Pod>, claim: string): Pod[] => pods.lister.byIndex(BY_CLAIM, claim);
