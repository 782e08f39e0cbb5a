// Rules of a CustomResourceDefinition besides its schemas (k8s.io/apiextensions-apiserver pkg/apis/apiextensions/validation).
import { equal } from '../../meta/clone.ts';
import { duplicate, forbidden, invalid, notSupported, required, tooMany, type FieldError } from '../../meta/field-error.ts';
import { JsonPathError, parseJsonPath, simplePath } from '../../meta/json-path.ts';
import { dns1035Label, dnsSubdomain, IMMUTABLE } from '../../meta/names.ts';
import type { CustomResourceColumnDefinition, CustomResourceConversion, CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionVersion, CustomResourceSubresources, JSONSchemaProps, SelectableField } from '../../types/kubernetes.ts';
import { crdCondition } from '../from-crd.ts';
import { clientErrors, reviewVersionErrors } from '../parts/webhook-client.ts';
import { asSchema, validateSchema } from './validate-schema.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'], COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const APPROVED = 'api-approved.kubernetes.io';
const MAX_SELECTABLE = 8;

/** `required` and `one of`, as upstream tells an enumeration. */
function oneOf(value: string | undefined, accepted: readonly string[], path: string): FieldError[] {
  if (!value) return [required(path)];
  return accepted.includes(value) ? [] : [notSupported(path, value, accepted)];
}

