// Who may do what, over HTTP, as users of all sorts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { controllerUser, MANAGER } from '../../core/boot/workers.ts';
import { createRecorder } from '../../core/client/create-recorder.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { startControllers, type RunningControllers } from '../../core/controllers/start.ts';
import { memoryStore } from '../../core/store/open.ts';
import { TestApi, type Call } from '../harness/api-server.ts';
import { kubectls, Kube } from '../harness/kubectl.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1', NS = '/api/v1/namespaces/default', G = 'rbac.authorization.k8s.io';
interface Answer { code?: number; message?: string; status?: Record<string, unknown> | string; [k: string]: unknown }
let api: TestApi, controllers: RunningControllers, stop: () => void;
const as = async (token: string | null, path: string, c: Call = {}): Promise<Answer> => (await api.call(path, { token, ...c })).json<Answer>();
const admin = (path: string, body: object): Promise<Answer> => as('test-token', path, { body: JSON.stringify(body) });
const bind = (name: string, role: string, ...subjects: object[]): Promise<Answer> => admin(`${RBAC}/clusterrolebindings`, { metadata: { name }, roleRef: { apiGroup: G, kind: 'ClusterRole', name: role }, subjects });
const user = (name: string): object => ({ kind: 'User', apiGroup: G, name });

beforeAll(async () => {
  api = await TestApi.start({
    tokens: new Map([
      ['test-token', { name: 'admin', groups: ['system:masters'] }], ['jane', { name: 'jane', groups: ['devs'] }], ['bob', { name: 'bob', groups: [] }],
      ['node', { name: 'system:node:n1', groups: ['system:nodes'] }], ['other', { name: 'system:node:n2', groups: ['system:nodes'] }],
    ]),
  });
  const client = api.client(MANAGER), informers = createInformerFactory(client, { clock: systemClock, log: silentLog });
  controllers = await startControllers({
    client, informers, clock: systemClock, log: silentLog, clientFor: account => api.client(controllerUser(account)), recorderFor: (component, own) => createRecorder(own, { component, clock: systemClock, log: silentLog }), only: ['clusterrole-aggregation', 'serviceaccount-token', 'tokencleaner'],
    config: { rootCa: 'PEM', signSecretToken: (...args) => api.server.tokens.signForSecret(...args) },
  });
  stop = () => informers.stop();
});
afterAll(async () => { await controllers.stop(); stop(); await api.stop(); });

describe('roles', () => {
  it('11.4 of Kubernetes are there from the start, labelled', async () => {
    const roles = (await as('test-token', `${RBAC}/clusterroles?labelSelector=kubernetes.io/bootstrapping%3Drbac-defaults`)).items as { metadata: { name: string } }[];
    expect(roles.map(r => r.metadata.name)).toEqual(expect.arrayContaining(['admin', 'cluster-admin', 'edit', 'view', 'system:node', 'system:basic-user', 'system:controller:job-controller']));
    expect((await as(null, '/version')).gitVersion).toContain('v1.36');
    expect(await as(null, '/metrics')).toMatchObject({ code: 403, message: 'forbidden: User "system:anonymous" cannot get path "/metrics"' });
  });

  it('11.4, 11.7 allow what they say, by name, subresource and URL, and nothing else', async () => {
    await admin(`${RBAC}/namespaces/default/roles`, { metadata: { name: 'one' }, rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['get', 'list', 'watch'] }, { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }] });
    await admin(`${RBAC}/namespaces/default/rolebindings`, { metadata: { name: 'one' }, roleRef: { apiGroup: G, kind: 'Role', name: 'one' }, subjects: [user('bob')] });
    await admin(`${NS}/configmaps`, { metadata: { name: 'mine' } });
    expect(await as('bob', `${NS}/configmaps/mine`)).toMatchObject({ kind: 'ConfigMap' });
    expect(await as('bob', `${NS}/configmaps?fieldSelector=metadata.name%3Dmine`)).toMatchObject({ kind: 'ConfigMapList' });
    expect(await as('bob', `${NS}/configmaps`)).toMatchObject({ code: 403 });
    expect((await as('bob', `${NS}/configmaps/other`)).message).toBe('configmaps "other" is forbidden: User "bob" cannot get resource "configmaps" in API group "" in the namespace "default"');
    expect((await as('bob', `${NS}/pods/x`)).code).toBe(403);
    expect((await as('bob', `${NS}/pods/x/log`)).code).not.toBe(403);
    expect((await as('bob', '/api/v1/namespaces/default')).message).toBe('namespaces "default" is forbidden: User "bob" cannot get resource "namespaces" in API group "" in the namespace "default"');
    expect((await as('bob', '/api/v1/nodes')).message).toBe('nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope');
  });

  it('of earlier versions that allowed everything go at the start', async () => {
    const store = memoryStore(), key = '/registry/rbac.authorization.k8s.io/clusterroles/pilothouse:controllers';
    await store.txn([{ type: 'put', key, value: Buffer.from(JSON.stringify({ metadata: { name: 'pilothouse:controllers', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } }, rules: [] })) }]);
    const later = await TestApi.start({ store });
    expect(store.get(key)).toBeUndefined();
    expect((await later.call(`${RBAC}/clusterroles/system:node`)).status).toBe(200);
    await later.stop();
  });

  it('11.4 gather others, and cannot be handed out by who does not hold them', async () => {
    await admin(`${RBAC}/clusterroles`, { metadata: { name: 'crontabs', labels: { [`${G}/aggregate-to-view`]: 'true' } }, rules: [{ apiGroups: ['stable.example.com'], resources: ['crontabs'], verbs: ['get'] }] });
    await expect.poll(async () => JSON.stringify((await as('test-token', `${RBAC}/clusterroles/admin`)).rules)).toContain('crontabs');
    await admin(`${RBAC}/namespaces/default/rolebindings`, { metadata: { name: 'jane' }, roleRef: { apiGroup: G, kind: 'ClusterRole', name: 'admin' }, subjects: [user('jane')] });
    const make = (rules: object[]): Promise<Answer> => as('jane', `${RBAC}/namespaces/default/roles`, { body: JSON.stringify({ metadata: { name: 'more' }, rules }) });
    expect((await make([{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['get', 'delete'] }])).message).toBe(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get" "delete"]}');
    expect(await make([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }])).toMatchObject({ kind: 'Role' });
    const grant = (name: string): Promise<Answer> => as('jane', `${RBAC}/namespaces/default/rolebindings`, { body: JSON.stringify({ metadata: { name: `to-${name}` }, roleRef: { apiGroup: G, kind: 'ClusterRole', name }, subjects: [user('x')] }) });
    expect((await grant('cluster-admin')).message).toContain('attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}');
    expect(await grant('nowhere')).toMatchObject({ code: 404, message: 'clusterrole.rbac.authorization.k8s.io "nowhere" not found' });
    expect(await grant('view')).toMatchObject({ kind: 'RoleBinding' });
  });
});

