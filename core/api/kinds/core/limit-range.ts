import { duplicate, forbidden, invalid, required, type FieldError } from '../../meta/field-error.ts';
import { labelKey } from '../../meta/names.ts';
import { compareQuantity, nanosOf } from '../../meta/quantity.ts';
import type { LimitRange, LimitRangeItem } from '../../types/kubernetes.ts';
import { createdColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultResourceList, noOvercommit, validateContainerResource, validateResourceName } from '../parts/resources.ts';

const LISTS = ['min', 'defaultRequest', 'default', 'max'] as const;

function defaultItem(item: LimitRangeItem): void {
  for (const f of [...LISTS, 'maxLimitRequestRatio'] as const) defaultResourceList(item[f]);
  if (item.type !== 'Container') return;
  const names = new Set(LISTS.flatMap(f => Object.keys(item[f] ?? {})));
  for (const n of names) {
    if (item.default?.[n] === undefined && item.max?.[n] !== undefined) (item.default ??= {})[n] = item.max[n];
    const request = item.default?.[n] ?? item.min?.[n];
    if (item.defaultRequest?.[n] === undefined && (item.default?.[n] ?? item.min?.[n]) !== undefined) (item.defaultRequest ??= {})[n] = request!;
  }
}

const TYPES = new Set(['Container', 'Pod', 'PersistentVolumeClaim']);
const BOUNDS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type Bound = (typeof BOUNDS)[number];

function validateItem(item: LimitRangeItem, at: string): FieldError[] {
  const errors: FieldError[] = [], ofPods = item.type === 'Pod' || item.type === 'Container';
  const unqualified = labelKey(item.type ?? '').map(m => invalid(`${at}.type`, item.type ?? '', m));
  errors.push(...unqualified);
  if (unqualified.length === 0 && !TYPES.has(item.type) && !item.type.includes('/')) errors.push(invalid(`${at}.type`, item.type, 'must be a standard limit type or fully qualified'));
  for (const f of BOUNDS) {
    const names = Object.keys(item[f] ?? {}).sort();
    if (item.type === 'Pod' && (f === 'default' || f === 'defaultRequest')) {
      if (names.length > 0) errors.push(forbidden(`${at}.${f}`, "may not be specified when `type` is 'Pod'"));
    } else for (const n of names) errors.push(...(ofPods ? validateContainerResource(n, `${at}.${f}[${n}]`) : validateResourceName(n, `${at}.${f}[${n}]`)));
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined) {
    errors.push(required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
  }
  for (const n of [...new Set(BOUNDS.flatMap(f => Object.keys(item[f] ?? {})))].sort()) errors.push(...consistent(item, n, at));
  return errors;
}

/** How the bounds of one resource must stand to one another; which value an error shows is Kubernetes' choice. */
function consistent(item: LimitRangeItem, n: string, at: string): FieldError[] {
  const errors: FieldError[] = [], of = (f: Bound): string | undefined => item[f]?.[n];
  const ordered = (low: Bound, lowWord: string, high: Bound, highWord: string, field: Bound, shown: Bound): void => {
    const a = of(low), b = of(high);
    if (a !== undefined && b !== undefined && compareQuantity(a, b) > 0) errors.push(invalid(`${at}.${field}[${n}]`, of(shown), `${lowWord} value ${a} is greater than ${highWord} value ${b}`));
  };
  ordered('min', 'min', 'max', 'max', 'min', 'min');
  if (item.type !== 'Pod') {
    ordered('min', 'min', 'defaultRequest', 'default request', 'defaultRequest', 'defaultRequest');
    ordered('defaultRequest', 'default request', 'max', 'max', 'defaultRequest', 'defaultRequest');
    ordered('defaultRequest', 'default request', 'default', 'default limit', 'defaultRequest', 'defaultRequest');
    ordered('min', 'min', 'default', 'default', 'default', 'min');
    ordered('default', 'default', 'max', 'max', 'default', 'max');
  }
  const ratio = of('maxLimitRequestRatio'), min = of('min'), max = of('max'), field = `${at}.maxLimitRequestRatio[${n}]`;
  if (ratio !== undefined) {
    if (compareQuantity(ratio, '1') < 0) errors.push(invalid(field, ratio, `ratio ${ratio} is less than 1`));
    if (min !== undefined && max !== undefined && nanosOf(min) > 0n && nanosOf(ratio) * nanosOf(min) > nanosOf(max) * 1_000_000_000n) {
      errors.push(invalid(field, ratio, `ratio ${ratio} is greater than max/min = ${(Number(nanosOf(max)) / Number(nanosOf(min))).toFixed(6)}`));
    }
  }
  const limit = of('default'), request = of('defaultRequest');
  if (noOvercommit(n) && limit !== undefined && request !== undefined && compareQuantity(limit, request) !== 0) {
    errors.push(invalid(`${at}.defaultRequest[${n}]`, request, `default value ${limit} must equal to defaultRequest value ${request} in ${n}`));
  }
  return errors;
}

function validate(l: LimitRange): FieldError[] {
  const errors: FieldError[] = [], seen = new Set<string>();
  l.spec?.limits?.forEach((item, i) => {
    const at = `spec.limits[${i}]`;
    if (seen.has(item.type)) errors.push(duplicate(`${at}.type`, item.type));
    seen.add(item.type);
    errors.push(...validateItem(item, at));
  });
  return errors;
}

export const limitRange = defineKind<LimitRange>({
  group: '', version: 'v1', kind: 'LimitRange', plural: 'limitranges', namespaced: true,
  schema: 'io.k8s.api.core.v1.LimitRange', shortNames: ['limits'],
  createOnUpdate: true,
  setDefaults(l) { for (const item of l.spec?.limits ?? []) defaultItem(item); },
  validate,
  columns: [nameColumn, createdColumn],
  view: { nav: 'Config', icon: 'limit', sections: ['limits', 'labels'], actions: ['yaml', 'delete'] },
});
