// Names of signers: `example.com/name` (k8s.io/kubernetes pkg/apis/certificates/validation).
import { invalid, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain } from '../../meta/names.ts';

const LONGEST_DOMAIN = 253, LONGEST_PATH = 253 + 63 + 1;

/** A domain of at least two labels, and below it a path of dotted names. */
export function signerErrors(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  const [domain = '', rest = '', ...more] = name.split('/');
  if (!name.includes('/') || more.length > 0) return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const errors = domain.length > LONGEST_DOMAIN ? [tooLong(path, LONGEST_DOMAIN)] : [], labels = domain.split('.');
  for (const l of labels) for (const m of dnsLabel(l)) errors.push(invalid(path, domain, `validating label ${JSON.stringify(l)}: ${m}`));
  if (labels.length < 2) errors.push(invalid(path, domain, 'should be a domain with at least two segments separated by dots'));
  for (const l of rest.split('.')) for (const m of dnsSubdomain(l)) errors.push(invalid(path, rest, `validating label ${JSON.stringify(l)}: ${m}`));
  return name.length > LONGEST_DOMAIN + LONGEST_PATH + 1 ? [...errors, tooLong(path, LONGEST_DOMAIN + LONGEST_PATH + 1)] : errors;
}
