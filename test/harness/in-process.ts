// An API server in memory for unit tests of what happens to writes: no sockets, no controllers, time turned by hand.
import { generateKeyPairSync } from 'node:crypto';
import { kinds } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { ApiError } from '../../core/api/meta/status.ts';
import { createApiServer, type ApiServer, type ApiServerOptions, type UserInfo } from '../../core/apiserver/api-server.ts';
import { FakeClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import type { Request } from '../../core/client/client.ts';
import { memoryStore } from '../../core/store/open.ts';
import type { Store } from '../../core/store/store.ts';

/** Any object, read without ceremony. */
export type Loose = KubeObject & { metadata: NonNullable<KubeObject['metadata']>; spec?: Record<string, unknown>; status?: Record<string, unknown> };

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

export interface InProcess {
  readonly server: ApiServer;
  readonly store: Store;
  readonly clock: FakeClock;
  call(method: Request['method'], path: string, body?: unknown, more?: Partial<Request>): Promise<Loose>;
  as(user: UserInfo): Pick<InProcess, 'call'>;
}

/** Namespace `a` is there; the ServiceAccount plug-in is off unless `disabledAdmission` is given. */
export async function inProcess(options: Partial<ApiServerOptions> = {}): Promise<InProcess> {
  const clock = new FakeClock(), store = options.store ?? memoryStore({ clock });
  const server = createApiServer({
    store, kinds, clock, log: silentLog, serviceCidr: '10.96.0.0/24', nodePortRange: [30000, 30040], serviceAccountKey: KEY, gitVersion: 'v1.36.0+test', disabledAdmission: ['ServiceAccount'], ...options,
  });
  const as = (user: UserInfo): Pick<InProcess, 'call'> => {
    const t = server.localTransport(user);
    return { call: (method, path, body, more = {}) => t.request({ method, path, body, ...more }) as Promise<Loose> };
  };
  const api: InProcess = { server, store, clock, as, ...as({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }) };
  if (!store.get('/registry/core/namespaces/a')) await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'a' } });
  return api;
}

/** The Status of a request that is refused. */
export async function refused(p: Promise<unknown>): Promise<ApiError['status']> {
  try { await p; } catch (e) { if (e instanceof ApiError) return e.status; throw e; }
  throw new Error('was not refused');
}

/** A pod of one container `c` with these resources. */
export const podWith = (name: string, resources?: object, spec: object = {}, meta: object = {}): object =>
  ({ metadata: { name, ...meta }, spec: { containers: [{ name: 'c', image: 'i', ...(resources ? { resources } : {}) }], ...spec } });
