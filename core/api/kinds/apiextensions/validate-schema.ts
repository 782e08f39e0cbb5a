// What the schema of a custom resource may be: OpenAPI v3 without references, and structural (k8s.io/apiextensions-apiserver
// pkg/apis/apiextensions/validation and pkg/apiserver/schema). Patterns, defaults and rules in CEL are the server's to judge.
import { equal } from '../../meta/clone.ts';
import { fieldErrorText, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import type { JSONSchemaProps, ValidationRule } from '../../types/kubernetes.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** `additionalProperties` and `items` as a schema; undefined for true, false and lists. */
export const asSchema = (v: unknown): JSONSchemaProps | undefined => (typeof v === 'object' && v !== null && !Array.isArray(v) ? v as JSONSchemaProps : undefined);
const key = (path: string, k: string): string => `${path}[${k}]`;
const size = (o: object | undefined): number => (o ? Object.keys(o).length : 0);

/** With a status subresource the root may say no more than this, so that nothing is lost when the status is taken on its own. */
const ROOT_WITH_STATUS: readonly [string, string][] = [
  ['Description', 'description'], ['Type', 'type'], ['Format', 'format'], ['Title', 'title'], ['Maximum', 'maximum'], ['ExclusiveMaximum', 'exclusiveMaximum'], ['Minimum', 'minimum'],
  ['ExclusiveMinimum', 'exclusiveMinimum'], ['MaxLength', 'maxLength'], ['MinLength', 'minLength'], ['Pattern', 'pattern'], ['MaxItems', 'maxItems'], ['MinItems', 'minItems'],
  ['UniqueItems', 'uniqueItems'], ['MultipleOf', 'multipleOf'], ['Required', 'required'], ['Items', 'items'], ['Properties', 'properties'], ['ExternalDocs', 'externalDocs'],
  ['Example', 'example'], ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields'], ['XValidations', 'x-kubernetes-validations'],
];

/** All errors of one version's schema; `path` is that of `openAPIV3Schema`. */
export function validateSchema(schema: JSONSchemaProps, path: string, hasStatus: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (hasStatus) {
    const allowed = new Set(ROOT_WITH_STATUS.map(([, name]) => name));
    if (schema.type !== undefined && schema.type !== 'object') errors.push(invalid(`${path}.type`, schema.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'));
    else if (Object.keys(schema).some(k => !allowed.has(k))) errors.push(invalid(path, schema, `only [${ROOT_WITH_STATUS.map(([name]) => name).join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`));
  }
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  openApi(schema, path, errors);
  const structural = structuralErrors(schema, path);
  structural.sort((a, b) => { const x = fieldErrorText(a), y = fieldErrorText(b); return x < y ? -1 : x > y ? 1 : 0; });
  return [...errors, ...structural];
}

/** The part of structural schemas that a definition reports as condition NonStructuralSchema. */
export function structuralErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = [];
  invariants(schema, 'root', path, errors);
  completeness(schema, path, errors);
  return errors;
}

function openApi(s: JSONSchemaProps, path: string, errors: FieldError[]): void {
  standard(s, path, errors);
  s['x-kubernetes-validations']?.forEach((r, i) => rule(r, `${path}.x-kubernetes-validations[${i}]`, errors));
  if (s.uniqueItems === true) errors.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  const additional = s.additionalProperties;
  if (additional !== undefined && additional !== null) {
    if (size(s.properties) > 0 && additional !== true) errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
    const inner = asSchema(additional);
    if (inner) openApi(inner, `${path}.additionalProperties`, errors);
  }
  for (const [k, v] of Object.entries(s.properties ?? {})) openApi(v, key(`${path}.properties`, k), errors);
  for (const [k, v] of Object.entries(s.patternProperties ?? {})) openApi(v, key(`${path}.patternProperties`, k), errors);
  if (s.not) openApi(s.not, `${path}.not`, errors);
  for (const word of ['allOf', 'oneOf', 'anyOf'] as const) s[word]?.forEach((v, i) => openApi(v, `${path}.${word}[${i}]`, errors));
  for (const [k, v] of Object.entries(s.definitions ?? {})) openApi(v, key(`${path}.definitions`, k), errors);
  const items = asSchema(s.items);
  if (items) openApi(items, `${path}.items`, errors);
}

function standard(s: JSONSchemaProps, path: string, errors: FieldError[]): void {
  const no = (field: string, detail = `${field} is not supported`): void => { errors.push(forbidden(`${path}.${field}`, detail)); };
  if (s.id) no('id');
  if (s.additionalItems !== undefined) no('additionalItems');
  if (size(s.patternProperties) > 0) no('patternProperties');
  if (size(s.definitions) > 0) no('definitions');
  if (s.dependencies !== undefined) no('dependencies');
  if (s.$ref !== undefined) no('$ref');
  if (s.type === 'null') no('type', 'type cannot be set to null, use nullable as an alternative');
  else if (s.type && !TYPES.includes(s.type)) errors.push(notSupported(`${path}.type`, s.type, TYPES));
  if (Array.isArray(s.items)) no('items', 'items must be a schema object and not an array');
  if (s['x-kubernetes-preserve-unknown-fields'] === false) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  const mapType = s['x-kubernetes-map-type'], listType = s['x-kubernetes-list-type'];
  if (mapType !== undefined && s.type !== 'object') errors.push(typed(s, path, 'must be object if x-kubernetes-map-type is specified'));
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular') errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  const items = asSchema(s.items);
  if (listType !== undefined && s.type !== 'array') errors.push(typed(s, path, 'must be array if x-kubernetes-list-type is specified'));
  else if (listType === 'set' && items) {
    const word = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const list = items['x-kubernetes-list-type'], map = items['x-kubernetes-map-type'];
    if (items.type === 'array' && list !== undefined && list !== 'atomic') errors.push(invalid(`${path}.items.x-kubernetes-list-type`, list, word));
    if (items.type === 'object' && map !== 'atomic') errors.push(invalid(`${path}.items.x-kubernetes-map-type`, map, word));
  }
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType)) errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  const keys = s['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length > 0 && listType !== 'map') {
    const word = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(`${path}.x-kubernetes-list-type`, word) : invalid(`${path}.x-kubernetes-list-type`, listType, word));
  }
  if (listType === 'map') mapList(s, keys, path, errors);
  if ((listType === 'map' || listType === 'set') && items) {
    if (items.nullable) errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
    if (listType === 'map') {
      for (const k of keys) {
        const p = items.properties?.[k], at = key(`${path}.items.properties`, k);
        if (!p) continue;
        if (!items.required?.includes(k) && p.default === undefined) errors.push(required(`${at}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
        if (p.nullable) errors.push(forbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
      }
    }
  }
}

const typed = (s: JSONSchemaProps, path: string, word: string): FieldError => (s.type ? invalid(`${path}.type`, s.type, word) : required(`${path}.type`, word));

function mapList(s: JSONSchemaProps, keys: readonly string[], path: string, errors: FieldError[]): void {
  if (keys.length === 0) errors.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  const items = asSchema(s.items);
  if (s.items === undefined) { errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')); return; }
  if (!items) { errors.push(invalid(`${path}.items`, s.items, 'must only have a single schema if x-kubernetes-list-type is map')); return; }
  if (items.type !== 'object') { errors.push(invalid(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map")); return; }
  const seen = new Set<string>();
  for (const k of keys) {
    const p = items.properties?.[k];
    if (!p) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties'));
    else if (p.type === 'array' || p.type === 'object') errors.push(invalid(`${key(`${path}.items.properties`, k)}.type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    if (seen.has(k)) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'must not contain duplicate entries'));
    seen.add(k);
  }
}

function rule(r: ValidationRule, path: string, errors: FieldError[]): void {
  const text = (r.rule ?? '').trim(), message = (r.message ?? '').trim(), breaks = (t: string): boolean => /[\r\n]/.test(t);
  if (text === '') errors.push(required(`${path}.rule`, 'rule is not specified'));
  if (r.message && message === '') errors.push(invalid(`${path}.message`, r.message, 'message must be non-empty if specified'));
  else if (breaks(message)) errors.push(invalid(`${path}.message`, r.message, 'message must not contain line breaks'));
  else if (breaks(text) && message === '') errors.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  if (r.messageExpression && r.messageExpression.trim() === '') errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'));
  if (r.reason !== undefined && !REASONS.includes(r.reason)) errors.push(notSupported(`${path}.reason`, r.reason, REASONS));
  if (r.fieldPath && r.fieldPath.trim() === '') errors.push(invalid(`${path}.fieldPath`, r.fieldPath, 'fieldPath must be non-empty if specified'));
  else if (r.fieldPath && breaks(r.fieldPath)) errors.push(invalid(`${path}.fieldPath`, r.fieldPath, 'fieldPath must not contain line breaks'));
}

type Level = 'root' | 'item' | 'field';
const EMPTY_TYPE: Readonly<Record<Level, string>> = { root: 'must not be empty at the root', item: 'must not be empty for specified array items', field: 'must not be empty for specified object fields' };
const INT_OR_STRING: readonly JSONSchemaProps[] = [{ type: 'integer' }, { type: 'string' }];

function invariants(s: JSONSchemaProps, level: Level, path: string, errors: FieldError[]): void {
  const items = asSchema(s.items), additional = s.additionalProperties, embedded = s['x-kubernetes-embedded-resource'] === true;
  const anything = s['x-kubernetes-preserve-unknown-fields'] === true, intOrString = s['x-kubernetes-int-or-string'] === true;
  if (s.type === 'array' && !items) errors.push(required(`${path}.items`, 'must be specified'));
  if (items) invariants(items, 'item', `${path}.items`, errors);
  for (const [k, v] of Object.entries(s.properties ?? {})) invariants(v, 'field', key(`${path}.properties`, k), errors);
  if (additional !== undefined && additional !== null) {
    if (level === 'root') errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
    const inner = asSchema(additional);
    if (inner) invariants(inner, 'field', `${path}.additionalProperties`, errors);
  }
  if (intOrString && anything) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'));
  if (intOrString && embedded) errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'));
  values(s, equal(s.anyOf, INT_OR_STRING), equal(s.allOf?.[0]?.anyOf, INT_OR_STRING), path, errors);
  if (embedded && s.type !== 'object') errors.push(typed(s, path, 'must be object if x-kubernetes-embedded-resource is true'));
  else if (!s.type && !intOrString && !anything) errors.push(required(`${path}.type`, EMPTY_TYPE[level]));
  if (embedded && additional !== undefined) errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  if (level === 'root' && s.type && s.type !== 'object') errors.push(invalid(`${path}.type`, s.type, 'must be object at the root'));
  const asObject = level === 'root' || embedded, { kind, apiVersion, metadata } = (s.properties ?? {}) as Record<string, JSONSchemaProps | undefined>;
  if (asObject && kind && kind.type !== 'string') errors.push(invalid(`${path}.properties[kind].type`, kind.type ?? '', 'must be string'));
  if (asObject && apiVersion && apiVersion.type !== 'string') errors.push(invalid(`${path}.properties[apiVersion].type`, apiVersion.type ?? '', 'must be string'));
  if (metadata) {
    if (asObject && metadata.type !== 'object') errors.push(invalid(`${path}.properties[metadata].type`, metadata.type ?? '', 'must be object'));
    if (level === 'root') {
      const { type: _t, default: _d, description: _x, properties, ...rest } = metadata;
      const names = Object.keys(properties ?? {});
      if (size(rest) > 0 || names.some(n => n !== 'name' && n !== 'generateName')) errors.push(forbidden(`${path}.properties[metadata]`, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
    }
  }
  if (embedded && !anything && size(s.properties) === 0) errors.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
}

function values(s: JSONSchemaProps, skipAnyOf: boolean, skipFirst: boolean, path: string, errors: FieldError[]): void {
  if (!skipAnyOf) s.anyOf?.forEach((v, i) => nested(v, false, `${path}.anyOf[${i}]`, errors));
  s.allOf?.forEach((v, i) => nested(v, skipFirst && i === 0, `${path}.allOf[${i}]`, errors));
  s.oneOf?.forEach((v, i) => nested(v, false, `${path}.oneOf[${i}]`, errors));
  if (s.not) nested(s.not, false, `${path}.not`, errors);
}

/** Under allOf, anyOf, oneOf and not there may be nothing but conditions on values. */
function nested(s: JSONSchemaProps, skipAnyOf: boolean, path: string, errors: FieldError[]): void {
  values(s, skipAnyOf, false, path, errors);
  const items = asSchema(s.items), no = (field: string, detail: string): void => { errors.push(forbidden(`${path}.${field}`, detail)); };
  if (items) nested(items, false, `${path}.items`, errors);
  for (const [k, v] of Object.entries(s.properties ?? {})) nested(v, false, key(`${path}.properties`, k), errors);
  if (s.type) no('type', 'must be empty to be structural');
  if (s.additionalProperties !== undefined) no('additionalProperties', 'must be undefined to be structural');
  if (s.default !== undefined) no('default', 'must be undefined to be structural');
  if (s.title) no('title', 'must be empty to be structural');
  if (s.description) no('description', 'must be empty to be structural');
  if (s.nullable) no('nullable', 'must be false to be structural');
  if (s.externalDocs !== undefined) no('externalDocs', 'must be undefined to be structural');
  for (const x of ['preserve-unknown-fields', 'embedded-resource', 'int-or-string'] as const) if (s[`x-kubernetes-${x}`]) no(`x-kubernetes-${x}`, 'must be false to be structural');
  if (s['x-kubernetes-list-map-keys']?.length) no('x-kubernetes-list-map-keys', 'must be empty to be structural');
  for (const x of ['list-type', 'map-type'] as const) if (s[`x-kubernetes-${x}`] !== undefined) no(`x-kubernetes-${x}`, 'must be undefined to be structural');
  if (s['x-kubernetes-validations']?.length) no('x-kubernetes-validations', 'must be empty to be structural');
  if (s.properties?.['metadata']) no('properties[metadata]', 'must not be specified in a nested context');
}

/** Every field and list that a condition speaks of must be specified outside conditions too. */
function completeness(s: JSONSchemaProps, path: string, errors: FieldError[]): void {
  const conditions = (v: JSONSchemaProps, of: JSONSchemaProps, at: string, because: string): void => {
    for (const word of ['allOf', 'anyOf', 'oneOf'] as const) v[word]?.forEach((x, i) => parts(x, of, at, `${because}.${word}[${i}]`));
    if (v.not) parts(v.not, of, at, `${because}.not`);
  };
  const parts = (v: JSONSchemaProps, of: JSONSchemaProps, at: string, because: string): void => {
    conditions(v, of, at, because);
    const items = asSchema(v.items);
    const innerItems = asSchema(of.items);
    if (items && innerItems) parts(items, innerItems, `${at}.items`, `${because}.items`);
    else if (items) errors.push(required(`${at}.items`, `because it is defined in ${because}.items`));
    for (const [k, p] of Object.entries(v.properties ?? {})) {
      const inner = of.properties?.[k] ?? (of['x-kubernetes-preserve-unknown-fields'] ? undefined : asSchema(of.additionalProperties));
      if (inner) parts(p, inner, key(`${at}.properties`, k), key(`${because}.properties`, k));
      else errors.push(required(key(`${at}.properties`, k), `because it is defined in ${key(`${because}.properties`, k)}`));
    }
  };
  conditions(s, s, path, path);
  for (const [k, v] of Object.entries(s.properties ?? {})) completeness(v, key(`${path}.properties`, k), errors);
  const items = asSchema(s.items), additional = asSchema(s.additionalProperties);
  if (items) completeness(items, `${path}.items`, errors);
  if (additional) completeness(additional, `${path}.additionalProperties`, errors);
}
