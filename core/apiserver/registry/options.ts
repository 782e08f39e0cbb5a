// Options of requests, from the query and, for deletes, the body; mistakes are 422 of the options' own kind (contract 3.3, 3.8, 5.10).
import { forbidden, invalid, notSupported, required, type FieldError } from '../../api/meta/field-error.ts';
import type { Unstructured } from '../../api/meta/object.ts';
import { badRequest, invalidError } from '../../api/meta/status.ts';
import { decodeBody, DELETE_OPTIONS, type FieldValidation } from '../codec/body.ts';
import type { RequestContext } from '../context.ts';
import { first, flag, type Query } from '../http/request-info.ts';

export interface WriteOptions { /** CreateOptions, UpdateOptions or PatchOptions. */ readonly kind: string; readonly dryRun: boolean; readonly fieldManager: string; readonly fieldValidation: FieldValidation; /** Of an apply: take what others own. */ readonly force: boolean }

const META = 'meta.k8s.io';
const VALIDATIONS: readonly string[] = ['Ignore', 'Warn', 'Strict'];

function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.filter(v => v !== 'All').slice(0, 1).map(() => notSupported('dryRun', values.length === 1 ? values[0] : values, ['All']));
}
const all = (query: Query, name: string): readonly string[] => { const v = query[name]; return v === undefined ? [] : typeof v === 'string' ? [v] : v; };

/** The manager of a client that names none: its User-Agent up to the slash, what can be printed of it. */
function managerOfAgent(agent: string): string {
  const slash = agent.indexOf('/');
  // oxlint-disable-next-line no-control-regex
  return (slash < 0 ? agent : agent.slice(0, slash)).replace(/[\u0000-\u001f\u007f]/g, '').slice(0, 128);
}

/** Options of create, update and patch. `kind` is CreateOptions, UpdateOptions or PatchOptions; `apply` for a server-side apply. */
export function writeOptions(ctx: RequestContext, kind: string, apply = false): WriteOptions {
  const q = ctx.query;
  const dryRun = all(q, 'dryRun').filter(v => v !== '');
  const fieldManager = first(q, 'fieldManager'), validation = first(q, 'fieldValidation');
  const errors = dryRunErrors(dryRun);
  if (fieldManager.length > 128) errors.push({ type: 'FieldValueTooLong', field: 'fieldManager', detail: 'Too long: may not be more than 128 bytes' });
  // oxlint-disable-next-line no-control-regex
  else if (/[\u0000-\u001f\u007f]/.test(fieldManager)) errors.push(invalid('fieldManager', fieldManager, 'should only contain printable characters'));
  if (validation !== '' && !VALIDATIONS.includes(validation)) errors.push(notSupported('fieldValidation', validation, VALIDATIONS));
  if (apply && fieldManager === '') errors.push(required('fieldManager', 'is required for apply patch'));
  if (kind === 'PatchOptions' && !apply && q['force'] !== undefined) errors.push(forbidden('force', 'may not be specified for non-apply patch'));
  if (errors.length > 0) throw invalidError({ group: META, kind }, '', errors);
  return { kind, dryRun: dryRun.length > 0, fieldManager: fieldManager || managerOfAgent(ctx.userAgent), fieldValidation: (validation || 'Warn') as FieldValidation, force: apply && flag(q, 'force') };
}

