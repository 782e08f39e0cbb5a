// May they? One small interface between whoever asks (the door, access reviews, admission, CEL) and whoever knows (Node, RBAC).
// Answers come at once: everything an authorizer looks at is in memory. Shapes and texts follow Kubernetes' authorizer.
import { failure, forbiddenError, type ApiError } from '../../api/meta/status.ts';
import type { UserInfo } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';

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

/** A resource request as authorizers see it. */
export function accessOf(user: UserInfo, verb: RequestVerb, r: ResourceRequest): Access {
  return { user, verb, resource: { group: r.group, version: r.version, resource: r.plural, subresource: r.subresource, namespace: r.namespace, name: r.name } };
}
