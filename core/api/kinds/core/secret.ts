import { base64Length, decodeBase64, encodeBase64 } from '../../meta/base64.ts';
import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { configMapKey, IMMUTABLE } from '../../meta/names.ts';
import type { Secret } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { SEALED } from './config-map.ts';

const MAX = 1024 * 1024;
/** Keys each built-in type must carry. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** Why `text` is no JSON object, as Go's decoder says it; undefined when it is one. */
function notAnObject(text: string): string | undefined {
  const first = text.trimStart()[0];
  if (first === undefined) return 'unexpected end of JSON input';
  let value: unknown;
  try { value = JSON.parse(text); } catch (e) {
    if (!'{["-0123456789tfn'.includes(first)) return `invalid character '${first}' looking for beginning of value`;
    return /end of JSON|Unterminated/.test((e as Error).message) ? 'unexpected end of JSON input' : (e as Error).message;
  }
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  return `json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value} into Go value of type map[string]interface {}`;
}

function validate(s: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in s.data) {
    for (const m of configMapKey(key)) errors.push(invalid(`data[${key}]`, key, m));
    size += base64Length(s.data[key]!);
  }
  if (size > MAX) errors.push(tooLong('data', MAX));
  const type = s.type ?? 'Opaque';
  if (type === 'kubernetes.io/service-account-token' && !s.metadata?.annotations?.['kubernetes.io/service-account.name']) errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'));
  for (const key of NEEDED[type] ?? []) {
    // A key for ssh must not be empty either.
    if (s.data?.[key] === undefined || (key === 'ssh-privatekey' && s.data[key] === '')) errors.push(required(`data[${key}]`));
    else if (key.startsWith('.docker')) {
      const why = notAnObject(decodeBase64(s.data[key]));
      if (why !== undefined) errors.push(invalid(`data[${key}]`, '<secret contents redacted>', why));
    }
  }
  if (type === 'kubernetes.io/basic-auth' && s.data?.username === undefined && s.data?.password === undefined) errors.push(required('data[username]'), required('data[password]'));
  return errors;
}

function validateUpdate(next: Secret, prev: Secret): FieldError[] {
  const errors: FieldError[] = [];
  if (next.type !== prev.type) errors.push(invalid('type', next.type ?? '', IMMUTABLE));
  if (prev.immutable) {
    if (!next.immutable) errors.push(forbidden('immutable', SEALED));
    if (!semanticEqual(next.data, prev.data)) errors.push(forbidden('data', SEALED));
  }
  return errors;
}

/** A certificate and its key that nobody can use. */
function warnings(s: Secret): string[] {
  if (s.type !== 'kubernetes.io/tls') return [];
  const none = (key: string): boolean => !/-----BEGIN [^\n]*-----/.test(decodeBase64(s.data?.[key] ?? ''));
  return none('tls.crt') ? ['tls: failed to find any PEM data in certificate input'] : none('tls.key') ? ['tls: failed to find any PEM data in key input'] : [];
}

export const secret = defineKind<Secret>({
  group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true,
  schema: 'io.k8s.api.core.v1.Secret',
  setDefaults(s) {
    if (!s.type) s.type = 'Opaque';
    // stringData is write-only: it becomes data, over what is there.
    if (s.stringData) {
      s.data ??= {};
      for (const key in s.stringData) s.data[key] = encodeBase64(s.stringData[key]!);
    }
    delete s.stringData;
  },
  validate,
  validateUpdate,
  warnings,
  fields: { type: s => s.type ?? '' },
  columns: [nameColumn, text('Type', 'What the secret is for.', s => s.type ?? 'Opaque'), count('Data', 'Number of entries.', s => Object.keys(s.data ?? {}).length), ageColumn],
  view: { nav: 'Config', icon: 'secret', sections: ['data', 'owners', 'events', 'labels'], actions: ['yaml', 'delete'] },
});
