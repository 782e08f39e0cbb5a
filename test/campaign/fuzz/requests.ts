// Requests that no honest client sends, and some that are nearly honest. Nothing here may lead off this machine: what would call out
// (webhooks, extension servers) is sent as a dry run only.
import { stringify } from 'yaml';
import { kinds } from '../../../core/api/kinds/index.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import { samples } from '../../fixtures/kind-samples.ts';
import { expression } from './expressions.ts';
import type { Dice } from './dice.ts';

export interface Probe { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body?: Buffer }

export const NS = 'fuzz';
const SUB = ['status', 'scale', 'log', 'exec', 'attach', 'portforward', 'proxy', 'proxy/a/b', 'eviction', 'binding', 'ephemeralcontainers', 'resize', 'token', 'approval', 'finalize', 'nope', ''];
const TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml', 'application/apply-patch+cbor', 'application/cbor', 'text/plain', '', 'application/json;charset=utf-8', 'application/x-www-form-urlencoded', '*/*', ';', 'application/json;;'];
const ACCEPT = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/vnd.kubernetes.protobuf,application/json', '*/*', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/cbor', 'q=1', '*/*;q=abc', 'application/json;q=0', ','];
const QUERY = ['resourceVersion', 'resourceVersionMatch', 'limit', 'continue', 'labelSelector', 'fieldSelector', 'timeoutSeconds', 'watch', 'sendInitialEvents', 'allowWatchBookmarks', 'dryRun', 'fieldValidation', 'fieldManager', 'force', 'pretty', 'propagationPolicy', 'gracePeriodSeconds', 'orphanDependents', 'includeObject', 'command', 'container', 'stdin', 'stdout', 'stderr', 'tty', 'tailLines', 'sinceSeconds', 'sinceTime', 'limitBytes', 'timestamps', 'previous', 'stream', 'ports', 'timeout', 'verbose', 'exclude', 'hash', 'ignoreStoreReadErrorWithClusterBreakingPotential'];
const WORTH: Readonly<Record<string, readonly string[]>> = {
  resourceVersion: ['0', '1', '', '-1', '99999999999999999999', '5'], resourceVersionMatch: ['Exact', 'NotOlderThan', ''], limit: ['0', '1', '2', '-1', '500', '1e9'], timeoutSeconds: ['0', '1', '-1'], watch: ['true', '1', 'false', ''], sendInitialEvents: ['true', 'false'],
  dryRun: ['All', '', 'None'], fieldValidation: ['Strict', 'Warn', 'Ignore'], force: ['true', 'false'], propagationPolicy: ['Foreground', 'Background', 'Orphan'], fieldSelector: ['metadata.name=a', 'spec.nodeName!=', 'a=b,c=d', 'status.phase=Running', '\\', 'metadata.name'], labelSelector: ['a=b', 'a in (b,c)', '!a', 'a notin ()', 'a,,b', '(', 'x/y/z=1', 'a>1'],
};
/** Whoever writes one of these changes what everybody else gets, or makes the server call an address. */
const DRY = new Set(['validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'apiservices', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', 'flowschemas', 'prioritylevelconfigurations', 'nodes', 'namespaces', 'customresourcedefinitions']);

