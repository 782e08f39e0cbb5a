// Columns many kinds share.
import type { KubeObject } from '../meta/object.ts';
import { sinceText } from '../meta/time.ts';
import type { Column } from './kind.ts';

/** `Name`, always the first column. */
export const nameColumn: Column = {
  name: 'Name', type: 'string', format: 'name', draw: 'name', priority: 0,
  description: 'Name must be unique within a namespace.',
  value: o => o.metadata?.name ?? '',
};

/** `Age`: the time since creation as kubectl prints it; sorts by the creation time, oldest first. */
export const ageColumn: Column = {
  name: 'Age', type: 'string', draw: 'age', priority: 0,
  description: 'Time since the object was created.',
  value: (o, now) => sinceText(o.metadata?.creationTimestamp, now),
  sort: o => (o.metadata?.creationTimestamp ? Date.parse(o.metadata.creationTimestamp) : 0),
};

/** A text column. */
export function text<T extends KubeObject>(name: string, description: string, value: (o: T) => string, more: Partial<Column<T>> = {}): Column<T> {
  return { name, type: 'string', draw: 'text', priority: 0, description, value, ...more };
}

/** A whole-number column. */
export function count<T extends KubeObject>(name: string, description: string, value: (o: T) => number, more: Partial<Column<T>> = {}): Column<T> {
  return { name, type: 'integer', draw: 'number', priority: 0, description, value, ...more };
}

/** The same column, shown only in `-o wide`. */
export const wide = <T extends KubeObject>(column: Column<T>): Column<T> => ({ ...column, priority: 1 });

/** `a=1,b=2` in key order, `<none>` when empty: how labels and plain selectors are printed. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined | null): string {
  const keys = labels ? Object.keys(labels) : [];
  return keys.length === 0 ? '<none>' : keys.sort().map(k => `${k}=${labels![k]!}`).join(',');
}

/** Age as kinds without a printer of their own have it: the time itself, in a column `Created At`. */
export const createdColumn: Column = {
  name: 'Created At', type: 'date', draw: 'age', priority: 0,
  description: 'When the object was created.',
  value: o => o.metadata?.creationTimestamp ?? '',
  sort: o => (o.metadata?.creationTimestamp ? Date.parse(o.metadata.creationTimestamp) : 0),
};

/** The first three of a list, then how many more there are. */
export function firstThree(items: readonly string[], none: string): string {
  if (items.length === 0) return none;
  return items.length > 3 ? `${items.slice(0, 3).join(',')} + ${items.length - 3} more...` : items.join(',');
}
