// From the bytes of a request to an object one may trust to have its schema's shape, or the Status the client gets instead.
import type { Unstructured } from '../../api/meta/object.ts';
import { apiVersionOf } from '../../api/meta/object.ts';
import { invalid } from '../../api/meta/field-error.ts';
import { ApiError, badRequest, failure, invalidError, tooLarge, unsupportedMediaType } from '../../api/meta/status.ts';
import { inOrder, JsonSyntaxError, readJson } from './json.ts';
import { decodeProtobuf, ProtobufError } from './protobuf.ts';
import { scanJson } from './scan.ts';
import { definition, schemaOf } from './schemas.ts';
import { DecodeError, walk, walkFree, type Walked } from './walk.ts';
import { readYaml, YamlError } from './yaml.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What the codec must know of a kind; every KindSpec is one. A schema without a definition (custom resources) means free-form. */
export interface DecodeTarget {
  readonly group: string; readonly version: string; readonly kind: string; readonly schema: string;
  /** How a free-form value is held to the schema of its own kind, in place; without it anything goes. Throws DecodeError. */
  readonly free?: (value: Record<string, unknown>) => Walked;
}

/** Bytes a request body may have. */
export const MAX_BODY = 3 * 1024 * 1024;
const JSON_TYPE = 'application/json', YAML_TYPE = 'application/yaml', PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
/** Kinds every group-version knows: they may name any apiVersion. */
const EVERYWHERE = new Set(['DeleteOptions', 'CreateOptions', 'UpdateOptions', 'PatchOptions', 'ListOptions', 'GetOptions']);