export interface DeleteRequest {
  readonly kind: 'DeleteOptions';
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan' | undefined;
  /** The legacy `orphanDependents: false` was given: 202 while the object still stands. */
  readonly waitsForDependents: boolean;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

interface RawDeleteOptions extends Unstructured {
  apiVersion?: string; kind?: string; gracePeriodSeconds?: number; orphanDependents?: boolean; propagationPolicy?: string; dryRun?: string[];
  preconditions?: { uid?: string; resourceVersion?: string };
}

/** A whole number of a query; throws 400 with Go's words. */
export const integer = (text: string): number => {
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
};

/** DeleteOptions from the body, or from the query when there is none. `embedded` wins over both (evictions carry theirs). */
export function deleteOptions(ctx: RequestContext, embedded?: object): DeleteRequest {
  let raw: RawDeleteOptions = {};
  const bytes = 'bytes' in ctx.body ? ctx.body.bytes : undefined;
  const value = 'value' in ctx.body ? ctx.body.value : undefined;
  if (embedded) raw = embedded as RawDeleteOptions;
  else if (value !== undefined) raw = value as RawDeleteOptions;
  else if (bytes && bytes.length > 0) {
    raw = decodeBody(bytes, ctx.body.contentType, DELETE_OPTIONS, 'Ignore').object as RawDeleteOptions;
  } else {
    const q = ctx.query;
    if (q['gracePeriodSeconds'] !== undefined) raw.gracePeriodSeconds = integer(first(q, 'gracePeriodSeconds'));
    if (q['orphanDependents'] !== undefined) raw.orphanDependents = first(q, 'orphanDependents') === 'true' || first(q, 'orphanDependents') === '1';
    if (first(q, 'propagationPolicy') !== '') raw.propagationPolicy = first(q, 'propagationPolicy');
  }
  const dryRun = [...(Array.isArray(raw.dryRun) ? raw.dryRun : []), ...(embedded ? [] : all(ctx.query, 'dryRun').filter(v => v !== ''))];
  const errors = dryRunErrors(dryRun);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw badRequest('DeleteOptions must be an object');
  if (raw.gracePeriodSeconds !== undefined && raw.gracePeriodSeconds !== null && !Number.isInteger(raw.gracePeriodSeconds)) throw badRequest('json: cannot unmarshal into Go struct field DeleteOptions.gracePeriodSeconds of type int64');
  const policy = raw.propagationPolicy ?? undefined;
  if (policy !== undefined && raw.orphanDependents !== undefined && raw.orphanDependents !== null) errors.push(invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'));
  else if (policy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(policy)) errors.push(notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan']));
  if (errors.length > 0) throw invalidError({ group: META, kind: 'DeleteOptions' }, '', errors);
  const legacy = typeof raw.orphanDependents === 'boolean' ? (raw.orphanDependents ? 'Orphan' : 'Background') : undefined;
  return {
    kind: 'DeleteOptions', dryRun: dryRun.length > 0,
    // A negative period means 1 second, as Kubernetes reads it.
    gracePeriodSeconds: typeof raw.gracePeriodSeconds === 'number' ? (raw.gracePeriodSeconds < 0 ? 1 : raw.gracePeriodSeconds) : undefined,
    propagation: (policy as DeleteRequest['propagation']) ?? legacy,
    waitsForDependents: raw.orphanDependents === false,
    uid: raw.preconditions?.uid ?? undefined, resourceVersion: raw.preconditions?.resourceVersion ?? undefined,
  };
}

export interface ListRequest {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly match: string;
}

/** ListOptions of a list; `watch` ones have their own rules in watch.ts. */
export function listOptions(q: Query, watch: boolean): ListRequest {
  const limitText = first(q, 'limit');
  const limit = limitText === '' ? 0 : integer(limitText);
  const o: ListRequest = {
    labelSelector: first(q, 'labelSelector'), fieldSelector: first(q, 'fieldSelector'), limit: limit < 0 ? 0 : limit, continue: first(q, 'continue'),
    resourceVersion: first(q, 'resourceVersion'), match: first(q, 'resourceVersionMatch'),
  };
  const errors: FieldError[] = [];
  const initial = q['sendInitialEvents'] !== undefined;
  if (watch) {
    if (initial) {
      if (o.match === '') errors.push(forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
      else if (o.match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', o.match, ['NotOlderThan']));
    } else if (o.match !== '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  } else {
    if (initial) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
    if (o.match !== '') {
      if (o.resourceVersion === '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
      if (o.continue !== '') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
      if (o.match !== 'Exact' && o.match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', o.match, ['Exact', 'NotOlderThan']));
      if (o.match === 'Exact' && o.resourceVersion === '0') errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (errors.length > 0) throw invalidError({ group: META, kind: 'ListOptions' }, '', errors);
  return o;
}

/** A resource version of a query or body as number; undefined for '' and '0'. */
export function revisionOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === '0') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`invalid resource version: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
