// May they? One small interface between whoever asks (the door, access reviews, admission, CEL) and whoever knows (Node, RBAC).
// Answers come at once: everything an authorizer looks at is in memory. Shapes and texts follow Kubernetes' authorizer.
import { fieldTerms } from '../../api/meta/fields.ts';
import { parseSelector } from '../../api/meta/labels.ts';
import { ApiError, failure, forbiddenError } from '../../api/meta/status.ts';
import type { UserInfo } from '../context.ts';
import { first, type Query, type RequestVerb, type ResourceRequest } from '../http/request-info.ts';

/** One requirement of a selector a request is limited by; `operator` is In, NotIn, Exists or DoesNotExist. */
export interface SelectorRequirement { readonly key: string; readonly operator: string; readonly values: readonly string[] }

/** What of the API is wanted; '' for what a request does not name. */
export interface ResourceAccess {
  readonly group: string;
  readonly version: string;
  /** The plural, `*` in questions about all of them. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Only in requests for many: what they are limited to. Absent when unlimited. */
  readonly fieldSelector?: readonly SelectorRequirement[];
  readonly labelSelector?: readonly SelectorRequirement[];
}

/** Who wants to do what. `path` belongs to requests that are for no resource, whose verb is the HTTP method in small letters. */
export type Access =
  | { readonly user: UserInfo; readonly verb: string; readonly resource: ResourceAccess; readonly path?: undefined }
  | { readonly user: UserInfo; readonly verb: string; readonly path: string; readonly resource?: undefined };

/** `none`: this authorizer says nothing, which ends as a refusal when nobody else allows. */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'none';
  /** For people and access reviews; '' when there is nothing to say. */
  readonly reason: string;
  /** What went wrong while it was judged. */
  readonly error?: string;
}

/** Judges one access; never throws. */
export interface Authorizer { authorize(access: Access): Decision }

const UNSAID: Decision = Object.freeze({ verdict: 'none', reason: '' });

/** The first that allows or denies decides; the reasons of those that said nothing are told line by line. */
export function union(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(access) {
      let reasons = '', errors = '';
      for (const a of authorizers) {
        const d = a.authorize(access);
        if (d.verdict !== 'none') return d;
        if (d.reason !== '') reasons = reasons === '' ? d.reason : `${reasons}\n${d.reason}`;
        if (d.error) errors = errors === '' ? d.error : `${errors}, ${d.error}`;
      }
      if (reasons === '' && errors === '') return UNSAID;
      return { verdict: 'none', reason: reasons, ...(errors === '' ? {} : { error: errors }) };
    },
  };
}

// Kubernetes escapes what a browser would take for markup.
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The 403 for an access nobody allowed, in Kubernetes' words. */
export function refusal({ user, verb, resource: r, path }: Access, reason: string): ApiError {
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`, why = reason === '' ? '' : `: ${reason}`;
  if (r === undefined) return failure(403, 'Forbidden', `forbidden: ${escaped(`${who} path ${JSON.stringify(path)}`)}${why}`, { details: {} });
  const what = r.subresource === '' ? r.resource : `${r.resource}/${r.subresource}`;
  const scope = r.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(r.namespace)}`;
  return forbiddenError({ group: r.group, plural: r.resource }, r.name, `${escaped(`${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(r.group)} ${scope}`)}${why}`);
}

/** Throws the 403 unless the access is allowed. */
export function demand(authorizer: Authorizer, access: Access): void {
  const d = authorizer.authorize(access);
  if (d.verdict !== 'allow') throw refusal(access, d.reason);
}

const MANY: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

/** A resource request as authorizers see it. A namespace lies in itself, and a list of one name is of that name. */
export function accessOf(user: UserInfo, verb: RequestVerb, r: ResourceRequest, query: Query): Access {
  const namespace = r.namespace === '' && r.group === '' && r.plural === 'namespaces' ? r.name : r.namespace;
  const base = { group: r.group, version: r.version, resource: r.plural, subresource: r.subresource, namespace, name: r.name };
  if (r.name !== '' || (query['fieldSelector'] === undefined && query['labelSelector'] === undefined) || !MANY.has(verb)) return { user, verb, resource: base };
  const fields = readable(first(query, 'fieldSelector'), fieldRequirements), labels = readable(first(query, 'labelSelector'), labelRequirements);
  return {
    user, verb,
    resource: { ...base, name: pinnedTo(fields, 'metadata.name') ?? '', ...(fields ? { fieldSelector: fields } : {}), ...(labels ? { labelSelector: labels } : {}) },
  };
}

/** What cannot be read limits nothing here; the verb says what is wrong with it. */
function readable(text: string, parse: (text: string) => readonly SelectorRequirement[]): readonly SelectorRequirement[] | undefined {
  if (text === '') return undefined;
  try { return parse(text); } catch (e) { if (e instanceof ApiError) return undefined; throw e; }
}

const NAMES: Readonly<Record<string, string>> = { in: 'In', '=': 'In', '==': 'In', notin: 'NotIn', '!=': 'NotIn', exists: 'Exists', '!': 'DoesNotExist' };

/** A field selector as requirements. Throws 400 for one that cannot be read. */
export const fieldRequirements = (text: string): readonly SelectorRequirement[] => fieldTerms(text).map(t => ({ key: t.field, operator: t.equal ? 'In' : 'NotIn', values: [t.value] }));

/** A label selector as requirements. Throws 400 for one that cannot be read. */
export const labelRequirements = (text: string): readonly SelectorRequirement[] => parseSelector(text).requirements.map(r => ({ key: r.key, operator: NAMES[r.operator] ?? r.operator, values: r.values }));

/** The one value the requirements let a key have. */
export const pinnedTo = (requirements: readonly SelectorRequirement[] | undefined, key: string): string | undefined =>
  requirements?.find(r => r.key === key && r.operator === 'In' && r.values.length === 1)?.values[0];
