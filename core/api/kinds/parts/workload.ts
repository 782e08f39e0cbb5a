// What workloads share: counts, int-or-percent, columns of containers, images and selectors, verdicts.
import { invalid, type FieldError } from '../../meta/field-error.ts';
import { selectorFrom, type LabelSelectorLike } from '../../meta/labels.ts';
import { NOT_NEGATIVE, percent } from '../../meta/names.ts';
import { percentOf } from '../../meta/intstr.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { PodTemplateSpec } from '../../types/kubernetes.ts';
import { text, wide } from '../columns.ts';
import type { Column, Health } from '../kind.ts';

/** `path: must be greater than or equal to 0`, when it is not. */
export const nonNegative = (value: number | undefined | null, path: string): FieldError[] => ((value ?? 0) < 0 ? [invalid(path, value, NOT_NEGATIVE)] : []);

interface Counts { replicas?: number; readyReplicas?: number; availableReplicas?: number; collisionCount?: number }
/** Counts of a status: none of `fields` is negative, none of `parts` greater than the whole, and collisions only grow in number. */
export function validateCounts<T extends Counts>(next: T | undefined, prev: T | undefined, fields: readonly (keyof T & string)[], parts: readonly (keyof T & string)[], ready = 'readyReplicas'): FieldError[] {
  const s: Partial<T> = next ?? {}, of = (f: keyof T): number => Number(s[f] ?? 0);
  const errors = fields.flatMap(f => nonNegative(of(f), `status.${f}`));
  for (const f of parts) if (of(f) > of('replicas')) errors.push(invalid(`status.${f}`, of(f), 'cannot be greater than status.replicas'));
  if (parts.length > 0 && of('availableReplicas') > of('readyReplicas')) errors.push(invalid('status.availableReplicas', of('availableReplicas'), `cannot be greater than ${ready}`));
  if (prev?.collisionCount !== undefined && of('collisionCount') < prev.collisionCount) errors.push(invalid('status.collisionCount', of('collisionCount'), 'cannot be decremented'));
  return errors;
}

/** A count or a percentage. */
export function validateIntOrPercent(value: number | string | undefined, path: string): FieldError[] {
  if (typeof value === 'number') return nonNegative(value, path);
  return value === undefined ? [] : percent(value).map(m => invalid(path, value, m));
}
/** A percentage of at most 100. */
export const notOver100 = (value: number | string | undefined, path: string): FieldError[] =>
  (value !== undefined && (percentOf(value) ?? 0) > 100 ? [invalid(path, value, 'must not exceed 100%')] : []);
/** 0, 0% or what is no number at all. */
export const isZero = (value: number | string | undefined): boolean => (typeof value === 'string' ? (percentOf(value) ?? (/^[+-]?\d+$/.test(value) ? Number(value) : 0)) : value ?? 0) === 0;

/** How a LabelSelector is printed in a cell. */
export function selectorText(s: LabelSelectorLike | undefined): string {
  const out = selectorFrom(s).toString();
  return out === '' ? '<none>' : out;
}

/** The wide columns Containers and Images. */
export function containerColumns<T extends KubeObject>(template: (o: T) => PodTemplateSpec | undefined): Column<T>[] {
  return [
    wide(text<T>('Containers', 'Names of each container in the template.', o => (template(o)?.spec?.containers ?? []).map(c => c.name).join(','))),
    wide(text<T>('Images', 'Images referenced by each container in the template.', o => (template(o)?.spec?.containers ?? []).map(c => c.image ?? '').join(','), { draw: 'code' })),
  ];
}

/** The wide column Selector. */
export const selectorColumn = <T extends KubeObject>(selector: (o: T) => LabelSelectorLike | undefined): Column<T> =>
  wide(text<T>('Selector', 'Label selector of the pods.', o => selectorText(selector(o)), { draw: 'labels' }));

/** The verdict of something with desired and ready (or available: `counted`) replicas. */
export function replicaHealth(desired: number, ready: number, conditions?: readonly { type: string; status: string; reason?: string; message?: string }[], counted: 'ready' | 'available' = 'ready'): Health {
  const failed = conditions?.find(c => (c.type === 'Progressing' && c.status === 'False') || (c.type === 'ReplicaFailure' && c.status === 'True'));
  if (failed) return { level: 'bad', word: failed.reason ?? failed.type, ...(failed.message ? { reason: failed.message } : {}) };
  if (desired === 0) return { level: 'none', word: 'Scaled to 0' };
  if (ready >= desired) return { level: 'good', word: 'Ready' };
  const why = conditions?.find(c => c.type === 'Available' && c.status === 'False');
  return { level: ready === 0 ? 'warning' : 'busy', word: `${ready}/${desired} ${counted}`, ...(why?.message ? { reason: why.message } : {}) };
}
