import { describe, expect, it } from 'vitest';
import { kinds } from '../../api/kinds/index.ts';
import type { KindSpec } from '../../api/kinds/kind.ts';
import type { Answer } from './answer.ts';
import { createDiscovery } from './discovery.ts';
import { compareVersions } from '../../api/meta/versions.ts';
import { Metrics } from './metrics.ts';

let served: readonly KindSpec[] = kinds;
let sick: string | undefined;
const metrics = new Metrics();
const discovery = createDiscovery({ kinds: () => served, gitVersion: 'v1.36.0+pilothouse.0.1.0', gitCommit: 'abc', metrics, checks: [{ name: 'store', check: () => sick }, { name: 'shutdown', only: 'readyz', check: () => undefined }], serverAddress: () => '127.0.0.1:6443' });

const ask = (url: string, headers: Record<string, string> = {}, method = 'GET'): Answer => {
  const u = new URL(url, 'http://x');
  const a = discovery.handle(method, u.pathname, headers, u.searchParams);
  if (!a || a instanceof Promise) throw new Error(`${url}: ${a ? 'a promise' : 'not answered'}`);
  return a;
};
const body = <T>(a: Answer): T => JSON.parse(a.body.toString()) as T;
interface Resources { groupVersion: string; resources: { name: string; kind: string; group?: string; version?: string; singularName: string; verbs: string[] }[] }
interface Groups { items: { metadata: { name?: string }; versions: { version: string; resources: { resource: string; singularResource: string; responseKind: object; subresources?: { subresource: string; responseKind: object }[] }[] }[] }[] }

describe('legacy', () => {
  it('lists versions and groups in upstream\'s order', () => {
    expect(body(ask('/api'))).toEqual({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:6443' }] });
    const names = body<{ groups: { name: string }[] }>(ask('/apis')).groups.map(g => g.name);
    expect(names.slice(0, 2)).toEqual(['apiregistration.k8s.io', 'apps']);
    expect(names.indexOf('events.k8s.io')).toBeLessThan(names.indexOf('batch'));
    expect(names.indexOf('storage.k8s.io')).toBeLessThan(names.indexOf('discovery.k8s.io'));
    expect(body(ask('/apis/apps/'))).toMatchObject({ kind: 'APIGroup', name: 'apps', preferredVersion: { groupVersion: 'apps/v1', version: 'v1' } });
  });
  it('lists resources and subresources, foreign kinds with their group', () => {
    const rows = body<Resources>(ask('/api/v1')).resources, row = (n: string) => rows.find(r => r.name === n);
    expect(row('pods')).toMatchObject({ singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], categories: ['all'], storageVersionHash: 'xPOwRZ+Yhw8=' });
    expect(row('pods/eviction')).toEqual({ name: 'pods/eviction', singularName: '', namespaced: true, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] });
    expect(row('pods/log')).toMatchObject({ kind: 'Pod' });
    const apps = body<Resources>(ask('/apis/apps/v1/'));
    expect(apps.groupVersion).toBe('apps/v1');
    expect(apps.resources.find(r => r.name === 'deployments/scale')).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' });
  });
  it('knows no other groups and versions', () => {
    for (const path of ['/apis/nope', '/apis/apps/v9', '/api/v2', '/apis/nope/v1']) expect(ask(path), path).toMatchObject({ status: 404 });
    expect(body(ask('/apis/nope'))).toMatchObject({ kind: 'Status', reason: 'NotFound', message: 'the server could not find the requested resource', code: 404 });
    expect(ask('/api', {}, 'POST').status).toBe(405);
  });
  it('leaves resources to others', () => expect(discovery.handle('GET', '/api/v1/pods', {}, new URLSearchParams())).toBeUndefined());
});

