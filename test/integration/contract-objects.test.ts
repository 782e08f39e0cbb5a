// The API contract, sections 5 and 6, against a running host: the life of objects, lists and watches.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { Wire, type Line, type Loose } from '../harness/wire.ts';

let host: Host, api: Wire;
const NS = '/api/v1/namespaces/objects', CM = `${NS}/configmaps`, PODS = `${NS}/pods`, DEPLOYMENTS = '/apis/apps/v1/namespaces/objects/deployments', LEASES = '/apis/coordination.k8s.io/v1/namespaces/objects/leases';
const cm = (name: string, more: object = {}): object => ({ metadata: { name, ...more }, data: { k: 'v' } });
const pod = (name: string, spec: object = {}, meta: object = {}): object => ({ metadata: { name, ...meta }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }], ...spec } });
const deployment = (name: string, replicas = 0, templateMeta: object = {}): object => ({ metadata: { name }, spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name }, ...templateMeta }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }] } } } });
const list = (v: Loose | undefined): Loose[] => (Array.isArray(v) ? v as Loose[] : []);
const names = (v: Loose): string[] => list(v['items']).map(i => String(i['metadata']!['name']));
const rv = (o: Loose): string => String(o['metadata']!['resourceVersion']);
const q = encodeURIComponent;

beforeAll(async () => {
  host = await startHost(['--runtime', 'simulated']);
  api = new Wire(host.ready.kubeconfig);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: 'objects' } } });
});
afterAll(async () => { api.close(); await host.dispose(); });

