// Counts for the tree: how many objects of a kind there are and how many are in trouble, per namespace. Kept up by events, so that
// a badge costs no object on the connection to the window.
import { objectKey, type KubeObject, type WatchEvent } from '../../core/api/meta/object.ts';
import type { Health } from '../../core/api/kinds/kind.ts';
import type { WatchSink } from './shared-watch.ts';

export interface Tally { total: number; bad: number; warning: number }
export interface Counts extends Tally { namespaces: Record<string, Tally> }
type Verdict = { namespace: string; level: Health['level'] };

/** Calls `changed` after every batch that changed a number. */
export function counter(health: ((object: KubeObject) => Health) | undefined, changed: (counts: Counts) => void, failed: (error: unknown, object: KubeObject) => void): WatchSink {
  const known = new Map<string, Verdict>();
  const all: Tally = { total: 0, bad: 0, warning: 0 };
  const spaces = new Map<string, Tally>();
  const add = (v: Verdict, by: 1 | -1): void => {
    let space = spaces.get(v.namespace);
    if (!space) spaces.set(v.namespace, space = { total: 0, bad: 0, warning: 0 });
    for (const t of [all, space]) {
      t.total += by;
      if (v.level === 'bad') t.bad += by;
      if (v.level === 'warning') t.warning += by;
    }
    if (space.total === 0) spaces.delete(v.namespace);
  };
  const put = (object: KubeObject): boolean => {
    let level: Health['level'] = 'none';
    try { level = health?.(object).level ?? 'none'; } catch (error) { failed(error, object); }
    const key = objectKey(object);
    const was = known.get(key);
    if (was?.level === level) return false;
    if (was) add(was, -1);
    const verdict = { namespace: object.metadata?.namespace ?? '', level };
    known.set(key, verdict);
    add(verdict, 1);
    return true;
  };
  const drop = (object: KubeObject): boolean => {
    const key = objectKey(object);
    const was = known.get(key);
    if (!was) return false;
    known.delete(key);
    add(was, -1);
    return true;
  };
  const tell = (): void => changed({ ...all, namespaces: Object.fromEntries([...spaces].map(([n, t]) => [n, { ...t }])) });
  return {
    snapshot(items, done) {
      let any = false;
      for (const o of items) any = put(o) || any;
      if (any || done) tell();
    },
    events(events: readonly WatchEvent<KubeObject>[]) {
      let any = false;
      for (const e of events) any = (e.type === 'DELETED' ? drop(e.object) : put(e.object)) || any;
      if (any) tell();
    },
    state() { /* the window asks for the state of what it shows, not of what it counts */ },
  };
}
