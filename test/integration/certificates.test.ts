// Certificates asked for, approved, signed and used, with real kubectl.
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { x509 } from '../../core/base/x509.ts';
import { controllerUser, MANAGER } from '../../core/boot/workers.ts';
import { createRecorder } from '../../core/client/create-recorder.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { startControllers, type RunningControllers } from '../../core/controllers/start.ts';
import { TestApi } from '../harness/api-server.ts';
import { kubectls, Kube } from '../harness/kubectl.ts';

const CSR = '/apis/certificates.k8s.io/v1/certificatesigningrequests', ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
interface Answer { code?: number; message?: string; spec?: Record<string, unknown>; status?: { certificate?: string; conditions?: { type: string; reason: string; message: string }[] } }
let api: TestApi, controllers: RunningControllers, stop: () => void;

/** A request and its key, both PEM. */
async function request(name: string): Promise<{ pem: string; key: string }> {
  const lib = await x509(), { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), ALGORITHM, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), ALGORITHM, true, ['verify']),
  };
  return { pem: (await lib.Pkcs10CertificateRequestGenerator.create({ name, keys: keys as unknown as CryptoKeyPair, signingAlgorithm: ALGORITHM })).toString('pem'), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
const ask = async (name: string, pem: string, signer = 'kube-apiserver-client', usages = ['client auth'], token = 'test-token'): Promise<Answer> =>
  (await api.call(CSR, { token, body: JSON.stringify({ metadata: { name }, spec: { request: Buffer.from(pem).toString('base64'), signerName: `kubernetes.io/${signer}`, usages, username: 'forged', expirationSeconds: 3600 } }) })).json();
const get = async (name: string): Promise<Answer> => (await api.call(`${CSR}/${name}`)).json();

beforeAll(async () => {
  api = await TestApi.start({ tokens: new Map([['test-token', { name: 'admin', groups: ['system:masters'] }], ['jane', { name: 'jane', groups: [] }], ['boot', { name: 'system:bootstrap:x', groups: ['system:bootstrappers'] }]]) });
  const client = api.client(MANAGER), informers = createInformerFactory(client, { clock: systemClock, log: silentLog });
  controllers = await startControllers({
    client, informers, clock: systemClock, log: silentLog, clientFor: account => api.client(controllerUser(account)), recorderFor: (component, own) => createRecorder(own, { component, clock: systemClock, log: silentLog }), only: ['csrsigning', 'csrapproving', 'csrcleaner'],
    config: { signCertificate: (...args) => api.pki.signRequest(...args) },
  });
  stop = () => informers.stop();
});
afterAll(async () => { await controllers.stop(); stop(); await api.stop(); });

it('9.11, 12.3, 16 approved by kubectl, signed, and good for what it says', async () => {
  const kube = new Kube(kubectls().at(-1)!.binary, api.kubeconfig), { pem, key } = await request('CN=carla, O=devs');
  expect(await ask('carla', pem)).toMatchObject({ spec: { username: 'admin', groups: ['system:masters', 'system:authenticated'] } });
  expect(await kube.run('get csr carla')).toMatch(/carla\s+\d+s\s+kubernetes.io\/kube-apiserver-client\s+admin\s+60m\s+Pending/);
  expect(await kube.run('certificate approve carla')).toBe('certificatesigningrequest.certificates.k8s.io/carla approved');
  await expect.poll(async () => (await get('carla')).status?.certificate).toBeTruthy();
  expect(await kube.run('get csr carla')).toContain('Approved,Issued');
  const cert = Buffer.from((await get('carla')).status!.certificate!, 'base64').toString();
  const me = await api.call('/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: '{}', cert: { cert, key } });
  expect(me.json()).toMatchObject({ status: { userInfo: { username: 'carla', groups: ['devs', 'system:authenticated'] } } });
  expect(await kube.fails('certificate deny carla')).toContain('is already Approved');
  await ask('no', pem);
  expect(await kube.run('certificate deny no')).toContain('denied');
  expect(await kube.run('get csr no')).toContain('Denied');
});

it('12.3 refused for what cannot be read, is not allowed, or whose signer says no', async () => {
  expect((await ask('bad', 'x')).message).toContain('PEM block type must be CERTIFICATE REQUEST');
  const masters = await request('CN=eve, O=system:masters');
  expect((await ask('eve', masters.pem)).message).toBe('certificatesigningrequests.certificates.k8s.io "eve" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed');
  const kubelet = await request('CN=joe');
  await ask('joe', kubelet.pem, 'kubelet-serving', ['server auth', 'digital signature']);
  await api.call('/apis/rbac.authorization.k8s.io/v1/clusterroles', { body: JSON.stringify({ metadata: { name: 'csr' }, rules: [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['update'] }] }) });
  const bind = (role: string, name: string): Promise<unknown> => api.call('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body: JSON.stringify({ metadata: { name: `${role.replaceAll(':', '.')}-${name.replaceAll(':', '.')}` }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', name }] }) });
  await bind('csr', 'jane');
  const approve = async (token: string): Promise<Answer> => (await api.call(`${CSR}/joe/approval`, { token, method: 'PUT', body: JSON.stringify({ ...await get('joe'), status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }] } }) })).json();
  expect((await approve('jane')).message).toBe('certificatesigningrequests.certificates.k8s.io "joe" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kubelet-serving"');
  await bind('system:certificates.k8s.io:kubelet-serving-approver', 'jane');
  expect((await approve('jane')).status?.conditions).toMatchObject([{ type: 'Approved' }]);
  await expect.poll(async () => (await get('joe')).status?.conditions?.find(c => c.type === 'Failed')).toMatchObject({ reason: 'SignerValidationFailure', message: 'subject organization is not system:nodes' });
});

it('approved by itself for a node that may ask', async () => {
  await api.call('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body: JSON.stringify({ metadata: { name: 'boot' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient' }, subjects: [{ kind: 'Group', name: 'system:bootstrappers' }] }) });
  await api.call('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body: JSON.stringify({ metadata: { name: 'boot2' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-bootstrapper' }, subjects: [{ kind: 'Group', name: 'system:bootstrappers' }] }) });
  await ask('n1', (await request('O=system:nodes, CN=system:node:n1')).pem, 'kube-apiserver-client-kubelet', ['client auth', 'digital signature'], 'boot');
  await expect.poll(async () => (await get('n1')).status?.certificate).toBeTruthy();
  expect((await get('n1')).status?.conditions).toMatchObject([{ type: 'Approved', reason: 'AutoApproved' }]);
});

it('annotations may come along with an approval or a status, as with any other update', async () => {
  await ask('noted', (await request('CN=noted')).pem);
  for (const sub of ['approval', 'status']) {
    const patch = { metadata: { annotations: { [sub]: 'true' } }, status: { conditions: [{ type: `By-${sub}`, status: 'True', reason: 'test' }] } };
    const r = await api.call(`${CSR}/noted/${sub}`, { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: JSON.stringify(patch) });
    expect(r.json()).toMatchObject({ metadata: { annotations: { [sub]: 'true' } }, status: { conditions: [{ type: `By-${sub}` }] } });
  }
});
