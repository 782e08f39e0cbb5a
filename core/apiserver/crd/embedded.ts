// Objects inside objects (x-kubernetes-embedded-resource): their identity and metadata are held to the rules of every object.
import type { FieldError } from '../../api/meta/field-error.ts';
import { invalid, required } from '../../api/meta/field-error.ts';
import { isObject } from '../../api/meta/clone.ts';
import { dns1035Label } from '../../api/meta/names.ts';
import type { ObjectMeta } from '../../api/meta/object.ts';
import { validateObjectMeta } from '../../api/meta/object-meta.ts';
import { walk } from '../codec/walk.ts';
import type { Structural } from './structural.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Gives the metadata of embedded objects its canonical form, in place; fields that metadata does not have are told by path. Throws DecodeError for wrong types. */
export function coerceEmbedded(v: unknown, s: Structural, path: string, unknown: string[]): void {
  if (!s.has.embedded) return;
  each(v, s, path, (o, at) => {
    if (o['metadata'] === undefined) return;
    const walked = walk(o['metadata'], META);
    o['metadata'] = walked.value;
    for (const u of walked.unknown) unknown.push(u.replace('unknown field "', `unknown field "${at}.metadata.`));
  });
}

/** What is wrong with the identity and metadata of embedded objects. */
export function embeddedErrors(v: unknown, s: Structural): FieldError[] {
  const errors: FieldError[] = [];
  if (!s.has.embedded) return errors;
  each(v, s, '', (o, at) => {
    const { apiVersion, kind, metadata } = o;
    if (apiVersion === undefined) errors.push(required(`${at}.apiVersion`, 'must not be empty'));
    if (kind === undefined) errors.push(required(`${at}.kind`, 'must not be empty'));
    if (apiVersion !== undefined) {
      if (typeof apiVersion !== 'string') errors.push(invalid(`${at}.apiVersion`, apiVersion, 'must be a string'));
      else if (apiVersion === '') errors.push(invalid(`${at}.apiVersion`, apiVersion, 'must not be empty'));
      else if (apiVersion.split('/').length > 2) errors.push(invalid(`${at}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    }
    if (kind !== undefined) {
      if (typeof kind !== 'string') errors.push(invalid(`${at}.kind`, kind, 'must be a string'));
      else if (kind === '') errors.push(invalid(`${at}.kind`, kind, 'must not be empty'));
      else if (dns1035Label(kind.toLowerCase()).length > 0) errors.push(invalid(`${at}.kind`, kind, `may have mixed case, but should otherwise match: ${dns1035Label(kind.toLowerCase()).join(',')}`));
    }
    if (isObject(metadata)) {
      // It need not be named.
      const m: ObjectMeta = { ...metadata, name: typeof metadata['name'] === 'string' && metadata['name'] !== '' ? metadata['name'] : 'fakename' };
      for (const e of validateObjectMeta(m, Boolean(m.namespace), 'path-segment')) errors.push({ ...e, field: `${at}.${e.field}` });
    }
  });
  return errors;
}

function each(v: unknown, s: Structural, path: string, found: (o: Record<string, unknown>, path: string) => void): void {
  if (!s.has.embedded) return;
  if (Array.isArray(v)) { if (s.items) v.forEach((x, i) => each(x, s.items!, `${path}[${i}]`, found)); return; }
  if (!isObject(v)) return;
  if (s.embedded) found(v, path);
  for (const k of Object.keys(v)) {
    const p = s.properties.get(k) ?? (typeof s.additional === 'object' ? s.additional : undefined);
    if (p) each(v[k], p, path === '' ? k : `${path}.${k}`, found);
  }
}

