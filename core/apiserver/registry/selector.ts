// Label and field selectors of a request as one predicate, and the single key when they name one object.
import { parseFieldSelector } from '../../api/meta/fields.ts';
import { parseSelector, type Requirement } from '../../api/meta/labels.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Resource } from './resource.ts';

export interface Selection {
  /** undefined: everything in the range matches. */
  readonly matches: ((object: KubeObject) => boolean) | undefined;
  /** The value a field must have, where the selector pins one. */
  readonly pinned: ((field: string) => string | undefined) | undefined;
  /** What is asked of labels; all of it must hold. */
  readonly labels: readonly Requirement[];
  /** The selector admits no object but this one. */
  readonly key: string | undefined;
}

const ALL: Selection = { matches: undefined, pinned: undefined, labels: [], key: undefined };

/** Throws 400 for selectors that cannot be read or name fields the kind does not offer. */
export function selectorOf(resource: Resource, namespace: string, labelSelector: string, fieldSelector: string): Selection {
  if (labelSelector === '' && fieldSelector === '') return ALL;
  const labels = parseSelector(labelSelector), fields = parseFieldSelector(fieldSelector, resource.spec);
  const name = fields.pinned('metadata.name'), ns = namespace || (fields.pinned('metadata.namespace') ?? '');
  const key = name !== undefined && name !== '' && (!resource.spec.namespaced || ns !== '') ? resource.key(ns, name) : undefined;
  const byLabel = !labels.everything, byField = fields.requirements.length > (key !== undefined ? 1 : 0);
  const matches = byLabel && byField ? (o: KubeObject) => labels.matches(o.metadata!.labels) && fields.matches(o)
    : byLabel ? (o: KubeObject) => labels.matches(o.metadata!.labels)
      : byField ? (o: KubeObject) => fields.matches(o) : undefined;
  return { matches, pinned: byField ? fields.pinned : undefined, labels: labels.requirements, key };
}
