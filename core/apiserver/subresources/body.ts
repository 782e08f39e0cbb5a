// Bodies of subresources whose kind is not the resource's: Scale, Binding, Eviction, TokenRequest.
import type { Unstructured } from '../../api/meta/object.ts';
import { decodeBody, decodeValue, type DecodeTarget, type FieldValidation } from '../codec/body.ts';
import type { RequestContext } from '../context.ts';
import { clone } from '../../api/meta/clone.ts';

export const SCALE: DecodeTarget = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: 'io.k8s.api.autoscaling.v1.Scale' };
export const BINDING: DecodeTarget = { group: '', version: 'v1', kind: 'Binding', schema: 'io.k8s.api.core.v1.Binding' };
export const EVICTION: DecodeTarget = { group: 'policy', version: 'v1', kind: 'Eviction', schema: 'io.k8s.api.policy.v1.Eviction' };
/** What drains of older clients send; the same fields. */
export const EVICTION_V1BETA1: DecodeTarget = { ...EVICTION, version: 'v1beta1' };
export const TOKEN_REQUEST: DecodeTarget = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', schema: 'io.k8s.api.authentication.v1.TokenRequest' };

/** The body as a private object of `kind`. */
export function bodyAs<T extends Unstructured>(ctx: RequestContext, kind: DecodeTarget, validation: FieldValidation): T {
  const decoded = 'value' in ctx.body ? decodeValue(clone(ctx.body.value), kind, validation) : decodeBody(ctx.body.bytes, ctx.body.contentType, kind, validation);
  ctx.warnings.push(...decoded.warnings);
  return decoded.object as T;
}
