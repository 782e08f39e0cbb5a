// Who selects whom, both ways and without walking: the owners whose selectors may take an object (each filed under one label its selector
// asks for), and the objects a selector takes (filed under the values of those labels that selectors ask for).
import type { LabelMap, Requirement, Selector } from '../api/meta/labels.ts';
import type { KubeObject } from '../api/meta/object.ts';
import type { Informer } from './informer.ts';

/** A label with more values than this asked for is no good to file under. */
const MOST_VALUES = 16;
/** Labels of one resource that are filed; a selector of others only is answered by walking its namespace. */
const MOST_LABELS = 32;

const asksValue = (r: Requirement): boolean => (r.operator === '=' || r.operator === '==' || r.operator === 'in') && r.values.length > 0 && r.values.length <= MOST_VALUES;

export interface Selecting<T extends KubeObject> {
  /** Cached owners of the namespace whose selector takes these labels. */
  matching(namespace: string | undefined, labels: LabelMap): T[];
}

/**
 * Owners found by what they select. `name` is the index's, one per informer and meaning of `selectorOf`; owners that select nothing are
 * answered undefined or an empty selection for. Costs what may match, not what there is.
 */
export function selecting<T extends KubeObject>(owners: Informer<T>, name: string, selectorOf: (owner: T) => Selector | undefined): Selecting<T> {
  const { lister } = owners;
  // A selector that cannot be read takes nothing; whoever acts on its owner says so.
  const read = (o: T): Selector | undefined => { try { return selectorOf(o); } catch { return undefined; } };
  owners.addIndex(name, o => {
    const s = read(o), namespace = o.metadata?.namespace ?? '';
    if (!s || s.nothing) return [];
    let file: string[] | undefined, fewest = Number.POSITIVE_INFINITY;
    for (const r of s.requirements) {
      if (!asksValue(r)) continue;
      const found = r.values.map(v => `${namespace}|${r.key}=${v}`), size = Math.max(...found.map(f => lister.countIn(name, f)));
      if (size < fewest) { file = found; fewest = size; }
    }
    return file ?? [`${namespace}|`];
  });
  return {
    matching(namespace = '', labels) {
      const out: T[] = [];
      if (lister.size === 0) return out;
      const take = (file: string): void => {
        if (lister.countIn(name, file) > 0) for (const o of lister.byIndex(name, file)) if (read(o)?.matches(labels)) out.push(o);
      };
      take(`${namespace}|`);
      for (const key in labels) take(`${namespace}|${key}=${labels[key]!}`);
      return out;
    },
  };
}

const filed = new WeakMap<object, Set<string>>();
const indexOf = (key: string): string => `label ${key}`;

/** The index of a label's values, made when a selector first asks for that label; undefined when there are too many by then. */
function labelIndex<T extends KubeObject>(informer: Informer<T>, key: string): string | undefined {
  let known = filed.get(informer);
  if (!known) filed.set(informer, known = new Set());
  if (!known.has(key)) {
    if (known.size >= MOST_LABELS) return undefined;
    known.add(key);
    informer.addIndex(indexOf(key), o => {
      const labels = o.metadata?.labels;
      return labels && Object.hasOwn(labels, key) ? [`${o.metadata?.namespace ?? ''}|${labels[key]!}`] : [];
    });
  }
  return indexOf(key);
}

/** Cached objects of a namespace that a selector takes. Costs the smallest group that shares a value it asks for; all of the namespace where it asks for none. */
export function selected<T extends KubeObject>(informer: Informer<T>, namespace: string, selector: Selector): T[] {
  if (selector.nothing) return [];
  const { lister } = informer;
  let best: { index: string; values: readonly string[] } | undefined, fewest = Number.POSITIVE_INFINITY;
  for (const r of selector.requirements) {
    const index = asksValue(r) ? labelIndex(informer, r.key) : undefined;
    if (index === undefined) continue;
    const values = [...new Set(r.values)].map(v => `${namespace}|${v}`), size = values.reduce((n, v) => n + lister.countIn(index, v), 0);
    if (size < fewest) { best = { index, values }; fewest = size; }
  }
  const candidates = best ? best.values.flatMap(v => lister.byIndex(best.index, v)) : lister.list(namespace);
  return candidates.filter(o => selector.matches(o.metadata?.labels));
}
