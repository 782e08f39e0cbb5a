// Kubernetes' own CEL functions (k8s.io/apiserver/pkg/cel/library): lists, regular expressions, URLs, quantities, formats, semantic
// versions and authorization checks; addresses are in lib-net.ts.
import { formatQuantity, parseQuantity, type Quantity } from '../../api/meta/quantity.ts';
import { dns1035Label, dnsLabel, dnsSubdomain, labelKey, labelValue } from '../../api/meta/names.ts';
import { compare, noOverload, regexCost, sizeOf, traversal } from './functions.ts';
import { net } from './lib-net.ts';
import { compileRegex } from './regex.ts';
import { overload, type Overload } from './signature.ts';
import { opaque, type Type } from './types.ts';
import { CelError, CelMap, Duration, equals, List, Opaque, Optional, parseTimestamp, Uint, type Value } from './values.ts';

const str = (v: Value | undefined): string => v as string;
const list = (v: Value | undefined): List => v as List;
const data = <T>(v: Value | undefined): T => (v as Opaque<T>).data;
const once: Overload['cost'] = a => traversal(a[0]!), items: Overload['cost'] = a => sizeOf(a[0]!);
/** Whether a reading function accepts the text. */
const accepts = (read: (text: string) => unknown) => ([s]: readonly Value[]): Value => { try { read(str(s)); return true; } catch (e) { if (!(e instanceof CelError)) throw e; return false; } };

type Define = (signature: string, id: string, run: Overload['run'], cost?: Overload['cost']) => void;

function lists(def: Define): void {
  for (const t of ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes']) {
    def(`list(${t})->isSorted(): bool`, `list_${t}_is_sorted_bool`, ([l]) => list(l).values().every((v, i, all) => i === 0 || compare(all[i - 1]!, v) <= 0), items);
    for (const [fn, sign] of [['min', -1], ['max', 1]] as const) {
      def(`list(${t})->${fn}(): ${t}`, `list_${t}_${fn}_${t}`, ([l]) => {
        const all = list(l).values();
        if (all.length === 0) throw new CelError(`${fn} called on empty list`);
        return all.reduce((best, v) => (compare(v, best) * sign > 0 ? v : best));
      }, items);
    }
  }
  const zero: Readonly<Record<string, () => Value>> = { int: () => 0n, uint: () => new Uint(0n), double: () => 0, duration: () => new Duration(0n) };
  for (const [t, start] of Object.entries(zero)) def(`list(${t})->sum(): ${t}`, `list_${t}_sum_${t}`, ([l]) => list(l).values().reduce(addUp, start()), items);
  def('list(A)->indexOf(A): int', 'list_a_index_of_int', ([l, v]) => BigInt(list(l).values().findIndex(x => equals(x, v!))), items);
  def('list(A)->lastIndexOf(A): int', 'list_a_last_index_of_int', ([l, v]) => BigInt(list(l).values().findLastIndex(x => equals(x, v!))), items);
}
function addUp(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') { const n = a + b; if (BigInt.asIntN(64, n) !== n) throw new CelError('integer overflow'); return n; }
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof Uint && b instanceof Uint) { const n = a.v + b.v; if (BigInt.asUintN(64, n) !== n) throw new CelError('unsigned integer overflow'); return new Uint(n); }
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.ns + b.ns);
  throw noOverload();
}

function regex(def: Define): void {
  const cost: Overload['cost'] = a => regexCost(a[0]!, a[1]!);
  const found = (text: string, pattern: string, limit: number): string[] => {
    const re = compileRegex(pattern), chars = [...text], points = chars.map(c => c.codePointAt(0)!), out: string[] = [];
    for (let from = 0; from <= points.length && out.length < limit;) {
      const m = re.find(points, from);
      if (!m) break;
      out.push(chars.slice(m.start, m.end).join(''));
      from = m.end > m.start ? m.end : m.end + 1;
    }
    return out;
  };
  def('string->find(string): string', 'string_find_string', ([s, re]) => found(str(s), str(re), 1)[0] ?? '', cost);
  def('string->findAll(string): list(string)', 'string_find_all_string', ([s, re]) => new List(found(str(s), str(re), Infinity)), cost);
  def('string->findAll(string, int): list(string)', 'string_find_all_string_int', ([s, re, n]) => new List(found(str(s), str(re), (n as bigint) < 0n ? Infinity : Number(n))), cost);
}

