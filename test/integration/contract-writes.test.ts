// The API contract, sections 7, 9, 11, 12 and 13, against a running host: patches, subresources, who may, what is filled in.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { Wire, type Loose } from '../harness/wire.ts';

let host: Host, api: Wire;
const NS = '/api/v1/namespaces/writes', CM = `${NS}/configmaps`, PODS = `${NS}/pods`, SVCS = `${NS}/services`, DEPLOYMENTS = '/apis/apps/v1/namespaces/writes/deployments';
const list = (v: Loose | undefined): Loose[] => (Array.isArray(v) ? v as Loose[] : []);
const rv = (o: Loose): string => String(o['metadata']!['resourceVersion']);
const pod = (name: string, spec: object = {}): object => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }], ...spec } });
const deployment = (name: string, spec: object = {}): object => ({ metadata: { name }, spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx:1.25', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] }] } }, ...spec } });
const container = (d: Loose): Loose => d['spec']!['template']!['spec']!['containers']![0]!;

beforeAll(async () => {
  host = await startHost(['--runtime', 'simulated']);
  api = new Wire(host.ready.kubeconfig);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: 'writes' } } });
  await eventually('the default account', async () => (await api.call(`${NS}/serviceaccounts/default`)).status === 200);
  await api.call(DEPLOYMENTS, { body: deployment('d') });
  await api.call(CM, { body: { metadata: { name: 'cm' }, data: { k: 'v' } } });
});
afterAll(async () => { api.close(); await host.dispose(); });