/** A target for a kind that has no resource (`DeleteOptions`, `Scale`, `Binding`, `Eviction`, `TokenRequest`…); throws when the API has none. */
export function targetOf(group: string, version: string, kind: string): DecodeTarget {
  const schema = schemaOf(group, version, kind);
  if (!schema) throw new Error(`no schema for ${group}/${version} ${kind}`);
  return { group, version, kind, schema };
}
export const DELETE_OPTIONS: DecodeTarget = { group: '', version: 'v1', kind: 'DeleteOptions', schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions' };

interface Read { value: unknown; duplicates: string[]; /** Keys in the text; undefined where duplicates are already known. */ keys?: number }

/**
 * Decodes a request body as `kind` (or as what the body says it is). `contentType` undefined or empty means JSON.
 * kind and apiVersion are filled in where the body has none. Throws ApiError 400, 413, 415.
 */
export function decodeBody(bytes: Buffer, contentType: string | undefined, kind: DecodeTarget | undefined, fieldValidation: FieldValidation): { object: Unstructured; warnings: string[] } {
  if (bytes.length > MAX_BODY) throw tooLarge(`Request entity too large: limit is ${MAX_BODY}`);
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase() || JSON_TYPE;
  const custom = kind !== undefined && definition(kind.schema) === undefined;
  if (type === PROTOBUF_TYPE && !custom) return { object: decodeWire(bytes, kind), warnings: [] };
  if (type !== JSON_TYPE && type !== YAML_TYPE) {
    throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${[JSON_TYPE, YAML_TYPE, ...(custom ? [] : [PROTOBUF_TYPE])].join(', ')}`);
  }
  const text = bytes.toString('utf8');
  let read: Read;
  try {
    read = type === YAML_TYPE ? readYaml(text) : fieldValidation === 'Ignore' ? { value: JSON.parse(text), duplicates: [] } : readFast(text);
    if (type === JSON_TYPE && fieldValidation === 'Ignore' && scanJson(text).oddNumbers) read = readJson(text);
  } catch (e) {
    throw unreadable(e, text, bytes, kind);
  }
  const named = identify(read.value, kind, bytes);
  let walked: Walked;
  try {
    walked = shape(read.value, named, kind);
    if (read.keys !== undefined && read.keys !== walked.keys - (named.added ?? 0)) read = readJson(text);
  } catch (e) {
    throw cannotHandle(e, named, kind);
  }
  const problems = type === JSON_TYPE && !custom && read.duplicates.length > 0 && walked.unknown.length > 0 ? inOrder(text, read.duplicates, walked.unknown) : [...read.duplicates, ...walked.unknown];
  if (fieldValidation === 'Strict' && problems.length) throw cannotHandle(new DecodeError(`strict decoding error: ${problems.join(', ')}`), named, kind);
  return { object: walked.value as Unstructured, warnings: fieldValidation === 'Warn' ? problems : [] };
}

/** Like `decodeBody` for a value of an in-process caller, which no text was made of; works in place, so `value` must be private. */
export function decodeValue(value: unknown, kind: DecodeTarget, fieldValidation: FieldValidation): { object: Unstructured; warnings: string[] } {
  const named = identify(value, kind, NO_BYTES);
  let walked: Walked;
  try { walked = shape(value, named, kind); } catch (e) { throw cannotHandle(e, named, kind); }
  if (fieldValidation === 'Strict' && walked.unknown.length) throw cannotHandle(new DecodeError(`strict decoding error: ${walked.unknown.join(', ')}`), named, kind);
  return { object: walked.value as Unstructured, warnings: fieldValidation === 'Warn' ? walked.unknown : [] };
}
const NO_BYTES = Buffer.alloc(0);

/** JSON.parse where it can decide; the strict reader where the text has numbers it would change. Duplicates show by the count of keys. */
function readFast(text: string): Read {
  const value: unknown = JSON.parse(text);
  const scan = scanJson(text);
  return scan.oddNumbers ? readJson(text) : { value, duplicates: [], keys: scan.keys };
}

interface Named { apiVersion: string; kind: string; /** Keys identify added: they are not in the text. */ added?: number }

/** kind and apiVersion, of the body or by default; fills them in. */
function identify(value: unknown, kind: DecodeTarget | undefined, bytes: Buffer): Named {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (value === null && kind) return { apiVersion: apiVersionOf(kind), kind: kind.kind };
    const what = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
    const go = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    throw unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type ${go}`, kind, bytes);
  }
  const o = value as Record<string, unknown>;
  let added = 0;
  for (const key of ['apiVersion', 'kind'] as const) {
    const v = o[key];
    if (v !== undefined && v !== null && typeof v !== 'string') {
      const what = Array.isArray(v) ? 'array' : typeof v === 'boolean' ? 'bool' : typeof v === 'object' ? 'object' : 'number';
      throw unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go struct field .${key} of type string`, kind, bytes);
    }
    if (v || !kind) continue;
    // Custom resources must say what they are; workers in the process need not.
    if (kind.free && bytes !== NO_BYTES && key === 'kind') throw badRequest(`Object 'Kind' is missing in '${bytes.toString()}'`);
    if (!Object.hasOwn(o, key)) added++;
    o[key] = key === 'kind' ? kind.kind : apiVersionOf(kind);
  }
  return { apiVersion: String(o.apiVersion ?? ''), kind: String(o.kind ?? ''), added };
}

/** Throws unless the named kind is the wanted one. */
function checkKind(named: Named, kind: DecodeTarget): void {
  if (named.kind === kind.kind && (named.apiVersion === apiVersionOf(kind) || EVERYWHERE.has(kind.kind))) return;
  const [version, group = ''] = named.apiVersion.split('/').reverse() as [string, string | undefined];
  if (kind.free) {
    if (named.apiVersion !== apiVersionOf(kind)) throw badRequest(`the API version in the data (${named.apiVersion}) does not match the expected API version (${apiVersionOf(kind)})`);
    throw invalidError(kind, '', [invalid('kind', named.kind, `must be ${kind.kind}`)]);
  }
  const known = schemaOf(group, version, named.kind);
  if (named.kind === kind.kind && known) throw badRequest(`the API version in the data (${named.apiVersion}) does not match the expected API version (${apiVersionOf(kind)})`);
  throw new DecodeError(known
    ? `converting (${version}.${named.kind}) to (${kind.group === '' ? 'core' : kind.group.split('.')[0]}.${kind.kind}): unknown conversion`
    : `no kind ${JSON.stringify(named.kind)} is registered for version ${JSON.stringify(named.apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`);
}

/** Walks the value by the schema of the wanted kind, or of the kind it says it is. */
function shape(value: unknown, named: Named, kind: DecodeTarget | undefined): Walked {
  const object = (value ?? { kind: named.kind, apiVersion: named.apiVersion }) as Record<string, unknown>;
  if (kind) checkKind(named, kind);
  const [version, group = ''] = named.apiVersion.split('/').reverse() as [string, string | undefined];
  if (kind?.free) return kind.free(object);
  const schema = kind ? kind.schema : schemaOf(group, version, named.kind);
  return schema !== undefined && definition(schema) ? walk(object, schema) : walkFree(object);
}

function decodeWire(bytes: Buffer, kind: DecodeTarget | undefined): Unstructured {
  let named: Named = { apiVersion: kind ? apiVersionOf(kind) : '', kind: kind?.kind ?? '' };
  try {
    const object = decodeProtobuf(bytes, kind);
    named = { apiVersion: String(object.apiVersion ?? ''), kind: String(object.kind ?? '') };
    if (kind) checkKind(named, kind);
    return object;
  } catch (e) {
    if (e instanceof ProtobufError) throw kind ? unrecognizedText(e.message, kind, bytes) : badRequest(e.message);
    throw cannotHandle(e, named, kind);
  }
}

/** Kubernetes shows the first bytes of what it could not read: as text when that looks like JSON, in hex otherwise. */
function summary(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  const cut = bytes.subarray(0, 30), more = bytes.length > 30 ? ' ...' : '';
  return `${bytes[0] === 123 ? cut.toString('utf8') : cut.toString('hex')}${more}`;
}
const unrecognizedText = (why: string, kind: DecodeTarget, bytes: Buffer): ApiError => badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${summary(bytes)})`);
const unrecognized = (why: string, kind: DecodeTarget | undefined, bytes: Buffer): ApiError => (kind ? unrecognizedText(why, kind, bytes) : badRequest(`${why} (${summary(bytes)})`));

function unreadable(e: unknown, text: string, bytes: Buffer, kind: DecodeTarget | undefined): Error {
  if (e instanceof SyntaxError) {
    // V8's words differ from Go's: read it again with ours.
    try { readJson(text); } catch (again) { if (again instanceof JsonSyntaxError) return unreadable(again, text, bytes, kind); }
  }
  if (e instanceof JsonSyntaxError) return unrecognized(`couldn't get version/kind; json parse error: ${e.message}`, kind, bytes);
  if (e instanceof YamlError) return unrecognized(e.message, kind, bytes);
  return e instanceof Error ? e : new Error(String(e));
}

function cannotHandle(e: unknown, named: Named, kind: DecodeTarget | undefined): Error {
  if (!(e instanceof DecodeError || e instanceof JsonSyntaxError)) return e instanceof Error ? e : new Error(String(e));
  const version = named.apiVersion.slice(named.apiVersion.indexOf('/') + 1);
  return badRequest(`${named.kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind?.kind ?? named.kind}: ${e.message}`);
}

/**
 * Holds the outcome of a patch against its schema, in place where it can. Unlike a body it is answered with 422 of the patch.
 * `shown` is the patch as the message quotes it, `duplicates` what its text said twice. Use the returned object.
 */
export function validateAgainstSchema(object: Unstructured, kind: DecodeTarget, fieldValidation: FieldValidation, shown = '', duplicates: readonly string[] = []): { object: Unstructured; warnings: string[] } {
  const refuse = (why: string): ApiError => {
    const detail = `Invalid value: ${JSON.stringify(shown)}: ${why}`;
    return failure(422, 'Invalid', ` "" is invalid: patch: ${detail}`, { details: { causes: [{ reason: 'FieldValueInvalid', message: detail, field: 'patch' }] } });
  };
  let walked: Walked;
  try {
    walked = definition(kind.schema) ? walk(object, kind.schema) : walkFree(object);
  } catch (e) {
    if (e instanceof DecodeError) throw refuse(e.message);
    throw e;
  }
  const problems = [...duplicates, ...walked.unknown];
  if (fieldValidation === 'Strict' && problems.length) throw refuse(`strict decoding error: ${problems.join(', ')}`);
  return { object: walked.value as Unstructured, warnings: fieldValidation === 'Warn' ? problems : [] };
}
