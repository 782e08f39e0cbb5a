// Names of things outside: domain-prefixed paths, and references to objects of any kind.
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, pathSegment, regexMessage } from '../../meta/names.ts';

const PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+", PATH_RE = new RegExp(`^${PATH}$`);

/** `acme.io/foo`: who is in charge of something. */
export function validateDomainPath(value: string | undefined, path: string): FieldError[] {
  if (!value) return [required(path)];
  const slash = value.indexOf('/'), host = value.slice(0, slash), rest = value.slice(slash + 1);
  if (slash <= 0 || rest === '') return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  return [...dnsSubdomain(host).map(m => invalid(path, host, m)), ...(PATH_RE.test(rest) ? [] : [invalid(path, rest, regexMessage('Invalid path', PATH))])];
}

/** Group, kind and name of an object. */
export function validateTypedReference(r: { apiGroup?: string; kind?: string; name?: string }, path: string): FieldError[] {
  return [
    ...(r.apiGroup === undefined ? [] : dnsSubdomain(r.apiGroup).map(m => invalid(`${path}.apiGroup`, r.apiGroup, m))),
    ...(['kind', 'name'] as const).flatMap(f => (r[f] ? pathSegment(r[f]).map(m => invalid(`${path}.${f}`, r[f], m)) : [required(`${path}.${f}`, `${f} is required`)])),
  ];
}
