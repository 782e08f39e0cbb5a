import { describe, expect, it } from 'vitest';
import { inProcess, podWith, refused, type InProcess, type Loose } from '../../../test/harness/in-process.ts';
import type { Access } from '../authz/authorizer.ts';
import type { AdmissionPlugin, Attributes } from './chain.ts';
import { clusterTrustBundleAttest } from './optional.ts';
import { ADMISSION_ORDER } from './plugins.ts';

const NS = '/api/v1/namespaces/a', PODS = `${NS}/pods`, CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
const merge = (api: InProcess, path: string, body: object): Promise<Loose> => api.call('PATCH', path, body, { contentType: 'application/merge-patch+json' });
const why = async (p: Promise<unknown>): Promise<string> => (await refused(p)).message ?? '';
const claim = (name: string, spec: object = {}): object => ({ metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } });
const isDefault = (group: string): object => ({ annotations: { [`${group}.kubernetes.io/is-default-class`]: 'true' } });

describe('plug-ins that are on', () => {
  it('claims get the newest default class and are protected', async () => {
    const api = await inProcess();
    for (const name of ['old', 'new']) {
      await api.call('POST', CLASSES, { metadata: { name, ...isDefault('storageclass') }, provisioner: 'x/y' });
      await api.clock.advance(2000);
    }
    const made = await api.call('POST', `${NS}/persistentvolumeclaims`, claim('c'));
    expect(made.spec?.['storageClassName']).toBe('new');
    expect(made.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    expect((await api.call('POST', `${NS}/persistentvolumeclaims`, claim('none', { storageClassName: '' }))).spec?.['storageClassName']).toBe('');
    expect(await why(merge(api, `${NS}/persistentvolumeclaims/c`, { spec: { resources: { requests: { storage: '2Gi' } } } }))).toContain('spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims');
  });

  it('ingresses get the default class', async () => {
    const api = await inProcess();
    await api.call('POST', '/apis/networking.k8s.io/v1/ingressclasses', { metadata: { name: 'main', ...isDefault('ingressclass') }, spec: { controller: 'x/y' } });
    const made = await api.call('POST', '/apis/networking.k8s.io/v1/namespaces/a/ingresses', { metadata: { name: 'i' }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } });
    expect(made.spec?.['ingressClassName']).toBe('main');
  });

  it('new nodes take no pods yet, and placed pods carry the zone of their node', async () => {
    const api = await inProcess();
    const node = await api.call('POST', '/api/v1/nodes', { metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r' } } });
    expect(node.spec?.['taints']).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
    await api.call('POST', PODS, podWith('p'));
    await api.call('POST', `${PODS}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } });
    expect((await api.call('GET', `${PODS}/p`)).metadata.labels).toEqual({ 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r' });
  });

  it('pods get what their runtime class says', async () => {
    const api = await inProcess();
    await api.call('POST', '/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'kata' }, handler: 'kata', overhead: { podFixed: { cpu: '100m' } }, scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] } });
    const made = await api.call('POST', PODS, podWith('p', undefined, { runtimeClassName: 'kata' }));
    expect(made.spec).toMatchObject({ overhead: { cpu: '100m' }, nodeSelector: { vm: 'yes' } });
    expect(made.spec?.['tolerations']).toContainEqual({ key: 'vm', operator: 'Exists' });
    expect(await why(api.call('POST', PODS, podWith('q', undefined, { runtimeClassName: 'nope' })))).toBe('pods "q" is forbidden: pod rejected: RuntimeClass "nope" not found');
    expect(await why(api.call('POST', PODS, podWith('q', undefined, { overhead: { cpu: '1' } })))).toContain('Pod Overhead set without corresponding RuntimeClass defined Overhead');
    expect(await why(api.call('POST', PODS, podWith('q', undefined, { runtimeClassName: 'kata', nodeSelector: { vm: 'no' } })))).toContain('conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no');
  });

  it('one priority class is the default', async () => {
    const api = await inProcess(), path = '/apis/scheduling.k8s.io/v1/priorityclasses';
    await api.call('POST', path, { metadata: { name: 'a' }, value: 5, globalDefault: true });
    expect(await why(api.call('POST', path, { metadata: { name: 'b' }, value: 6, globalDefault: true }))).toBe('priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass a is already marked as default. Only one default can exist');
    const made = await api.call('POST', PODS, podWith('p'));
    expect(made.spec).toMatchObject({ priorityClassName: 'a', priority: 5 });
    const { priority: _, ...spec } = made.spec!;
    await api.call('PUT', `${PODS}/p`, { ...made, spec, metadata: { ...made.metadata, labels: { x: 'y' } } });
  });

  it('accounts may say which secrets their pods may have', async () => {
    const api = await inProcess({ disabledAdmission: [] });
    await api.call('POST', `${NS}/serviceaccounts`, { metadata: { name: 'default', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }, secrets: [{ name: 'mine' }] });
    await api.call('POST', PODS, podWith('p', undefined, { volumes: [{ name: 'v', secret: { secretName: 'mine' } }] }));
    expect(await why(api.call('POST', PODS, podWith('q', undefined, { volumes: [{ name: 'v', secret: { secretName: 'other' } }] })))).toBe('pods "q" is forbidden: volume with secret.secretName="other" is not allowed because service account default does not reference that secret');
    const env = [{ name: 'X', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }];
    expect(await why(api.call('POST', PODS, { metadata: { name: 'q' }, spec: { containers: [{ name: 'c', image: 'i', env }] } }))).toBe('pods "q" is forbidden: container c with envVar X referencing secret.secretName="other" is not allowed because service account default does not reference that secret');
    expect(await why(api.call('POST', PODS, podWith('q', undefined, { imagePullSecrets: [{ name: 'r' }] })))).toContain('imagePullSecrets[0].name="r" is not allowed because service account default does not reference that imagePullSecret');
  });

  it('trust in a signer is published by who may attest for it', () => {
    const asked: string[] = [];
    const plugin = (allowed: string): AdmissionPlugin => clusterTrustBundleAttest(() => ({
      authorizer: { authorize: (x: Access) => { asked.push(`${x.verb} ${x.resource!.resource} ${x.resource!.name}`); return { verdict: x.resource!.name === allowed ? 'allow' : 'none', reason: '' }; } },
    }) as never);
    const a = { operation: 'CREATE', name: 'b', resource: { spec: { group: 'certificates.k8s.io', plural: 'clustertrustbundles' } }, user: { name: 'u', groups: [] }, object: { spec: { signerName: 'example.com/s' } } } as unknown as Attributes;
    plugin('example.com/*').validate!(a);
    expect(asked).toEqual(['attest signers example.com/s', 'attest signers example.com/*']);
    expect(() => plugin('').validate!(a)).toThrow('clustertrustbundles.certificates.k8s.io "b" is forbidden: user not permitted to attest for signerName "example.com/s"');
    plugin('').validate!({ ...a, operation: 'UPDATE', old: a.object });
  });

  it('namespaces of the cluster stay, and those that go take nothing new', async () => {
    const api = await inProcess();
    await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'kube-public' } });
    expect(await why(api.call('DELETE', '/api/v1/namespaces/kube-public'))).toBe('namespaces "kube-public" is forbidden: this namespace may not be deleted');
    await api.call('DELETE', '/api/v1/namespaces/a');
    const status = await refused(api.call('POST', PODS, podWith('p')));
    expect(status.message).toBe('pods "p" is forbidden: unable to create new content in namespace a because it is being terminated');
    expect(status.details?.causes).toEqual([{ reason: 'NamespaceTerminating', message: 'namespace a is being terminated', field: 'metadata.namespace' }]);
  });
});

describe('plug-ins that are off until asked for', () => {
  const on = (...enabledAdmission: string[]): Promise<InProcess> => inProcess({ enabledAdmission });
  it('are all in the order Kubernetes runs them in', () => { expect(new Set(ADMISSION_ORDER).size).toBe(ADMISSION_ORDER.length); });

  it('AlwaysPullImages', async () => {
    const made = await (await on('AlwaysPullImages')).call('POST', PODS, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i:1', imagePullPolicy: 'Never' }] } });
    expect(made.spec).toMatchObject({ containers: [{ imagePullPolicy: 'Always' }] });
  });
  it('ExtendedResourceToleration', async () => {
    const made = await (await on('ExtendedResourceToleration')).call('POST', PODS, podWith('p', { limits: { 'nvidia.com/gpu': '1' } }));
    expect(made.spec?.['tolerations']).toContainEqual({ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' });
  });
  it('LimitPodHardAntiAffinityTopology', async () => {
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: {} }] } };
    expect(await why((await on('LimitPodHardAntiAffinityTopology')).call('POST', PODS, podWith('p', undefined, { affinity })))).toContain('affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed');
  });
  it('PodNodeSelector', async () => {
    const api = await on('PodNodeSelector');
    await merge(api, NS, { metadata: { annotations: { 'scheduler.alpha.kubernetes.io/node-selector': 'env=dev' } } });
    expect((await api.call('POST', PODS, podWith('p'))).spec?.['nodeSelector']).toEqual({ env: 'dev' });
    expect(await why(api.call('POST', PODS, podWith('q', undefined, { nodeSelector: { env: 'prod' } })))).toContain('pod node label selector conflicts with its namespace node label selector');
  });
  it('PodTolerationRestriction', async () => {
    const api = await on('PodTolerationRestriction');
    const key = (k: string): string => `scheduler.alpha.kubernetes.io/${k}`, list = JSON.stringify([{ key: 'a', operator: 'Exists' }, { key: 'node.kubernetes.io/not-ready', operator: 'Exists' }, { key: 'node.kubernetes.io/unreachable', operator: 'Exists' }]);
    await merge(api, NS, { metadata: { annotations: { [key('defaultTolerations')]: JSON.stringify([{ key: 'a', operator: 'Exists' }]), [key('tolerationsWhitelist')]: list } } });
    expect((await api.call('POST', PODS, podWith('p'))).spec?.['tolerations']).toContainEqual({ key: 'a', operator: 'Exists' });
    expect(await why(api.call('POST', PODS, podWith('q', undefined, { tolerations: [{ key: 'b', operator: 'Exists' }] })))).toContain('pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist');
  });
  it('DenyServiceExternalIPs', async () => {
    const service = { metadata: { name: 's' }, spec: { ports: [{ port: 80 }], externalIPs: ['1.2.3.4'] } };
    expect(await why((await on('DenyServiceExternalIPs')).call('POST', `${NS}/services`, service))).toBe('services "s" is forbidden: Use of external IPs is denied by admission control.');
  });
  it('NamespaceAutoProvision', async () => {
    const api = await on('NamespaceAutoProvision');
    await api.call('POST', '/api/v1/namespaces/fresh/configmaps', { metadata: { name: 'm' } });
    expect((await api.call('GET', '/api/v1/namespaces/fresh')).status).toEqual({ phase: 'Active' });
  });
  it('AlwaysDeny', async () => {
    const { store } = await inProcess();
    expect(await why((await inProcess({ store, enabledAdmission: ['AlwaysDeny'] })).call('POST', `${NS}/configmaps`, { metadata: { name: 'm' } }))).toBe('configmaps "m" is forbidden: admission control is denying all modifications');
  });
  it('OwnerReferencesPermissionEnforcement lets through who may', async () => {
    const api = await on('OwnerReferencesPermissionEnforcement');
    const owner = await api.call('POST', `${NS}/configmaps`, { metadata: { name: 'o' } });
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: owner.metadata.uid, blockOwnerDeletion: true };
    await api.call('POST', `${NS}/configmaps`, { metadata: { name: 'm', ownerReferences: [ref] } });
    expect(await why(api.call('POST', `${NS}/configmaps`, { metadata: { name: 'n', ownerReferences: [{ ...ref, kind: 'Nothing' }] } }))).toContain('cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion v1 Kind Nothing');
  });
});