describe('7 patches', () => {
  test('7.1 media types, with a charset too', async () => {
    expect((await api.call(`${CM}/cm`, { method: 'PATCH', body: '{}', type: 'application/merge-patch+json;charset=utf-8' })).status).toBe(200);
    // Server-side apply (7.7 to 7.12) comes with the next issue.
    expect((await api.call(`${CM}/cm`, { method: 'PATCH', body: 'a: b', type: 'text/yaml' })).status).toBe(415);
  });

  test('7.2 a revision or a uid in a patch is a precondition; without one the server tries again', async () => {
    const { json } = await api.call(`${CM}/cm`);
    for (const kind of ['merge', 'strategic-merge'] as const) {
      expect((await api.patch(`${CM}/cm`, kind, { metadata: { resourceVersion: '1' }, data: { x: '1' } })).json).toMatchObject({ code: 409, reason: 'Conflict' });
      expect((await api.patch(`${CM}/cm`, kind, { metadata: { uid: 'other' }, data: { x: '1' } })).json).toMatchObject({ code: 409, reason: 'Conflict' });
    }
    expect((await api.patch(`${CM}/cm`, 'merge', { metadata: { resourceVersion: rv(json) }, data: { x: '1' } })).status).toBe(200);
    const many = await Promise.all(Array.from({ length: 64 }, (_, i) => api.patch(`${CM}/cm`, 'merge', { data: { [`k${i}`]: String(i) } })));
    expect(many.map(r => r.status).filter(s => s !== 200)).toEqual([]);
    expect(Object.keys((await api.call(`${CM}/cm`)).json['data']!).filter(k => k.startsWith('k')).length).toBe(65);
  });

  test('7.3 what is missing cannot be patched, identity cannot be changed', async () => {
    expect((await api.patch(`${CM}/none`, 'merge', {})).json).toMatchObject({ code: 404, message: 'configmaps "none" not found' });
    for (const patch of [{ metadata: { name: 'other' } }, { metadata: { namespace: 'other' } }, { kind: 'Secret' }, { apiVersion: 'v2' }]) expect([400, 422], JSON.stringify(patch)).toContain((await api.patch(`${CM}/cm`, 'merge', patch)).status);
  });

  test('7.4, 7.5 strategic merge: keys and directives (trap 19)', async () => {
    const smp = async (spec: object): Promise<Loose> => {
      const r = await api.patch(`${DEPLOYMENTS}/d`, 'strategic-merge', { spec: { template: { spec } } });
      expect(r.status, r.text).toBe(200);
      return r.json;
    };
    expect(container(await smp({ containers: [{ name: 'c', env: [{ name: 'B', value: '2' }], ports: [{ containerPort: 81 }] }] }))).toMatchObject({ image: 'nginx:1.25', env: [{ name: 'B', value: '2' }, { name: 'A', value: '1' }], ports: [{ containerPort: 81 }, { containerPort: 80 }] });
    expect(list(container(await smp({ containers: [{ name: 'c', env: [{ name: 'B', $patch: 'delete' }] }] }))['env'])).toEqual([{ name: 'A', value: '1' }]);
    expect(list(container(await smp({ containers: [{ name: 'c', '$setElementOrder/env': [{ name: 'Z' }, { name: 'A' }], env: [{ name: 'Z', value: '26' }] }] }))['env']).map(e => e['name'])).toEqual(['Z', 'A']);
    expect(container(await smp({ containers: [{ name: 'c', env: [{ $patch: 'replace' }, { name: 'Only', value: '1' }] }] }))['env']).toEqual([{ name: 'Only', value: '1' }]);
    expect(container(await smp({ containers: [{ name: 'c', args: ['a', 'b'], env: null }] }))).toMatchObject({ args: ['a', 'b'] });
    expect(container(await smp({ containers: [{ name: 'c', args: ['c'] }] }))['args']).toEqual(['c']);
    const v = await smp({ volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] });
    expect(v['spec']!['template']!['spec']!['volumes']).toEqual([{ name: 'v', emptyDir: {} }]);
    const swapped = await smp({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] });
    expect(swapped['spec']!['template']!['spec']!['volumes']).toEqual([{ name: 'v', hostPath: { path: '/x', type: '' } }]);
    const strategy = await api.patch(`${DEPLOYMENTS}/d`, 'strategic-merge', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } });
    expect(strategy.json['spec']!['strategy']).toEqual({ type: 'Recreate' });
    expect((await api.patch(`${DEPLOYMENTS}/d`, 'strategic-merge', { spec: { template: { spec: { containers: [{ image: 'x' }] } } } })).status).toBeGreaterThanOrEqual(400);
    expect((await api.patch(`${CM}/cm`, 'strategic-merge', { metadata: { finalizers: ['example.com/a'] } })).json['metadata']!['finalizers']).toEqual(['example.com/a']);
    expect((await api.patch(`${CM}/cm`, 'strategic-merge', { metadata: { finalizers: ['example.com/b'] } })).json['metadata']!['finalizers']).toHaveLength(2);
    expect((await api.patch(`${CM}/cm`, 'strategic-merge', { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a', 'example.com/b'] } })).json['metadata']).not.toHaveProperty('finalizers');
    expect((await api.patch(`${CM}/cm`, 'strategic-merge', { data: { $patch: 'replace', only: 'this' } })).json['data']).toEqual({ only: 'this' });
    await api.call(SVCS, { body: { metadata: { name: 'smp' }, spec: { ports: [{ name: 'a', port: 80, targetPort: 8080 }] } } });
    expect((await api.patch(`${SVCS}/smp`, 'strategic-merge', { spec: { ports: [{ port: 80, targetPort: 9090 }, { name: 'b', port: 81 }] } })).json['spec']!['ports']).toMatchObject([{ name: 'a', port: 80, targetPort: 9090 }, { name: 'b', port: 81, targetPort: 81 }]);
  });

  test('7.6, 7.13 the outcome is defaulted and validated; last-applied is data', async () => {
    expect((await api.patch(`${DEPLOYMENTS}/d`, 'json', [{ op: 'remove', path: '/spec/revisionHistoryLimit' }])).json['spec']!['revisionHistoryLimit']).toBe(10);
    expect((await api.patch(`${DEPLOYMENTS}/d`, 'merge', { spec: { replicas: -1 } })).json).toMatchObject({ code: 422, message: 'Deployment.apps "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0' });
    expect((await api.patch(`${CM}/cm`, 'merge', { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } })).json['metadata']!['annotations']).toEqual({ 'kubectl.kubernetes.io/last-applied-configuration': '{}' });
  });
});