const escaped = (d: Dice, s: string): string => (d.maybe(0.7) ? encodeURIComponent(s.toWellFormed()) : s.replaceAll(/[^\x21-\x7e]|[?#]/g, c => encodeURIComponent(c.toWellFormed())));
export const apiVersion = (k: KindSpec): string => (k.group ? `${k.group}/${k.version}` : k.version);
export const collection = (k: KindSpec, ns: string = NS): string => `/${k.group ? `apis/${k.group}` : 'api'}/${k.version}${k.namespaced ? `/namespaces/${ns}` : ''}/${k.plural}`;

function query(d: Dice, must: Readonly<Record<string, string>> = {}): string {
  const given = d.some(QUERY, 4).filter(k => !(k in must)).map(k => `${k}=${escaped(d, d.maybe(0.7) && WORTH[k] ? d.of(WORTH[k]) : d.text())}`);
  const all = [...given, ...Object.entries(must).map(([k, v]) => `${k}=${v}`)];
  if (d.maybe(0.05)) all.unshift(d.of(['&', '=', '%', '%zz', 'a=b=c', '??', '&&&']));
  return all.length ? `?${all.join('&')}` : '';
}

function headers(d: Dice): Record<string, string> {
  const h: Record<string, string> = {};
  if (d.maybe(0.5)) h['accept'] = d.maybe(0.8) ? d.some(ACCEPT, 3).join(',') : printable(d.text());
  if (d.maybe(0.1)) h['user-agent'] = printable(d.text());
  if (d.maybe(0.05)) h[d.of(['impersonate-user', 'impersonate-group', 'impersonate-uid', 'impersonate-extra-x', 'authorization', 'range', 'if-none-match', 'x-remote-user', 'cookie', 'content-encoding', 'expect', 'te', 'x-forwarded-for', 'sec-websocket-protocol', 'origin'])] = d.maybe(0.3) ? d.of(['Bearer x.y.z', 'Basic eDp5', 'gzip', 'bytes=0-1', '*', '100-continue', 'trailers', 'system:masters']) : printable(d.text());
  if (d.maybe(0.02)) h['accept-encoding'] = d.of(['gzip', 'br', '*', 'gzip;q=0', '']);
  return h;
}
const printable = (s: string): string => s.replaceAll(/[^\x20-\x7e]/g, '?');

/** A manifest of a kind, as it should be or nearly. */
function manifest(d: Dice, k: KindSpec): unknown {
  const sample = samples[`${apiVersion(k)} ${k.plural}`]?.() ?? { metadata: { name: 'a' } };
  let o: unknown = { apiVersion: apiVersion(k), kind: k.kind, ...sample, metadata: { ...(sample['metadata'] as object), name: `f${d.below(20)}`, uid: undefined, ...(k.namespaced ? { namespace: NS } : {}) } };
  o = JSON.parse(JSON.stringify(o));
  for (let n = d.below(4); n > 0; n--) o = d.changed(o);
  return o;
}

function written(d: Dice, value: unknown): { body: Buffer; type: string } {
  const json = JSON.stringify(value) ?? 'null';
  return d.of<() => { body: Buffer; type: string }>([
    () => ({ body: Buffer.from(json), type: 'application/json' }), () => ({ body: Buffer.from(json), type: d.of(TYPES) }), () => ({ body: d.spoiled(Buffer.from(json)), type: 'application/json' }),
    () => ({ body: Buffer.from(yaml(value)), type: 'application/yaml' }), () => ({ body: d.spoiled(Buffer.from(yaml(value))), type: 'application/yaml' }),
    () => ({ body: Buffer.from(json.replace('{', `{"${d.of(['kind', 'metadata', 'spec', 'a'])}":${JSON.stringify(d.value()) ?? '1'},`)), type: 'application/json' }),
    () => ({ body: Buffer.from(`${'{"a":'.repeat(d.below(3000))}1`), type: 'application/json' }),
  ])();
}
const yaml = (v: unknown): string => { try { return stringify(v); } catch { return 'a: b'; } };

const POINTERS = ['', '/', '/metadata', '/metadata/name', '/metadata/labels/a', '/metadata/managedFields', '/metadata/managedFields/0', '/metadata/resourceVersion', '/metadata/finalizers', '/spec', '/spec/replicas', '/spec/template/spec/containers/0', '/spec/template/spec/containers/-', '/spec/template/spec/containers/01', '/data', '/data/a~1b', '/data/~', '/status', '/status/conditions/0', '/kind', '/apiVersion', '/__proto__/x', '/constructor/prototype/x'];
function patch(d: Dice, k: KindSpec): { body: Buffer; type: string } {
  const type = d.of(TYPES.slice(3, 7));
  let value: unknown;
  if (type.startsWith('application/json-patch')) value = Array.from({ length: d.below(5) }, () => ({ op: d.of(['add', 'remove', 'replace', 'move', 'copy', 'test', 'jump']), path: d.maybe(0.9) ? d.of(POINTERS) : d.text(), ...(d.maybe(0.4) ? { from: d.of(POINTERS) } : {}), ...(d.maybe(0.8) ? { value: d.value() } : {}) }));
  else {
    value = manifest(d, k);
    if (type.includes('strategic') && value !== null && typeof value === 'object') value = sprinkled(d, value);
  }
  const text = JSON.stringify(value) ?? 'null';
  return { body: d.maybe(0.1) ? d.spoiled(Buffer.from(text)) : Buffer.from(type.endsWith('yaml') && d.maybe(0.5) ? yaml(value) : text), type };
}

/** Directives of strategic merge, wherever there is a map. */
function sprinkled(d: Dice, value: unknown): unknown {
  if (Array.isArray(value)) return value.map(v => sprinkled(d, v));
  if (value === null || typeof value !== 'object') return value;
  const o = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, sprinkled(d, v)]));
  if (d.maybe(0.15)) o[d.of(['$patch', '$retainKeys', '$setElementOrder/containers', '$setElementOrder/ports', '$deleteFromPrimitiveList/finalizers', '$deleteFromPrimitiveList/args', '$setElementOrder/'])] = d.maybe(0.5) ? d.of(['replace', 'delete', 'merge', 'keep']) : d.maybe(0.5) ? [{ name: 'web' }, 'a'] : d.value();
  return o;
}

/** Protobuf bodies to spoil, as the server itself wrote them; filled by the run. */
export const bodies = new Map<string, Buffer>();