/** All errors of a definition, metadata aside. */
export function validateCrd(crd: CustomResourceDefinition): FieldError[] {
  const spec = crd.spec ?? ({} as CustomResourceDefinition['spec']), names = spec.names ?? ({} as CustomResourceDefinitionNames), versions = spec.versions ?? [];
  const errors: FieldError[] = [];
  if (crd.metadata?.name && crd.metadata.name !== `${names.plural ?? ''}.${spec.group ?? ''}`) errors.push(invalid('metadata.name', crd.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  if (!spec.group) errors.push(required('spec.group'));
  else if (dnsSubdomain(spec.group).length > 0) errors.push(invalid('spec.group', spec.group, dnsSubdomain(spec.group).join(',')));
  else if (!spec.group.includes('.')) errors.push(invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
  errors.push(...oneOf(spec.scope, ['Cluster', 'Namespaced'], 'spec.scope'));
  versions.forEach((v, i) => { if (!v.schema?.openAPIV3Schema) errors.push(required(`spec.versions[${i}].schema.openAPIV3Schema`, 'schemas are required')); });
  const paths = versionPaths(versions), [first] = versions, shared = (part: Part): boolean => paths[0]?.[part].startsWith('spec.versions') === false;
  versions.forEach((v, i) => {
    const at = `spec.versions[${i}]`, bad = dns1035Label(v.name ?? '');
    if (bad.length > 0) errors.push(invalid(`${at}.name`, v.name ?? '', bad.join(',')));
    errors.push(...validateVersion(v, at));
    for (const part of PARTS) if (!shared(part)) errors.push(...validatePart(v, part, paths[i]![part]));
  });
  if (new Set(versions.map(v => v.name)).size !== versions.length) errors.push(invalid('spec.versions', versions, 'must contain unique version names'));
  if (versions.filter(v => v.storage).length !== 1) errors.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) if (!names[field]) errors.push(required(`spec.names.${field}`));
  errors.push(...validateNames(names, 'spec.names'));
  for (const part of PARTS) if (first && shared(part)) errors.push(...validatePart(first, part, paths[0]![part]));
  errors.push(...validateConversion(spec.conversion, 'spec.conversion'));
  if (crd.status?.acceptedNames) errors.push(...validateNames(crd.status.acceptedNames, 'status.acceptedNames'));
  crd.status?.storedVersions?.forEach((v, i) => { if (!versions.some(x => x.name === v)) errors.push(invalid(`status.storedVersions[${i}]`, v, `missing from spec.versions; ${v} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${v} and removes ${v} from status.storedVersions`)); });
  return errors;
}

/** What only a new definition is asked, and a changed one as far as it changed. */
export function validateApproval(crd: CustomResourceDefinition, prev?: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [], group = crd.spec?.group ?? '';
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(group)) {
    const path = `metadata.annotations[${APPROVED}]`, now = approval(crd);
    if (now !== 'approved' && (!prev || approval(prev) !== now)) {
      const see = 'see https://github.com/kubernetes/enhancements/pull/1111', given = crd.metadata?.annotations?.[APPROVED];
      errors.push(given
        ? invalid(path, given, `protected groups must have approval annotation "${APPROVED}" with either a URL or a reason starting with "unapproved", ${see}`)
        : required(path, `protected groups must have approval annotation "${APPROVED}", ${see}`));
    }
  }
  if (crd.spec?.preserveUnknownFields === true && prev?.spec.preserveUnknownFields !== true) {
    errors.push(invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'));
  }
  return errors;
}

function approval(crd: CustomResourceDefinition): 'approved' | 'missing' | 'invalid' {
  const text = crd.metadata?.annotations?.[APPROVED] ?? '';
  if (text === '') return 'missing';
  return text.startsWith('unapproved') || /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+/.test(text) ? 'approved' : 'invalid';
}

/** Names and scope of what is stored cannot change. */
export function validateCrdUpdate(next: CustomResourceDefinition, prev: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const fixed = (path: string, a: unknown, b: unknown): void => { if (a !== b) errors.push(invalid(path, a, IMMUTABLE)); };
  if (crdCondition(prev, 'Established') === 'True') {
    fixed('spec.scope', next.spec.scope, prev.spec.scope);
    fixed('spec.names.kind', next.spec.names.kind, prev.spec.names.kind);
  }
  fixed('spec.group', next.spec.group, prev.spec.group);
  fixed('spec.names.plural', next.spec.names.plural, prev.spec.names.plural);
  return [...errors, ...validateApproval(next, prev)];
}

function validateNames(n: CustomResourceDefinitionNames, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const plain = (field: 'plural' | 'singular'): void => {
    const v = n[field], bad = v ? dns1035Label(v) : [];
    if (bad.length > 0) errors.push(invalid(`${path}.${field}`, v, bad.join(',')));
  };
  const mixed = (field: 'kind' | 'listKind'): void => {
    const v = n[field], bad = v ? dns1035Label(v.toLowerCase()) : [];
    if (bad.length > 0) errors.push(invalid(`${path}.${field}`, v, `may have mixed case, but should otherwise match: ${bad.join(',')}`));
  };
  const each = (field: 'shortNames' | 'categories'): void => {
    n[field]?.forEach((v, i) => { const bad = dns1035Label(v); if (bad.length > 0) errors.push(invalid(`${path}.${field}[${i}]`, v, bad.join(','))); });
  };
  plain('plural');
  plain('singular');
  mixed('kind');
  mixed('listKind');
  each('shortNames');
  if (n.kind && n.kind === n.listKind) errors.push(invalid(`${path}.listKind`, n.listKind, 'kind and listKind may not be the same'));
  each('categories');
  return errors;
}

function validateVersion(v: CustomResourceDefinitionVersion, path: string): FieldError[] {
  const errors: FieldError[] = [], warning = v.deprecationWarning;
  if (warning !== undefined) for (const word of warningErrors(v.deprecated ?? false, warning)) errors.push(invalid(`${path}.deprecationWarning`, warning, word));
  return errors;
}

const PARTS = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
type Part = typeof PARTS[number];

/**
 * Where each version's parts stand in the paths of errors: what all versions have alike is told once, below the spec
 * (`spec.validation.openAPIV3Schema`), as upstream's internal form has it; all else below its version.
 */
export function versionPaths(versions: readonly CustomResourceDefinitionVersion[]): readonly Readonly<Record<Part, string>>[] {
  const alike = (part: Part): boolean => versions.every(v => equal(v[part] ?? undefined, versions[0]![part] ?? undefined));
  const same = new Set(versions.length > 0 ? PARTS.filter(alike) : []);
  return versions.map((_, i) => {
    const at = (part: Part, short: string, own: string): string => (same.has(part) ? `spec.${short}` : `spec.versions[${i}].${own}`);
    return {
      schema: at('schema', 'validation.openAPIV3Schema', 'schema.openAPIV3Schema'), subresources: at('subresources', 'subresources', 'subresources'),
      additionalPrinterColumns: at('additionalPrinterColumns', 'additionalPrinterColumns', 'additionalPrinterColumns'), selectableFields: at('selectableFields', 'selectableFields', 'selectableFields'),
    };
  });
}

function validatePart(v: CustomResourceDefinitionVersion, part: Part, path: string): FieldError[] {
  const schema = v.schema?.openAPIV3Schema;
  switch (part) {
    case 'schema': return schema ? validateSchema(schema, path, v.subresources?.status !== undefined && v.subresources.status !== null) : [];
    case 'subresources': return validateSubresources(v.subresources, path);
    case 'additionalPrinterColumns': return (v.additionalPrinterColumns ?? []).flatMap((c, i) => validateColumn(c, `${path}[${i}]`));
    default: return v.selectableFields?.length ? validateSelectable(v.selectableFields, schema, path) : [];
  }
}

function warningErrors(deprecated: boolean, warning: string): string[] {
  const out: string[] = [];
  if (!deprecated) out.push('can only be set for deprecated versions');
  if (warning.length > 256) out.push('must be <= 256 characters long');
  if (warning === '') out.push('must not be an empty string');
  // oxlint-disable-next-line no-control-regex
  const odd = /[\u0000-\u001f\u007f-\u009f]/.exec(warning);
  if (odd) out.push(`must only contain printable UTF-8 characters; non-printable character found at index ${odd.index}`);
  return out;
}

function dotPath(value: string, under: '.spec' | '.status', path: string): FieldError[] {
  if (!value.startsWith('.')) return [invalid(path, value, 'must be a simple json path starting with .')];
  if (value.includes('[')) return [invalid(path, value, 'must be a simple json path without array notation')];
  return value.startsWith(`${under}.`) ? [] : [invalid(path, value, `should be a json path under ${under}`)];
}

function validateSubresources(s: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = s?.scale;
  if (!scale) return [];
  return [
    ...(scale.specReplicasPath ? dotPath(scale.specReplicasPath, '.spec', `${path}.scale.specReplicasPath`) : [required(`${path}.scale.specReplicasPath`)]),
    ...(scale.statusReplicasPath ? dotPath(scale.statusReplicasPath, '.status', `${path}.scale.statusReplicasPath`) : [required(`${path}.scale.statusReplicasPath`)]),
    ...(scale.labelSelectorPath && !/^\.(spec|status)\./.test(scale.labelSelectorPath) ? [invalid(`${path}.scale.labelSelectorPath`, scale.labelSelectorPath, 'should be a json path under either .spec or .status')] : []),
  ];
}

function validateColumn(c: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!c.name) errors.push(required(`${path}.name`));
  if (!c.type) errors.push(required(`${path}.type`, `must be one of ${COLUMN_TYPES.join(',')}`));
  else if (!COLUMN_TYPES.includes(c.type)) errors.push(invalid(`${path}.type`, c.type, `must be one of ${COLUMN_TYPES.join(',')}`));
  if (c.format && !COLUMN_FORMATS.includes(c.format)) errors.push(invalid(`${path}.format`, c.format, `must be one of ${COLUMN_FORMATS.join(',')}`));
  if (!c.jsonPath) errors.push(required(`${path}.jsonPath`));
  else if (!c.jsonPath.startsWith('.')) errors.push(invalid(`${path}.jsonPath`, c.jsonPath, 'must be a simple json path starting with .'));
  else {
    try { parseJsonPath(c.jsonPath); } catch (e) {
      if (!(e instanceof JsonPathError)) throw e;
      errors.push(invalid(`${path}.jsonPath`, c.jsonPath, e.message));
    }
  }
  return errors;
}

function validateSelectable(fields: readonly SelectableField[], schema: JSONSchemaProps | undefined, path: string): FieldError[] {
  if (!schema) return [invalid(path, '', 'selectableFields may only be set when version.schema.openAPIV3Schema is not included')];
  const errors: FieldError[] = [], seen = new Set<string>();
  fields.forEach((f, i) => {
    const at = `${path}[${i}]`;
    if (!f.jsonPath) { errors.push(required(`${at}.jsonPath`)); return; }
    const names = simplePath(f.jsonPath), found = names && fieldAt(schema, names);
    if (!found) { errors.push(invalid(`${at}.jsonPath`, f.jsonPath, `is an invalid path: ${names ? `does not refer to a valid field` : 'must be a simple json path without array notation'}`)); return; }
    if (names[0] === 'metadata') errors.push(invalid(at, f.jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.type ?? '')) errors.push(invalid(at, f.jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'));
    if (seen.has(names.join('.'))) errors.push(duplicate(at, f.jsonPath));
    seen.add(names.join('.'));
  });
  if (seen.size > MAX_SELECTABLE) errors.push(tooMany(path, seen.size, MAX_SELECTABLE));
  return errors;
}

function fieldAt(schema: JSONSchemaProps, names: readonly string[]): JSONSchemaProps | undefined {
  let s: JSONSchemaProps | undefined = schema;
  for (const n of names) s = s?.properties?.[n] ?? asSchema(s?.additionalProperties);
  return s;
}

function validateConversion(c: CustomResourceConversion | undefined, path: string): FieldError[] {
  if (!c) return [];
  const errors = oneOf(c.strategy, ['None', 'Webhook'], `${path}.strategy`), hook = c.webhook, client = hook?.clientConfig;
  if (c.strategy !== 'Webhook') {
    if (client) errors.push(forbidden(`${path}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook'));
    if (hook?.conversionReviewVersions?.length) errors.push(forbidden(`${path}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook'));
    return errors;
  }
  if (!client) errors.push(required(`${path}.webhookClientConfig`, 'required when strategy is set to Webhook'));
  else errors.push(...clientErrors(client, `${path}.webhookClientConfig`));
  return [...errors, ...reviewVersionErrors(hook?.conversionReviewVersions, `${path}.conversionReviewVersions`, '')];
}
