import { equal } from '../../meta/clone.ts';
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE } from '../../meta/names.ts';
import type { V1beta1PodCertificateRequest } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { signerErrors } from './signer-name.ts';

const HOUR = 3600, LONGEST = 91 * 24 * HOUR, DAY = 24 * HOUR;

function validate(r: V1beta1PodCertificateRequest): FieldError[] {
  const errors: FieldError[] = [], s: Partial<V1beta1PodCertificateRequest['spec']> = r.spec ?? {};
  errors.push(...signerErrors(s.signerName ?? '', 'spec.signerName'));
  for (const f of ['podName', 'serviceAccountName', 'nodeName'] as const) for (const m of dnsSubdomain(s[f] ?? '')) errors.push(invalid(`spec.${f}`, s[f] ?? '', m));
  for (const f of ['podUID', 'serviceAccountUID', 'nodeUID'] as const) {
    if (!s[f]) errors.push(required(`spec.${f}`, 'must not be empty'));
    else if (s[f].length > 128) errors.push(invalid(`spec.${f}`, s[f], 'must be at most 128 bytes'));
  }
  const longest = s.signerName?.startsWith('kubernetes.io/') ? DAY : LONGEST, seconds = s.maxExpirationSeconds;
  if (seconds === undefined) errors.push(required('spec.maxExpirationSeconds', 'must be set'));
  else if (seconds < HOUR || seconds > longest) errors.push(invalid('spec.maxExpirationSeconds', seconds, `must be in the range [${HOUR}, ${longest}]`));
  if (!s.stubPKCS10Request && !s.pkixPublicKey) errors.push(required('spec.stubPKCS10Request'));
  return errors;
}

export const podCertificateRequest = defineKind<V1beta1PodCertificateRequest>({
  group: 'certificates.k8s.io', version: 'v1beta1', kind: 'PodCertificateRequest', plural: 'podcertificaterequests', namespaced: true,
  schema: 'io.k8s.api.certificates.v1beta1.PodCertificateRequest',
  subresources: [STATUS], statusOnly: true, unconditionalUpdate: false,
  setDefaults(r) { if (r.spec) r.spec.maxExpirationSeconds ??= DAY; },
  prepareForCreate(r) { r.status = {}; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate: (next, prev) => (equal(next.spec, prev.spec) ? [] : [invalid('spec', next.spec, IMMUTABLE)]),
  fields: { 'spec.signerName': r => r.spec?.signerName ?? '', 'spec.podName': r => r.spec?.podName ?? '', 'spec.nodeName': r => r.spec?.nodeName ?? '' },
  columns: [
    nameColumn,
    text('PodName', 'The pod the certificate is for.', r => r.spec?.podName ?? '', { draw: 'link' }),
    text('ServiceAccountName', 'Who the pod runs as.', r => r.spec?.serviceAccountName ?? ''),
    text('NodeName', 'Where the pod runs.', r => r.spec?.nodeName ?? ''),
    text('SignerName', 'Who is asked to sign.', r => r.spec?.signerName ?? ''),
    text('State', 'What came of it.', r => (r.status?.conditions ?? []).find(c => c.status === 'True' && ['Issued', 'Denied', 'Failed'].includes(c.type))?.type ?? 'Pending', { draw: 'state' }),
    ageColumn,
  ],
  view: { nav: 'Access', icon: 'secret', sections: ['conditions', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