describe('aggregated', () => {
  const type = (v: string): string => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`;
  it.each(['v2', 'v2beta1'])('%s carries its parameters in the content type', v => {
    const a = ask('/apis', { accept: `${type(v)},application/json` });
    expect(a.headers['content-type']).toBe(type(v));
    expect(body(a)).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${v}` });
  });
  it('has the core group alone under /api, without a name, every resource with a singular', () => {
    const core = body<Groups>(ask('/api', { accept: `${type('v2')};profile=nopeer,${type('v2beta1')},application/json` }));
    expect(core.items).toHaveLength(1);
    expect(core.items[0]!.metadata).toEqual({});
    for (const list of [core, body<Groups>(ask('/apis', { accept: type('v2') }))]) {
      for (const g of list.items) for (const v of g.versions) for (const r of v.resources) expect(r.singularResource, r.resource).not.toBe('');
    }
    const pods = core.items[0]!.versions[0]!.resources.find(r => r.resource === 'pods')!;
    expect(pods.subresources!.find(s => s.subresource === 'eviction')!.responseKind).toEqual({ group: 'policy', version: 'v1', kind: 'Eviction' });
  });
  it('falls back by what the client takes', () => {
    expect(ask('/apis', { accept: `${type('v3')},application/json` }).headers['content-type']).toBe('application/json');
    expect(ask('/apis', { accept: 'application/json;q=0.5,*/*' }).headers['content-type']).toBe('application/json');
    expect(ask('/apis', { accept: type('v3') }).status).toBe(406);
  });
  it('answers 304 to whoever has it, until a kind comes', () => {
    const accept = type('v2'), first = ask('/apis', { accept }), etag = first.headers.etag!;
    expect(first.headers).toMatchObject({ vary: 'Accept', 'cache-control': 'public' });
    expect(ask('/apis', { accept, 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
    expect(ask('/apis', { accept: type('v2beta1'), 'if-none-match': etag }).status).toBe(200);
    served = [...kinds, { ...kinds[0]!, group: 'example.com', version: 'v1', kind: 'Thing', plural: 'things', singular: 'thing' }];
    const second = ask('/apis', { accept, 'if-none-match': etag });
    expect(second.status).toBe(200);
    expect(body<Groups>(second).items.at(-1)!.metadata.name).toBe('example.com');
    served = kinds;
  });
});

describe('health', () => {
  it('is short when well and tells all when asked', () => {
    expect(ask('/healthz')).toMatchObject({ status: 200, body: 'ok' });
    expect(ask('/readyz?verbose').body).toBe('[+]ping ok\n[+]store ok\n[+]shutdown ok\nreadyz check passed\n');
    expect(ask('/livez?verbose&exclude=store').body).toBe('[+]ping ok\n[+]store excluded: ok\nlivez check passed\n');
    expect(ask('/livez/ping').body).toBe('ok');
    expect(ask('/livez/nope').status).toBe(404);
    expect(ask('/readyz?verbose=&exclude=nope').body).toContain('warn: some health checks cannot be excluded: no matches for "nope"');
  });
  it('fails with 500 and keeps the reason', () => {
    sick = 'disk full';
    expect(ask('/readyz')).toMatchObject({ status: 500, body: '[+]ping ok\n[-]store failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n' });
    expect(ask('/readyz/store').status).toBe(500);
    expect(ask('/readyz?exclude=store').status).toBe(200);
    sick = undefined;
  });
});

describe('the rest', () => {
  it('tells its version', () => expect(body(ask('/version'))).toMatchObject({ major: '1', minor: '36', gitVersion: 'v1.36.0+pilothouse.0.1.0', gitCommit: 'abc', gitTreeState: 'clean' }));
  it('lists its paths at the root and where there is nothing', () => {
    expect(body<{ paths: string[] }>(ask('/')).paths).toContain('/apis/apps/v1');
    expect(ask('/nothing/here')).toMatchObject({ status: 404 });
    expect(body<{ paths: string[] }>(ask('/nothing')).paths).toContain('/api/v1');
  });
  it('counts requests', () => {
    const labels = { verb: 'LIST', group: '', version: 'v1', resource: 'pods', subresource: '', scope: 'cluster' as const };
    metrics.observe(labels, 200, 0.01);
    metrics.observe(labels, 200, 3);
    metrics.observe({ ...labels, verb: 'WATCH' }, 200, 1000);
    metrics.add({ name: 'pilothouse_things', help: 'Things.', read: () => 3 });
    const page = ask('/metrics').body.toString();
    expect(page).toContain('apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"} 2');
    expect(page).toMatch(/apiserver_request_duration_seconds_bucket\{.*verb="LIST".*le="0.025"\} 1\n/);
    expect(page).toMatch(/apiserver_request_duration_seconds_bucket\{.*verb="LIST".*le="\+Inf"\} 2\n/);
    expect(page).toContain('pilothouse_things 3');
    expect(page).not.toMatch(/duration_seconds_count\{.*WATCH/);
  });
  it('orders versions as Kubernetes does', () => expect(['v1beta1', 'foo', 'v2', 'v1', 'v11alpha1', 'v2beta2', 'v1alpha3', 'bar'].sort(compareVersions)).toEqual(['v2', 'v1', 'v2beta2', 'v1beta1', 'v11alpha1', 'v1alpha3', 'bar', 'foo']));
});
