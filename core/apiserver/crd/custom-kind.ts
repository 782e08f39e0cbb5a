// A kind that comes from a CustomResourceDefinition, as the server needs it: a KindSpec with schema work in its functions.
import type { KindSpec } from '../../api/kinds/kind.ts';
import { keepStatus } from '../../api/kinds/parts/keep-status.ts';
import { definitionName, kindFromCrd, storageVersion } from '../../api/kinds/from-crd.ts';
import { equal } from '../../api/meta/clone.ts';
import type { FieldError } from '../../api/meta/field-error.ts';
import { invalid } from '../../api/meta/field-error.ts';
import { simplePath, valueAt } from '../../api/meta/json-path.ts';
import { apiVersionOf, type KubeObject, type Unstructured } from '../../api/meta/object.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps } from '../../api/types/kubernetes.ts';
import { walk, walkFree, type Walked } from '../codec/walk.ts';
import { compareVersions } from '../../api/meta/versions.ts';
import { coerceEmbedded, embeddedErrors } from './embedded.ts';
import { compileSchema, prune, setDefaults, type Structural } from './structural.ts';
import { goJson, listErrors, validateValue } from './validate.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

export interface CustomKind extends KindSpec {
  readonly custom: true;
  /** Decodes a value of the kind in place: metadata by its definition, the rest pruned by the schema. Throws DecodeError. */
  free(value: Record<string, unknown>): Walked;
  readonly structural: Structural;
  /** As written in the definition, for OpenAPI; undefined where it may not be published. */
  readonly published: JSONSchemaProps | undefined;
  /** The path of spec.replicas where the kind has a scale and the object has no number there. */
  missingReplicas(object: KubeObject): string | undefined;
  /** The version objects are stored in. */
  readonly storageVersion: string;
  /** Paths a field selector may name. */
  readonly selectable: readonly string[];
  /** The warning requests to a deprecated version get. */
  readonly deprecation: string | undefined;
}

/** The server's side of a custom resource's kind; undefined for built-in kinds. */
export const customOf = (spec: KindSpec): CustomKind | undefined => ((spec as Partial<CustomKind>).custom ? spec as CustomKind : undefined);

/** What rules in CEL say of an object; `old` on updates. Made per version of a definition. */
export type Rules = (object: KubeObject, old: KubeObject | undefined) => FieldError[];

const BLOCKING: ReadonlySet<string> = new Set(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']);
const UNCHECKED: FieldError = { type: 'FieldValueInvalid', field: '<nil>', detail: 'Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation' };

/** One version of a definition as a kind that can be served. `rules` is asked when everything else is well. */
export function customKind(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion, rules?: Rules): CustomKind {
  const base = kindFromCrd(crd, version), raw = version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const structural = compileSchema(crd.spec.preserveUnknownFields ? { ...raw, 'x-kubernetes-preserve-unknown-fields': true } : raw);
  const hasStatus = base.subresources.some(s => s.name === 'status');
  const replicas = version.subresources?.scale;

  const check = (object: KubeObject, old: KubeObject | undefined): FieldError[] => {
    const errors = validateValue(object, structural, old);
    if (replicas) errors.push(...scaleErrors(object, replicas.specReplicasPath), ...scaleErrors(object, replicas.statusReplicasPath));
    errors.push(...embeddedErrors(object, structural));
    if (structural.has.lists && (old === undefined || listErrors(old, structural).length === 0)) errors.push(...listErrors(object, structural));
    if (structural.has.rules && rules) {
      if (errors.some(e => BLOCKING.has(e.type))) errors.push(UNCHECKED);
      else errors.push(...rules(object, old));
    }
    return errors;
  };

  return {
    ...base, custom: true, structural,
    schema: definitionName(base.group, base.version, base.kind),
    published: crd.spec.preserveUnknownFields ? undefined : version.schema?.openAPIV3Schema,
    deprecation: version.deprecated ? version.deprecationWarning ?? deprecationOf(crd, version) : undefined,
    missingReplicas(object) {
      const names = replicas && simplePath(replicas.specReplicasPath);
      return names && typeof valueAt(object, names) !== 'number' ? replicas.specReplicasPath : undefined;
    },
    storageVersion: storageVersion(crd),
    selectable: (version.selectableFields ?? []).map(f => f.jsonPath.replace(/^\./, '')),
    free: value => decode(value, structural),
    setDefaults: object => setDefaults(object, structural),
    prepareForCreate(object) {
      if (!hasStatus) return;
      delete (object as Unstructured)['status'];
      if (structural.has.defaults) setDefaults(object, structural);
    },
    prepareForUpdate(next, prev) {
      const a = next as Unstructured, b = prev as Unstructured;
      if (hasStatus) { keepStatus(a as { status?: unknown }, b as { status?: unknown }); return; }
      // Without a status of its own every change but metadata counts.
      if (!equal(a['status'], b['status'])) next.metadata!.generation = (prev.metadata!.generation ?? 0) + 1;
    },
    validateCreate: object => check(object, undefined),
    validateUpdate: check,
  };
}

function decode(value: Record<string, unknown>, s: Structural): Walked {
  const { keys } = walkFree(value), unknown: string[] = [];
  if (value['metadata'] !== undefined && value['metadata'] !== null) {
    const meta = walk(value['metadata'], META);
    value['metadata'] = meta.value;
    unknown.push(...meta.unknown.map(u => u.replace('unknown field "', 'unknown field "metadata.')));
  } else delete value['metadata'];
  unknown.push(...prune(value, s).map(path => `unknown field ${JSON.stringify(path)}`));
  coerceEmbedded(value, s, '', unknown);
  return { value, unknown, keys };
}

function deprecationOf(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string {
  const kind = crd.spec.names.kind, name = (v: string): string => `${apiVersionOf({ group: crd.spec.group, version: v })} ${kind}`;
  const better = crd.spec.versions.filter(v => v.served && !v.deprecated).map(v => v.name).sort(compareVersions)[0];
  return `${name(version.name)} is deprecated${better !== undefined && compareVersions(better, version.name) < 0 ? `; use ${name(better)}` : ''}`;
}

function scaleErrors(object: KubeObject, path: string): FieldError[] {
  const names = simplePath(path), v = names && valueAt(object, names);
  if (v === undefined) return [];
  if (typeof v !== 'number' || !Number.isInteger(v)) {
    const what = v === null ? '<nil> is of the type <nil>' : typeof v === 'number' ? `${v} is of the type float64` : `${typeof v === 'object' ? goJson(v) : String(v)} is of the type ${typeof v === 'boolean' ? 'bool' : Array.isArray(v) ? '[]interface {}' : typeof v === 'object' ? 'map[string]interface {}' : typeof v}`;
    return [{ type: 'FieldValueInvalid', field: path, detail: `Invalid value: ${goJson(object)}: ${path} accessor error: ${what}, expected int64` }];
  }
  if (v < 0) return [invalid(path, v, 'should be a non-negative integer')];
  return v > 2_147_483_647 ? [invalid(path, v, 'should be less than or equal to 2147483647')] : [];
}
