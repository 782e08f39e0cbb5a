// What the default roles let a worker do, for tests that have no API server to ask: whoever oversteps is refused and found.
import { kinds } from '../../core/api/kinds/index.ts';
import { ApiError } from '../../core/api/meta/status.ts';
import { accessOf, demand } from '../../core/apiserver/authz/authorizer.ts';
import { Rbac } from '../../core/apiserver/authz/rbac/rbac.ts';
import type { UserInfo } from '../../core/apiserver/context.ts';
import { verbOf } from '../../core/apiserver/dispatch.ts';
import { resourceRequest } from '../../core/apiserver/http/request-info.ts';
import { Resource } from '../../core/apiserver/registry/resource.ts';
import type { Request, Transport } from '../../core/client/client.ts';
import { memoryStore } from '../../core/store/open.ts';

let made: Rbac | undefined;
const rbac = (): Rbac => (made ??= new Rbac(memoryStore(), plural => new Resource(kinds.find(k => k.group === 'rbac.authorization.k8s.io' && k.plural === plural)!)));

/** `transport` as `user`, with the rights of the default roles; what was refused is told to `refused` as well. */
export function limited(transport: Transport, user: UserInfo, refused: (message: string) => void): Transport {
  const check = (method: string, path: string, query: Readonly<Record<string, string | readonly string[] | undefined>> = {}): void => {
    // What is served is for everybody to know.
    if (method === 'GET' && /^\/apis\/[^/]+$/.test(path)) return;
    const r = resourceRequest(path), verb = r && verbOf(method, r, query);
    if (!r || !verb) throw new Error(`${method} ${path} is no request for a resource`);
    try { demand(rbac(), accessOf(user, verb, r, query)); } catch (e) { if (e instanceof ApiError) refused(e.message); throw e; }
  };
  return {
    async request(q: Request) { check(q.method, q.path, q.query); return transport.request(q); },
    async watch(path, query, ...rest) { check('GET', path, { ...query, watch: '1' }); return transport.watch(path, query, ...rest); },
  };
}
