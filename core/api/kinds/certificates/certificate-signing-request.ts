import { semanticEqual } from '../../meta/equal.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { ageText } from '../../meta/time.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind, STATUS } from '../kind.ts';
import { signerErrors } from './signer-name.ts';

const USAGES: ReadonlySet<string> = new Set([
  'any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment', 'decipher only', 'digital signature', 'email protection', 'encipher only',
  'ipsec end system', 'ipsec tunnel', 'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime', 'server auth', 'signing', 'timestamping',
]);
/** Conditions that say what a person decided. */
const DECISIONS: readonly string[] = ['Approved', 'Denied'];

function conditionErrors(c: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [], seen = new Set<string>();
  c.status?.conditions?.forEach((x, i) => {
    const path = `status.conditions[${i}]`;
    if (!x.type) errors.push(required(`${path}.type`));
    if (!x.status) errors.push(required(`${path}.status`));
    else if ([...DECISIONS, 'Failed'].includes(x.type) ? x.status !== 'True' : !['True', 'False', 'Unknown'].includes(x.status)) {
      errors.push(notSupported(`${path}.status`, x.status, [...DECISIONS, 'Failed'].includes(x.type) ? ['True'] : ['True', 'False', 'Unknown']));
    }
    if (DECISIONS.includes(x.type) && DECISIONS.some(d => d !== x.type && seen.has(d))) errors.push(invalid(`${path}.type`, x.type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(x.type)) errors.push(duplicate(`${path}.type`, x.type));
    seen.add(x.type);
  });
  return errors;
}

function validate(c: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [], { spec } = c;
  if (!spec?.request) errors.push(invalid('spec.request', '', 'PEM block type must be CERTIFICATE REQUEST'));
  if (!spec?.usages?.length) errors.push(required('spec.usages'));
  spec?.usages?.forEach((u, i) => {
    if (!USAGES.has(u)) errors.push(notSupported(`spec.usages[${i}]`, u, [...USAGES]));
    if (spec.usages!.indexOf(u) < i) errors.push(duplicate(`spec.usages[${i}]`, u));
  });
  const signer = spec?.signerName ?? '';
  errors.push(...(signer === 'kubernetes.io/legacy-unknown' ? [invalid('spec.signerName', signer, 'the legacy signerName is not allowed via this API version')] : signerErrors(signer, 'spec.signerName')));
  if (spec?.expirationSeconds !== undefined && spec.expirationSeconds < 600) errors.push(invalid('spec.expirationSeconds', spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  return [...errors, ...conditionErrors(c)];
}

const decided = (c: CertificateSigningRequest, type: string): boolean => c.status?.conditions?.some(x => x.type === type) ?? false;

function condition(c: CertificateSigningRequest): string {
  return `${decided(c, 'Denied') ? 'Denied' : decided(c, 'Approved') ? 'Approved' : 'Pending'}${decided(c, 'Failed') ? ',Failed' : ''}${c.status?.certificate ? ',Issued' : ''}`;
}

/** Times of conditions that have none: now, or the old one's where nothing changed. */
export function stampConditions(next: CertificateSigningRequest, prev: CertificateSigningRequest, now: string): void {
  for (const c of next.status?.conditions ?? []) {
    const old = prev.status?.conditions?.find(x => x.type === c.type);
    c.lastUpdateTime ??= now;
    c.lastTransitionTime ??= old?.status === c.status && old.lastTransitionTime ? old.lastTransitionTime : now;
  }
}

/** What neither the approval nor the status may do to an existing request; `subresource` as in the URL. */
export function csrUpdateErrors(next: CertificateSigningRequest, prev: CertificateSigningRequest, subresource: 'approval' | 'status'): FieldError[] {
  const errors: FieldError[] = [];
  for (const type of [...DECISIONS, 'Failed']) {
    if (decided(prev, type) && !decided(next, type)) errors.push(forbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`));
    if (subresource === 'status' && DECISIONS.includes(type) && decided(next, type) && !decided(prev, type)) errors.push(forbidden('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`));
  }
  if (subresource === 'status' && prev.status?.certificate && next.status?.certificate !== prev.status.certificate) errors.push(forbidden('status.certificate', 'updates may not modify existing certificate content'));
  return errors;
}

export const certificateSigningRequest = defineKind<CertificateSigningRequest>({
  group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequest', plural: 'certificatesigningrequests', namespaced: false,
  schema: 'io.k8s.api.certificates.v1.CertificateSigningRequest', shortNames: ['csr'], nameRule: 'path-segment',
  subresources: [{ name: 'approval', verbs: ['get', 'patch', 'update'] }, STATUS],
  fields: { 'spec.signerName': c => c.spec?.signerName ?? '' },
  prepareForCreate(c) { c.status = {}; },
  prepareForUpdate(next, prev) { next.spec = prev.spec; if (prev.status) next.status = prev.status; else delete next.status; },
  prepareForStatusUpdate(next, prev) {
    next.spec = prev.spec;
    // What was decided stays as it was decided.
    const kept: CertificateSigningRequestCondition[] = (prev.status?.conditions ?? []).filter(c => DECISIONS.includes(c.type));
    const others = (next.status?.conditions ?? []).filter(c => !kept.some(k => k.type === c.type));
    if (kept.length + others.length > 0) next.status = { ...next.status, conditions: [...kept, ...others] };
  },
  validate,
  validateUpdate(next, prev) { return semanticEqual(next.status, prev.status) ? [] : csrUpdateErrors(next, prev, 'status'); },
  columns: [
    nameColumn, ageColumn,
    text('SignerName', 'Who is asked to sign.', c => c.spec?.signerName ?? ''),
    text('Requestor', 'Who asked.', c => c.spec?.username ?? ''),
    text('RequestedDuration', 'How long the certificate shall hold.', c => (c.spec?.expirationSeconds === undefined ? '<none>' : ageText(c.spec.expirationSeconds * 1000))),
    text('Condition', 'What has become of it.', condition, { draw: 'state' }),
  ],
  view: { nav: 'Access', icon: 'key', sections: ['labels', 'conditions', 'spec'], actions: ['yaml', 'delete'] },
});
