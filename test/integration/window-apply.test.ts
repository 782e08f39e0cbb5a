// The editor's plans and deeds against a real API server: server-side apply of manifests, edits on top of what others do meanwhile.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import { kindOf, kinds } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { ApiError } from '../../core/api/meta/status.ts';
import type { Deployment } from '../../core/api/types/kubernetes.ts';
import { HostError, type ApiRequest } from '../../renderer/gateway/connection.ts';
import { carryOut, keyOf, plan, type ApplyContext, type Base, type Planned } from '../../renderer/features/yaml/apply.ts';
import { readManifest, toText, without } from '../../renderer/features/yaml/documents.ts';
import { stepsOf } from '../../renderer/features/yaml/field-path.ts';
import { problemsOf } from '../../renderer/features/yaml/problems.ts';
import { startText } from '../../renderer/text.ts';
import { TestApi } from '../harness/api-server.ts';

const DEPLOYMENT = kindOf('apps/v1', 'Deployment')!, CONFIG = kindOf('v1', 'ConfigMap')!, LAST = 'kubectl.kubernetes.io/last-applied-configuration';
let api: TestApi, client: Client;
beforeAll(async () => { await startText(); api = await TestApi.start(); client = api.client(); });
afterAll(async () => { await api?.stop(); });

const context = (): ApplyContext => ({
  cluster: 'embedded', info: undefined, namespace: 'default', kinds,
  request: async <T>(r: ApiRequest): Promise<T> => {
    try { return await client.transport.request(r) as T; } catch (e) {
      const { code, reason, message, details } = (e as ApiError).status;
      throw new HostError({ code: code ?? 0, reason: reason ?? '', message: message ?? '', details });
    }
  },
});
const planOf = (text: string, o: { decided?: ReadonlySet<string>; base?: Base } = {}) => plan(context(), readManifest(text).docs, o.base, o.decided);
const apply = async (text: string, o: { decided?: ReadonlySet<string>; base?: Base } = {}) => carryOut(context(), await planOf(text, o), o.base, o.decided);
const manifest = (replicas: number, image: string, more = '', env = '[{name: A, value: "1"}, {name: B, value: "2"}]', name = 'api'): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\n  labels: {app: api${more}}\nspec:\n  replicas: ${replicas} # as many\n  selector: {matchLabels: {app: api}}\n  template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n      - name: main\n        image: ${image}\n        env: ${env}\n        resources: {limits: {cpu: 0.5, memory: 1024Mi}}\n`;
const ENV = '[{name: B, value: "2"}]';
const now = (name = 'api') => client.get<Deployment>(DEPLOYMENT, 'default', name);
const write = (patch: object, fieldManager = 'hpa') => client.transport.request({ method: 'PATCH', path: '/apis/apps/v1/namespaces/default/deployments/api', query: { fieldManager }, body: patch, contentType: 'application/merge-patch+json' });
const ownersIn = (p: Planned | undefined): unknown => p?.conflicts?.map(c => [c.path, c.theirs, c.mine, c.owners.map(o => o.manager)]);