describe('9 subresources', () => {
  test('9.1 status, read and written', async () => {
    const r = (await api.call(`${DEPLOYMENTS}/d/status`)).json;
    expect(r).toMatchObject({ kind: 'Deployment', metadata: { name: 'd' } });
    expect((await api.put(`${DEPLOYMENTS}/d/status`, { ...r, status: { ...r['status'], collisionCount: 3 } })).json['status']!['collisionCount']).toBe(3);
  });

  test('9.2 scale, with kubectl\'s untyped PUT (trap 22)', async () => {
    const s = (await api.call(`${DEPLOYMENTS}/d/scale`)).json;
    expect(s).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'd', namespace: 'writes', uid: expect.any(String), resourceVersion: expect.any(String), creationTimestamp: expect.any(String) }, status: { replicas: 0, selector: 'app=d' } });
    expect((await api.patch(`${DEPLOYMENTS}/d/scale`, 'merge', { spec: { replicas: 2 } })).json['spec']).toEqual({ replicas: 2 });
    // The controller writes the deployment's status meanwhile: like kubectl, read and write again on 409.
    let put: Awaited<ReturnType<typeof api.call>>;
    do put = await api.call(`${DEPLOYMENTS}/d/scale`, { method: 'PUT', type: '', body: JSON.stringify({ ...(await api.call(`${DEPLOYMENTS}/d/scale`)).json, spec: { replicas: 0 } }) });
    while (put.status === 409);
    expect([put.status, put.json['kind']]).toEqual([200, 'Scale']);
    expect((await api.call(`${DEPLOYMENTS}/none/scale`)).json).toMatchObject({ code: 404, details: { name: 'none' } });
  });

  test('9.3 logs: words for what cannot be shown, text for what can', async () => {
    await api.call(PODS, { body: pod('two', { containers: [{ name: 'a', image: 'nginx' }, { name: 'b', image: 'nginx' }] }) });
    expect((await api.call(`${PODS}/two/log`)).json).toMatchObject({ code: 400, message: 'a container name must be specified for pod two, choose one of: [a b]' });
    expect((await api.call(`${PODS}/two/log?container=z`)).json).toMatchObject({ code: 400, message: 'container z is not valid for pod two' });
    await api.call(PODS, { body: pod('unplaced', { nodeSelector: { none: 'such' } }) });
    const none = await api.call(`${PODS}/unplaced/log`);
    expect([[200, 204].includes(none.status), none.text]).toEqual([true, '']);
    await eventually('it runs', async () => String((await api.call(`${PODS}/two`)).json['status']!['phase']) === 'Running');
    const log = await api.call(`${PODS}/two/log?container=a&tailLines=1&timestamps=true`, { headers: { accept: 'application/json, */*' } });
    expect([log.status, log.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
    expect((await api.call(`${PODS}/two/log?container=a&tailLines=-1`)).status).toBe(422);
  });

  test('9.6 eviction: a Status, a budget, a dry run', async () => {
    const evict = (name: string, more: object = {}, version = 'v1'): object => ({ apiVersion: `policy/${version}`, kind: 'Eviction', metadata: { name }, ...more });
    await api.call(PODS, { body: { ...pod('guarded'), metadata: { name: 'guarded', labels: { app: 'guarded' } } } });
    await eventually('it is ready', async () => list((await api.call(`${PODS}/guarded`)).json['status']!['conditions']).some(c => String(c['type']) === 'Ready' && String(c['status']) === 'True'));
    await api.call('/apis/policy/v1/namespaces/writes/poddisruptionbudgets', { body: { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } } } });
    const refused = await api.call(`${PODS}/guarded/eviction`, { body: evict('guarded') });
    expect([refused.status, refused.json]).toMatchObject([429, { reason: 'TooManyRequests', message: 'Cannot evict pod as it would violate the pod\'s disruption budget.', details: { causes: [{ reason: 'DisruptionBudget' }] } }]);
    await api.delete('/apis/policy/v1/namespaces/writes/poddisruptionbudgets/b');
    expect((await api.call(`${PODS}/guarded/eviction`, { body: evict('guarded', { deleteOptions: { dryRun: ['All'] } }) })).status).toBe(201);
    expect((await api.call(`${PODS}/guarded`)).json['metadata']).not.toHaveProperty('deletionTimestamp');
    expect((await api.call(`${PODS}/guarded/eviction`, { body: evict('guarded', {}, 'v1beta1') })).json).toMatchObject({ kind: 'Status', status: 'Success', code: 201 });
    expect((await api.call(`${PODS}/none/eviction`, { body: evict('none') })).status).toBe(404);
  });

  test('9.7 a pod is bound once', async () => {
    await api.call(PODS, { body: pod('bind', { schedulerName: 'nobody' }) });
    const b = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'bind' }, target: { apiVersion: 'v1', kind: 'Node', name: 'no-agent-here' } };
    expect((await api.call(`${PODS}/bind/binding`, { body: b })).json).toMatchObject({ kind: 'Status', status: 'Success', code: 201 });
    const p = (await api.call(`${PODS}/bind`)).json;
    expect([p['spec']!['nodeName'], p['status']!['conditions']]).toMatchObject(['no-agent-here', [{ type: 'PodScheduled', status: 'True' }]]);
    expect((await api.call(`${PODS}/bind/binding`, { body: b })).status).toBe(409);
  });

  test('9.8 tokens', async () => {
    const r = await api.call(`${NS}/serviceaccounts/default/token`, { body: { spec: { audiences: ['https://x'], expirationSeconds: 600 } } });
    expect([r.status, r.json]).toMatchObject([201, { kind: 'TokenRequest', status: { token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), expirationTimestamp: expect.any(String) } }]);
    expect((await api.call(`${NS}/serviceaccounts/default/token`, { body: { spec: { expirationSeconds: 5 } } })).status).toBe(422);
  });

  test('9.9 ephemeral containers: added, never changed; a missing pod has its name in the details', async () => {
    expect((await api.patch(`${PODS}/none/ephemeralcontainers`, 'strategic-merge', {})).json).toMatchObject({ code: 404, details: { name: 'none', kind: 'pods' } });
    const add = (n: string): object => ({ spec: { ephemeralContainers: [{ name: n, image: 'busybox', targetContainerName: 'a' }] } });
    const r = await api.patch(`${PODS}/two/ephemeralcontainers`, 'strategic-merge', add('dbg'));
    expect([r.status, r.json['spec']!['ephemeralContainers']], r.text).toMatchObject([200, [{ name: 'dbg', image: 'busybox', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }]]);
    expect((await api.patch(`${PODS}/two/ephemeralcontainers`, 'strategic-merge', { spec: { ephemeralContainers: [{ name: 'dbg', image: 'other' }] } })).status).toBe(422);
    expect((await api.patch(`${PODS}/two/ephemeralcontainers`, 'strategic-merge', { spec: { ephemeralContainers: [{ name: 'a', image: 'busybox' }] } })).status).toBe(422);
    expect((await api.patch(`${PODS}/two`, 'strategic-merge', add('late'))).status).toBe(422);
  });

  test('9.10 resize changes resources and nothing else', async () => {
    const r = await api.patch(`${PODS}/two/resize`, 'strategic-merge', { spec: { containers: [{ name: 'a', image: 'other', resources: { requests: { cpu: '10m' } } }] } });
    expect(r.status).toBeLessThan(500);
    expect((await api.call(`${PODS}/two`)).json['spec']!['containers']![0]!['image']).toBe('nginx');
  });

  test('9.12 undo\'s JSON patch, with its null age', async () => {
    const d = (await api.call(`${DEPLOYMENTS}/d`)).json;
    const t = { metadata: { creationTimestamp: null, labels: { app: 'd' } }, spec: { ...d['spec']!['template']!['spec'], containers: [{ name: 'c', image: 'nginx:1.24' }] } };
    const r = await api.patch(`${DEPLOYMENTS}/d`, 'json', [{ op: 'replace', path: '/spec/template', value: t }, { op: 'replace', path: '/metadata/annotations', value: { 'deployment.kubernetes.io/revision': '1' } }]);
    expect([r.status, container(r.json)['image']]).toEqual([200, 'nginx:1.24']);
  });
});