const URL_TYPE = opaque('kubernetes.URL');
interface ParsedUrl { raw: string; scheme: string; host: string; hostname: string; port: string; path: string; query: CelMap; size: number; equals(other: unknown): boolean }
function parseUrl(text: string): ParsedUrl {
  const bad = (): never => { throw new CelError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`); };
  const m = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/.exec(text);
  // oxlint-disable-next-line no-control-regex
  if (!m || /[\u0000-\u0020\u007f]/.test(text)) return bad();
  const scheme = (m[1] ?? '').toLowerCase(), host = m[3] ?? '';
  if (scheme === '' && !text.startsWith('/')) return bad();
  const h = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(host);
  if (!h) return bad();
  let path: string;
  try { path = decodeURIComponent(m[4]!); } catch (e) { if (!(e instanceof URIError)) throw e; return bad(); }
  const query = new Map<string, string[]>();
  for (const [k, v] of new URLSearchParams(m[5] ?? '')) { const l = query.get(k); if (l) l.push(v); else query.set(k, [v]); }
  return {
    scheme, host, hostname: h[1]!.replace(/^\[(.*)\]$/, '$1'), port: h[2] ?? '', path, query: CelMap.from([...query].map(([k, v]) => [k, new List(v)] as const)), size: text.length,
    raw: text, equals: other => (other as ParsedUrl).raw === text,
  };
}
/** Go writes a path with what must be escaped in it escaped. */
const escapedPath = (path: string): string => encodeURI(path).replaceAll('[', '%5B').replaceAll(']', '%5D').replaceAll('?', '%3F').replaceAll('#', '%23');

function urls(def: Define): void {
  def('url(string): kubernetes.URL', 'string_to_url', ([s]) => new Opaque(URL_TYPE, parseUrl(str(s))), once);
  def('isURL(string): bool', 'is_url_string', accepts(parseUrl), once);
  const get = (fn: string, of: (u: ParsedUrl) => Value, type = 'string'): void => def(`kubernetes.URL->${fn}(): ${type}`, `url_${fn}`, ([u]) => of(data<ParsedUrl>(u)));
  get('getScheme', u => u.scheme);
  get('getHost', u => u.host);
  get('getHostname', u => u.hostname);
  get('getPort', u => u.port);
  get('getEscapedPath', u => escapedPath(u.path));
  get('getQuery', u => u.query, 'map(string, list(string))');
}

export const QUANTITY: Type = opaque('kubernetes.Quantity');
interface Amount { q: Quantity; equals(other: unknown): boolean }
const amount = (q: Quantity): Opaque => new Opaque<Amount>(QUANTITY, { q, equals: other => (other as Amount).q.nanos === q.nanos });
const NANO = 1_000_000_000n;
function readQuantity(text: string): Quantity {
  try { return parseQuantity(text); } catch (e) { if (!(e instanceof RangeError)) throw e; throw new CelError(e.message); }
}
/** A quantity of that text; throws CelError for text that is none. */
export const quantityValue = (text: string): Value => amount(readQuantity(text));
function quantities(def: Define): void {
  const q = (v: Value | undefined): Quantity => data<Amount>(v).q;
  const fitsInt = (v: Quantity): boolean => v.nanos % NANO === 0n && BigInt.asIntN(64, v.nanos / NANO) === v.nanos / NANO;
  def('quantity(string): kubernetes.Quantity', 'string_to_quantity', ([s]) => amount(readQuantity(str(s))), once);
  def('isQuantity(string): bool', 'is_quantity_string', accepts(readQuantity), once);
  def('kubernetes.Quantity->sign(): int', 'quantity_sign', ([a]) => (q(a).nanos < 0n ? -1n : q(a).nanos > 0n ? 1n : 0n));
  def('kubernetes.Quantity->isInteger(): bool', 'quantity_is_integer', ([a]) => fitsInt(q(a)));
  def('kubernetes.Quantity->asInteger(): int', 'quantity_as_integer', ([a]) => { if (!fitsInt(q(a))) throw new CelError('cannot convert value to integer'); return q(a).nanos / NANO; });
  def('kubernetes.Quantity->asApproximateFloat(): double', 'quantity_as_float', ([a]) => Number(q(a).nanos) / 1e9);
  const order = (a: Value | undefined, b: Value | undefined): bigint => (q(a).nanos < q(b).nanos ? -1n : q(a).nanos > q(b).nanos ? 1n : 0n);
  def('kubernetes.Quantity->isGreaterThan(kubernetes.Quantity): bool', 'quantity_is_greater_than', ([a, b]) => order(a, b) > 0n);
  def('kubernetes.Quantity->isLessThan(kubernetes.Quantity): bool', 'quantity_is_less_than', ([a, b]) => order(a, b) < 0n);
  def('kubernetes.Quantity->compareTo(kubernetes.Quantity): int', 'quantity_compare_to', ([a, b]) => order(a, b));
  for (const [fn, sign] of [['add', 1n], ['sub', -1n]] as const) {
    def(`kubernetes.Quantity->${fn}(kubernetes.Quantity): kubernetes.Quantity`, `quantity_${fn}`, ([a, b]) => amount({ ...q(a), nanos: q(a).nanos + sign * q(b).nanos }));
    def(`kubernetes.Quantity->${fn}(int): kubernetes.Quantity`, `quantity_${fn}_int`, ([a, b]) => amount({ ...q(a), nanos: q(a).nanos + sign * (b as bigint) * NANO }));
  }
  def('string(kubernetes.Quantity): string', 'quantity_to_string', ([a]) => formatQuantity(q(a)));
}

const SEMVER = opaque('kubernetes.Semver');
interface Version { major: bigint; minor: bigint; patch: bigint; pre: string[]; equals(other: unknown): boolean }
const SEMVER_RE = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;
function readVersion(text: string, normalize = false): Version {
  let s = text;
  if (normalize) {
    s = s.replace(/^v/, '');
    const m = /^(\d+(?:\.\d+){0,2})(.*)$/.exec(s);
    if (m) { const parts = m[1]!.split('.').map(p => p.replace(/^0+(?=\d)/, '')); while (parts.length < 3) parts.push('0'); s = parts.join('.') + m[2]!; }
  }
  const m = SEMVER_RE.exec(s);
  if (!m) throw new CelError(s.split('.').length < 3 ? 'No Major.Minor.Patch elements found' : `invalid semver ${JSON.stringify(text)}`);
  const v: Version = { major: BigInt(m[1]!), minor: BigInt(m[2]!), patch: BigInt(m[3]!), pre: m[4] ? m[4].split('.') : [], equals: other => versionOrder(v, other as Version) === 0 };
  return v;
}
function versionOrder(a: Version, b: Version): number {
  for (const k of ['major', 'minor', 'patch'] as const) if (a[k] !== b[k]) return a[k] < b[k] ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0) return a.pre.length === b.pre.length ? 0 : a.pre.length === 0 ? 1 : -1;
  for (let i = 0; i < Math.min(a.pre.length, b.pre.length); i++) {
    const x = a.pre[i]!, y = b.pre[i]!, nx = /^\d+$/.test(x), ny = /^\d+$/.test(y);
    if (x === y) continue;
    if (nx && ny) return BigInt(x) < BigInt(y) ? -1 : 1;
    return nx !== ny ? (nx ? -1 : 1) : x < y ? -1 : 1;
  }
  return Math.sign(a.pre.length - b.pre.length);
}
/** A version of that text; throws CelError for text that is none. */
export const semverValue = (text: string): Value => new Opaque(SEMVER, readVersion(text));
function versions(def: Define): void {
  const v = (x: Value | undefined): Version => data<Version>(x);
  def('semver(string): kubernetes.Semver', 'string_to_semver', ([s]) => new Opaque(SEMVER, readVersion(str(s))), once);
  def('semver(string, bool): kubernetes.Semver', 'string_bool_to_semver', ([s, n]) => new Opaque(SEMVER, readVersion(str(s), n as boolean)), once);
  def('isSemver(string): bool', 'is_semver_string', accepts(s => readVersion(s)), once);
  def('isSemver(string, bool): bool', 'is_semver_string_bool', ([s, n]) => accepts(t => readVersion(t, n as boolean))([s!]), once);
  for (const part of ['major', 'minor', 'patch'] as const) def(`kubernetes.Semver->${part}(): int`, `semver_${part}`, ([a]) => v(a)[part]);
  def('kubernetes.Semver->isGreaterThan(kubernetes.Semver): bool', 'semver_is_greater_than', ([a, b]) => versionOrder(v(a), v(b)) > 0);
  def('kubernetes.Semver->isLessThan(kubernetes.Semver): bool', 'semver_is_less_than', ([a, b]) => versionOrder(v(a), v(b)) < 0);
  def('kubernetes.Semver->compareTo(kubernetes.Semver): int', 'semver_compare_to', ([a, b]) => BigInt(versionOrder(v(a), v(b))));
}

const FORMAT = opaque('kubernetes.NamedFormat');
interface Format { name: string; messages(text: string): readonly string[] }
const prefixed = (rule: (text: string) => readonly string[]) => (text: string): readonly string[] => rule(text.endsWith('-') ? `${text}a` : text);
const read = (what: string, test: (text: string) => boolean) => (text: string): readonly string[] => (test(text) ? [] : [what]);
const FORMATS: Readonly<Record<string, (text: string) => readonly string[]>> = {
  dns1123Label: dnsLabel, dns1123Subdomain: dnsSubdomain, dns1035Label, qualifiedName: labelKey, labelValue,
  dns1123LabelPrefix: prefixed(dnsLabel), dns1123SubdomainPrefix: prefixed(dnsSubdomain), dns1035LabelPrefix: prefixed(dns1035Label),
  uri: read('invalid URI', s => { try { parseUrl(s); return true; } catch (e) { if (!(e instanceof CelError)) throw e; return false; } }),
  uuid: read('does not match the UUID format', s => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(s)),
  byte: read('invalid base64', s => s.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(s)),
  date: read('invalid date', s => { try { parseTimestamp(s); return /^\d{4}-\d\d-\d\d$/.test(s); } catch (e) { if (!(e instanceof CelError)) throw e; return false; } }),
  datetime: read('invalid datetime', s => { try { parseTimestamp(s); return s.length > 10; } catch (e) { if (!(e instanceof CelError)) throw e; return false; } }),
};
function formats(def: Define): void {
  const make = (name: string): Opaque => new Opaque<Format>(FORMAT, { name, messages: FORMATS[name]! });
  for (const name of Object.keys(FORMATS)) def(`format.${name}(): kubernetes.NamedFormat`, `format-${name}`, () => make(name));
  def('format.named(string): optional(kubernetes.NamedFormat)', 'format-named', ([n]) => new Optional(Object.hasOwn(FORMATS, str(n)) ? make(str(n)) : undefined));
  def('kubernetes.NamedFormat->validate(string): optional(list(string))', 'format-validate', ([f, s]) => {
    const found = data<Format>(f).messages(str(s));
    return new Optional(found.length === 0 ? undefined : new List([...found]));
  }, a => traversal(a[1]!));
}

/** What a check of the authorizer library asks. */
export interface Check {
  /** Whom it is about; undefined: who made the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  /** A path that is no resource. */
  readonly path?: string;
  readonly group: string; readonly resource: string; readonly subresource: string; readonly namespace: string; readonly name: string; readonly verb: string;
  readonly fieldSelector?: string; readonly labelSelector?: string;
}
export interface Answer { readonly allowed: boolean; readonly reason: string; readonly error?: string }
/** Bound as `authorizer`: see `authorizerValue`. */
export type Ask = (check: Check) => Answer;
interface Asker { ask: Ask; check: Check }

const AUTHZ = 'kubernetes.authorization.';
export const AUTHORIZER: Type = opaque(`${AUTHZ}Authorizer`), RESOURCE_CHECK: Type = opaque(`${AUTHZ}ResourceCheck`);
const NOTHING: Check = { group: '', resource: '', subresource: '', namespace: '', name: '', verb: '' };
/** The value of `authorizer`. */
export const authorizerValue = (ask: Ask): Value => new Opaque<Asker>(AUTHORIZER, { ask, check: NOTHING });
/** The value of `authorizer.requestResource`. */
export const resourceCheckValue = (ask: Ask, check: Partial<Check>): Value => new Opaque<Asker>(RESOURCE_CHECK, { ask, check: { ...NOTHING, ...check } });

function authorization(def: Define): void {
  const A = `${AUTHZ}Authorizer`, P = `${AUTHZ}PathCheck`, G = `${AUTHZ}GroupCheck`, R = `${AUTHZ}ResourceCheck`, D = `${AUTHZ}Decision`;
  const step = (from: string, fn: string, args: string, to: string, change: (a: readonly string[]) => Partial<Check>): void => {
    const type = opaque(to);
    def(`${from}->${fn}(${args}): ${to}`, `${from}_${fn}`, ([a, ...rest]) => { const { ask, check } = data<Asker>(a); return new Opaque<Asker>(type, { ask, check: { ...check, ...change(rest as string[]) } }); });
  };
  step(A, 'path', 'string', P, ([path]) => { if (path === '') throw new CelError('path must not be empty'); return { path: path! }; });
  step(A, 'group', 'string', G, ([group]) => ({ group: group! }));
  step(A, 'serviceAccount', 'string, string', A, ([namespace, name]) => ({ serviceAccount: { namespace: namespace!, name: name! } }));
  step(G, 'resource', 'string', R, ([resource]) => ({ resource: resource! }));
  step(R, 'subresource', 'string', R, ([subresource]) => ({ subresource: subresource! }));
  step(R, 'namespace', 'string', R, ([namespace]) => ({ namespace: namespace! }));
  step(R, 'name', 'string', R, ([name]) => ({ name: name! }));
  step(R, 'fieldSelector', 'string', R, ([fieldSelector]) => ({ fieldSelector: fieldSelector! }));
  step(R, 'labelSelector', 'string', R, ([labelSelector]) => ({ labelSelector: labelSelector! }));
  const decision = opaque(D);
  for (const from of [P, R]) def(`${from}->check(string): ${D}`, `${from}_check`, ([a, verb]) => { const { ask, check } = data<Asker>(a); return new Opaque<Answer>(decision, ask({ ...check, verb: str(verb) })); }, () => 350_000);
  def(`${D}->allowed(): bool`, 'decision_allowed', ([d]) => data<Answer>(d).allowed);
  def(`${D}->reason(): string`, 'decision_reason', ([d]) => data<Answer>(d).reason);
  def(`${D}->errored(): bool`, 'decision_errored', ([d]) => data<Answer>(d).error !== undefined);
  def(`${D}->error(): string`, 'decision_error', ([d]) => data<Answer>(d).error ?? '');
}

export function kubernetes(): Overload[] {
  const out: Overload[] = [];
  const def: Define = (signature, id, run, cost) => { out.push(overload(signature, id, run, cost)); };
  lists(def); regex(def); urls(def); quantities(def); versions(def); formats(def); authorization(def); net(def);
  // For the mutations of admission policies.
  def('jsonpatch.escapeKey(string): string', 'string_jsonpatch_escapeKey_string', ([s]) => str(s).replaceAll('~', '~0').replaceAll('/', '~1'), once);
  return out;
}
