import { semanticEqual } from '../../meta/equal.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE, labelKey } from '../../meta/names.ts';
import type { StorageClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateParameters } from '../parts/csi.ts';
import { oldLabel } from '../parts/pod-warnings.ts';

/** The class claims get that name none. */
export const isDefaultClass = (c: StorageClass): boolean => c.metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' || c.metadata?.annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true';

/** Which nodes' neighbourhoods volumes may be made in. The index of the term is in no path, as upstream has it. */
function validateTopologies(terms: StorageClass['allowedTopologies']): FieldError[] {
  const errors: FieldError[] = [], known: string[] = [];
  terms?.forEach((term, i) => {
    const keys = new Map<string, readonly string[]>();
    term.matchLabelExpressions?.forEach((e, j) => {
      const at = `allowedTopologies.matchLabelExpressions[${j}]`, values = e.values ?? [];
      if (values.length === 0) errors.push(required(`${at}.values`));
      values.forEach((v, n) => { if (values.indexOf(v) < n) errors.push(duplicate(`${at}.values[${n}]`, v)); });
      for (const m of labelKey(e.key ?? '')) errors.push(invalid(`${at}.key`, e.key ?? '', m));
      if (keys.has(e.key)) errors.push(duplicate(`${at}.key`, e.key));
      keys.set(e.key, [...new Set(values)].sort());
    });
    const same = JSON.stringify([...keys].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (known.includes(same)) errors.push(duplicate(`allowedTopologies[${i}].matchLabelExpressions`, ''));
    known.push(same);
  });
  return errors;
}

function validate(c: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!c.provisioner) errors.push(required('provisioner'));
  else for (const m of labelKey(c.provisioner.toLowerCase())) errors.push(invalid('provisioner', c.provisioner, m));
  errors.push(...validateParameters(c.parameters, true, 'parameters'));
  if (!['Delete', 'Retain'].includes(c.reclaimPolicy ?? '')) errors.push(notSupported('reclaimPolicy', c.reclaimPolicy ?? '', ['Delete', 'Retain']));
  if (!['Immediate', 'WaitForFirstConsumer'].includes(c.volumeBindingMode ?? '')) errors.push(notSupported('volumeBindingMode', c.volumeBindingMode ?? '', ['Immediate', 'WaitForFirstConsumer']));
  return [...errors, ...validateTopologies(c.allowedTopologies)];
}

function validateUpdate(next: StorageClass, prev: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!semanticEqual(next.parameters, prev.parameters)) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  for (const f of ['provisioner', 'reclaimPolicy'] as const) if (next[f] !== prev[f]) errors.push(forbidden(f, `updates to ${f} are forbidden.`));
  if (next.volumeBindingMode !== prev.volumeBindingMode) errors.push(invalid('volumeBindingMode', next.volumeBindingMode, IMMUTABLE));
  return errors;
}

export const storageClass = defineKind<StorageClass>({
  group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass', plural: 'storageclasses', namespaced: false,
  schema: 'io.k8s.api.storage.v1.StorageClass', shortNames: ['sc'],
  setDefaults(c) {
    c.reclaimPolicy ??= 'Delete';
    c.volumeBindingMode ??= 'Immediate';
  },
  validate,
  validateUpdate,
  warnings: c => (c.allowedTopologies ?? []).flatMap((t, i) => (t.matchLabelExpressions ?? []).flatMap((e, j) => (oldLabel(e.key) === undefined ? [] : [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${oldLabel(e.key)!}`]))),
  columns: [
    { ...nameColumn, value: c => `${c.metadata?.name ?? ''}${isDefaultClass(c) ? ' (default)' : ''}` },
    text('Provisioner', 'What makes the volumes.', c => c.provisioner ?? ''),
    text('ReclaimPolicy', 'What happens to a volume when its claim goes.', c => c.reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', 'When claims are bound.', c => c.volumeBindingMode ?? 'Immediate'),
    { name: 'AllowVolumeExpansion', type: 'boolean', draw: 'text', description: 'Whether volumes may grow.', value: c => c.allowVolumeExpansion ?? false },
    ageColumn,
  ],
  view: { nav: 'Storage', icon: 'class', sections: ['class', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
