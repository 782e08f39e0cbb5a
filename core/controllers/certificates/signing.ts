// Signs approved certificate requests of Kubernetes' own signers with the cluster's authority; says in condition Failed why it will not.
import { certificateSigningRequest as csrKind } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { CertificateSigningRequest } from '../../api/types/kubernetes.ts';
import { readCertificateRequest, type CertificateRequest } from '../../base/x509.ts';
import type { Controller } from '../controller.ts';

const YEAR_SECONDS = 365 * 86_400;
const has = (c: CertificateSigningRequest, type: string): boolean => c.status?.conditions?.some(x => x.type === type && x.status === 'True') ?? false;

/** Usages must be among `allowed` and hold all of `needed`. */
const usagesFit = (usages: readonly string[], needed: readonly string[], allowed: readonly string[]): boolean => needed.every(u => usages.includes(u)) && usages.every(u => allowed.includes(u));

const CLIENT_USAGES = ['key encipherment', 'digital signature', 'client auth'], SERVER_USAGES = ['key encipherment', 'digital signature', 'server auth'];

function nodeSubject(r: CertificateRequest): string | undefined {
  if (r.organizations.length !== 1 || r.organizations[0] !== 'system:nodes') return 'subject organization is not system:nodes';
  return r.commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
}

/** Why a signer refuses a request, by its rules; undefined when it does not. */
export const SIGNERS: Readonly<Record<string, (r: CertificateRequest, usages: readonly string[]) => string | undefined>> = {
  'kubernetes.io/kube-apiserver-client': (_, usages) => (usagesFit(usages, ['client auth'], CLIENT_USAGES) ? undefined : 'usages did not match [client auth digital signature key encipherment]'),
  'kubernetes.io/kube-apiserver-client-kubelet': (r, usages) => nodeSubject(r)
    ?? (r.dns.length ? 'DNS subjectAltNames are not allowed' : r.emails.length ? 'Email subjectAltNames are not allowed' : r.ips.length ? 'IP subjectAltNames are not allowed' : r.uris.length ? 'URI subjectAltNames are not allowed' : undefined)
    ?? (usagesFit(usages, ['client auth', 'digital signature'], CLIENT_USAGES) ? undefined : 'usages did not match [client auth digital signature key encipherment]'),
  'kubernetes.io/kubelet-serving': (r, usages) => nodeSubject(r)
    ?? (r.dns.length + r.ips.length === 0 ? 'DNS or IP subjectAltName is required' : r.emails.length ? 'Email subjectAltNames are not allowed' : r.uris.length ? 'URI subjectAltNames are not allowed' : undefined)
    ?? (usagesFit(usages, ['server auth', 'digital signature'], SERVER_USAGES) ? undefined : 'usages did not match [digital signature key encipherment server auth]'),
  'kubernetes.io/legacy-unknown': () => undefined,
};

export const certificateSigningController: Controller = {
  name: 'certificatesigningrequest-signing-controller', alias: 'csrsigning', account: 'certificate-controller', workers: 2,
  start(ctx, keys) {
    const requests = ctx.informers.for<CertificateSigningRequest>(csrKind);
    const wake = (c: CertificateSigningRequest): void => { if (has(c, 'Approved') && !c.status?.certificate && SIGNERS[c.spec.signerName]) keys.add(c.metadata?.name ?? ''); };
    requests.on({ add: wake, update: wake });
    return async name => {
      const c = requests.lister.get(undefined, name), sign = ctx.config.signCertificate;
      if (!c || !sign || !has(c, 'Approved') || has(c, 'Denied') || has(c, 'Failed') || c.status?.certificate) return;
      const text = Buffer.from(c.spec.request, 'base64').toString(), usages = c.spec.usages ?? [];
      let trouble: string | undefined;
      try { trouble = SIGNERS[c.spec.signerName]?.(await readCertificateRequest(text), usages); } catch (e) { trouble = e instanceof Error ? e.message : String(e); }
      const status: NonNullable<CertificateSigningRequest['status']> = { ...c.status };
      if (trouble === undefined) {
        status.certificate = Buffer.from(await sign(text, usages, Math.min(c.spec.expirationSeconds ?? YEAR_SECONDS, YEAR_SECONDS), ctx.clock.now())).toString('base64');
      } else {
        const now = formatTime(ctx.clock.now());
        status.conditions = [...status.conditions ?? [], { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: trouble, lastUpdateTime: now, lastTransitionTime: now }];
      }
      try { await ctx.client.updateStatus<CertificateSigningRequest>(csrKind, { ...c, status }); } catch (error) { if (!isNotFound(error)) throw error; }
    };
  },
};
