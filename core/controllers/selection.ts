// The selectors of plain maps that Services and ReplicationControllers have.
import { nothing, selectorFromMap, type LabelMap, type Selector } from '../api/meta/labels.ts';

/** All of `map`, each equal. Unlike an empty LabelSelector, no or an empty map selects nothing. */
export const mapSelector = (map: LabelMap): Selector => (map && Object.keys(map).length > 0 ? selectorFromMap(map) : nothing);
