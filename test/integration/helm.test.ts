// What helm 3 and helm 4 put on the wire (contract 17.1 to 17.3), replayed: a chart with a definition below crds/, a hook, a constraint on the
// version, a Deployment and a custom resource is installed, upgraded, rolled back and uninstalled.
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { Wire, type Loose, type Reply } from '../harness/wire.ts';

let host: Host, api: Wire;
const ns = 'helm', NS = `/api/v1/namespaces/${ns}`, APPS = `/apis/apps/v1/namespaces/${ns}`, JOBS = `/apis/batch/v1/namespaces/${ns}/jobs`, GROUP = 'chart.example.com', CRS = `/apis/${GROUP}/v1/namespaces/${ns}/gadgets`, CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
beforeAll(async () => {
  host = await startHost(['--runtime', 'simulated']);
  api = new Wire(host.ready.kubeconfig);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: ns } } });
  await eventually('the default account', async () => (await api.call(`${NS}/serviceaccounts/default`)).status === 200);
});
afterAll(async () => { api.close(); await host.dispose(); });

const list = (v: Loose | undefined): Loose[] => (Array.isArray(v) ? v as Loose[] : []);
const condition = (o: Loose | undefined, type: string): Loose | undefined => list(o?.['status']?.['conditions']).find(c => String(c['type']) === type);
const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `gadgets.${GROUP}` }, spec: { group: GROUP, scope: 'Namespaced', names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' }, colour: { type: 'string' } } } } } } }] } };
const owned = (version: number): object => ({ 'app.kubernetes.io/managed-by': 'Helm', chart: `c-${version}` });
const annotations = { 'meta.helm.sh/release-name': 'r', 'meta.helm.sh/release-namespace': ns };
const deployment = (version: number, replicas: number, env: object[] = []): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: ns, labels: owned(version), annotations }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: `nginx:${version}`, env }] } } } });
const gadget = (size: number, colour?: string): object => ({ apiVersion: `${GROUP}/v1`, kind: 'Gadget', metadata: { name: 'g', namespace: ns, labels: owned(1), annotations }, spec: { size, ...(colour ? { colour } : {}) } });

/** A release as helm keeps it: JSON, packed, base64 twice. */
const release = (version: number, status: string): object => ({ apiVersion: 'v1', kind: 'Secret', type: 'helm.sh/release.v1', metadata: { name: `sh.helm.release.v1.r.v${version}`, namespace: ns, labels: { name: 'r', owner: 'helm', status, version: String(version), createdAt: '1767225600' } }, data: { release: Buffer.from(gzipSync(JSON.stringify({ name: 'r', version, info: { status } })).toString('base64')).toString('base64') } });
const history = async (more = ''): Promise<string[]> => list((await api.call(`${NS}/secrets?labelSelector=${encodeURIComponent(`name=r,owner=helm${more}`)}`)).json['items']).map(s => `${String(s['metadata']!['labels']!['version'])} ${String(s['metadata']!['labels']!['status'])}`).sort();
const ok = (r: Reply, ...codes: number[]): Reply => { expect(codes, r.text).toContain(r.status); return r; };

/** `--wait` of helm 3: asks until the Deployment is as it is wanted. */
const ready = (replicas: number): Promise<unknown> => eventually(`${replicas} replicas`, async () => {
  const d = (await api.call(`${APPS}/deployments/web`)).json;
  return Number(d['status']?.['observedGeneration']) >= Number(d['metadata']?.['generation']) && Number(d['status']?.['updatedReplicas']) === replicas && Number(d['status']?.['readyReplicas']) === replicas && Number(d['status']?.['replicas']) === replicas;
});

