// The pods of a daemon set: how one is made for its node, and which node one is for.
import { daemonSet as setKind } from '../../api/kinds/apps/daemon-set.ts';
import { clone } from '../../api/meta/clone.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import type { Affinity, DaemonSet, Pod } from '../../api/types/kubernetes.ts';
import { REVISION_HASH } from '../history.ts';
import { podFromTemplate } from '../pods.ts';
import { tolerationsOf } from './eligibility.ts';

const GENERATION = 'deprecated.daemonset.template.generation', POD_GENERATION = 'pod-template-generation';

/** Binds a pod to its node by the node's name; other wishes about nodes were judged before and are not asked again. */
function forNode(affinity: Affinity | undefined, node: string): Affinity {
  const wanted = clone(affinity ?? {});
  (wanted.nodeAffinity ??= {}).requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] };
  return wanted;
}

const generationOf = (set: DaemonSet): string | undefined => {
  const text = set.metadata?.annotations?.[GENERATION];
  return text !== undefined && /^-?\d+$/.test(text) ? text : undefined;
};

/** A pod for `node`, made from the current template, whose hash it carries. */
export function newPod(set: DaemonSet, hash: string, node: string): Pod {
  const pod = podFromTemplate(set.spec?.template ?? {}, { name: set.metadata?.name ?? '', namespace: set.metadata?.namespace ?? '' });
  const generation = generationOf(set);
  pod.metadata!.labels = { ...pod.metadata?.labels, [REVISION_HASH]: hash, ...(generation !== undefined ? { [POD_GENERATION]: generation } : {}) };
  pod.metadata!.ownerReferences = [controllerReference(set, setKind)];
  pod.spec = { ...pod.spec!, tolerations: tolerationsOf(pod.spec), affinity: forNode(pod.spec?.affinity, node) };
  return pod;
}

/** The node a pod is on, or is meant for while it is not scheduled; undefined when it says neither. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  for (const term of pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []) {
    for (const f of term.matchFields ?? []) if (f.key === 'metadata.name' && f.operator === 'In') return f.values?.length === 1 ? f.values[0] : undefined;
  }
  return undefined;
}

/**
 * Tells the pods that are of the current template: by its hash, or, where the revision they were made from is no more, by the count of
 * templates. `others` are the hashes of templates known to be different: a set made anew counts from 1, and takes such pods over.
 */
export function freshBy(set: DaemonSet, hash: string, others: ReadonlySet<string>): (pod: Pod) => boolean {
  const generation = generationOf(set);
  return pod => {
    const own = hashOf(pod) ?? '';
    return own === hash || (generation !== undefined && pod.metadata?.labels?.[POD_GENERATION] === generation && !others.has(own));
  };
}

export const hashOf = (pod: Pod): string | undefined => pod.metadata?.labels?.[REVISION_HASH];

/** Scheduled ones first, then the older. */
export function byStanding(a: Pod, b: Pod): number {
  const scheduled = Number(!a.spec?.nodeName) - Number(!b.spec?.nodeName);
  return scheduled || compare(a.metadata?.creationTimestamp, b.metadata?.creationTimestamp) || compare(a.metadata?.name, b.metadata?.name);
}
const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);