describe('acting as another', () => {
  it('11.3 is a right of its own, for each user, group and extra', async () => {
    expect((await as('bob', `${NS}/configmaps`, { headers: { 'impersonate-user': 'jane' } })).message).toBe('users "jane" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope');
    await admin(`${RBAC}/clusterroles`, { metadata: { name: 'actor' }, rules: [{ apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] }] });
    await bind('actor', 'actor', user('bob'));
    const me = async (headers: Record<string, string>): Promise<Answer> => as('bob', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: '{}', headers });
    expect((await me({ 'impersonate-user': 'jane', 'impersonate-group': 'a, b' })).status).toMatchObject({ userInfo: { username: 'jane', groups: ['a, b', 'system:authenticated'] } });
    expect((await me({ 'impersonate-user': 'jane', 'impersonate-extra-example.com%2fscopes': 'view' })).message)
      .toBe('userextras.authentication.k8s.io "view" is forbidden: User "bob" cannot impersonate resource "userextras/example.com/scopes" in API group "authentication.k8s.io" at the cluster scope');
    expect((await me({ 'impersonate-group': 'a' })).code).toBe(400);
  });
});

describe('a node', () => {
  it('12.3 reads what its pods use, and itself', async () => {
    await admin(`${NS}/secrets`, { metadata: { name: 's' } });
    await admin('/api/v1/nodes', { metadata: { name: 'n1' } });
    const pod = await admin(`${NS}/pods`, { metadata: { name: 'p' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x', envFrom: [{ secretRef: { name: 's' } }] }] } });
    expect(pod).toMatchObject({ kind: 'Pod' });
    expect(await as('node', `${NS}/secrets/s`)).toMatchObject({ kind: 'Secret' });
    expect((await as('other', `${NS}/secrets/s`)).message).toBe('secrets "s" is forbidden: User "system:node:n2" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node \'n2\' and this object');
    expect(await as('node', '/api/v1/nodes/n1')).toMatchObject({ kind: 'Node' });
    expect((await as('other', '/api/v1/nodes/n1')).message).toContain("node 'n2' cannot read 'n1', only its own Node object");
    expect((await as('node', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1')).items).toHaveLength(1);
    const label = (key: string): Promise<Answer> => as('node', '/api/v1/nodes/n1', { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: JSON.stringify({ metadata: { labels: { [key]: 'x' } } }) });
    expect((await label('node-restriction.kubernetes.io/x')).message).toBe('nodes "n1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x');
    expect(await label('example.com/x')).toMatchObject({ kind: 'Node' });
    expect((await as('other', '/api/v1/nodes', { body: JSON.stringify({ metadata: { name: 'n3' } }) })).message).toBe('nodes "n3" is forbidden: node "n2" is not allowed to modify node "n3"');
    expect((await as('other', `${NS}/pods/p`, { method: 'DELETE' })).message).toBe('pods "p" is forbidden: node "n2" can only delete pods with spec.nodeName set to itself');
    expect((await as('node', `${NS}/pods`, { body: JSON.stringify({ metadata: { name: 'q' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] } }) })).message).toContain('node "n1" can only create mirror pods');
    const bound = { spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: (pod.metadata as { uid: string }).uid } } };
    const made = await as('node', `${NS}/serviceaccounts/default/token`, { body: JSON.stringify(bound) });
    expect((await as((made.status as { token: string }).token, '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: '{}' })).status).toMatchObject({ userInfo: { extra: { 'authentication.kubernetes.io/node-name': ['n1'], 'authentication.kubernetes.io/pod-name': ['p'] } } });
    expect((await as('other', `${NS}/serviceaccounts/default/token`, { body: JSON.stringify(bound) })).message).toContain('no relationship found between node');
    expect((await as('node', `${NS}/serviceaccounts/default/token`, { body: '{}' })).message).toContain('node requested token not bound to a pod');
    expect((await as('node', '/api/v1/pods')).message).toContain('can only list/watch pods with spec.nodeName field selector');
  });
});

describe('tokens in secrets', () => {
  it('are made, hold as long as their secret, and go with their account', async () => {
    await admin(`${NS}/serviceaccounts`, { metadata: { name: 'old' } });
    const make = (name: string): Promise<Answer> => admin(`${NS}/secrets`, { metadata: { name, annotations: { 'kubernetes.io/service-account.name': 'old' } }, type: 'kubernetes.io/service-account-token' });
    await make('old-a');
    await make('old-b');
    const tokenOf = async (name: string): Promise<string | undefined> => ((await as('test-token', `${NS}/secrets/${name}`)).data as Record<string, string> | undefined)?.token;
    await expect.poll(() => tokenOf('old-a')).toBeTruthy();
    const token = Buffer.from((await tokenOf('old-a'))!, 'base64').toString();
    expect((await as(token, '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: '{}' })).status).toMatchObject({ userInfo: { username: 'system:serviceaccount:default:old' } });
    await as('test-token', `${NS}/secrets/old-a`, { method: 'DELETE' });
    expect((await as(token, '/api')).code).toBe(401);
    await as('test-token', `${NS}/serviceaccounts/old`, { method: 'DELETE' });
    await expect.poll(async () => (await as('test-token', `${NS}/secrets/old-b`)).code).toBe(404);
  });

  it('of bootstrap go when their time is over', async () => {
    const data = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', expiration: '2001-01-01T00:00:00Z' };
    await admin('/api/v1/namespaces/kube-system/secrets', { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', stringData: data });
    await expect.poll(async () => (await as('test-token', '/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef')).code).toBe(404);
  });
});

describe('kubectl', () => {
  it('11.5, 11.6 asks and is told', async () => {
    const kube = new Kube(kubectls().at(-1)!.binary, api.kubeconfig);
    expect(await kube.fails('auth can-i delete nodes --as bob')).toContain('no');
    expect(await kube.run('auth can-i list pods --as jane')).toBe('yes');
    expect(await kube.run('auth can-i --list --as jane')).toMatch(/selfsubjectaccessreviews\.authorization\.k8s\.io\s+\[\]\s+\[\]\s+\[create\]/);
    expect(await kube.run('auth whoami --as carl --as-group ops')).toMatch(/Username\s+carl\nGroups\s+\[ops system:authenticated\]/);
    await kube.run('create role reader --verb=get,list --resource=pods,pods/log');
    await kube.run('create rolebinding reader --role=reader --serviceaccount=default:default');
    expect(await kube.run('auth can-i get pods --subresource=log --as system:serviceaccount:default:default')).toBe('yes');
    expect(await kube.run(['auth', 'reconcile', '-f', '-'], JSON.stringify({ apiVersion: `${G}/v1`, kind: 'Role', metadata: { name: 'reader', namespace: 'default' }, rules: [{ apiGroups: [''], resources: ['services'], verbs: ['get'] }] }))).toContain('role.rbac.authorization.k8s.io/reader reconciled');
    expect(await kube.fails('get secrets --as bob')).toBe('Error from server (Forbidden): secrets is forbidden: User "bob" cannot list resource "secrets" in API group "" in the namespace "default"\n');
  });
});