describe('11 who may', () => {
  test('11.1, 11.2 tokens name their issuer, which verifiers can find', async () => {
    // What wrong certificates, wrong tokens and no credentials get: api-http.test.ts, "who may ask".
    const { token } = (await api.call(`${NS}/serviceaccounts/default/token`, { body: {} })).json['status'] as unknown as { token: string };
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Loose;
    const issuer = (await api.call('/.well-known/openid-configuration')).json['issuer'];
    expect(claims).toMatchObject({ iss: issuer, sub: 'system:serviceaccount:writes:default', 'kubernetes.io': { namespace: 'writes', serviceaccount: { name: 'default', uid: expect.any(String) } } });
  });
});

describe('12 admission', () => {
  test('12.1 namespaces: missing, going, immortal', async () => {
    expect((await api.call('/api/v1/namespaces/nowhere/secrets', { body: { metadata: { name: 'x' } } })).json).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
    await api.call('/api/v1/namespaces', { body: { metadata: { name: 'going' } } });
    await api.call('/api/v1/namespaces/going/configmaps', { body: { metadata: { name: 'hold', finalizers: ['example.com/hold'] } } });
    await api.delete('/api/v1/namespaces/going');
    expect((await api.call('/api/v1/namespaces/going/secrets', { body: { metadata: { name: 'x' } } })).json).toMatchObject({ code: 403, reason: 'Forbidden', message: 'secrets "x" is forbidden: unable to create new content in namespace going because it is being terminated', details: { name: 'x', kind: 'secrets', causes: [{ reason: 'NamespaceTerminating', message: 'namespace going is being terminated', field: 'metadata.namespace' }] } });
    await eventually('the namespace says what is left', async () => list((await api.call('/api/v1/namespaces/going')).json['status']!['conditions']).some(c => String(c['type']) === 'NamespaceFinalizersRemaining' && String(c['status']) === 'True'));
    await api.patch('/api/v1/namespaces/going/configmaps/hold', 'merge', { metadata: { finalizers: null } });
    await eventually('it is gone', async () => (await api.call('/api/v1/namespaces/going')).status === 404, 60_000);
    for (const name of ['default', 'kube-system', 'kube-public']) expect((await api.delete(`/api/v1/namespaces/${name}`)).json).toMatchObject({ code: 403, message: `namespaces "${name}" is forbidden: this namespace may not be deleted` });
  });

  test('12.2 accounts, their tokens in pods, the root certificate', async () => {
    expect((await api.call(PODS, { body: pod('stranger', { serviceAccountName: 'nobody' }) })).json).toMatchObject({ code: 403, message: 'pods "stranger" is forbidden: error looking up service account writes/nobody: serviceaccount "nobody" not found' });
    const p = (await api.call(PODS, { body: pod('mounted') })).json;
    expect(p['spec']).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default', volumes: [{ name: expect.stringMatching(/^kube-api-access-.{5}$/), projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }, { configMap: { name: 'kube-root-ca.crt' } }, { downwardAPI: {} }] } }] });
    expect(p['spec']!['containers']![0]!['volumeMounts']).toEqual([{ name: p['spec']!['volumes']![0]!['name'], readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }]);
    expect((await api.call(PODS, { body: pod('bare', { automountServiceAccountToken: false }) })).json['spec']).not.toHaveProperty('volumes');
    expect((await api.call(`${CM}/kube-root-ca.crt`)).json['data']).toMatchObject({ 'ca.crt': expect.stringMatching(/^-----BEGIN CERTIFICATE/) });
    expect((await api.call('/api/v1/namespaces/writes')).json['metadata']!['labels']).toEqual({ 'kubernetes.io/metadata.name': 'writes' });
  });
});

