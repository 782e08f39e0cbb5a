// Acting as another: the Impersonate-* headers, each of which the asking user must be allowed (contract 11.3).
import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from '../../api/meta/status.ts';
import { demand, type Authorizer, type ResourceAccess } from '../authz/authorizer.ts';
import type { UserInfo } from '../context.ts';

const PREFIX = 'impersonate-', EXTRA = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

/** Whether any header asks for it; looked at on every request. */
export function impersonates(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith(PREFIX)) return true;
  return false;
}

/** Keys travel escaped like parts of a URL; what cannot be unescaped stays as it is. */
function unescapeKey(key: string): string {
  try { return decodeURIComponent(key); } catch (e) { if (e instanceof URIError) return key; throw e; }
}

interface Wish { user: string; uid: string; readonly groups: string[]; readonly extra: Record<string, string[]> }

/** Repeated headers are several values, as they came: Node's own joining would lose where one ends. */
function wishOf(raw: readonly string[]): Wish {
  const wish: Wish = { user: '', uid: '', groups: [], extra: {} };
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase(), value = raw[i + 1]!;
    if (name === 'impersonate-user') wish.user ||= value;
    else if (name === 'impersonate-uid') wish.uid ||= value;
    else if (name === 'impersonate-group') wish.groups.push(value);
    else if (name.startsWith(EXTRA)) (wish.extra[unescapeKey(name.slice(EXTRA.length))] ??= []).push(value);
  }
  return wish;
}

const access = (more: Partial<ResourceAccess>): ResourceAccess => ({ group: '', version: '', resource: '', subresource: '', namespace: '', name: '', ...more });

/** The user the headers ask for. Throws 403 for what `user` may not impersonate, 400 for groups, uid or extra without a user. */
export function impersonated(user: UserInfo, rawHeaders: readonly string[], authorizer: Authorizer): UserInfo {
  const wish = wishOf(rawHeaders), may = (resource: ResourceAccess): void => demand(authorizer, { user, verb: 'impersonate', resource });
  if (wish.user === '') {
    if (wish.groups.length || wish.uid || Object.keys(wish.extra).length) throw badRequest(`requested ${JSON.stringify(wish.groups)} without impersonating a user`);
    return user;
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(wish.user);
  may(account ? access({ resource: 'serviceaccounts', namespace: account[1]!, name: account[2]! }) : access({ resource: 'users', name: wish.user }));
  for (const name of wish.groups) may(access({ resource: 'groups', name }));
  for (const [subresource, values] of Object.entries(wish.extra)) {
    for (const name of values) may(access({ group: AUTHENTICATION, version: 'v1', resource: 'userextras', subresource, name }));
  }
  if (wish.uid) may(access({ group: AUTHENTICATION, version: 'v1', resource: 'uids', name: wish.uid }));
  const groups = account && wish.groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]!}`] : [...wish.groups];
  const known = groups.includes('system:unauthenticated') || (wish.user !== 'system:anonymous' && groups.includes('system:authenticated'));
  if (!known) groups.push(wish.user === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated');
  return { name: wish.user, groups, ...(wish.uid ? { uid: wish.uid } : {}), extra: wish.extra };
}
