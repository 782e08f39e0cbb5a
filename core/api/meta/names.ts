// Rules for names, label keys and values, ports and the like, with Kubernetes' own messages
// (k8s.io/apimachinery util/validation and api/validate/content). Each function returns the messages, none when valid.

const OK: readonly string[] = [];
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_RE = new RegExp(`^${LABEL}$`);
const SUBDOMAIN_RE = new RegExp(`^${SUBDOMAIN}$`);
const LABEL_1035_RE = new RegExp(`^${LABEL_1035}$`);
const WILDCARD_RE = new RegExp(`^\\*\\.${SUBDOMAIN}$`);
const KEY_RE = new RegExp(`^${KEY}$`);
const LABEL_VALUE_RE = new RegExp(`^(${KEY})?$`);
const CONFIG_KEY_RE = /^[-._a-zA-Z0-9]+$/;
const PORT_NAME_RE = /^[-a-z0-9]+$/;
const HEADER_RE = /^[-A-Za-z0-9]+$/;
const ENV_RE = /^[ -<>-~]*$/;

export const maxLength = (n: number): string => `must be no more than ${n} bytes`;
export const inRange = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;
export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const NOT_POSITIVE = 'must be greater than zero';
export const IMMUTABLE = 'field is immutable';

/** How Kubernetes words a failed pattern: `… (e.g. 'a',  or 'b', regex used for validation is '…')`. */
export function regexMessage(what: string, pattern: string, ...examples: string[]): string {
  return examples.length === 0
    ? `${what} (regex used for validation is '${pattern}')`
    : `${what} (e.g. ${examples.map(e => `'${e}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

const LABEL_TEXT = regexMessage("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character", LABEL, 'my-name', '123-abc');
const SUBDOMAIN_TEXT = regexMessage("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character", SUBDOMAIN, 'example.com');
const LABEL_1035_TEXT = regexMessage("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character", LABEL_1035, 'my-name', 'abc-123');
const WILDCARD_TEXT = regexMessage("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character", `\\*\\.${SUBDOMAIN}`, '*.example.com');
const KEY_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const KEY_TEXT = regexMessage(KEY_RULE, KEY, 'MyName', 'my.name', '123-abc');
const LABEL_VALUE_TEXT = regexMessage("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", `(${KEY})?`, 'MyValue', 'my_value', '12345');
const CONFIG_KEY_TEXT = regexMessage("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name');

function sized(value: string, max: number, pattern: RegExp, text: string): readonly string[] {
  const long = value.length > max, bad = !pattern.test(value);
  if (!long && !bad) return OK;
  return [...(long ? [maxLength(max)] : []), ...(bad ? [text] : [])];
}

/** RFC 1123 label, at most 63. */
export function dnsLabel(value: string): readonly string[] {
  if (value.length <= 63 && LABEL_RE.test(value)) return OK;
  return [...(value.length > 63 ? [maxLength(63)] : []), ...(LABEL_RE.test(value) ? [] : [SUBDOMAIN_RE.test(value) ? 'must not contain dots' : LABEL_TEXT])];
}
/** RFC 1123 subdomain, at most 253. */
export const dnsSubdomain = (value: string): readonly string[] => sized(value, 253, SUBDOMAIN_RE, SUBDOMAIN_TEXT);
/** RFC 1035 label (starts with a letter), at most 63. */
export const dns1035Label = (value: string): readonly string[] => sized(value, 63, LABEL_1035_RE, LABEL_1035_TEXT);
/** `*.example.com`. */
export const wildcardSubdomain = (value: string): readonly string[] => sized(value, 253, WILDCARD_RE, WILDCARD_TEXT);
/** Any name that can stand in a URL path. */
export function pathSegment(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter(c => value.includes(c)).map(c => `may not contain '${c}'`);
}

/** A label or annotation key: `[prefix/]name`. */
export function labelKey(value: string): readonly string[] {
  const slash = value.indexOf('/');
  if (slash < 0) return keyName(value);
  if (value.includes('/', slash + 1)) return [`a valid label key ${KEY_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const prefix = value.slice(0, slash);
  const bad = prefix === '' ? ['must be non-empty'] : dnsSubdomain(prefix);
  const rest = keyName(value.slice(slash + 1));
  return bad.length === 0 ? rest : [...bad.map(m => `prefix part ${m}`), ...rest];
}
function keyName(name: string): readonly string[] {
  if (name.length <= 63 && KEY_RE.test(name)) return OK;
  const errors: string[] = [];
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > 63) errors.push(`name part ${maxLength(63)}`);
  if (!KEY_RE.test(name)) errors.push(`name part ${KEY_TEXT}`);
  return errors;
}
/** A label's value: empty, or up to 63 characters. */
export const labelValue = (value: string): readonly string[] => sized(value, 63, LABEL_VALUE_RE, LABEL_VALUE_TEXT);

/** A key of a ConfigMap or Secret. */
export function configMapKey(value: string): readonly string[] {
  const errors = [...sized(value, 253, CONFIG_KEY_RE, CONFIG_KEY_TEXT)];
  if (value === '.' || value === '..') errors.push(`must not be '${value}'`);
  else if (value.startsWith('..')) errors.push("must not start with '..'");
  return errors;
}

/** An IANA service name as Kubernetes narrows it: the name of a port. */
export function portName(value: string): readonly string[] {
  const errors: string[] = [];
  if (value.length > 15) errors.push(maxLength(15));
  if (!PORT_NAME_RE.test(value)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}
export const portNumber = (port: number): readonly string[] => (Number.isInteger(port) && port >= 1 && port <= 65_535 ? OK : [inRange(1, 65_535)]);

/** Environment variable names are any printable ASCII but `=` (relaxed rule, GA in 1.34). */
export function envVarName(value: string): readonly string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  return ENV_RE.test(value) ? OK : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}
export const httpHeaderName = (value: string): readonly string[] =>
  (HEADER_RE.test(value) ? OK : [regexMessage("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', 'X-Header-Name')]);
export const percent = (value: string): readonly string[] =>
  (/^[0-9]+%$/.test(value) ? OK : [regexMessage("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%')]);

/** Letters and digits of generated suffixes: no vowels, nothing that looks like another. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
/** `base` cut so that five characters fit into 63, then the five; `random()` in [0, 1) is the caller's. */
export function generatedName(base: string, random: () => number): string {
  let suffix = '';
  for (let i = 0; i < 5; i++) suffix += SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)]!;
  return base.slice(0, 58) + suffix;
}
/** A decimal hash in the suffix alphabet, as in pod-template-hash (k8s.io/apimachinery rand.SafeEncodeString). */
export function safeEncode(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) out += SUFFIX_ALPHABET[text.charCodeAt(i) % SUFFIX_ALPHABET.length]!;
  return out;
}

export type NameRule = 'dns-subdomain' | 'dns-label' | 'dns-1035' | 'path-segment';
const RULES: Readonly<Record<NameRule, (value: string) => readonly string[]>> = { 'dns-subdomain': dnsSubdomain, 'dns-label': dnsLabel, 'dns-1035': dns1035Label, 'path-segment': pathSegment };
/** Messages of a kind's name rule; a `prefix` (generateName) may end in dashes. */
export function nameErrors(rule: NameRule, value: string, prefix = false): readonly string[] {
  const name = prefix && value.length > 1 && value.endsWith('-') ? `${value.slice(0, -2)}a` : value;
  return RULES[rule](name);
}