describe('13 defaults and what stays as it is', () => {
  test('13.1 a pod\'s defaults, all of them', async () => {
    const p = (await api.call(`${PODS}?dryRun=All`, { body: pod('defaults', { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 80 }], readinessProbe: { httpGet: { port: 80 } } }, { name: 'd', image: 'nginx:1.25' }] }) })).json;
    expect(p['spec']).toEqual({
      automountServiceAccountToken: false, dnsPolicy: 'ClusterFirst', enableServiceLinks: true, preemptionPolicy: 'PreemptLowerPriority', priority: 0, restartPolicy: 'Always', schedulerName: 'default-scheduler',
      securityContext: {}, serviceAccount: 'default', serviceAccountName: 'default', terminationGracePeriodSeconds: 30,
      tolerations: [{ effect: 'NoExecute', key: 'node.kubernetes.io/not-ready', operator: 'Exists', tolerationSeconds: 300 }, { effect: 'NoExecute', key: 'node.kubernetes.io/unreachable', operator: 'Exists', tolerationSeconds: 300 }],
      containers: [
        { name: 'c', image: 'nginx', imagePullPolicy: 'Always', ports: [{ containerPort: 80, protocol: 'TCP' }], readinessProbe: { httpGet: { path: '/', port: 80, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }, resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' },
        { name: 'd', image: 'nginx:1.25', imagePullPolicy: 'IfNotPresent', resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' },
      ],
    });
    expect(p['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test('13.2 services: what is given, and what cannot be changed', async () => {
    const s = (await api.call(SVCS, { body: { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } } })).json;
    const ip = String(s['spec']!['clusterIP']);
    expect(s['spec']).toEqual({ type: 'NodePort', clusterIP: ip, clusterIPs: [ip], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster', ports: [{ port: 80, targetPort: 80, protocol: 'TCP', nodePort: expect.any(Number) }] });
    expect(Number(s['spec']!['ports']![0]!['nodePort'])).toBeGreaterThanOrEqual(30_000);
    expect(s['status']).toEqual({ loadBalancer: {} });
    const other = ip.replace(/\d+$/, n => String((Number(n) + 1) % 250 + 1));
    const moved = await api.patch(`${SVCS}/s`, 'merge', { spec: { clusterIP: other, clusterIPs: [other] } });
    expect(moved.json).toMatchObject({ code: 422, reason: 'Invalid', message: `Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["${other}"]: may not change once set` });
    expect((await api.put(`${SVCS}/s`, { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } })).json['spec']).toMatchObject({ clusterIP: ip, ports: [{ nodePort: s['spec']!['ports']![0]!['nodePort'] }] });
    expect((await api.call('/api/v1/namespaces/default/services/kubernetes')).json).toMatchObject({ metadata: { labels: { component: 'apiserver', provider: 'kubernetes' } }, spec: { ports: [{ name: 'https', port: 443 }] } });
  });

  test('13.3 revisions, hashes, names of ReplicaSets, change causes', async () => {
    await api.call(DEPLOYMENTS, { body: deployment('rev') });
    const sets = async (): Promise<Loose[]> => list((await api.call('/apis/apps/v1/namespaces/writes/replicasets?labelSelector=app%3Drev')).json['items']);
    await eventually('a ReplicaSet', async () => (await sets()).length === 1);
    const [one] = await sets();
    const hash = String(one!['metadata']!['labels']!['pod-template-hash']);
    expect(one).toMatchObject({ metadata: { name: `rev-${hash}`, annotations: { 'deployment.kubernetes.io/revision': '1' } }, spec: { selector: { matchLabels: { app: 'rev', 'pod-template-hash': hash } } } });
    await api.patch(`${DEPLOYMENTS}/rev`, 'strategic-merge', { metadata: { annotations: { 'kubernetes.io/change-cause': 'why' } }, spec: { template: { spec: { containers: [{ name: 'c', image: 'nginx:1.26' }] } } } });
    await eventually('the second revision', async () => (await sets()).some(s => String(s['metadata']!['annotations']!['deployment.kubernetes.io/revision']) === '2' && String(s['metadata']!['annotations']!['kubernetes.io/change-cause']) === 'why'));
    await eventually('the deployment knows', async () => String((await api.call(`${DEPLOYMENTS}/rev`)).json['metadata']!['annotations']!['deployment.kubernetes.io/revision']) === '2');
  });

  test('13.4, 13.5 what is immutable, and what must match', async () => {
    expect((await api.patch(`${DEPLOYMENTS}/d`, 'merge', { spec: { selector: { matchLabels: { app: 'd', more: 'x' } }, template: { metadata: { labels: { more: 'x' } } } } })).json).toMatchObject({ code: 422, message: expect.stringMatching(/^Deployment\.apps "d" is invalid: spec\.selector: Invalid value: .*: field is immutable$/) });
    expect((await api.call(DEPLOYMENTS, { body: deployment('mis', { selector: { matchLabels: { other: 'x' } } }) })).json['message']).toMatch(/^Deployment\.apps "mis" is invalid: spec\.template\.metadata\.labels: Invalid value: .*: `selector` does not match template `labels`$/);
    expect((await api.call(DEPLOYMENTS, { body: { metadata: { name: 'mis' }, spec: { template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } } } })).json['message']).toContain('spec.selector: Required value');
    const JOBS = '/apis/batch/v1/namespaces/writes/jobs';
    await api.call(JOBS, { body: { metadata: { name: 'j' }, spec: { suspend: false, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'nginx:1.25' }] } } } } });
    expect((await api.patch(`${JOBS}/j`, 'strategic-merge', { spec: { template: { spec: { containers: [{ name: 'c', image: 'other' }] } } } })).json['message']).toMatch(/spec\.template: Invalid value: .*: field is immutable$/);
    const STS = '/apis/apps/v1/namespaces/writes/statefulsets';
    await api.call(STS, { body: { metadata: { name: 'sts' }, spec: { serviceName: 'x', replicas: 0, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } } } });
    expect((await api.patch(`${STS}/sts`, 'merge', { spec: { serviceName: 'y' } })).json['message']).toMatch(/^StatefulSet\.apps "sts" is invalid: spec: Forbidden: updates to statefulset spec for fields other than /);
    expect((await api.patch(`${PODS}/two`, 'merge', { spec: { restartPolicy: 'Never' } })).json['message']).toMatch(/^Pod "two" is invalid: spec: Forbidden: pod updates may not change fields other than /);
    await api.call(CM, { body: { metadata: { name: 'frozen' }, immutable: true, data: { a: 'b' } } });
    expect((await api.patch(`${CM}/frozen`, 'merge', { data: { a: 'c' } })).json['message']).toBe('ConfigMap "frozen" is invalid: data: Forbidden: field is immutable when `immutable` is set');
    const PVCS = `${NS}/persistentvolumeclaims`;
    await api.call(PVCS, { body: { metadata: { name: 'p' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } });
    expect((await api.patch(`${PVCS}/p`, 'merge', { spec: { accessModes: ['ReadOnlyMany'] } })).json['message']).toMatch(/spec: Forbidden: spec is immutable after creation except resources\.requests and volumeAttributesClassName for bound claims/);
  });
});
