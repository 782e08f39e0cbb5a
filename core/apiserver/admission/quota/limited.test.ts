// Kubernetes' documentation of quotas: "Limit Priority Class consumption by default", and what else a ResourceQuotaConfiguration limits.
import { describe, expect, it } from 'vitest';
import { inProcess, podWith, refused, type InProcess } from '../../../../test/harness/in-process.ts';
import { parseAdmissionConfiguration } from '../configuration.ts';

const PODS = '/api/v1/namespaces/a/pods', CLAIMS = '/api/v1/namespaces/a/persistentvolumeclaims', QUOTAS = '/api/v1/namespaces/a/resourcequotas';
const file = (limitedResources: object[]): string => JSON.stringify({
  apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins: [{ name: 'ResourceQuota', configuration: { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'ResourceQuotaConfiguration', limitedResources } }],
});
const none = (): string => { throw new Error('no such file'); };
const begin = (limitedResources: object[]): Promise<InProcess> => inProcess({ admissionConfiguration: parseAdmissionConfiguration(file(limitedResources), none) });

describe('limited resources', () => {
  it('"pods at a particular priority … should be allowed in a namespace, if and only if, a matching quota object exists"', async () => {
    const scope = { scopeName: 'PriorityClass', operator: 'In', values: ['cluster-services', 'other'] }, api = await begin([{ resource: 'pods', matchScopes: [scope] }]);
    await api.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'cluster-services' }, value: 1000 });
    await api.call('POST', PODS, podWith('plain'));
    const prior = podWith('prior', undefined, { priorityClassName: 'cluster-services' });
    expect(await refused(api.call('POST', PODS, prior))).toMatchObject({ code: 500, message: 'insufficient quota to match these scopes: [{PriorityClass In [cluster-services other]}]' });
    await api.call('POST', QUOTAS, { metadata: { name: 'q' }, spec: { hard: { pods: '1' }, scopeSelector: { matchExpressions: [{ ...scope, values: ['cluster-services'] }] } } });
    await api.call('POST', PODS, prior);
    expect((await refused(api.call('POST', PODS, podWith('more', undefined, { priorityClassName: 'cluster-services' })))).message).toContain('exceeded quota: q');
  });

  it('amounts whose name contains a word are refused where no quota bounds them', async () => {
    const api = await begin([{ resource: 'persistentvolumeclaims', matchContains: ['gold.storageclass.storage.k8s.io/requests.storage'] }]);
    const claim = (name: string, storageClassName: string): object => ({ metadata: { name }, spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
    await api.call('POST', CLAIMS, claim('c', 'silver'));
    expect(await refused(api.call('POST', CLAIMS, claim('g', 'gold')))).toMatchObject({ code: 403, message: 'persistentvolumeclaims "g" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage' });
    await api.call('POST', QUOTAS, { metadata: { name: 'q' }, spec: { hard: { 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi' } } });
    await api.call('POST', CLAIMS, claim('g', 'gold'));
    expect((await refused(api.call('POST', CLAIMS, claim('h', 'gold')))).message).toContain('exceeded quota: q');
  });

  it('a file says all that is wrong with it', () => {
    const parse = (doc: object, read: (path: string) => string = none): unknown => parseAdmissionConfiguration(JSON.stringify(doc), read);
    const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' };
    expect(() => parse({ kind: 'X', plugins: [{ name: 'Nobody' }, { name: 'PodSecurity', path: 'x' }, { name: 'ResourceQuota', configuration: { kind: 'Y' } }, { name: 'ResourceQuota', path: 'gone' }] })).toThrow(
      'expected apiserver.config.k8s.io/v1 AdmissionConfiguration, got X; plugins[0].name: "Nobody" is no admission plug-in; plugins[1]: PodSecurity takes no configuration here; plugins[2].configuration: expected apiserver.config.k8s.io/v1 ResourceQuotaConfiguration, got Y; plugins[3].path: no such file');
    expect(() => parseAdmissionConfiguration(file([{}]), none)).toThrow('plugins[0].configuration.limitedResources[0].resource: Required value');
    expect(parse({ ...head, plugins: [{ name: 'ResourceQuota', path: 'q.yaml' }] }, path => `apiVersion: apiserver.config.k8s.io/v1\nkind: ResourceQuotaConfiguration\nlimitedResources:\n- resource: ${path === 'q.yaml' ? 'pods' : ''}`)).toEqual({ limitedResources: [{ resource: 'pods' }] });
  });
});
