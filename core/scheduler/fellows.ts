// Which pods belong together where a pod says nothing of spreading: those its services and its controller select.
import { replicationController } from '../api/kinds/core/replication-controller.ts';
import { service as serviceKind } from '../api/kinds/core/service.ts';
import { replicaSet } from '../api/kinds/apps/replica-set.ts';
import { statefulSet } from '../api/kinds/apps/stateful-set.ts';
import { semanticEqual } from '../api/meta/equal.ts';
import { selectorFrom, selectorFromMap, type LabelSelectorLike, type Selector } from '../api/meta/labels.ts';
import type { ReplicaSet, ReplicationController, Service, StatefulSet } from '../api/types/kubernetes.ts';
import type { InformerFactory } from '../client/informer.ts';
import { selecting } from '../client/selection.ts';
import type { PodInfo } from './pod-info.ts';
import type { FellowsOf } from './plugins/topology-spread.ts';

/** Remembered selectors; pods of a controller share one. */
const MOST = 4096;

export function createFellows(informers: InformerFactory): FellowsOf {
  const services = informers.for<Service>(serviceKind), sets = informers.for<ReplicaSet>(replicaSet), stateful = informers.for<StatefulSet>(statefulSet), controllers = informers.for<ReplicationController>(replicationController);
  const behind = selecting(services, 'by-selector', s => (Object.keys(s.spec?.selector ?? {}).length ? selectorFromMap(s.spec?.selector) : undefined));
  const known = new Map<string, Selector>();
  const forget = (): void => known.clear();
  services.on({ add: forget, update: (s, prev) => { if (!semanticEqual(s.spec?.selector, prev.spec?.selector)) forget(); }, delete: forget });

  function ownerSelector({ namespace, owner }: PodInfo): LabelSelectorLike | undefined {
    switch (owner?.kind) {
      case 'ReplicaSet': return sets.lister.get(namespace, owner.name)?.spec?.selector;
      case 'StatefulSet': return stateful.lister.get(namespace, owner.name)?.spec?.selector;
      case 'ReplicationController': { const selector = controllers.lister.get(namespace, owner.name)?.spec?.selector; return selector && { matchLabels: selector }; }
      default: return undefined;
    }
  }

  return pod => {
    if (!pod.labels) return undefined;
    const id = `${pod.namespace}|${pod.owner?.kind}/${pod.owner?.name}|${JSON.stringify(pod.labels)}`;
    let selector = known.get(id);
    if (!selector) {
      const matchLabels: Record<string, string> = {};
      for (const s of behind.matching(pod.namespace, pod.labels)) Object.assign(matchLabels, s.spec?.selector);
      const owner = ownerSelector(pod);
      selector = selectorFrom({ matchLabels: { ...matchLabels, ...owner?.matchLabels }, matchExpressions: owner?.matchExpressions ?? [] });
      // The controller may only not have been seen yet.
      if (owner || !pod.owner) {
        if (known.size >= MOST) forget();
        known.set(id, selector);
      }
    }
    return selector.everything ? undefined : selector;
  };
}
