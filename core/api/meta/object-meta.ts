// Rules of metadata that hold for every kind (k8s.io/apimachinery api/validation objectmeta.go).
import { forbidden, invalid, required, tooLong, type FieldError } from './field-error.ts';
import { dnsLabel, labelKey, labelValue, nameErrors, NOT_NEGATIVE, type NameRule } from './names.ts';
import type { ObjectMeta, OwnerReference } from './object.ts';

const ANNOTATIONS_LIMIT = 256 * 1024;
type Map = Readonly<Record<string, string>> | undefined | null;

/** Labels: every key and value. */
export function validateLabels(labels: Map, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    for (const m of labelKey(key)) errors.push(invalid(path, key, m));
    for (const m of labelValue(labels[key]!)) errors.push(invalid(path, labels[key], m));
  }
  return errors;
}

/** Annotations: keys (case does not matter) and the size of all together. */
export function validateAnnotations(annotations: Map, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in annotations) {
    for (const m of labelKey(key.toLowerCase())) errors.push(invalid(path, key, m));
    size += byteLength(key) + byteLength(annotations[key]!);
  }
  if (size > ANNOTATIONS_LIMIT) errors.push(tooLong(path, ANNOTATIONS_LIMIT));
  return errors;
}

/** UTF-8 bytes of a string. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x7ff) bytes += c >= 0xd800 && c < 0xe000 ? 1 : 2;
    else if (c > 0x7f) bytes++;
  }
  return bytes;
}

function validateOwners(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller = '';
  for (const ref of owners) {
    if (!ref.apiVersion || ref.apiVersion.endsWith('/')) errors.push(invalid(`${path}.apiVersion`, ref.apiVersion ?? '', 'version must not be empty'));
    for (const f of ['kind', 'name', 'uid'] as const) if (!ref[f]) errors.push(invalid(`${path}.${f}`, ref[f] ?? '', 'must not be empty'));
    if (ref.apiVersion === 'v1' && ref.kind === 'Event') errors.push(invalid(path, ref, '/v1, Kind=Event is disallowed from being an owner'));
    if (!ref.controller) continue;
    const name = `${ref.kind}/${ref.name}`;
    if (controller) errors.push(invalid(path, owners, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`));
    else controller = name;
  }
  return errors;
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
/** A finalizer without a domain must be one of Kubernetes' own. */
export const bareFinalizer = (name: string, path: string): FieldError[] =>
  (name.includes('/') || STANDARD_FINALIZERS.has(name) ? [] : [invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified')]);

/** All errors in an object's metadata, in upstream's order; name generation must have been done. */
export function validateObjectMeta(m: ObjectMeta, namespaced: boolean, rule: NameRule): FieldError[] {
  const errors: FieldError[] = [];
  if (m.generateName) for (const t of nameErrors(rule, m.generateName, true)) errors.push(invalid('metadata.generateName', m.generateName, t));
  if (!m.name) errors.push(required('metadata.name', 'name or generateName is required'));
  else for (const t of nameErrors(rule, m.name)) errors.push(invalid('metadata.name', m.name, t));
  if (!namespaced) { if (m.namespace) errors.push(forbidden('metadata.namespace', 'not allowed on this type')); }
  else if (!m.namespace) errors.push(required('metadata.namespace'));
  else for (const t of dnsLabel(m.namespace)) errors.push(invalid('metadata.namespace', m.namespace, t));
  if (m.generation !== undefined && m.generation < 0) errors.push(invalid('metadata.generation', m.generation, NOT_NEGATIVE));
  if (m.labels) errors.push(...validateLabels(m.labels, 'metadata.labels'));
  if (m.annotations) errors.push(...validateAnnotations(m.annotations, 'metadata.annotations'));
  if (m.ownerReferences) errors.push(...validateOwners(m.ownerReferences, 'metadata.ownerReferences'));
  if (m.finalizers) {
    for (const f of m.finalizers) for (const t of labelKey(f)) errors.push(invalid('metadata.finalizers', f, t));
    if (m.finalizers.includes('orphan') && m.finalizers.includes('foregroundDeletion')) {
      errors.push(invalid('metadata.finalizers', m.finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
    }
  }
  return errors;
}
