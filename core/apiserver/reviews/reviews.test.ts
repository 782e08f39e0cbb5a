// Questions to the server: who am I, may I, whom does this token stand for; and the older shape of an autoscaler.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alsoServed } from '../../api/kinds/also-served.ts';
import { kinds } from '../../api/kinds/index.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { memoryStore } from '../../store/open.ts';
import { createApiServer, type ApiServer } from '../api-server.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
let server: ApiServer;
beforeEach(() => {
  server = createApiServer({
    store: memoryStore(), kinds: [...kinds, ...alsoServed], clock: systemClock, log: silentLog, serviceCidr: '10.96.0.0/24', serviceAccountKey: KEY, gitVersion: 'v1.36.0+test',
    disabledAdmission: ['ServiceAccount'], tokens: new Map([['secret', { name: 'jane', groups: ['devs'] }]]),
  });
});
afterEach(() => server.close());

const ADMIN = { name: 'root', groups: ['system:masters', 'system:authenticated'] }, JANE = { name: 'jane', groups: ['devs', 'system:authenticated'] };
interface Answer { code?: number; message?: string; kind: string; status: Record<string, unknown>; metadata: Record<string, unknown>; spec: Record<string, unknown> }
async function ask(path: string, body: unknown, user: { name: string; groups: string[] } = ADMIN, method = 'POST'): Promise<Answer> {
  const t = server.localTransport(user);
  try { return (await t.request({ method, path, query: {}, ...(body === undefined ? {} : { body, contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }) } as never)) as unknown as Answer; } catch (e) { return (e as { status: Answer }).status; }
}
const AUTHN = '/apis/authentication.k8s.io/v1', AUTHZ = '/apis/authorization.k8s.io/v1';
const ns = { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'default' } };

test('11.5 who am I', async () => {
  const a = await ask(`${AUTHN}/selfsubjectreviews`, {}, JANE);
  expect(a).toMatchObject({ kind: 'SelfSubjectReview', status: { userInfo: { username: 'jane', groups: ['devs', 'system:authenticated'] } } });
});

test('11.5 may I', async () => {
  const mine = async (resourceAttributes: object, user = JANE): Promise<unknown> => (await ask(`${AUTHZ}/selfsubjectaccessreviews`, { spec: { resourceAttributes } }, user)).status;
  const RBAC = '/apis/rbac.authorization.k8s.io/v1';
  expect(await mine({ verb: 'create', resource: 'pods' }, ADMIN)).toEqual({ allowed: true });
  expect(await mine({ verb: 'create', resource: 'pods' })).toEqual({ allowed: false });
  await ask('/api/v1/namespaces', ns);
  await ask(`${RBAC}/namespaces/default/rolebindings`, { metadata: { name: 'devs' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'Group', name: 'devs' }, { kind: 'User', name: 'bob' }] });
  expect(await mine({ verb: 'list', resource: 'pods', namespace: 'default' })).toEqual({ allowed: true, reason: 'RBAC: allowed by RoleBinding "devs/default" of ClusterRole "view" to Group "devs"' });
  await ask(`${RBAC}/clusterrolebindings`, { metadata: { name: 'lost' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'gone' }, subjects: [{ kind: 'User', name: 'jane' }] });
  expect(await mine({ verb: 'delete', resource: 'pods', namespace: 'default' })).toEqual({ allowed: false, reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found' });
  expect((await ask(`${AUTHZ}/selfsubjectaccessreviews`, { spec: {} }, JANE)).code).toBe(422);
  expect((await ask(`${AUTHZ}/subjectaccessreviews`, { spec: { user: 'system:anonymous', groups: ['system:unauthenticated'], nonResourceAttributes: { verb: 'get', path: '/' } } })).status).toEqual({ allowed: false });
  expect((await ask(`${AUTHZ}/subjectaccessreviews`, { spec: { user: 'system:anonymous', groups: ['system:unauthenticated'], nonResourceAttributes: { verb: 'get', path: '/version' } } })).status).toEqual({ allowed: true, reason: 'RBAC: allowed by ClusterRoleBinding "system:public-info-viewer" of ClusterRole "system:public-info-viewer" to Group "system:unauthenticated"' });
  expect((await ask(`${AUTHZ}/subjectaccessreviews`, { spec: { nonResourceAttributes: { verb: 'get', path: '/' } } })).message).toContain('at least one of user or group must be specified');
  expect((await ask(`${AUTHZ}/subjectaccessreviews`, { spec: { user: 'x', nonResourceAttributes: { verb: 'get', path: '/' } } }, JANE)).message).toBe('subjectaccessreviews.authorization.k8s.io is forbidden: User "jane" cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found');
  expect((await ask(`${AUTHZ}/namespaces/default/localsubjectaccessreviews`, { spec: { user: 'x', resourceAttributes: { namespace: 'other', verb: 'get', resource: 'pods' } } })).message).toContain('must match metadata.namespace');
  const mineAll = (await ask(`${AUTHZ}/selfsubjectrulesreviews`, { spec: { namespace: 'default' } }, JANE)).status as { resourceRules: object[]; nonResourceRules: object[] };
  expect(mineAll).toMatchObject({ incomplete: true, evaluationError: 'clusterrole.rbac.authorization.k8s.io "gone" not found' });
  expect(mineAll.resourceRules).toContainEqual({ verbs: ['get', 'list', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] });
  expect(mineAll.nonResourceRules).toContainEqual({ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] });
});

