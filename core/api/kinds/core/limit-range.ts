import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { labelKey } from '../../meta/names.ts';
import { compareQuantity } from '../../meta/quantity.ts';
import type { LimitRange, LimitRangeItem } from '../../types/kubernetes.ts';
import { createdColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultResourceList } from '../parts/resources.ts';

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

function validate(l: LimitRange): FieldError[] {
  const errors: FieldError[] = [];
  l.spec?.limits?.forEach((item, i) => {
    const at = `spec.limits[${i}]`;
    if (!item.type) errors.push(required(`${at}.type`));
    for (const m of labelKey(item.type ?? '')) errors.push(invalid(`${at}.type`, item.type ?? '', m));
    for (let low = 0; low < LISTS.length; low++) {
      for (let high = low + 1; high < LISTS.length; high++) {
        const a = item[LISTS[low]!] ?? {}, b = item[LISTS[high]!] ?? {};
        for (const n in a) if (b[n] !== undefined && compareQuantity(a[n]!, b[n]) > 0) errors.push(invalid(`${at}.${LISTS[low]!}[${n}]`, a[n], `${LISTS[low]!} value ${a[n]!} is greater than ${LISTS[high]!} value ${b[n]}`));
      }
    }
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
  view: { nav: 'Config', icon: 'limit', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
