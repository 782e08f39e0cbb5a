// Everything a server answers that is no resource: discovery, version, health, metrics, OpenAPI, and 404 for the rest.
import { arch, platform } from 'node:process';
import type { KindSpec } from '../../api/kinds/kind.ts';
import { methodNotAllowed, notAcceptable } from '../../api/meta/status.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import type { RemoteApis, RemoteVersion } from '../aggregation/remote-discovery.ts';
import { parseAccept } from '../http/negotiate.ts';
import { createOpenApi } from '../openapi/openapi.ts';
import { aggregatedType, groupDiscoveryList, type DiscoveryVersion } from './aggregated.ts';
import { documentOf, header, json, notFound, serve, statusAnswer, text, type Answer, type Document, type Headers } from './answer.ts';
import { groupsOf, withRemote, type Group } from './groups.ts';
import { health, HEALTH_PATH, namesOf, type HealthCheck } from './health.ts';
import { apiGroupList, apiGroupOf, apiResourceList, apiVersions } from './legacy.ts';
import type { Metrics } from './metrics.ts';

export interface DiscoveryOptions {
  /** The kinds served now. A new array (after a CRD came or went) renews every document; the same array is taken as unchanged. */
  readonly kinds: () => readonly KindSpec[];
  /** `v1.36.0+pilothouse.0.1.0`. */
  /** What other servers answer for; a new array when it changed. */
  readonly remote?: RemoteApis;
  readonly gitVersion: string;
  /** 40 hexadecimal digits: clients refuse a version without. */
  readonly gitCommit: string;
  readonly checks?: readonly HealthCheck[];
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** `host:port` clients reach the server by. */
  readonly serverAddress?: () => string;
}

export interface Discovery {
  /**
   * The answer to a path that names no resource; undefined when the path belongs to the resource handlers. Only the OpenAPI
   * documents are made on demand and come as a promise.
   */
  handle(method: string, path: string, headers: Headers, query: URLSearchParams): Answer | Promise<Answer> | undefined;
}

const GROUP_PATH = /^\/apis\/([^/]+)\/?$/, VERSION_PATH = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/?$/;
const OWN_ROOTS = new Set(['', 'api', 'apis', 'version', 'healthz', 'livez', 'readyz', 'metrics', 'openapi', 'swagger-2.0.0.pb-v1']);

/** Answers discovery, OpenAPI, version, health and metrics for the kinds of the moment; documents are made on first demand. */
export function createDiscovery(o: DiscoveryOptions): Discovery {
  const openapi = createOpenApi({ kinds: o.kinds, remote: o.remote, gitVersion: o.gitVersion, clock: o.clock ?? systemClock });
  let seen: readonly KindSpec[] | undefined, seenRemote: readonly RemoteVersion[] | undefined, groups: Group[] = [];
  const documents = new Map<string, Document>();

  /** The document of that name for the kinds of now. */
  const cached = (name: string, contentType: string, make: () => object): Document => {
    let d = documents.get(name);
    if (!d) documents.set(name, d = documentOf(contentType, Buffer.from(JSON.stringify(make()))));
    return d;
  };

  const root = (core: boolean, headers: Headers): Answer => {
    const wanted = negotiateDiscovery(header(headers, 'accept'));
    if (wanted === undefined) return statusAnswer(notAcceptable(`only the following media types are accepted: application/json, ${aggregatedType('v2')}, ${aggregatedType('v2beta1')}`));
    if (wanted !== 'legacy') return serve(cached(`${core} ${wanted}`, aggregatedType(wanted), () => groupDiscoveryList(groups, core, wanted)), headers);
    return serve(cached(`${core}`, 'application/json', () => (core ? apiVersions(groups, o.serverAddress?.() ?? '') : apiGroupList(groups))), headers);
  };

  return {
    handle(method, path, headers, query) {
      const first = path.split('/', 2)[1] ?? '';
      if (!OWN_ROOTS.has(first)) return json({ paths: rootPaths(groups, o.checks ?? []) }, 404);
      const kinds = o.kinds();
      const remote = o.remote?.versions;
      if (kinds !== seen || remote !== seenRemote) {
        seen = kinds;
        seenRemote = remote;
        groups = renewed(groups, remote?.length ? withRemote(groupsOf(kinds), remote) : groupsOf(kinds), documents);
      }
      const group = GROUP_PATH.exec(path), version = group ? null : VERSION_PATH.exec(path);
      if ((first === 'api' || first === 'apis') && !group && !version && path.replace(/\/$/, '') !== `/${first}`) return undefined;
      if (method !== 'GET' && method !== 'HEAD') return statusAnswer(methodNotAllowed());
      if (first === 'api' || first === 'apis') {
        if (group) {
          const g = groups.find(x => x.group === group[1]);
          return g && g.group !== '' ? serve(cached(path, 'application/json', () => apiGroupOf(g)), headers) : notFound();
        }
        if (version) {
          const [, name = '', wanted] = version;
          const v = groups.find(x => x.group === name)?.versions.find(x => x.version === wanted);
          return v && !v.remote ? serve(cached(path, 'application/json', () => apiResourceList(name, v.version, v.kinds)), headers) : notFound();
        }
        return root(first === 'api', headers);
      }
      if (first === 'openapi' || first === 'swagger-2.0.0.pb-v1') return openapi.handle(path, headers, query);
      if (HEALTH_PATH.test(path)) return health(path, query, o.checks ?? []);
      switch (path.replace(/\/$/, '')) {
        case '': return json({ paths: rootPaths(groups, o.checks ?? []) });
        case '/version': return json(versionInfo(o));
        case '/metrics': return o.metrics ? { ...text(o.metrics.render()), headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } } : notFound();
        default: return json({ paths: rootPaths(groups, o.checks ?? []) }, 404);
      }
    },
  };
}

