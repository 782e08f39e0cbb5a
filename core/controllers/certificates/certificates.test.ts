// Named by the sentences of Kubernetes' page "Certificates and Certificate Signing Requests".
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificateSigningRequest as csrKind } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { podCertificateRequest as podRequestKind } from '../../api/kinds/certificates/pod-certificate-request.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { CertificateSigningRequest } from '../../api/types/kubernetes.ts';
import { x509, type CertificateRequest } from '../../base/x509.ts';
import { world, type World } from '../../../test/harness/controllers.ts';
import { SIGNERS } from './signing.ts';

const HOUR = 3_600_000, ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
type Condition = NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']>[number];

/** A request and a certificate of 30 minutes from the fake clock's begin, both base64 of PEM. */
async function pem(name: string, from = new Date(0)): Promise<{ request: string; certificate: string }> {
  const lib = await x509(), { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), ALGORITHM, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), ALGORITHM, true, ['verify']),
  } as unknown as CryptoKeyPair;
  const b64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    request: b64((await lib.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: ALGORITHM })).toString('pem')),
    certificate: b64((await lib.X509CertificateGenerator.createSelfSigned({ name, keys, signingAlgorithm: ALGORITHM, notBefore: from, notAfter: new Date(from.getTime() + HOUR / 2) })).toString('pem')),
  };
}
const csr = (name: string, spec: Partial<CertificateSigningRequest['spec']>, status: CertificateSigningRequest['status'] = {}): CertificateSigningRequest =>
  ({ metadata: { name }, spec: { request: '', signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec }, status });
const said = (type: string, w?: World): Condition => ({ type, status: 'True', reason: 'r', lastUpdateTime: formatTime(w?.clock.now() ?? 0) });
const names = (w: World): (string | undefined)[] => w.api.all(csrKind).map(o => o.metadata?.name).sort();

describe('clean-up: CertificateSigningRequests are automatically deleted', () => {
  const start = async (): Promise<World> => {
    const w = await world(['csrcleaner']), { certificate } = await pem('CN=x', new Date(w.clock.now()));
    w.api.put(csrKind, csr('pending', {}));
    w.api.put(csrKind, csr('denied', {}, { conditions: [said('Denied', w)] }));
    w.api.put(csrKind, csr('failed', {}, { conditions: [said('Approved', w), said('Failed', w)] }));
    w.api.put(csrKind, csr('issued', {}, { conditions: [said('Approved', w)], certificate: Buffer.from('other').toString('base64') }));
    w.api.put(csrKind, csr('expired', {}, { conditions: [said('Approved', w)], certificate }));
    w.api.put(csrKind, csr('unsigned', {}, { conditions: [said('Approved', w)] }));
    await w.settle();
    return w;
  };

  it('all requests: after the issued certificate has expired', async () => {
    const w = await start();
    await w.clock.advance(HOUR / 2 - 10_000);
    expect(names(w)).toContain('expired');
    await w.clock.advance(11_000);
    expect(names(w)).toEqual(['denied', 'failed', 'issued', 'pending', 'unsigned']);
    await w.stop();
  });

  it('approved, denied and failed requests: after 1 hour; pending requests: after 24 hours', async () => {
    const w = await start();
    await w.clock.advance(HOUR + 1_000);
    expect(names(w)).toEqual(['pending', 'unsigned']);
    await w.clock.advance(22.9 * HOUR);
    expect(names(w)).toEqual(['pending', 'unsigned']);
    await w.clock.advance(HOUR);
    expect(names(w)).toEqual(['unsigned']);
    expect(w.complaints).toEqual([]);
    await w.stop();
  });

  it('a request that is answered later has its hour from then on', async () => {
    const w = await world(['csrcleaner'], api => { api.put(csrKind, csr('late', {})); });
    await w.clock.advance(20 * HOUR);
    w.api.change<CertificateSigningRequest>(csrKind, 'late', c => { c.status = { conditions: [said('Denied', w)] }; });
    await w.clock.advance(HOUR - 5_000);
    expect(names(w)).toEqual(['late']);
    await w.clock.advance(10_000);
    expect(names(w)).toEqual([]);
    await w.stop();
  });

  it('PodCertificateRequests go a quarter of an hour after they were made', async () => {
    const w = await world(['podcertificaterequest-cleaner-controller'], api => { api.put(podRequestKind, { metadata: { name: 'p', namespace: 'a' } }); });
    await w.clock.advance(14 * 60_000);
    expect(w.api.all(podRequestKind)).toHaveLength(1);
    await w.clock.advance(61_000);
    expect(w.api.all(podRequestKind)).toEqual([]);
    expect(w.complaints).toEqual([]);
    await w.stop();
  });
});