describe('5 metadata', () => {
  test('5.1 what the server sets and clears (trap 13)', async () => {
    const r = (await api.call(CM, { body: { metadata: { name: 'a', creationTimestamp: null, uid: 'mine', generation: 7, selfLink: '/x', deletionTimestamp: '2020-01-01T00:00:00Z', managedFields: [] }, data: {} } })).json;
    expect(r['metadata']).toMatchObject({ uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/), creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/), resourceVersion: expect.stringMatching(/^\d+$/) });
    for (const k of ['generation', 'selfLink', 'deletionTimestamp']) expect(r['metadata'], k).not.toHaveProperty(k);
    // managedFields come with server-side apply, in the next issue.
    expect((await api.call(DEPLOYMENTS, { body: deployment('gen', 0, { creationTimestamp: null }) })).json['metadata']!['generation']).toBe(1);
  });

  test('5.1, 5.4 a null age inside a template is no change, and no write (traps 13 and 14)', async () => {
    await eventually('the controller has seen it', async () => (await api.call(`${DEPLOYMENTS}/gen`)).json['status']?.['observedGeneration']);
    const before = (await api.call(`${DEPLOYMENTS}/gen`)).json;
    expect(before['spec']!['template']!['metadata']).not.toHaveProperty('creationTimestamp');
    const { template } = before['spec'] as unknown as { template: { metadata: object } };
    const after = (await api.put(`${DEPLOYMENTS}/gen`, { ...before, spec: { ...before['spec'], template: { ...template, metadata: { ...template.metadata, creationTimestamp: null } } } })).json;
    expect([after['metadata']!['generation'], rv(after)]).toEqual([1, rv(before)]);
    const same = (await api.patch(`${DEPLOYMENTS}/gen`, 'strategic-merge', { spec: { template: { metadata: { creationTimestamp: null } } } })).json;
    expect(rv(same)).toBe(rv(before));
  });

  test('5.2 generated names', async () => {
    const r = (await api.call(CM, { body: { metadata: { generateName: 'g-' } } })).json;
    expect(r['metadata']).toMatchObject({ name: expect.stringMatching(/^g-[bcdfghjklmnpqrstvwxz2456789]{5}$/), generateName: 'g-' });
    expect((await api.call(CM, { body: { metadata: { generateName: 'g-', name: 'both' } } })).json['metadata']).toMatchObject({ name: 'both', generateName: 'g-' });
    expect(String((await api.call(CM, { body: { metadata: { generateName: 'x'.repeat(80) } } })).json['metadata']!['name'])).toMatch(/^x{58}.{5}$/);
  });

  test('5.3 generation counts what is wanted, and a graceful deletion', async () => {
    const gen = async (o: Promise<{ json: Loose }>): Promise<unknown> => (await o).json['metadata']!['generation'];
    await api.call(DEPLOYMENTS, { body: deployment('counts') });
    expect(await gen(api.patch(`${DEPLOYMENTS}/counts`, 'merge', { metadata: { labels: { a: 'b' } } }))).toBe(1);
    expect(await gen(api.patch(`${DEPLOYMENTS}/counts/status`, 'merge', { status: { observedGeneration: 1 } }))).toBe(1);
    expect(await gen(api.patch(`${DEPLOYMENTS}/counts`, 'merge', { spec: { minReadySeconds: 3 } }))).toBe(2);
    expect(await gen(api.patch(`${DEPLOYMENTS}/counts`, 'merge', { metadata: { finalizers: ['example.com/wait'] } }))).toBe(2);
    expect(await gen(api.delete(`${DEPLOYMENTS}/counts`))).toBe(3);
    await api.patch(`${DEPLOYMENTS}/counts`, 'merge', { metadata: { finalizers: null } });
  });

  test('5.4 nothing changed: no revision, no event (trap 14)', async () => {
    const made = (await api.call(CM, { body: cm('still') })).json;
    const w = await api.watch(`${CM}?watch=1&resourceVersion=${rv(made)}`);
    for (const kind of ['merge', 'strategic-merge'] as const) expect(rv((await api.patch(`${CM}/still`, kind, { data: { k: 'v' } })).json)).toBe(rv(made));
    expect(rv((await api.patch(`${CM}/still`, 'json', [{ op: 'replace', path: '/data/k', value: 'v' }])).json)).toBe(rv(made));
    expect(rv((await api.put(`${CM}/still`, cm('still', { labels: {}, annotations: null }))).json)).toBe(rv(made));
    await api.patch(`${CM}/still`, 'merge', { data: { k: 'w' } });
    expect((await w.until(l => l.length > 0)).map(l => l.object['data']!['k'])).toEqual(['w']);
    w.close();
  });

  test('5.5 what an update cannot change', async () => {
    const made = (await api.call(CM, { body: cm('fixed') })).json;
    const r = (await api.put(`${CM}/fixed`, { ...cm('fixed', { creationTimestamp: '2001-01-01T00:00:00Z', generation: 9, deletionTimestamp: '2001-01-01T00:00:00Z', deletionGracePeriodSeconds: 5, uid: '', selfLink: '/x' }), data: { k: '2' } })).json;
    const { resourceVersion: _a, ...was } = made['metadata'] as unknown as Record<string, unknown>, { resourceVersion: _b, ...is } = r['metadata'] as unknown as Record<string, unknown>;
    expect(is).toEqual(was);
  });

  test('5.6 who must say which revision it changes', async () => {
    expect((await api.put(`${CM}/fixed`, cm('fixed'))).status).toBe(200);
    expect((await api.put(`${CM}/fixed`, cm('fixed', { resourceVersion: '0' }))).status).toBe(200);
    await api.call(LEASES, { body: { metadata: { name: 'strict' } } });
    for (const more of [{}, { resourceVersion: '0' }]) expect((await api.put(`${LEASES}/strict`, { metadata: { name: 'strict', ...more } })).json).toMatchObject({ code: 422, message: 'Lease.coordination.k8s.io "strict" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update' });
    await api.call('/apis/policy/v1/namespaces/objects/poddisruptionbudgets', { body: { metadata: { name: 'strict' }, spec: { maxUnavailable: 1, selector: {} } } });
    expect((await api.put('/apis/policy/v1/namespaces/objects/poddisruptionbudgets/strict', { metadata: { name: 'strict' }, spec: { maxUnavailable: 1, selector: {} } })).status).toBe(422);
  });

  test('5.7 status has a door of its own', async () => {
    const made = (await api.call(PODS, { body: { ...pod('st', { nodeSelector: { none: 'such' } }), status: { phase: 'Running' } } })).json;
    expect(made['status']).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
    await api.patch(`${PODS}/st`, 'merge', { status: { reason: 'Main' } });
    expect((await api.call(`${PODS}/st`)).json['status']).not.toHaveProperty('reason');
    const r = (await api.patch(`${PODS}/st/status`, 'merge', { status: { reason: 'Door' }, spec: { activeDeadlineSeconds: 5 } })).json;
    expect([r['status']!['reason'], r['spec']!['activeDeadlineSeconds']]).toEqual(['Door', undefined]);
    const node = (await api.call('/api/v1/nodes', { body: { metadata: { name: 'posted' }, status: { capacity: { memory: '1Gi' } } } })).json;
    expect(node['status']).toMatchObject({ capacity: { memory: '1Gi' } });
    await api.delete('/api/v1/nodes/posted');
    await api.delete(`${PODS}/st`);
  });

  test('5.8 grace: unplaced pods go at once, placed ones get their time, which only shrinks', async () => {
    await api.call(PODS, { body: pod('free', { nodeSelector: { none: 'such' } }) });
    expect((await api.delete(`${PODS}/free`)).json).toMatchObject({ kind: 'Pod', metadata: { name: 'free' } });
    expect((await api.call(`${PODS}/free`)).status).toBe(404);
    // A node that is there, or pod clean-up takes the pod at once; nobody works for it.
    await api.call('/api/v1/nodes', { body: { metadata: { name: 'a-node-without-agent' } } });
    const made = (await api.call(PODS, { body: pod('held', { nodeName: 'a-node-without-agent' }) })).json;
    const first = (await api.delete(`${PODS}/held`)).json;
    expect(first['metadata']).toMatchObject({ deletionGracePeriodSeconds: 30, generation: Number(made['metadata']!['generation']) + 1 });
    expect((await api.delete(`${PODS}/held`, { gracePeriodSeconds: 60 })).json['metadata']!['deletionGracePeriodSeconds']).toBe(30);
    const second = (await api.delete(`${PODS}/held`, { gracePeriodSeconds: 5 })).json;
    expect(second['metadata']!['deletionGracePeriodSeconds']).toBe(5);
    expect(Date.parse(String(first['metadata']!['deletionTimestamp'])) - Date.parse(String(second['metadata']!['deletionTimestamp']))).toBe(25_000);
    expect((await api.delete(`${PODS}/held`, { gracePeriodSeconds: 0, preconditions: { uid: 'other' } })).status).toBe(409);
    expect((await api.delete(`${PODS}/held`, { gracePeriodSeconds: 0, preconditions: { uid: made['metadata']!['uid'] } })).status).toBe(200);
    expect((await api.call(`${PODS}/held`)).status).toBe(404);
    await api.delete('/api/v1/nodes/a-node-without-agent');
  });

  test('5.9 finalizers hold, none is added late; a namespace goes in two steps', async () => {
    await api.call(CM, { body: cm('final', { finalizers: ['example.com/a'] }) });
    const r = await api.delete(`${CM}/final`);
    expect([r.status, r.json['metadata']]).toMatchObject([200, { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0, finalizers: ['example.com/a'] }]);
    expect((await api.patch(`${CM}/final`, 'merge', { metadata: { finalizers: ['example.com/a', 'example.com/b'] } })).json).toMatchObject({ code: 422, reason: 'Invalid', message: expect.stringContaining('metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted') });
    expect((await api.patch(`${CM}/final`, 'merge', { metadata: { finalizers: null } })).status).toBe(200);
    expect((await api.call(`${CM}/final`)).status).toBe(404);
    expect((await api.call('/api/v1/namespaces', { body: { metadata: { name: 'goes' } } })).json['spec']).toEqual({ finalizers: ['kubernetes'] });
    expect((await api.delete('/api/v1/namespaces/goes')).json).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    await eventually('the namespace is gone', async () => (await api.call('/api/v1/namespaces/goes')).status === 404);
  });

  test('5.10 propagation, and the kinds that orphan by themselves (trap 15)', async () => {
    const make = async (path: string, body: object): Promise<void> => { expect((await api.call(path, { body })).status).toBe(201); };
    const job = (name: string): object => ({ metadata: { name }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'nginx:1.25' }] } } } });
    const JOBS = '/apis/batch/v1/namespaces/objects/jobs';
    await make(JOBS, job('orphans'));
    const ofJob = async (): Promise<Loose[]> => list((await api.call(`${PODS}?labelSelector=${q('job-name=orphans')}`)).json['items']);
    await eventually('the job has a pod', async () => (await ofJob()).length === 1);
    const gone = await api.delete(`${JOBS}/orphans`);
    expect(list(gone.json['metadata']?.['finalizers']).map(String)).toContain('orphan');
    expect(String(gone.headers['warning'])).toContain('child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning');
    await eventually('the job is gone and its pod alone', async () => (await api.call(`${JOBS}/orphans`)).status === 404 && (await ofJob()).length === 1 && (await ofJob())[0]!['metadata']!['ownerReferences'] === undefined);
    await make(JOBS, job('taken'));
    await eventually('the job has a pod', async () => names((await api.call(`${PODS}?labelSelector=${q('job-name=taken')}`)).json).length === 1);
    await api.delete(`${JOBS}/taken`, { propagationPolicy: 'Background' });
    await eventually('its pod went with it', async () => names((await api.call(`${PODS}?labelSelector=${q('job-name=taken')}`)).json).length === 0);
    await make(DEPLOYMENTS, deployment('fore', 1));
    await eventually('a pod', async () => names((await api.call(`${PODS}?labelSelector=${q('app=fore')}`)).json).length === 1);
    const fore = (await api.delete(`${DEPLOYMENTS}/fore`, { propagationPolicy: 'Foreground' })).json;
    expect(fore['metadata']).toMatchObject({ finalizers: ['foregroundDeletion'], deletionTimestamp: expect.any(String) });
    await eventually('all of it gone', async () => (await api.call(`${DEPLOYMENTS}/fore`)).status === 404 && names((await api.call(`${PODS}?labelSelector=${q('app=fore')}`)).json).length === 0);
    const late = await api.delete(`${DEPLOYMENTS}/gen`, { orphanDependents: false });
    expect([200, 202]).toContain(late.status);
  });

  test('5.11 a dependent goes when its last owner has gone', async () => {
    const owner = (await api.call(CM, { body: cm('owner1') })).json, second = (await api.call(CM, { body: cm('owner2') })).json;
    const ref = (o: Loose): object => ({ apiVersion: 'v1', kind: 'ConfigMap', name: o['metadata']!['name'], uid: o['metadata']!['uid'] });
    await api.call(CM, { body: cm('owned', { ownerReferences: [ref(owner), ref(second)] }) });
    await api.call(CM, { body: cm('absent', { ownerReferences: [{ ...ref(owner), uid: 'no-such-uid' }] }) });
    await api.delete(`${CM}/owner1`);
    await eventually('an owner that never was is no owner', async () => (await api.call(`${CM}/absent`)).status === 404);
    expect((await api.call(`${CM}/owned`)).status).toBe(200);
    await api.delete(`${CM}/owner2`);
    await eventually('the dependent is gone', async () => (await api.call(`${CM}/owned`)).status === 404);
  });

  // 5.12 managedFields: with server-side apply, in the next issue.

  test('5.13 names, labels and annotations have their rules', async () => {
    const code = async (path: string, meta: object, more: object = {}): Promise<number> => (await api.call(`${path}?dryRun=All`, { body: { metadata: meta, ...more } })).status;
    const svc = { spec: { ports: [{ port: 80 }] } };
    expect([await code(CM, { name: 'a.b-c' }), await code(CM, { name: `${'a'.repeat(253)}` }), await code(CM, { name: 'a'.repeat(254) }), await code(CM, { name: 'A' }), await code(CM, { name: 'a_b' })]).toEqual([201, 201, 422, 422, 422]);
    expect([await code('/api/v1/namespaces', { name: 'a.b' }), await code(`${NS}/services`, { name: '1a' }, svc), await code(`${NS}/services`, { name: 'a1' }, svc)]).toEqual([422, 422, 201]);
    expect([await code('/apis/rbac.authorization.k8s.io/v1/clusterroles', { name: 'system:Any_Thing' }), await code('/apis/rbac.authorization.k8s.io/v1/clusterroles', { name: 'a%b' })]).toEqual([201, 422]);
    expect([await code(CM, { name: 'l', labels: { 'a b': 'c' } }), await code(CM, { name: 'l', labels: { a: 'b c' } }), await code(CM, { name: 'l', annotations: { a: 'x'.repeat(262_144) } }), await code(CM, { name: 'l', annotations: { a: 'x'.repeat(262_143) } })]).toEqual([422, 422, 422, 201]);
  });
});

