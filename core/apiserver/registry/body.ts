// From a request's body to a private object of the resource's kind, with the identity of the URL (contract 3.3, 3.7).
import type { KubeObject, Unstructured } from '../../api/meta/object.ts';
import { badRequest } from '../../api/meta/status.ts';
import { decodeBody, decodeValue } from '../codec/body.ts';
import type { RequestContext } from '../context.ts';
import { clone } from '../../api/meta/clone.ts';
import type { FieldValidation } from './env.ts';
import type { Resource } from './resource.ts';

/** The object a POST or PUT brought: decoded strictly from bytes, or from a copy of an in-process caller's value. */
export function objectFrom(ctx: RequestContext, resource: Resource, validation: FieldValidation): KubeObject {
  const decoded = 'value' in ctx.body ? decodeValue(clone(ctx.body.value), resource.spec, validation) : decodeBody(ctx.body.bytes, ctx.body.contentType, resource.spec, validation);
  if (decoded.warnings.length > 0) ctx.warnings.push(...decoded.warnings);
  return identified(decoded.object, resource.spec.kind, resource.apiVersion);
}

/** Checks kind and apiVersion against what the URL wants and fills them; makes sure there is a metadata. */
export function identified(object: Unstructured, kind: string, apiVersion: string): KubeObject {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) throw badRequest('the body of the request must be an object');
  if ((object.kind ?? '') !== '' && object.kind !== kind) throw badRequest(`${object.kind} in version ${JSON.stringify(bare(object.apiVersion ?? apiVersion))} cannot be handled as a ${kind}: converting (${object.apiVersion ?? ''}, Kind=${object.kind}) to ${kind}: unknown conversion`);
  if ((object.apiVersion ?? '') !== '' && object.apiVersion !== apiVersion) throw badRequest(`the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersion})`);
  object.kind = kind;
  object.apiVersion = apiVersion;
  object.metadata ??= {};
  return object;
}

const bare = (apiVersion: string): string => apiVersion.slice(apiVersion.indexOf('/') + 1);

/** Puts the URL's namespace into the object, or refuses another one. */
export function settleNamespace(object: KubeObject, namespace: string): void {
  const m = object.metadata!;
  if (namespace === '') { delete m.namespace; return; }
  if (m.namespace !== undefined && m.namespace !== '' && m.namespace !== namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  m.namespace = namespace;
}

/** Puts the URL's name into the object, or refuses another one. */
export function settleName(object: KubeObject, name: string): void {
  const m = object.metadata!;
  if (m.name !== undefined && m.name !== '' && m.name !== name) throw badRequest(`the name of the object (${m.name}) does not match the name on the URL (${name})`);
  m.name = name;
}
