// Label selectors compiled once and matched often.
import type { LabelSelector } from '../api/types/kubernetes.ts';

export type Labels = Readonly<Record<string, string>>;

/** A compiled selector. No selector matches nothing; an empty one matches everything. */
export interface Selector { readonly empty: boolean; matches(labels: Labels | undefined): boolean }

const NONE: Labels = {};

/** A selector of plain equalities, as Services and ReplicationControllers have. No or empty map matches nothing. */
export function mapSelector(map: Labels | undefined): Selector {
  const wanted = Object.entries(map ?? NONE);
  return { empty: wanted.length === 0, matches: (labels = NONE) => wanted.length > 0 && wanted.every(([k, v]) => labels[k] === v) };
}

/** A LabelSelector: all of matchLabels and all of matchExpressions. */
export function labelSelector(selector: LabelSelector | undefined): Selector {
  if (!selector) return { empty: true, matches: () => false };
  const equal = Object.entries(selector.matchLabels ?? NONE);
  const expressions = (selector.matchExpressions ?? []).map(e => ({ ...e, values: new Set(e.values ?? []) }));
  const holds = (e: (typeof expressions)[number], labels: Labels): boolean => {
    const value = labels[e.key];
    switch (e.operator) {
      case 'In': return value !== undefined && e.values.has(value);
      case 'NotIn': return value === undefined || !e.values.has(value);
      case 'Exists': return value !== undefined;
      case 'DoesNotExist': return value === undefined;
      default: return false;
    }
  };
  return {
    empty: equal.length === 0 && expressions.length === 0,
    matches: (labels = NONE) => equal.every(([k, v]) => labels[k] === v) && expressions.every(e => holds(e, labels)),
  };
}