describe('signing', () => {
  const signed: unknown[] = [];
  const signing = (setup: Parameters<typeof world>[1]): Promise<World> => world(['csrsigning'], setup, { signCertificate: async (_, usages, seconds) => { signed.push([usages, seconds]); return 'CERTIFICATE'; } });
  const of = (w: World, name: string): CertificateSigningRequest['status'] => w.api.get<CertificateSigningRequest>(csrKind, name)?.status;

  it('the signer signs what was approved, and leaves alone what was denied, has failed, is another signer\'s or is signed', async () => {
    const { request } = await pem('CN=carla');
    signed.length = 0;
    const w = await signing(api => {
      api.put(csrKind, csr('ok', { request }, { conditions: [said('Approved')] }));
      api.put(csrKind, csr('pending', { request }));
      api.put(csrKind, csr('denied', { request }, { conditions: [said('Approved'), said('Denied')] }));
      api.put(csrKind, csr('failed', { request }, { conditions: [said('Approved'), said('Failed')] }));
      api.put(csrKind, csr('other', { request, signerName: 'example.com/mine' }, { conditions: [said('Approved')] }));
    });
    await expect.poll(async () => { await w.settle(); return of(w, 'ok')?.certificate; }).toBe(Buffer.from('CERTIFICATE').toString('base64'));
    expect(['pending', 'denied', 'failed', 'other'].map(n => of(w, n)?.certificate)).toEqual([undefined, undefined, undefined, undefined]);
    expect(signed).toEqual([[['client auth'], 365 * 86_400]]);
    await w.stop();
  });

  it('spec.expirationSeconds: a request below the most is honoured, down to ten minutes; beyond it the most is given', async () => {
    const { request } = await pem('CN=carla');
    signed.length = 0;
    const w = await signing(api => { for (const [n, expirationSeconds] of [['a', 3600], ['b', 1], ['c', 1e9]] as const) api.put(csrKind, csr(n, { request, expirationSeconds }, { conditions: [said('Approved')] })); });
    await expect.poll(async () => { await w.settle(); return signed.map(s => (s as [unknown, number])[1]).sort((a, b) => a - b); }).toEqual([600, 3600, 365 * 86_400]);
    await w.stop();
  });

  it('a signer that will not says why in condition Failed, with reason SignerValidationFailure', async () => {
    const { request } = await pem('CN=carla');
    const w = await signing(api => { api.put(csrKind, csr('bad', { request, usages: ['server auth'] }, { conditions: [said('Approved')] })); });
    await expect.poll(async () => { await w.settle(); return of(w, 'bad')?.conditions?.at(-1); }).toMatchObject({ type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: 'invalid usage for client certificate: server auth' });
    await w.stop();
  });

  const node: CertificateRequest = { commonName: 'system:node:n', organizations: ['system:nodes'], dns: [], ips: [], emails: [], uris: [] };
  const [CLIENT, KUBELET, SERVING] = ['kube-apiserver-client', 'kube-apiserver-client-kubelet', 'kubelet-serving'];
  const clientUsages = ['key encipherment', 'digital signature', 'client auth'], servingUsages = ['key encipherment', 'digital signature', 'server auth'];
  const CLIENT_TEXT = 'usages did not match [client auth digital signature key encipherment]', SERVING_TEXT = 'usages did not match [digital signature key encipherment server auth]';
  it.each<[string | undefined, Partial<CertificateRequest>, readonly string[], string | undefined]>([
    [CLIENT, {}, ['client auth'], undefined], [CLIENT, {}, clientUsages, undefined],
    [CLIENT, {}, ['digital signature'], 'missing required usage for client certificate: client auth'], [CLIENT, {}, ['client auth', 'any'], 'invalid usage for client certificate: any'],
    [KUBELET, {}, clientUsages, undefined], [KUBELET, {}, ['digital signature', 'client auth'], undefined], [KUBELET, {}, ['client auth'], CLIENT_TEXT], [KUBELET, {}, [...clientUsages, 'server auth'], CLIENT_TEXT],
    [KUBELET, { organizations: ['system:nodes', 'more'] }, clientUsages, 'subject organization is not system:nodes'], [KUBELET, { commonName: 'n' }, clientUsages, 'subject common name does not begin with system:node:'],
    [KUBELET, { dns: ['a'], commonName: 'n' }, clientUsages, 'DNS subjectAltNames are not allowed'], [KUBELET, { emails: ['a'] }, clientUsages, 'Email subjectAltNames are not allowed'],
    [KUBELET, { ips: ['a'] }, clientUsages, 'IP subjectAltNames are not allowed'], [KUBELET, { uris: ['a'] }, clientUsages, 'URI subjectAltNames are not allowed'],
    [SERVING, { dns: ['n'] }, servingUsages, undefined], [SERVING, { ips: ['1.2.3.4'] }, ['digital signature', 'server auth'], undefined], [SERVING, {}, servingUsages, 'DNS or IP subjectAltName is required'],
    [SERVING, { dns: ['n'], emails: ['a'] }, servingUsages, 'Email subjectAltNames are not allowed'], [SERVING, { dns: ['n'], uris: ['a'] }, servingUsages, 'URI subjectAltNames are not allowed'],
    [SERVING, { dns: ['n'] }, clientUsages, SERVING_TEXT], [SERVING, { dns: ['n'], commonName: 'n' }, servingUsages, 'subject common name does not begin with system:node:'],
    ['legacy-unknown', {}, ['any'], undefined],
  ])('kubernetes.io/%s, %j for %j: %s', (signer, request, usages, why) => { expect(SIGNERS[`kubernetes.io/${signer}`]!({ ...node, ...request }, usages)).toBe(why); });
});