/** Drops the documents of what changed: the roots, and the groups whose kinds are others now. */
function renewed(before: readonly Group[], now: Group[], documents: Map<string, Document>): Group[] {
  const same = (a: Group, b: Group): boolean => a.versions.length === b.versions.length && a.versions.every((v, i) => v.version === b.versions[i]!.version && v.remote === b.versions[i]!.remote && v.kinds.length === b.versions[i]!.kinds.length && v.kinds.every((k, j) => k === b.versions[i]!.kinds[j]));
  const kept = new Set(before.filter(g => now.some(n => n.group === g.group && same(g, n))).map(g => g.group));
  for (const name of documents.keys()) {
    const path = GROUP_PATH.exec(name) ?? VERSION_PATH.exec(name);
    if (!path || !kept.has(path[1] ?? '')) documents.delete(name);
  }
  return now;
}

/** Which form of /api and /apis the client likes best; undefined when it takes none of ours. */
function negotiateDiscovery(accept: string | undefined): DiscoveryVersion | 'legacy' | undefined {
  if (accept === undefined || accept === '') return 'legacy';
  for (const { type, params } of parseAccept(accept)) {
    if (type === '*/*' || type === 'application/*') return 'legacy';
    if (type !== 'application/json') continue;
    if (params['as'] === undefined) return 'legacy';
    if (params['as'] === 'APIGroupDiscoveryList' && params['g'] === 'apidiscovery.k8s.io' && (params['v'] === 'v2' || params['v'] === 'v2beta1')) return params['v'];
  }
  return undefined;
}

function rootPaths(groups: readonly Group[], checks: readonly HealthCheck[]): string[] {
  const out = ['/.well-known/openid-configuration', '/api', '/apis', '/metrics', '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/version'];
  for (const endpoint of ['healthz', 'livez', 'readyz']) out.push(`/${endpoint}`, ...namesOf(endpoint, checks).map(name => `/${endpoint}/${name}`));
  for (const g of groups) {
    if (g.group !== '') out.push(`/apis/${g.group}`);
    for (const v of g.versions) out.push(g.group === '' ? `/api/${v.version}` : `/apis/${g.group}/${v.version}`);
  }
  return out.sort();
}

function versionInfo(o: DiscoveryOptions): object {
  const [, major = '1', minor = '36'] = /^v(\d+)\.(\d+)/.exec(o.gitVersion) ?? [];
  return {
    major, minor, emulationMajor: major, emulationMinor: minor, minCompatibilityMajor: major, minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: o.gitVersion, gitCommit: o.gitCommit, gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${process.version}`, compiler: 'v8', platform: `${platform === 'win32' ? 'windows' : platform}/${arch === 'x64' ? 'amd64' : arch}`,
  };
}