describe('a manifest is applied by server-side apply', () => {
  it('makes it, changes it, and takes out what it no longer says; what others added stays', async () => {
    expect((await apply(manifest(1, 'x:1', ', old: yes1'))).map(p => p.done)).toEqual(['created']);
    expect((await now()).metadata?.managedFields?.map(m => [m.manager, m.operation])).toEqual([['pilothouse', 'Apply']]);
    await client.patch(DEPLOYMENT, 'default', 'api', 'application/strategic-merge-patch+json', { metadata: { labels: { theirs: 'kept' } }, spec: { template: { spec: { containers: [{ name: 'sidecar', image: 's:1' }] } } } });
    const [p] = await apply(manifest(1, 'x:2', '', ENV));
    expect([p?.done, p?.error?.message, p?.conflicts]).toEqual(['changed', undefined, undefined]);
    const o = await now();
    expect(o.metadata?.labels).toEqual({ app: 'api', theirs: 'kept' });
    expect(Object.fromEntries(o.spec!.template.spec!.containers.map(c => [c.name, [c.image, c.env]]))).toEqual({ main: ['x:2', [{ name: 'B', value: '2' }]], sidecar: ['s:1', undefined] });
    // The same again is no change, however the server writes it.
    expect((await apply(manifest(1, 'x:2', '', ENV))).map(x => x.done)).toEqual(['same']);
  });
  it('says who owns what it would change, writes nothing; leaves it to them, or takes it over', async () => {
    await write({ spec: { replicas: 4 } });
    const text = manifest(2, 'x:3', '', ENV);
    const [refused] = await apply(text);
    expect([refused?.done, ownersIn(refused)]).toEqual(['skipped', [['spec.replicas', 4, 2, ['hpa']]]]);
    expect(problemsOf(refused!)).toMatchObject([{ line: 7, message: 'spec.replicas is owned by hpa' }]);
    expect([(await now()).spec?.replicas, (await now()).spec?.template.spec?.containers.find(c => c.name === 'main')?.image]).toEqual([4, 'x:2']);
    const left = without(text, refused!.doc, refused!.conflicts!.map(c => stepsOf(c.path, refused!.doc.object)));
    expect(left).not.toContain('replicas');
    expect((await apply(left)).map(p => p.done)).toEqual(['changed']);
    expect((await now()).spec?.replicas).toBe(4);
    const decided = new Set([keyOf(refused!)]);
    const [forced] = await planOf(text, { decided });
    expect(forced?.taken?.map(x => [x.path, x.owners[0]?.manager])).toEqual([['spec.replicas', 'hpa']]);
    expect((await apply(text, { decided })).map(p => p.done)).toEqual(['changed']);
    expect((await now()).spec?.replicas).toBe(2);
    // From then on it is ours: no question any more.
    expect((await apply(manifest(3, 'x:3', '', ENV))).map(p => p.done)).toEqual(['changed']);
  });
  it('keeps what somebody writes elsewhere between review and deed, and is refused when it is the same field', async () => {
    const planned = await planOf(manifest(3, 'x:4', '', ENV));
    await write({ metadata: { annotations: { late: 'yes' } } });
    expect((await carryOut(context(), planned)).map(p => [p.done, p.error?.message])).toEqual([['changed', undefined]]);
    expect((await now()).metadata?.annotations?.late).toBe('yes');
    const next = await planOf(manifest(5, 'x:4', '', ENV));
    await write({ spec: { replicas: 7 } });
    const [p] = await carryOut(context(), next);
    expect([p?.done, p?.error?.code, p?.error?.reason]).toEqual(['failed', 409, 'Conflict']);
    // Taking over what was looked at is no licence for what came after.
    const decided = new Set([keyOf(p!)]);
    const forced = await planOf(manifest(5, 'x:4', '', ENV), { decided });
    await write({ spec: { replicas: 8 } });
    expect((await carryOut(context(), forced, undefined, decided)).map(x => [x.done, x.error?.code])).toEqual([['failed', 409]]);
    expect((await now()).spec?.replicas).toBe(8);
    await client.delete(DEPLOYMENT, 'default', 'api');
    expect((await carryOut(context(), forced, undefined, decided)).map(x => x.done)).toEqual(['failed']);
  });
  it('puts refusals at their lines: fields of the schema, fields nobody may change', async () => {
    const at = async (text: string) => (await planOf(text)).flatMap(problemsOf).map(p => [p.line, p.message.slice(0, 60)]);
    expect(await at(manifest(1, 'x:1').replace('replicas: 1', 'replicaz: 1'))).toEqual([[7, 'spec.replicaz: field not declared in schema']]);
    await apply(manifest(1, 'x:1'));
    expect(await at(manifest(1, 'x:1').replace('selector: {matchLabels: {app: api}}', 'selector: {matchLabels: {app: other}}'))).toEqual([[10, expect.stringMatching(/^spec\.template\.metadata\.labels: Invalid/)], [8, expect.stringMatching(/^spec\.selector: Invalid/)]]);
  });
  it('goes on with what kubectl apply began: its fields are handed over, removed ones go, others still count', async () => {
    const last = `${JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'old', namespace: 'default' }, data: { a: '1', b: '2', 'c.conf': '3' } })}\n`;
    await client.transport.request({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', query: { fieldManager: 'kubectl-client-side-apply' }, body: { ...JSON.parse(last) as object, metadata: { name: 'old', annotations: { [LAST]: last } } } });
    await client.transport.request({ method: 'PATCH', path: '/api/v1/namespaces/default/configmaps/old', query: { fieldManager: 'robot' }, body: { data: { 'c.conf': 'robot', theirs: 'x' } }, contentType: 'application/merge-patch+json' });
    const text = (c: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\ndata: {a: new, c.conf: ${c}}\n`;
    const [refused] = await apply(text('mine'));
    expect(ownersIn(refused)).toEqual([['data.c.conf', 'robot', 'mine', ['robot']]]);
    const [p] = await planOf(text('robot'));
    expect(p?.error?.message).toBeUndefined();
    expect((p?.result as { data?: object } | undefined)?.data).toEqual({ a: 'new', 'c.conf': 'robot', theirs: 'x' });
    expect((await apply(text('robot'))).map(x => x.done)).toEqual(['changed']);
    const o = await client.get<KubeObject & { data: object }>(CONFIG, 'default', 'old');
    expect(o.data).toEqual({ a: 'new', 'c.conf': 'robot', theirs: 'x' });
    expect(o.metadata?.managedFields?.map(m => [m.manager, m.operation])).toEqual([['pilothouse', 'Apply'], ['robot', 'Update']]);
  });
  it('has several documents: each tells how it went, in their order', async () => {
    const cm = (name: string, extra = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${extra}`;
    const review = 'apiVersion: authentication.k8s.io/v1\nkind: SelfSubjectReview\nmetadata: {name: who}\n';
    const out = await apply([cm('d1'), cm('d2', 'data: {a: 1}\n'), 'apiVersion: v1\nkind: Nonsense\nmetadata: {name: n}\n', cm('d1'), review, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: made-}\n', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: fresh}\n', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d3, namespace: fresh}\n`].join('---\n'));
    expect(out.map(p => [p.name, p.done])).toEqual([['d1', 'created'], ['d2', 'skipped'], ['n', 'skipped'], ['d1', 'same'], ['who', 'created'], ['made-', 'created'], ['fresh', 'created'], ['d3', 'created']]);
    expect(out[2]?.error?.message).toBe('no matches for kind "Nonsense" in version "v1"');
    expect(problemsOf(out[1]!)[0]?.line).toBe(8);
    const secret = (data: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {${data}}\n`;
    await apply(secret('a: one, b: two'));
    await apply(secret('a: three'));
    expect((await client.get<KubeObject & { data: object }>(kindOf('v1', 'Secret')!, 'default', 's')).data).toEqual({ a: Buffer.from('three').toString('base64') });
  });
});

describe('a definition and what it defines in one manifest', () => {
  const text = (extra = ''): string => `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gears.shop.example.com}\nspec:\n  group: shop.example.com\n  scope: Namespaced\n  names: {plural: gears, singular: gear, kind: Gear, listKind: GearList}\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {teeth: {type: integer}}}}}}}]\n${extra}---\napiVersion: shop.example.com/v1\nkind: Gear\nmetadata: {name: small}\nspec: {teeth: 12}\n`;
  it('are planned and made together, and nothing waits for a definition that was refused', async () => {
    const refused = await apply(text().replace('name: gears.shop', 'name: wrong.shop'));
    expect(refused.map(p => [p.verb, p.done])).toEqual([['failed', 'skipped'], ['failed', 'failed']]);
    const planned = await planOf(text());
    expect(planned.map(p => [p.verb, p.unchecked])).toEqual([['create', undefined], ['create', true]]);
    expect((await carryOut(context(), planned)).map(p => [p.done, p.error?.message])).toEqual([['created', undefined], ['created', undefined]]);
    expect((await apply(text())).map(p => p.done)).toEqual(['same', 'same']);
  });
});

describe('an object that is edited is updated', () => {
  it('by my changes alone; who owns what others changed too is said, and who will want it back', async () => {
    await apply(manifest(1, 'x:1', '', ENV, 'edit'));
    const base: Base = { object: await now('edit') as KubeObject };
    const mine = toText(base.object).replace('replicas: 1', 'replicas: 3').replace('image: x:1', 'image: x:9').replace('    app: api\n', '    app: api\n    a.b/c: d\n');
    await client.transport.request({ method: 'PATCH', path: '/apis/apps/v1/namespaces/default/deployments/edit', query: { fieldManager: 'hpa' }, body: { spec: { replicas: 6 } }, contentType: 'application/merge-patch+json' });
    const [clash] = await planOf(mine, { base });
    expect(ownersIn(clash)).toEqual([['spec.replicas', 6, 3, ['hpa']]]);
    const [fine] = await planOf(mine.replace('replicas: 3', 'replicas: 1'), { base });
    expect(fine?.verb).toBe('change');
    await client.transport.request({ method: 'PATCH', path: '/apis/apps/v1/namespaces/default/deployments/edit', query: { fieldManager: 'argo' }, body: { apiVersion: 'apps/v1', kind: 'Deployment', spec: { minReadySeconds: 4 } }, contentType: 'application/apply-patch+yaml' });
    const after: Base = { object: await now('edit') as KubeObject };
    const [p] = await planOf(toText(after.object).replace('minReadySeconds: 4', 'minReadySeconds: 9'), { base: after });
    expect(p?.taken?.map(x => [x.path, x.theirs, x.mine, x.owners.map(o => o.manager)])).toEqual([['spec.minReadySeconds', 4, 9, ['argo']]]);
    expect((await carryOut(context(), [p!], after)).map(x => x.done)).toEqual(['changed']);
    expect((await now('edit')).metadata?.managedFields?.map(m => m.manager)).toContain('pilothouse-edit');
    const gone = await planOf(toText(after.object).replace(/ {2}selector:\n {4}matchLabels:\n {6}app: api/, '  selector:\n    matchLabels:\n      app: other'), { base: after });
    const lines = toText(after.object).split('\n');
    expect(gone.flatMap(problemsOf).some(x => lines[x.line - 1]?.includes('selector:'))).toBe(true);
  });
});
