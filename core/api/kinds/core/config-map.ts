import { base64Length } from '../../meta/base64.ts';
import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, tooLong, type FieldError } from '../../meta/field-error.ts';
import { configMapKey } from '../../meta/names.ts';
import { byteLength } from '../../meta/object-meta.ts';
import type { ConfigMap } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

const MAX = 1024 * 1024;
export const SEALED = 'field is immutable when `immutable` is set';

function validate(c: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in c.data) {
    for (const m of configMapKey(key)) errors.push(invalid(`data[${key}]`, key, m));
    if (c.binaryData && Object.hasOwn(c.binaryData, key)) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    size += byteLength(c.data[key]!);
  }
  for (const key in c.binaryData) {
    for (const m of configMapKey(key)) errors.push(invalid(`binaryData[${key}]`, key, m));
    size += base64Length(c.binaryData[key]!);
  }
  if (size > MAX) errors.push(tooLong('', MAX));
  return errors;
}

function validateUpdate(next: ConfigMap, prev: ConfigMap): FieldError[] {
  if (!prev.immutable) return [];
  const errors: FieldError[] = [];
  if (!next.immutable) errors.push(forbidden('immutable', SEALED));
  if (!semanticEqual(next.data, prev.data)) errors.push(forbidden('data', SEALED));
  if (!semanticEqual(next.binaryData, prev.binaryData)) errors.push(forbidden('binaryData', SEALED));
  return errors;
}

export const configMap = defineKind<ConfigMap>({
  group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true,
  schema: 'io.k8s.api.core.v1.ConfigMap', shortNames: ['cm'],
  validate,
  validateUpdate,
  columns: [nameColumn, count('Data', 'Number of entries.', c => Object.keys(c.data ?? {}).length + Object.keys(c.binaryData ?? {}).length), ageColumn],
  view: { nav: 'Config', icon: 'config', sections: ['data', 'owners', 'events', 'labels'], actions: ['yaml', 'delete'] },
});
