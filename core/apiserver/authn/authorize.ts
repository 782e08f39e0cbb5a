// May they? Until RBAC is enforced every authenticated user may do everything, and nobody else more than read health and version (11.7).
import { failure, forbiddenError, type ApiError } from '../../api/meta/status.ts';
import type { UserInfo } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';
import { isAnonymous } from './authenticator.ts';

/** Until RBAC is enforced: whoever is authenticated may do everything. */
export const mayDoAnything = (user: UserInfo): boolean => !isAnonymous(user) && !user.groups.includes('system:unauthenticated');

const PUBLIC = /^\/(?:healthz|livez|readyz|version)(?:\/.*)?$/;

/** 403 unless the user may request a path that is no resource. */
export function authorizePath(user: UserInfo, method: string, path: string): void {
  if (isAnonymous(user) && !((method === 'GET' || method === 'HEAD') && PUBLIC.test(path))) {
    throw failure(403, 'Forbidden', `forbidden: User ${JSON.stringify(user.name)} cannot ${method.toLowerCase()} path ${JSON.stringify(path)}`, { details: {} });
  }
}

/** 403 unless the user may do this. */
export function authorizeResource(user: UserInfo, verb: RequestVerb, r: ResourceRequest): void {
  if (isAnonymous(user)) throw forbidden(user, verb, r);
}

function forbidden(user: UserInfo, verb: RequestVerb, r: ResourceRequest): ApiError {
  const resource = r.subresource ? `${r.plural}/${r.subresource}` : r.plural;
  const scope = r.namespace ? `in the namespace ${JSON.stringify(r.namespace)}` : 'at the cluster scope';
  return forbiddenError(r, r.name, `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(r.group)} ${scope}`);
}
