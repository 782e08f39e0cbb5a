// Rules that what drives storage shares.
import { invalid, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain } from '../../meta/names.ts';
import { byteLength } from '../../meta/object-meta.ts';

/** The name of a CSI driver: a subdomain of at most 63, in any case. */
export function validateDriverName(name: string | undefined, path: string): FieldError[] {
  const given = name ?? '';
  return [...(given === '' ? [required(path)] : []), ...(given.length > 63 ? [tooLong(path, 63)] : []), ...dnsSubdomain(given.toLowerCase()).map(m => invalid(path, given, m))];
}

const MAX_PARAMETERS = 512, MAX_PARAMETER_BYTES = 256 * 1024;
/** Parameters of a class: at most 512 and 256 kB; keys are not empty. */
export function validateParameters(params: Readonly<Record<string, string>> | undefined, allowEmpty: boolean, path: string): FieldError[] {
  const all = Object.entries(params ?? {});
  if (all.length > MAX_PARAMETERS) return [tooLong(path, MAX_PARAMETERS)];
  const errors: FieldError[] = [];
  let size = 0;
  for (const [k, v] of all) {
    if (k === '') errors.push(invalid(path, k, 'field can not be empty.'));
    size += byteLength(k) + byteLength(v);
  }
  if (size > MAX_PARAMETER_BYTES) errors.push(tooLong(path, MAX_PARAMETER_BYTES));
  if (!allowEmpty && all.length === 0) errors.push(required(path, 'must contain at least one key/value pair'));
  return errors;
}
