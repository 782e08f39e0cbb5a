// Selectors as controllers need them: of the plain maps that Services and ReplicationControllers have, and as events print them.
import { nothing, selectorFromMap, type LabelMap, type LabelSelectorLike, type Selector } from '../api/meta/labels.ts';

/** All of `map`, each equal. Unlike an empty LabelSelector, no or an empty map selects nothing. */
export const mapSelector = (map: LabelMap): Selector => (map && Object.keys(map).length > 0 ? selectorFromMap(map) : nothing);

/** A label selector as Go prints it with `%+v`: events have always shown it so. */
export function goSelector(s: LabelSelectorLike | undefined): string {
  if (!s) return 'nil';
  const labels = Object.entries(s.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}: ${v},`).join('');
  const expressions = (s.matchExpressions ?? []).map(e => `LabelSelectorRequirement{Key:${e.key},Operator:${e.operator},Values:[${(e.values ?? []).join(' ')}],},`).join('');
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}
