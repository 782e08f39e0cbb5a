// Where a webhook is, and which versions of a review it reads (k8s.io/apiserver pkg/util/webhook): of admission and of conversion alike.
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dns1035Label, dnsSubdomain, portNumber } from '../../meta/names.ts';

const FORM = '; desired format: https://host[/path]', REVIEWS = ['v1', 'v1beta1'];
interface ClientConfig { url?: string; service?: { name?: string; namespace?: string; path?: string; port?: number } }

/** A URL's parts as Go takes it apart; undefined where it refuses. */
function parts(url: string): { scheme: string; user: string | undefined; host: string; query: string; fragment: string } | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(url) || url.startsWith(':')) return undefined;
  const m = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?[^?#]*(\?[^#]*)?(#.*)?$/.exec(url);
  return m && !/\s/.test(m[3] ?? '') ? { scheme: m[1]?.toLowerCase() ?? '', user: m[2], host: m[3] ?? '', query: m[4]?.slice(1) ?? '', fragment: m[5]?.slice(1) ?? '' } : undefined;
}

function urlErrors(url: string, path: string): FieldError[] {
  const u = parts(url), errors: FieldError[] = [];
  if (!u) return [required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: ${url.startsWith(':') ? 'missing protocol scheme' : /\s/.test(url.replace(/^[^/]*\/\//, '').split('/')[0]!) ? 'invalid character " " in host name' : 'net/url: invalid control character in URL'}${FORM}`)];
  if (u.scheme !== 'https') errors.push(invalid(path, u.scheme, `'https' is the only allowed URL scheme${FORM}`));
  if (u.host === '') errors.push(invalid(path, u.host, `host must be specified${FORM}`));
  if (u.user !== undefined) errors.push(invalid(path, u.user, 'user information is not permitted in the URL'));
  if (u.fragment !== '') errors.push(invalid(path, u.fragment, 'fragments are not permitted in the URL'));
  if (u.query !== '') errors.push(invalid(path, u.query, 'query parameters are not permitted in the URL'));
  return errors;
}

function pathErrors(value: string, path: string): FieldError[] {
  if (value === '' || value === '/') return [];
  if (value === '//') return [invalid(path, value, 'segment[0] may not be empty')];
  const errors = value.startsWith('/') ? [] : [invalid(path, value, "must start with a '/'")], inner = value.slice(1);
  (inner.endsWith('/') ? inner.slice(0, -1) : inner).split('/').forEach((step, i) => {
    if (step === '') errors.push(invalid(path, value, `segment[${i}] may not be empty`));
    else errors.push(...dnsSubdomain(step).map(m => invalid(path, value, `segment[${i}]: ${m}`)));
  });
  return errors;
}

/** Either a URL or a service. */
export function clientErrors(c: ClientConfig | undefined, path: string): FieldError[] {
  if (!c || (c.url === undefined) === (c.service === undefined)) return [required(path, 'exactly one of url or service is required')];
  if (c.url !== undefined) return urlErrors(c.url, `${path}.url`);
  const s = c.service!, at = `${path}.service`, port = portNumber(s.port ?? 443);
  return [
    ...(s.name ? [] : [required(`${at}.name`, 'service name is required')]), ...(s.namespace ? [] : [required(`${at}.namespace`, 'service namespace is required')]),
    ...(port.length > 0 ? [invalid(`${at}.port`, s.port, `port is not valid: ${port.join(',')}`)] : []), ...(s.path === undefined ? [] : pathErrors(s.path, `${at}.path`)),
  ];
}

/** Versions of a review: some, each once, one of them known; `missing` is what is said of none. */
export function reviewVersionErrors(versions: readonly string[] | undefined, path: string, missing: string): FieldError[] {
  if (!versions?.length) return [required(path, missing)];
  const errors = versions.flatMap((v, i) => (versions.indexOf(v) < i ? [invalid(`${path}[${i}]`, v, 'duplicate version')] : dns1035Label(v).map(m => invalid(`${path}[${i}]`, v, m))));
  return versions.some(v => REVIEWS.includes(v)) ? errors : [...errors, invalid(path, versions, `must include at least one of ${REVIEWS.join(', ')}`)];
}
