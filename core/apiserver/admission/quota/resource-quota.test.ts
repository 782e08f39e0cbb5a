import { beforeEach, describe, expect, it } from 'vitest';
import { inProcess, podWith, refused, type InProcess } from '../../../../test/harness/in-process.ts';
import { memoryStore } from '../../../store/open.ts';

let api: InProcess;
const NS = '/api/v1/namespaces/a', PODS = `${NS}/pods`, QUOTAS = `${NS}/resourcequotas`;
const quota = (name: string, hard: Record<string, string>, more: object = {}): Promise<unknown> => api.call('POST', QUOTAS, { metadata: { name }, spec: { hard, ...more } });
const turn = async (): Promise<void> => { for (let i = 0; i < 5; i++) await new Promise(resolve => { setImmediate(resolve); }); };
const used = async (name = 'q'): Promise<unknown> => { await turn(); return (await api.call('GET', `${QUOTAS}/${name}`)).status?.['used']; };
const why = async (path: string, object: object): Promise<string> => (await refused(api.call('POST', path, object))).message ?? '';
const patch = (path: string, body: object): Promise<unknown> => api.call('PATCH', path, body, { contentType: 'application/merge-patch+json' });
beforeEach(async () => { api = await inProcess(); });

describe('ResourceQuota', () => {
  it('says at once what is used, and charges what is made before it is answered', async () => {
    await api.call('POST', PODS, podWith('old', { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } }));
    await quota('q', { pods: '3', 'requests.cpu': '1', memory: '1Gi', 'limits.memory': '2Gi', 'count/pods': '9', 'example.com/x': '1' });
    await turn();
    expect((await api.call('GET', `${QUOTAS}/q`)).status).toEqual({
      hard: { pods: '3', 'requests.cpu': '1', memory: '1Gi', 'limits.memory': '2Gi', 'count/pods': '9', 'example.com/x': '1' },
      used: { 'count/pods': '1', 'limits.memory': '128Mi', memory: '64Mi', pods: '1', 'requests.cpu': '100m' },
    });
    await api.call('POST', PODS, podWith('new', { requests: { cpu: '200m', memory: '64Mi' }, limits: { memory: '128Mi' } }));
    expect((await api.call('GET', `${QUOTAS}/q`)).status?.['used']).toEqual({ 'count/pods': '2', 'limits.memory': '256Mi', memory: '128Mi', pods: '2', 'requests.cpu': '300m' });
  });

  it('refuses what exceeds, with all names that do', async () => {
    await quota('q', { pods: '2', cpu: '1', memory: '100Mi' });
    await api.call('POST', PODS, podWith('p1', { requests: { cpu: '600m', memory: '60Mi' } }));
    expect(await why(PODS, podWith('p2', { requests: { cpu: '500m', memory: '64Mi' } }))).toBe('pods "p2" is forbidden: exceeded quota: q, requested: cpu=500m,memory=64Mi, used: cpu=600m,memory=60Mi, limited: cpu=1,memory=100Mi');
    expect(await why(PODS, podWith('p2', { requests: { cpu: '1m' } }))).toBe('pods "p2" is forbidden: failed quota: q: must specify memory for: c');
    expect(await why(PODS, podWith('p2'))).toBe('pods "p2" is forbidden: failed quota: q: must specify cpu for: c; memory for: c');
    expect((await refused(api.call('POST', PODS, podWith('p2')))).code).toBe(403);
  });

  it('gives back what ends: finished pods, deleted ones, those that do not go', async () => {
    await quota('q', { pods: '3', 'count/pods': '5', 'requests.nvidia.com/gpu': '4' });
    const gpu = { limits: { 'nvidia.com/gpu': '1' } };
    for (const n of ['done', 'gone', 'stuck']) await api.call('POST', PODS, podWith(n, gpu, { nodeName: 'n' }));
    expect(await used()).toEqual({ pods: '3', 'count/pods': '3', 'requests.nvidia.com/gpu': '3' });
    await patch(`${PODS}/done/status`, { status: { phase: 'Succeeded' } });
    expect(await used()).toEqual({ pods: '2', 'count/pods': '3', 'requests.nvidia.com/gpu': '2' });
    await api.call('DELETE', `${PODS}/gone`, { gracePeriodSeconds: 0 });
    expect(await used()).toEqual({ pods: '1', 'count/pods': '2', 'requests.nvidia.com/gpu': '1' });
    await api.call('DELETE', `${PODS}/stuck`, { gracePeriodSeconds: 30 });
    expect(await used()).toMatchObject({ pods: '1' });
    await api.clock.advance(61_000);
    expect(await used()).toEqual({ pods: '0', 'count/pods': '2', 'requests.nvidia.com/gpu': '0' });
  });

  it('is not moved by what is not stored', async () => {
    await quota('q', { pods: '2', configmaps: '2', 'count/configmaps': '2' });
    await api.call('POST', PODS, podWith('p'), { query: { dryRun: 'All' } });
    await api.call('POST', `${NS}/configmaps`, { metadata: { name: 'm' } });
    await refused(api.call('POST', `${NS}/configmaps`, { metadata: { name: 'm' } }));
    await refused(api.call('POST', PODS, podWith('Bad_Name')));
    expect(await used()).toEqual({ pods: '0', configmaps: '1', 'count/configmaps': '1' });
    await api.call('DELETE', `${NS}/configmaps`);
    expect(await used()).toEqual({ pods: '0', configmaps: '0', 'count/configmaps': '0' });
  });

  it('charges services by what they ask for, also when they change', async () => {
    await quota('q', { services: '3', 'services.nodeports': '2', 'services.loadbalancers': '1' });
    const service = (name: string, type: string, ports: number): object => ({ metadata: { name }, spec: { type, selector: { a: 'b' }, ports: Array.from({ length: ports }, (_, i) => ({ name: `p${i}`, port: 80 + i })) } });
    await api.call('POST', `${NS}/services`, service('s', 'ClusterIP', 2));
    await patch(`${NS}/services/s`, { spec: { type: 'NodePort' } });
    expect(await used()).toEqual({ services: '1', 'services.nodeports': '2', 'services.loadbalancers': '0' });
    expect(await why(`${NS}/services`, service('l', 'LoadBalancer', 1))).toBe('services "l" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=2, limited: services.nodeports=2');
    await patch(`${NS}/services/s`, { spec: { type: 'ClusterIP' } });
    await api.call('POST', `${NS}/services`, service('l', 'LoadBalancer', 1));
    expect(await used()).toEqual({ services: '2', 'services.nodeports': '1', 'services.loadbalancers': '1' });
  });

  it('charges claims, in all and by class', async () => {
    await quota('q', { persistentvolumeclaims: '5', 'requests.storage': '10Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '3Gi', 'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1' });
    const claim = (name: string, storageClassName: string, storage: string): object => ({ metadata: { name }, spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } });
    await api.call('POST', `${NS}/persistentvolumeclaims`, claim('a', 'plain', '5Gi'));
    await api.call('POST', `${NS}/persistentvolumeclaims`, claim('b', 'gold', '2Gi'));
    expect(await used()).toEqual({ persistentvolumeclaims: '2', 'requests.storage': '7Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '2Gi', 'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1' });
    expect(await why(`${NS}/persistentvolumeclaims`, claim('c', 'gold', '2Gi'))).toBe('persistentvolumeclaims "c" is forbidden: exceeded quota: q, requested: gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/requests.storage=2Gi, used: gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/requests.storage=2Gi, limited: gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/requests.storage=3Gi');
  });

  it('counts any kind by count/', async () => {
    await quota('q', { 'count/deployments.apps': '1', 'count/secrets': '1', secrets: '7' });
    const deployment = (name: string): object => ({ metadata: { name }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } });
    await api.call('POST', '/apis/apps/v1/namespaces/a/deployments', deployment('d'));
    expect(await why('/apis/apps/v1/namespaces/a/deployments', deployment('e'))).toBe('deployments.apps "e" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1');
  });

  it('counts custom resources, also those that come after the quota', async () => {
    await quota('q', { 'count/things.example.com': '1' });
    await api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'things.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { kind: 'Thing', plural: 'things', singular: 'thing', listKind: 'ThingList' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] },
    });
    await turn();
    const THINGS = '/apis/example.com/v1/namespaces/a/things', thing = (name: string): object => ({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name } });
    await api.call('POST', THINGS, thing('t'));
    expect(await why(THINGS, thing('u'))).toBe('things.example.com "u" is forbidden: exceeded quota: q, requested: count/things.example.com=1, used: count/things.example.com=1, limited: count/things.example.com=1');
    await api.call('DELETE', `${THINGS}/t`);
    await api.call('POST', THINGS, thing('u'));
    expect(await used()).toEqual({ 'count/things.example.com': '1' });
  });

  it('"Neither contention nor changes to quota will affect already created resources": what is above a new bound stays, and nothing is added', async () => {
    await quota('q', { pods: '3' });
    for (const n of ['p1', 'p2', 'p3']) await api.call('POST', PODS, podWith(n));
    await patch(`${QUOTAS}/q`, { spec: { hard: { pods: '1' } } });
    await turn();
    expect((await api.call('GET', `${QUOTAS}/q`)).status).toEqual({ hard: { pods: '1' }, used: { pods: '3' } });
    expect(await why(PODS, podWith('p4'))).toBe('pods "p4" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=1');
    await patch(`${PODS}/p1`, { metadata: { labels: { still: 'mine' } } });
  });

  it('keeps to scopes', async () => {
    await quota('best', { pods: '1' }, { scopes: ['BestEffort'] });
    await quota('rest', { pods: '1' }, { scopes: ['NotBestEffort'] });
    await quota('short', { pods: '1' }, { scopes: ['Terminating'] });
    await quota('high', { pods: '0' }, { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }] } });
    await quota('far', { pods: '0' }, { scopes: ['CrossNamespacePodAffinity'] });
    await api.call('POST', PODS, podWith('b'));
    await api.call('POST', PODS, podWith('n', { requests: { cpu: '1' } }, { activeDeadlineSeconds: 5 }));
    for (const q of ['best', 'rest', 'short']) expect(await used(q)).toEqual({ pods: '1' });
    expect(await why(PODS, podWith('b2'))).toContain('exceeded quota: best, ');
    expect(await why(PODS, podWith('p', { requests: { cpu: '2' } }, { priorityClassName: 'system-node-critical' }))).toContain('exceeded quota: high, requested: pods=1, used: pods=0, limited: pods=0');
    expect(await why(PODS, podWith('f', undefined, { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x', namespaces: ['b'], labelSelector: {} }] } } }))).toMatch(/exceeded quota: (best|far)/);
  });

  it('charges resizes by what they add', async () => {
    await quota('q', { 'requests.cpu': '1' });
    await api.call('POST', PODS, podWith('p', { requests: { cpu: '600m' } }));
    const resize = (cpu: string): Promise<unknown> => api.call('PATCH', `${PODS}/p/resize`, { spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } }, { contentType: 'application/strategic-merge-patch+json' });
    expect((await refused(resize('1100m'))).message).toBe('pods "p" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1');
    await resize('1');
    expect(await used()).toEqual({ 'requests.cpu': '1' });
  });

  it('follows its own bounds, and puts a status right that somebody else wrote', async () => {
    await quota('q', { pods: '1' });
    await api.call('POST', PODS, podWith('p'));
    await patch(`${QUOTAS}/q`, { spec: { hard: { pods: '2', configmaps: '3' } } });
    expect(await used()).toEqual({ pods: '1', configmaps: '0' });
    await api.call('POST', PODS, podWith('p2'));
    await patch(`${QUOTAS}/q/status`, { status: { used: { pods: '0' } } });
    expect(await why(PODS, podWith('p3'))).toContain('used: pods=2');
    await api.clock.advance(300_000);
    expect(await used()).toEqual({ pods: '2', configmaps: '0' });
    await api.call('DELETE', `${QUOTAS}/q`);
    await api.call('POST', PODS, podWith('p3'));
  });

  it('grants no more than there is, however many ask at once, and knows it after a restart', async () => {
    await quota('q', { pods: '10', 'requests.cpu': '2' });
    const make = (i: number): Promise<boolean> => api.call('POST', PODS, podWith(`p${i}`, { requests: { cpu: i % 2 ? '100m' : '300m' } })).then(() => true, () => false);
    const highest = { pods: 0, cpu: 0 };
    for (let round = 0; round < 4; round++) {
      await Promise.all(Array.from({ length: 64 }, (_, i) => make(round * 64 + i)));
      const { items } = (await api.call('GET', PODS)) as unknown as { items: { metadata: { name: string }; spec: { containers: { resources: { requests: { cpu: string } } }[] } }[] };
      const cpu = items.reduce((n, p) => n + Number.parseInt(p.spec.containers[0]!.resources.requests.cpu, 10), 0);
      highest.pods = Math.max(highest.pods, items.length);
      highest.cpu = Math.max(highest.cpu, cpu);
      expect(await used()).toEqual({ pods: String(items.length), 'requests.cpu': cpu % 1000 ? `${cpu}m` : String(cpu / 1000) });
      await Promise.all(items.slice(round).map(p => api.call('DELETE', `${PODS}/${p.metadata.name}`, { gracePeriodSeconds: 0 })));
    }
    expect(highest.pods).toBeLessThanOrEqual(10);
    expect(highest.pods).toBeGreaterThan(6);
    expect(highest.cpu).toBeLessThanOrEqual(2000);
    await turn();
    const before = await used(), again = await inProcess({ store: api.store });
    await turn();
    expect((await again.call('GET', `${QUOTAS}/q`)).status?.['used']).toEqual(before);
    await api.server.close();
    await refused(again.call('POST', PODS, podWith('huge', { requests: { cpu: '3' } })));
  });
});

describe('a store with quotas', () => {
  it('is counted anew at the start', async () => {
    const store = memoryStore();
    const first = await inProcess({ store, disabledAdmission: ['ServiceAccount', 'ResourceQuota'] });
    await first.call('POST', QUOTAS, { metadata: { name: 'q' }, spec: { hard: { pods: '1' } } });
    await first.call('POST', PODS, podWith('p'));
    api = await inProcess({ store });
    expect(await used()).toEqual({ pods: '1' });
    expect(await why(PODS, podWith('p2'))).toContain('exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1');
  });
});