/** A hook: a Job, watched by its name until it is complete. helm 3 posts it, helm 4 applies it. */
async function hook(name: string, applied = false): Promise<void> {
  await api.delete(`${JOBS}/${name}`, { propagationPolicy: 'Background' });
  ok(await api.call(applied ? `${JOBS}/${name}?fieldManager=helm&force=false` : `${JOBS}?fieldManager=helm`, { ...(applied ? { method: 'PATCH', type: 'application/apply-patch+yaml' } : {}), body: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, annotations: { 'helm.sh/hook': name, 'helm.sh/hook-delete-policy': 'before-hook-creation' } }, spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', 'exit 0'] }] } } } } }), 201);
  const found = (await api.call(`${JOBS}?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`)).json;
  const w = await api.watch(`${JOBS}?watch=true&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}&resourceVersion=${String(found['metadata']!['resourceVersion'])}`);
  try {
    const done = (o: Loose): boolean => String(condition(o, 'Complete')?.['status']) === 'True';
    if (!list(found['items']).some(done)) await w.until(lines => lines.some(l => done(l.object)), 30_000);
  } finally { w.close(); }
}

/** Definitions below crds/: made once, waited for, discovery asked anew. */
async function definitions(): Promise<void> {
  ok(await api.call(`${CRDS}?fieldManager=helm`, { body: crd }), 201, 409);
  await eventually('Established', async () => String(condition((await api.call(`${CRDS}/gadgets.${GROUP}`)).json, 'Established')?.['status']) === 'True');
  expect(list((await api.call(`/apis/${GROUP}/v1`)).json['resources']).map(r => String(r['name']))).toContain('gadgets');
}

describe('helm 3', () => {
  test('17.1, 17.3, 2.7 install: reachable, the right version, definitions, hook, objects, a release kept as a Secret', async () => {
    const version = (await api.call('/version')).json;
    // helm's `kubeVersion: >=1.25.0-0 <1.40.0`: three numbers, nothing before a plus.
    expect(String(version['gitVersion'])).toMatch(/^v1\.36\.\d+(?:\+[0-9A-Za-z.-]+)?$/);
    expect(list((await api.call('/apis')).json['groups']).length).toBeGreaterThan(10);
    expect(await history()).toEqual([]);
    await definitions();
    ok(await api.call(`${NS}/secrets?fieldManager=helm`, { body: release(1, 'pending-install') }), 201);
    await hook('pre-install');
    // An object that is there already and nobody's: helm asks first.
    ok(await api.call(`${APPS}/deployments/web`), 404);
    ok(await api.call(`${APPS}/deployments?fieldManager=helm`, { body: deployment(1, 2) }), 201);
    ok(await api.call(`${CRS}?fieldManager=helm`, { body: gadget(1) }), 201);
    await ready(2);
    const kept = (await api.call(`${NS}/secrets/sh.helm.release.v1.r.v1`)).json;
    ok(await api.put(`${NS}/secrets/sh.helm.release.v1.r.v1`, { ...release(1, 'deployed'), metadata: { ...(release(1, 'deployed') as { metadata: object }).metadata, resourceVersion: kept['metadata']!['resourceVersion'] } }), 200);
    const back = (await api.call(`${NS}/secrets/sh.helm.release.v1.r.v1`)).json;
    expect(JSON.parse(gunzipSync(Buffer.from(Buffer.from(String(back['data']!['release']), 'base64').toString(), 'base64')).toString())).toMatchObject({ name: 'r', info: { status: 'deployed' } });
    expect(await history(',status=deployed')).toEqual(['1 deployed']);
  });

  test('17.1, 7.13 upgrade: a three-way strategic patch keeps what others did, a merge patch for custom resources', async () => {
    await api.patch(`${APPS}/deployments/web`, 'strategic-merge', { spec: { template: { spec: { containers: [{ name: 'c', env: [{ name: 'OTHERS', value: '1' }] }] } } } });
    ok(await api.call(`${NS}/secrets?fieldManager=helm`, { body: release(2, 'pending-upgrade') }), 201);
    const web = ok(await api.call(`${APPS}/deployments/web`), 200).json;
    expect(web['metadata']).toMatchObject({ annotations });
    const patched = await api.call(`${APPS}/deployments/web?fieldManager=helm`, { method: 'PATCH', type: 'application/strategic-merge-patch+json', body: { metadata: { labels: { chart: 'c-2' } }, spec: { replicas: 3, template: { spec: { $setElementOrder: undefined, '$setElementOrder/containers': [{ name: 'c' }], containers: [{ '$setElementOrder/env': [{ name: 'MINE' }], env: [{ name: 'MINE', value: '2' }], image: 'nginx:2', name: 'c' }] } } } } });
    expect(list(ok(patched, 200).json['spec']!['template']!['spec']!['containers']!)[0]).toMatchObject({ image: 'nginx:2', env: expect.arrayContaining([{ name: 'MINE', value: '2' }, { name: 'OTHERS', value: '1' }]) });
    expect(ok(await api.call(`${CRS}/g?fieldManager=helm`, { method: 'PATCH', type: 'application/merge-patch+json', body: { spec: { size: 2, colour: 'red' } } }), 200).json['spec']).toEqual({ size: 2, colour: 'red' });
    expect(ok(await api.patch(`${CRS}/g`, 'strategic-merge', {}), 415).json['reason']).toBe('UnsupportedMediaType');
    await ready(3);
    ok(await api.put(`${NS}/secrets/sh.helm.release.v1.r.v1`, release(1, 'superseded')), 200);
    ok(await api.put(`${NS}/secrets/sh.helm.release.v1.r.v2`, release(2, 'deployed')), 200);
    expect(await history()).toEqual(['1 superseded', '2 deployed']);
  });

  test('17.1 rollback: what the later release added goes again', async () => {
    ok(await api.call(`${NS}/secrets?fieldManager=helm`, { body: release(3, 'pending-rollback') }), 201);
    const back = await api.call(`${APPS}/deployments/web?fieldManager=helm`, { method: 'PATCH', type: 'application/strategic-merge-patch+json', body: { metadata: { labels: { chart: 'c-1' } }, spec: { replicas: 2, template: { spec: { '$setElementOrder/containers': [{ name: 'c' }], containers: [{ env: [{ name: 'MINE', $patch: 'delete' }], image: 'nginx:1', name: 'c' }] } } } } });
    expect(list(ok(back, 200).json['spec']!['template']!['spec']!['containers']!)[0]).toMatchObject({ image: 'nginx:1', env: [{ name: 'OTHERS', value: '1' }] });
    expect(ok(await api.call(`${CRS}/g?fieldManager=helm`, { method: 'PATCH', type: 'application/merge-patch+json', body: { spec: { size: 1, colour: null } } }), 200).json['spec']).toEqual({ size: 1 });
    await ready(2);
    ok(await api.put(`${NS}/secrets/sh.helm.release.v1.r.v3`, release(3, 'deployed')), 200);
  });

  test('17.1 uninstall: hooks, objects in the background, releases; definitions stay', async () => {
    await hook('pre-delete');
    ok(await api.delete(`${APPS}/deployments/web`, { propagationPolicy: 'Background' }), 200);
    ok(await api.delete(`${CRS}/g`, { propagationPolicy: 'Background' }), 200);
    await eventually('pods gone', async () => list((await api.call(`${NS}/pods?labelSelector=app%3Dweb`)).json['items']).length === 0);
    for (const v of [1, 2, 3]) ok(await api.delete(`${NS}/secrets/sh.helm.release.v1.r.v${v}`), 200);
    expect(await history()).toEqual([]);
    ok(await api.call(`${CRDS}/gadgets.${GROUP}`), 200);
  });
});

describe('helm 4', () => {
  const apply = (path: string, body: object, query = ''): Promise<Reply> => api.call(`${path}?fieldManager=helm&force=false${query}`, { method: 'PATCH', type: 'application/apply-patch+yaml', body });
  const managers = (o: Loose): string[] => list(o['metadata']!['managedFields']).map(m => `${String(m['manager'])} ${String(m['operation'])}`).sort();

  test('17.2, 0.9, 8.1 install by server-side apply: shown first, then made, waited for by lists and watches of every kind', async () => {
    const shown = ok(await apply(`${APPS}/deployments/web`, deployment(1, 2), '&dryRun=All'), 200, 201).json;
    expect([shown['spec']!['progressDeadlineSeconds'], (await api.call(`${APPS}/deployments/web`)).status]).toEqual([600, 404]);
    // kstatus looks before and after: a list, then a watch from its revision, per kind of the release.
    const watched = [`${APPS}/deployments`, `${APPS}/replicasets`, `${NS}/pods`, CRS];
    const starts = await Promise.all(watched.map(async p => String(ok(await api.call(`${p}?limit=500&resourceVersion=0`), 200).json['metadata']!['resourceVersion'])));
    const [deployments, ...others] = await Promise.all(watched.map((p, i) => api.watch(`${p}?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=${starts[i]}`)));
    try {
      const made = ok(await apply(`${APPS}/deployments/web`, deployment(1, 2)), 201).json;
      expect(managers(made)).toEqual(['helm Apply']);
      ok(await apply(`${CRS}/g`, gadget(1)), 201);
      const current = (o: Loose): boolean => Number(o['status']?.['observedGeneration']) === Number(o['metadata']!['generation']) && String(condition(o, 'Available')?.['status']) === 'True' && Number(o['status']!['updatedReplicas']) === 2 && Number(o['status']!['availableReplicas']) === 2;
      await deployments!.until(lines => lines.some(l => l.type === 'MODIFIED' && current(l.object)), 30_000);
      expect(String(condition((await api.call(`${APPS}/deployments/web`)).json, 'Progressing')?.['reason'])).toBe('NewReplicaSetAvailable');
    } finally { for (const w of [deployments!, ...others]) w.close(); }
    const table = await api.call(`${APPS}/deployments`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' } });
    expect([table.json['kind'], list(table.json['rows']).length]).toEqual(['Table', 1]);
  });

  test('17.2, 7.8, 7.9 upgrade: what is left out goes, what another owns is a conflict until forced', async () => {
    ok(await apply(`${CRS}/g`, gadget(2, 'red')), 200);
    expect(ok(await apply(`${CRS}/g`, gadget(2)), 200).json['spec']).toEqual({ size: 2 });
    ok(await api.call(`${APPS}/deployments/web?fieldManager=autoscaler`, { method: 'PATCH', type: 'application/merge-patch+json', body: { spec: { replicas: 3 } } }), 200);
    const refused = ok(await apply(`${APPS}/deployments/web`, deployment(2, 2)), 409).json;
    expect(String(refused['message'])).toMatch(/^Apply failed with 1 conflict: conflict with "autoscaler" using apps\/v1(?: at \S+)?: \.spec\.replicas$/);
    expect(list(refused['details']!['causes'])).toMatchObject([{ reason: 'FieldManagerConflict', field: '.spec.replicas' }]);
    const forced = await api.call(`${APPS}/deployments/web?fieldManager=helm&force=true`, { method: 'PATCH', type: 'application/apply-patch+yaml', body: deployment(2, 2) });
    expect(ok(forced, 200).json['spec']!['replicas']).toBe(2);
    await ready(2);
  });

  test('17.2, 7.11 a release that helm 3 made is taken over: its manager becomes one that applies', async () => {
    const cm = `${NS}/configmaps`, body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'old', namespace: ns }, data: { a: '1', b: '2' } };
    const old = ok(await api.call(`${cm}?fieldManager=helm`, { body }), 201).json;
    expect(managers(old)).toEqual(['helm Update']);
    const entries = list(old['metadata']!['managedFields']).map(m => ({ ...m, operation: 'Apply' }));
    const moved = await api.patch(`${cm}/old`, 'json', [{ op: 'replace', path: '/metadata/managedFields', value: entries }, { op: 'replace', path: '/metadata/resourceVersion', value: old['metadata']!['resourceVersion'] }]);
    expect(managers(ok(moved, 200).json)).toEqual(['helm Apply']);
    const next = ok(await apply(`${cm}/old`, { ...body, data: { a: '2' } }), 200).json;
    expect([next['data'], managers(next)]).toEqual([{ a: '2' }, ['helm Apply']]);
  });

  test('17.2, 17.3 hook, rollback and uninstall: applied as it once was; deletions are watched to their end', async () => {
    await hook('pre-rollback', true);
    const back = ok(await apply(`${APPS}/deployments/web`, deployment(1, 2)), 200).json;
    expect([list(back['spec']!['template']!['spec']!['containers'])[0]!['image'], managers(back).filter(m => m.endsWith('Apply'))]).toEqual(['nginx:1', ['helm Apply']]);
    expect(ok(await apply(`${CRS}/g`, gadget(1)), 200).json['spec']).toEqual({ size: 1 });
    await ready(2);
    const kinds = [[`${APPS}/deployments`, 'web'], [CRS, 'g'], [`${NS}/configmaps`, 'old']] as const;
    const watches = await Promise.all(kinds.map(async ([p]) => api.watch(`${p}?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=${String((await api.call(`${p}?limit=500&resourceVersion=0`)).json['metadata']!['resourceVersion'])}`)));
    try {
      for (const [p, name] of kinds) ok(await api.delete(`${p}/${name}`, { propagationPolicy: 'Background' }), 200);
      for (const [i, [, name]] of kinds.entries()) await watches[i]!.until(lines => lines.some(l => l.type === 'DELETED' && String(l.object['metadata']!['name']) === name), 30_000);
    } finally { for (const w of watches) w.close(); }
    await eventually('pods gone', async () => list((await api.call(`${NS}/pods?labelSelector=app%3Dweb`)).json['items']).length === 0);
  });
});