test('11.2 whom does a token stand for', async () => {
  expect((await ask(`${AUTHN}/tokenreviews`, { spec: { token: 'secret' } })).status).toMatchObject({ authenticated: true, user: { username: 'jane' } });
  expect((await ask(`${AUTHN}/tokenreviews`, { spec: { token: 'nope' } })).status).toMatchObject({ user: {}, error: 'invalid bearer token' });
  expect((await ask(`${AUTHN}/tokenreviews`, { spec: { token: 'secret', audiences: ['elsewhere'] } })).status).not.toHaveProperty('authenticated');
  await ask('/api/v1/namespaces', ns);
  await ask('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'bot' } });
  const { token } = (await ask('/api/v1/namespaces/default/serviceaccounts/bot/token', { spec: { audiences: ['vault', 'other'] } })).status as { token: string };
  expect((await ask(`${AUTHN}/tokenreviews`, { spec: { token, audiences: ['vault', 'third'] } })).status).toMatchObject({ authenticated: true, audiences: ['vault'], user: { username: 'system:serviceaccount:default:bot' } });
  expect((await ask(`${AUTHN}/tokenreviews`, { spec: { token } })).status).not.toHaveProperty('authenticated');
});

test('nobody lists questions', async () => {
  expect((await ask(`${AUTHN}/tokenreviews`, undefined, undefined, 'GET')).code).toBe(405);
});

test('one autoscaler in two versions', async () => {
  await ask('/api/v1/namespaces', ns);
  const V1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers', V2 = V1.replace('v1', 'v2');
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 5 };
  expect(await ask(V1, { metadata: { name: 'web' }, spec: { ...spec, targetCPUUtilizationPercentage: 60 } })).toMatchObject({ spec: { minReplicas: 1, targetCPUUtilizationPercentage: 60 } });
  const v2 = await ask(`${V2}/web`, undefined, undefined, 'GET');
  expect(v2.spec).toEqual({ ...spec, minReplicas: 1, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }] });
  const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } };
  const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
  await ask(`${V2}/web`, { spec: { metrics: [...(v2.spec.metrics as object[]), memory], behavior } }, undefined, 'PATCH');
  const patched = await ask(`${V1}/web`, { spec: { maxReplicas: 9 } }, undefined, 'PATCH');
  expect(patched).toMatchObject({ spec: { maxReplicas: 9, targetCPUUtilizationPercentage: 60 } });
  const after = await ask(`${V2}/web`, undefined, undefined, 'GET');
  expect(after.spec).toMatchObject({ maxReplicas: 9, metrics: [{ type: 'Resource' }, memory], behavior });
  expect(after.metadata).not.toHaveProperty('annotations');
  expect((await ask(V1, { metadata: { name: 'bad' }, spec: { ...spec, targetCPUUtilizationPercentage: 0 } })).message).toContain('spec.targetCPUUtilizationPercentage');
});