describe('approving: the kube-controller-manager approves kubelet client certificates whose askers may have them', () => {
  const usages = ['key encipherment', 'digital signature', 'client auth'];
  const start = async (username: string, cn: string, allowed: string | undefined): Promise<{ w: World; allow(subresource: string): void }> => {
    const { request } = await pem(`CN=${cn}, O=system:nodes`);
    let may = allowed;
    const w = await world(['csrapproving'], api => {
      api.intercept = r => { const asks = r.body as { spec?: { resourceAttributes?: { subresource?: string } } } | undefined, sub = asks?.spec?.resourceAttributes?.subresource; if (sub) Object.assign(r.body as object, { metadata: { generateName: 'sar-' }, status: { allowed: sub === may } }); };
      api.put(csrKind, csr('c', { request, usages, username, signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }));
    });
    return { w, allow: sub => { may = sub; } };
  };
  const approval = (w: World): unknown => w.api.get<CertificateSigningRequest>(csrKind, 'c')?.status?.conditions;

  it.each([
    ['system:node:n', 'system:node:n', 'selfnodeclient', 'Auto approving self kubelet client certificate after SubjectAccessReview.'],
    ['system:bootstrap:x', 'system:node:n', 'nodeclient', 'Auto approving kubelet client certificate after SubjectAccessReview.'],
  ])('%s asks for %s and may by %s', async (username, cn, allowed, message) => {
    const { w } = await start(username, cn, allowed);
    await expect.poll(async () => { await w.settle(); return approval(w); }).toEqual([{ type: 'Approved', status: 'True', reason: 'AutoApproved', message }]);
    await w.stop();
  });

  it('another\'s name is not "self", and rights that come later are seen', async () => {
    const { w, allow } = await start('system:node:other', 'system:node:n', 'selfnodeclient');
    for (let i = 0; i < 5; i++) { await w.settle(); await new Promise(resolve => { setImmediate(resolve); }); }
    expect(approval(w)).toBeUndefined();
    allow('nodeclient');
    await expect.poll(async () => { await w.clock.advance(31_000); return approval(w); }).toMatchObject([{ reason: 'AutoApproved' }]);
    await w.stop();
  });
});