describe('6 lists and watches', () => {
  const L = '/api/v1/namespaces/lists/configmaps';
  beforeAll(async () => {
    await api.call('/api/v1/namespaces', { body: { metadata: { name: 'lists' } } });
    await eventually('its certificate map', async () => names((await api.call(L)).json).length === 1);
    for (let i = 0; i < 5; i++) await api.call(L, { body: cm(`m${i}`, { labels: { n: String(i), even: String(i % 2 === 0) } }) });
  });

  test('6.1 revisions of lists', async () => {
    const now = rv((await api.call(L)).json);
    await api.patch(`${L}/m0`, 'merge', { data: { k: 'later' } });
    for (const query of ['', '?resourceVersion=0', `?resourceVersion=${now}`, `?resourceVersion=${now}&resourceVersionMatch=NotOlderThan`]) expect((await api.call(`${L}${query}`)).text, query).toContain('later');
    const exact = await api.call(`${L}?resourceVersion=${now}&resourceVersionMatch=Exact`);
    expect([exact.text.includes('later'), rv(exact.json)]).toEqual([false, now]);
    for (const query of ['resourceVersionMatch=Exact', 'resourceVersionMatch=Exact&resourceVersion=0', 'resourceVersionMatch=Nope&resourceVersion=1', 'sendInitialEvents=true']) expect((await api.call(`${L}?${query}`)).json, query).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'ListOptions', group: 'meta.k8s.io' } });
  });

  test('6.2 pages of one snapshot; a limit at revision 0 drops nothing (trap 16)', async () => {
    const first = (await api.call(`${L}?limit=2`)).json;
    expect([names(first).length, first['metadata']!['remainingItemCount']]).toEqual([2, 4]);
    await api.call(L, { body: cm('m9') });
    const rest = (await api.call(`${L}?limit=50&continue=${q(String(first['metadata']!['continue']))}`)).json;
    expect([...names(first), ...names(rest)]).toEqual(['kube-root-ca.crt', 'm0', 'm1', 'm2', 'm3', 'm4']);
    expect(rv(rest)).toBe(rv(first));
    expect(rest['metadata']).not.toHaveProperty('continue');
    const selected = (await api.call(`${L}?limit=1&labelSelector=even`)).json;
    expect(selected['metadata']).not.toHaveProperty('remainingItemCount');
    expect(selected['metadata']!['continue']).toBeDefined();
    expect((await api.call(`${L}?continue=garbage`)).json).toMatchObject({ code: 400, reason: 'BadRequest' });
    const collected: string[] = [];
    for (let token = ''; ;) {
      const page = (await api.call(`${L}?limit=2&resourceVersion=0${token && `&continue=${q(token)}`}`)).json;
      collected.push(...names(page));
      token = String(page['metadata']!['continue'] ?? '');
      if (token === '') break;
    }
    expect(collected).toEqual(names((await api.call(L)).json));
    await api.delete(`${L}/m9`);
  });

  test('6.3 a list\'s revision starts a watch without gap; empty lists are lists', async () => {
    expect((await api.call(`${L}?labelSelector=none`)).json['items']).toEqual([]);
    const l = (await api.call(L)).json;
    expect(list(l['items']).every(i => Number(rv(i)) <= Number(rv(l)))).toBe(true);
    await api.call(L, { body: cm('after') });
    const w = await api.watch(`${L}?watch=true&resourceVersion=${rv(l)}`);
    expect((await w.until(x => x.length > 0)).map(x => [x.type, String(x.object['metadata']!['name'])])).toEqual([['ADDED', 'after']]);
    w.close();
    await api.delete(`${L}/after`);
  });

  test('6.4 selectors', async () => {
    const by = async (selector: string): Promise<string[]> => names((await api.call(`${L}?labelSelector=${q(selector)}`)).json);
    expect(await by('n=1')).toEqual(['m1']);
    expect(await by('n==1')).toEqual(['m1']);
    expect(await by('n in (1,2),even')).toEqual(['m1', 'm2']);
    expect(await by('n notin (1,2)')).toEqual(['kube-root-ca.crt', 'm0', 'm3', 'm4']);
    expect(await by('n!=1')).toEqual(['kube-root-ca.crt', 'm0', 'm2', 'm3', 'm4']);
    expect(await by('!n')).toEqual(['kube-root-ca.crt']);
    expect(names((await api.call(`${L}?fieldSelector=${q('metadata.name!=m1,metadata.namespace=lists')}&labelSelector=n`)).json)).toEqual(['m0', 'm2', 'm3', 'm4']);
    expect((await api.call(`${L}?labelSelector=${q('a b')}`)).status).toBe(400);
    expect((await api.call(`${L}?fieldSelector=spec.foo%3D1`)).json).toMatchObject({ code: 400, message: '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"' });
  });

  test('6.5 every kind\'s field selectors', async () => {
    const known: [string, string[]][] = [
      ['/api/v1/pods', ['spec.nodeName', 'spec.host', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'spec.hostNetwork', 'status.phase', 'status.podIP', 'status.podIPs', 'status.nominatedNodeName']],
      ['/api/v1/nodes', ['spec.unschedulable']], ['/api/v1/replicationcontrollers', ['status.replicas']], ['/apis/apps/v1/replicasets', ['status.replicas']],
      ['/api/v1/events', ['involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'involvedObject.apiVersion', 'involvedObject.resourceVersion', 'involvedObject.fieldPath', 'reason', 'reportingComponent', 'source', 'type']],
      ['/apis/events.k8s.io/v1/events', ['regarding.kind', 'regarding.namespace', 'regarding.name', 'regarding.uid', 'regarding.apiVersion', 'regarding.resourceVersion', 'regarding.fieldPath', 'reason', 'reportingController', 'type']],
      ['/api/v1/namespaces', ['status.phase']], ['/api/v1/secrets', ['type']], ['/apis/batch/v1/jobs', ['status.successful']], ['/api/v1/services', ['spec.clusterIP', 'spec.type']],
    ];
    for (const [path, fields] of known) for (const f of fields) expect((await api.call(`${path}?fieldSelector=${f}%3Dx`)).status, `${path} ${f}`).toBe(200);
    expect(names((await api.call('/api/v1/services?fieldSelector=spec.type%3DClusterIP,metadata.name%3Dkubernetes')).json)).toEqual(['kubernetes']);
  });

  test('6.6 frames, at once, with either spelling of watch and on the old path (trap 17)', async () => {
    for (const path of [`${L}?watch=true`, `${L}?watch=1`, '/api/v1/watch/namespaces/lists/configmaps', `${L}?watch=true&fieldSelector=metadata.name%3Dm1`, '/api/v1/watch/namespaces/lists/configmaps/m1']) {
      const w = await api.watch(path);
      expect([w.response.statusCode, w.response.headers['transfer-encoding'], w.response.headers['content-encoding']]).toEqual([200, 'chunked', undefined]);
      const lines = await w.until(l => l.some(x => String(x.object['metadata']!['name']) === 'm1'));
      expect(lines[0]).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', apiVersion: 'v1' } });
      w.close();
    }
    const quiet = await api.watch(`${L}?watch=true&resourceVersion=${rv((await api.call(L)).json)}`);
    expect([quiet.response.statusCode, quiet.lines]).toEqual([200, []]);
    quiet.close();
  });

  test('6.7, 6.13 after a revision comes every event, in order', async () => {
    const made = (await api.call(L, { body: cm('life') })).json;
    await api.patch(`${L}/life`, 'merge', { data: { k: '2' } });
    const died = await api.delete(`${L}/life`);
    expect(died.status).toBe(200);
    const w = await api.watch(`${L}?watch=1&resourceVersion=${Number(rv(made)) - 1}&fieldSelector=metadata.name%3Dlife`);
    const lines = await w.until(l => l.length === 3);
    expect(lines.map(l => l.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    const versions = lines.map(l => Number(rv(l.object)));
    expect([...versions].sort((a, b) => a - b)).toEqual(versions);
    expect(new Set(versions).size).toBe(3);
    w.close();
  });

  test('6.8 to begin and to cease to match are ADDED and DELETED (trap 18)', async () => {
    const start = (await api.call(L)).json;
    const w = await api.watch(`${L}?watch=1&labelSelector=chosen%3Dyes&resourceVersion=${rv(start)}`);
    await api.patch(`${L}/m2`, 'merge', { metadata: { labels: { chosen: 'yes' } }, data: { k: 'in' } });
    await api.patch(`${L}/m2`, 'merge', { data: { k: 'still' } });
    const out = (await api.patch(`${L}/m2`, 'merge', { metadata: { labels: { chosen: 'no' } }, data: { k: 'out' } })).json;
    const lines = await w.until(l => l.length === 3);
    expect(lines.map(l => [l.type, l.object['data']!['k']])).toEqual([['ADDED', 'in'], ['MODIFIED', 'still'], ['DELETED', 'still']]);
    expect(rv(lines[2]!.object)).toBe(rv(out));
    w.close();
  });

  test('6.9, 6.10 the end comes in time, with a last bookmark', async () => {
    const w = await api.watch(`${L}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1&timeout=100ms&resourceVersion=${rv((await api.call(L)).json)}`);
    const lines = await w.until((_l, ended) => ended, 5000);
    expect(lines).toEqual([{ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: expect.any(String), creationTimestamp: null } } }]);
    const plain = await api.watch(`${L}?watch=1&timeoutSeconds=1&resourceVersion=${rv((await api.call(L)).json)}`);
    expect(await plain.until((_l, ended) => ended, 5000)).toEqual([]);
  });

  test('6.11 watch-list, and its refusals (trap 12)', async () => {
    const w = await api.watch(`${L}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
    const lines = await w.until(l => l.some(x => x.type === 'BOOKMARK'));
    expect(lines.map(l => l.type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    expect(lines.at(-1)!.object['metadata']).toMatchObject({ annotations: { 'k8s.io/initial-events-end': 'true' }, resourceVersion: expect.any(String) });
    await api.patch(`${L}/m3`, 'merge', { data: { k: 'live' } });
    expect((await w.until(l => l.length === 8)).at(-1)).toMatchObject({ type: 'MODIFIED', object: { metadata: { name: 'm3' } } });
    w.close();
    expect((await api.call(`${L}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true`)).json).toMatchObject({ code: 422 });
    expect((await api.call(`${L}?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1`)).json).toMatchObject({ code: 422 });
  });

  test('4.4, 4.6, 6.14 watches as tables (trap 11) and as metadata; never as YAML', async () => {
    const t = await api.watch(`${L}?watch=1`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    const rows = await t.until(l => l.length === 6);
    expect(rows.map(l => Array.isArray(l.object['columnDefinitions']))).toEqual([true, false, false, false, false, false]);
    expect(rows[1]!.object).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', columnDefinitions: null, rows: [{ cells: expect.any(Array), object: { kind: 'PartialObjectMetadata' } }] });
    t.close();
    const p = await api.watch(`${L}?watch=1`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' });
    const metas: readonly Line[] = await p.until(l => l.length === 6);
    expect(metas.every(l => String(l.object['kind']) === 'PartialObjectMetadata' && l.object['data'] === undefined)).toBe(true);
    p.close();
    expect((await api.call(`${L}?watch=1`, { headers: { accept: 'application/yaml' } })).status).toBe(406);
  });
});
