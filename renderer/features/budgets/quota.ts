// Quotas and limit ranges as rows that can be read.
import { nanosOf } from '../../../core/api/meta/quantity.ts';
import type { LimitRange, ResourceQuota } from '../../../core/api/types/kubernetes.ts';
import { readable } from '../../kinds/sections/allocation.ts';

export interface QuotaRow { resource: string; used: string | undefined; hard: string; /** 0 to 1 and above; undefined while nothing is counted. */ part: number | undefined; level: 'good' | 'warning' | 'bad' }
/** A quota is worth a look from here on. */
const NEARLY = 0.9;

/** The fullest first, equals by name. */
export function quotaRows(q: ResourceQuota): QuotaRow[] {
  return Object.entries(q.status?.hard ?? q.spec?.hard ?? {}).map(([resource, most]): QuotaRow => {
    const used = q.status?.used?.[resource], whole = nanosOf(most), taken = nanosOf(used);
    const part = used === undefined ? undefined : whole === 0n ? 1 : Number(taken * 1000n / whole) / 1000;
    return { resource, used: used === undefined ? undefined : readable(resource, used), hard: readable(resource, most), part, level: part === undefined || part < NEARLY ? 'good' : part < 1 ? 'warning' : 'bad' };
  }).sort((a, b) => (b.part ?? -1) - (a.part ?? -1) || a.resource.localeCompare(b.resource));
}

/** `Terminating`, `PriorityClass In (high, low)`. */
export function scopesOf(q: ResourceQuota): string[] {
  const more = (q.spec?.scopeSelector?.matchExpressions ?? []).map(e => (e.values?.length ? `${e.scopeName} ${e.operator} (${e.values.join(', ')})` : `${e.scopeName} ${e.operator}`));
  return [...q.spec?.scopes ?? [], ...more];
}

export const BOUNDS = ['min', 'defaultRequest', 'default', 'max', 'maxLimitRequestRatio'] as const;
export type Bound = typeof BOUNDS[number];
export interface LimitRow { resource: string; bounds: Readonly<Partial<Record<Bound, string>>> }
/** Of each type the resources it bounds, and which bounds are used at all. */
export function limitTables(l: LimitRange): { type: string; bounds: Bound[]; rows: LimitRow[] }[] {
  return (l.spec?.limits ?? []).map(item => {
    const resources = [...new Set(BOUNDS.flatMap(b => Object.keys(item[b] ?? {})))].sort();
    const rows = resources.map(resource => ({ resource, bounds: Object.fromEntries(BOUNDS.filter(b => item[b]?.[resource] !== undefined).map(b => [b, b === 'maxLimitRequestRatio' ? item[b]![resource]! : readable(resource, item[b]![resource]!)])) }));
    return { type: item.type, bounds: BOUNDS.filter(b => rows.some(r => (r.bounds as Partial<Record<Bound, string>>)[b] !== undefined)), rows };
  });
}
