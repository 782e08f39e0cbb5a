// What of a definition only the server can judge: whether its patterns and rules can be read, and its defaults are good values.
import { validateCrd, versionPaths } from '../../api/kinds/apiextensions/validate-crd.ts';
import { asSchema } from '../../api/kinds/apiextensions/validate-schema.ts';
import type { KindSpec } from '../../api/kinds/kind.ts';
import { clone, equal, isObject } from '../../api/meta/clone.ts';
import { forbidden, invalid, type FieldError } from '../../api/meta/field-error.ts';
import type { CustomResourceDefinition, JSONSchemaProps } from '../../api/types/kubernetes.ts';
import { CelError } from '../cel/values.ts';
import { embeddedErrors } from './embedded.ts';
import { compilePattern } from './pattern.ts';
import { ruleErrors, rulesFor } from './rules.ts';
import { compileSchema, pruned, type Structural } from './structural.ts';
import { listErrors, showGo, validateValue } from './validate.ts';

/** The kind of definitions with the server's judgement added; other kinds as they are. */
export function withDefinitionChecks(spec: KindSpec): KindSpec {
  if (spec.group !== 'apiextensions.k8s.io' || spec.plural !== 'customresourcedefinitions') return spec;
  return {
    ...spec,
    validateCreate: o => [...(spec.validateCreate?.(o) ?? []), ...definitionErrors(o as CustomResourceDefinition)],
    validateUpdate: (next, prev) => [
      ...(spec.validateUpdate?.(next, prev) ?? []),
      // A schema that did not change was judged before.
      ...(equal((next as CustomResourceDefinition).spec, (prev as CustomResourceDefinition).spec) ? [] : definitionErrors(next as CustomResourceDefinition)),
    ],
  };
}

function definitionErrors(crd: CustomResourceDefinition): FieldError[] {
  // What is not structural cannot be compiled; its faults have been told.
  if (validateCrd(crd).length > 0) return [];
  const errors: FieldError[] = [];
  const preserve = crd.spec.preserveUnknownFields === true;
  const paths = versionPaths(crd.spec.versions), told = new Set<string>();
  crd.spec.versions.forEach((v, i) => {
    const raw = v.schema?.openAPIV3Schema, path = paths[i]!.schema;
    if (!raw || told.has(path)) return;
    told.add(path);
    const unreadable = patterns(raw, path);
    if (unreadable.length > 0) { errors.push(...unreadable); return; }
    const s = compileSchema(raw);
    if (s.has.defaults) {
      if (preserve) errors.push({ type: 'FieldValueInvalid', field: 'spec.preserveUnknownFields', detail: 'Invalid value: true: must be false in order to use defaults in the schema' });
      defaults(s, path, 'root', errors);
    }
    errors.push(...ruleErrors(s, path));
  });
  return errors;
}

function patterns(s: JSONSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (s.pattern) {
    try { compilePattern(s.pattern); } catch (e) {
      if (!(e instanceof CelError)) throw e;
      errors.push(invalid(`${path}.pattern`, s.pattern, `must be a valid regular expression, but isn't: ${e.message}`));
    }
  }
  const items = asSchema(s.items), additional = asSchema(s.additionalProperties);
  for (const [k, v] of Object.entries(s.properties ?? {})) errors.push(...patterns(v, `${path}.properties[${k}]`));
  if (items) errors.push(...patterns(items, `${path}.items`));
  if (additional) errors.push(...patterns(additional, `${path}.additionalProperties`));
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const) s[word]?.forEach((v, i) => errors.push(...patterns(v, `${path}.${word}[${i}]`)));
  if (s.not) errors.push(...patterns(s.not, `${path}.not`));
  return errors;
}

function defaults(s: Structural, path: string, place: 'root' | 'metadata' | '', errors: FieldError[]): void {
  if (!s.has.defaults) return;
  if (s.default !== undefined) {
    const at = `${path}.default`;
    if (place === 'metadata') errors.push(forbidden(at, 'must not be set in metadata'));
    else if (place === 'root') errors.push(forbidden(at, 'must not be set at the root'));
    else errors.push(...defaultErrors(s, at));
  }
  for (const [k, p] of s.properties) defaults(p, `${path}.properties[${k}]`, place === 'metadata' || ((place === 'root' || s.embedded) && k === 'metadata') ? 'metadata' : '', errors);
  if (typeof s.additional === 'object') defaults(s.additional, `${path}.additionalProperties`, '', errors);
  if (s.items) defaults(s.items, `${path}.items`, '', errors);
}

function defaultErrors(s: Structural, at: string): FieldError[] {
  const value = clone(s.default);
  if (!equal(pruned(clone(value), s), value)) return [{ type: 'FieldValueInvalid', field: at, detail: `Invalid value: ${showGo(value)}: must not have unknown fields` }];
  const found = [...validateValue(value, s), ...(isObject(value) || Array.isArray(value) ? [...embeddedErrors(value, s), ...listErrors(value, s)] : [])];
  if (found.length === 0 && s.has.rules) found.push(...(rulesFor(s)?.(value as object, undefined) ?? []));
  return found.map(e => ({ ...e, field: e.field === '<nil>' ? at : e.field.startsWith('[') ? `${at}${e.field}` : `${at}.${e.field}` }));
}
