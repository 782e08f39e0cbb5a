// Signs approved certificate requests of Kubernetes' own signers with the cluster's authority; says in condition Failed why it will not.
import { certificateSigningRequest as csrKind } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { CertificateSigningRequest } from '../../api/types/kubernetes.ts';
import { readCertificateRequest, type CertificateRequest } from '../../base/x509.ts';
import type { Controller } from '../controller.ts';

/** The longest a certificate is signed for, and the shortest. */
const YEAR_SECONDS = 365 * 86_400, LEAST_SECONDS = 600;
const has = (c: CertificateSigningRequest, type: string): boolean => c.status?.conditions?.some(x => x.type === type && x.status === 'True') ?? false;

const CLIENT_USAGES = ['key encipherment', 'digital signature', 'client auth'], SERVER_USAGES = ['key encipherment', 'digital signature', 'server auth'];

/** A node asks for just these usages; those whose keys cannot encipher leave that one out. */
function nodeUsages(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const fits = usages.every(u => wanted.includes(u)) && wanted.every(u => u === 'key encipherment' || usages.includes(u));
  return fits ? undefined : `usages did not match [${[...wanted].sort().join(' ')}]`;
}

function clientUsages(usages: readonly string[]): string | undefined {
  const odd = usages.find(u => !CLIENT_USAGES.includes(u));
  if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

const ofNodes = (r: CertificateRequest): string | undefined => (r.organizations.length === 1 && r.organizations[0] === 'system:nodes' ? undefined : 'subject organization is not system:nodes');
const namesNode = (r: CertificateRequest): string | undefined => (r.commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:');
/** Names beside the subject that a request may not carry. */
const without = (r: CertificateRequest, ...kinds: readonly (readonly ['dns' | 'emails' | 'ips' | 'uris', string])[]): string | undefined => {
  const found = kinds.find(([kind]) => r[kind].length > 0);
  return found && `${found[1]} subjectAltNames are not allowed`;
};

/** Why a signer refuses a request, by its rules and in their order; undefined when it does not. */
export const SIGNERS: Readonly<Record<string, (r: CertificateRequest, usages: readonly string[]) => string | undefined>> = {
  'kubernetes.io/kube-apiserver-client': (_, usages) => clientUsages(usages),
  'kubernetes.io/kube-apiserver-client-kubelet': (r, usages) => ofNodes(r) ?? without(r, ['dns', 'DNS'], ['emails', 'Email'], ['ips', 'IP'], ['uris', 'URI']) ?? namesNode(r) ?? nodeUsages(usages, CLIENT_USAGES),
  'kubernetes.io/kubelet-serving': (r, usages) => ofNodes(r) ?? (r.dns.length + r.ips.length === 0 ? 'DNS or IP subjectAltName is required' : undefined)
    ?? without(r, ['emails', 'Email'], ['uris', 'URI']) ?? nodeUsages(usages, SERVER_USAGES) ?? namesNode(r),
  'kubernetes.io/legacy-unknown': () => undefined,
};

export const certificateSigningController: Controller = {
  name: 'certificatesigningrequest-signing-controller', alias: 'csrsigning', queue: 'certificate-signing', account: 'certificate-controller', workers: 2,
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
        status.certificate = Buffer.from(await sign(text, usages, Math.max(LEAST_SECONDS, Math.min(c.spec.expirationSeconds ?? YEAR_SECONDS, YEAR_SECONDS)), ctx.clock.now())).toString('base64');
      } else {
        const now = formatTime(ctx.clock.now());
        status.conditions = [...status.conditions ?? [], { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: trouble, lastUpdateTime: now, lastTransitionTime: now }];
      }
      try { await ctx.client.updateStatus<CertificateSigningRequest>(csrKind, { ...c, status }); } catch (error) { if (!isNotFound(error)) throw error; }
    };
  },
};