export function anyProbe(d: Dice): Probe {
  const k = d.of(kinds), name = `f${d.below(20)}`, dry = DRY.has(k.plural) ? { dryRun: 'All' } : undefined;
  const at = (...more: string[]): string => [collection(k), ...more].join('/');
  return d.of<() => Probe>([
    // A path of any sort.
    () => ({ method: d.of(['GET', 'GET', 'HEAD', 'OPTIONS', 'TRACE', 'POST', 'FOO']), path: `/${Array.from({ length: d.below(9) }, () => (d.maybe(0.7) ? d.of(['api', 'apis', 'v1', 'apps', 'namespaces', NS, 'default', 'pods', 'watch', 'proxy', k.plural, k.group, k.version, name, 'openapi', 'v2', 'v3', 'healthz', 'readyz', 'livez', 'version', 'metrics', '.well-known', 'openid', 'jwks', 'configz', 'debug', 'logs']) : escaped(d, d.text()))).join(d.maybe(0.05) ? '//' : '/')}${query(d)}`, headers: headers(d) }),
    // Lists and watches.
    () => ({ method: 'GET', path: `${at()}${query(d, { timeoutSeconds: '1' })}`, headers: headers(d) }),
    () => ({ method: 'GET', path: `${at()}${query(d, { watch: 'true', timeoutSeconds: '1' })}`, headers: headers(d) }),
    () => ({ method: 'GET', path: `${at(name)}${d.maybe(0.3) ? `/${d.of(SUB)}` : ''}${query(d, { timeoutSeconds: '1' })}`, headers: headers(d) }),
    // Writes.
    () => { const w = written(d, manifest(d, k)); return { method: 'POST', path: `${at(...(d.maybe(0.1) ? [name, d.of(SUB)] : []))}${query(d, dry)}`, headers: { ...headers(d), ...(w.type ? { 'content-type': w.type } : {}) }, body: w.body }; },
    () => { const w = written(d, manifest(d, k)); return { method: 'PUT', path: `${at(name, ...(d.maybe(0.2) ? [d.of(SUB)] : []))}${query(d, dry)}`, headers: { ...headers(d), ...(w.type ? { 'content-type': w.type } : {}) }, body: w.body }; },
    () => { const p = patch(d, k); return { method: 'PATCH', path: `${at(name, ...(d.maybe(0.2) ? [d.of(SUB)] : []))}${query(d, { ...dry, ...(p.type.includes('apply') && d.maybe(0.9) ? { fieldManager: d.of(['a', 'b', 'c']), force: d.of(['true', 'false']) } : {}) })}`, headers: { ...headers(d), 'content-type': p.type }, body: p.body }; },
    () => { const known = bodies.get(`${apiVersion(k)} ${k.plural}`); return { method: d.of(['POST', 'PUT']), path: `${at(name)}${query(d, dry)}`, headers: { ...headers(d), 'content-type': 'application/vnd.kubernetes.protobuf' }, body: d.spoiled(known ?? Buffer.concat([Buffer.from('k8s\0'), d.bytes(d.below(200))])) }; },
    () => ({ method: 'DELETE', path: `${at(name)}${query(d, dry ?? {})}`, headers: { ...headers(d), 'content-type': 'application/json' }, ...(d.maybe(0.5) ? { body: Buffer.from(JSON.stringify(d.changed({ kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid: 'x' }, propagationPolicy: 'Orphan', dryRun: [] })) ?? '') } : {}) }),
    () => ({ method: 'DELETE', path: `${at()}${query(d, k.namespaced && !dry ? { labelSelector: 'a%3Db' } : { dryRun: 'All' })}`, headers: headers(d) }),
    // Expressions in policies and schemas.
    () => ({ method: 'POST', path: `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All`, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }] }, validations: [{ expression: expression(d), ...(d.maybe(0.3) ? { messageExpression: expression(d) } : {}) }], ...(d.maybe(0.3) ? { variables: [{ name: 'v', expression: expression(d) }] } : {}), ...(d.maybe(0.3) ? { matchConditions: [{ name: 'm', expression: expression(d) }] } : {}) } })) }),
    () => ({ method: 'POST', path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All`, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(d.maybe(0.5) ? crd(expression(d)) : d.changed(crd(expression(d))))) }),
    // Questions.
    () => ({ method: 'POST', path: `/apis/${d.of(['authorization.k8s.io/v1/subjectaccessreviews', 'authorization.k8s.io/v1/selfsubjectaccessreviews', 'authorization.k8s.io/v1/selfsubjectrulesreviews', 'authentication.k8s.io/v1/tokenreviews', 'authentication.k8s.io/v1/selfsubjectreviews'])}${query(d)}`, headers: { ...headers(d), 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(d.changed({ spec: { user: 'u', groups: ['g'], token: 't', namespace: NS, resourceAttributes: { verb: 'get', resource: 'pods', namespace: NS }, extra: { a: ['b'] } } })) ?? '') }),
  ])();
}

export const crd = (rule: string, group = 'fuzz.example.com', plural = 'things'): object => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` },
  spec: { group, scope: 'Namespaced', names: { plural, singular: plural.slice(0, -1), kind: 'Thing', listKind: 'ThingList' }, versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } }, additionalPrinterColumns: [{ name: 'N', type: 'integer', jsonPath: '.spec.n' }], schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-validations': [{ rule }], properties: { n: { type: 'integer', minimum: 0, default: 1 }, s: { type: 'string', maxLength: 50, pattern: '^[a-z]*$' }, list: { type: 'array', maxItems: 10, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object', required: ['k'], properties: { k: { type: 'string', maxLength: 10 }, v: { 'x-kubernetes-int-or-string': true } } } }, any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }, status: { type: 'object', properties: { n: { type: 'integer' } } } } } } }] },
});
