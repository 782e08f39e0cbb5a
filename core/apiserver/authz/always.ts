// Authorizers that need to know nothing but the user.
import { isAnonymous } from '../authn/authenticator.ts';
import type { Authorizer, Decision } from './authorizer.ts';

const NONE: Decision = Object.freeze({ verdict: 'none', reason: '' });
const ALLOW: Decision = Object.freeze({ verdict: 'allow', reason: '' });

/** Members of `group` may do everything. */
export const privilegedGroup = (group: string): Authorizer => ({ authorize: a => (a.user.groups.includes(group) ? ALLOW : NONE) });

const PUBLIC = /^\/(?:healthz|livez|readyz|version)(?:\/.*)?$/;

/** Until RBAC is enforced: whoever is authenticated may do everything, nobody else more than read health and version (11.7). */
export const authenticatedMay: Authorizer = {
  authorize: a => ((!isAnonymous(a.user) && !a.user.groups.includes('system:unauthenticated')) || (a.path !== undefined && (a.verb === 'get' || a.verb === 'head') && PUBLIC.test(a.path)) ? ALLOW : NONE),
};
