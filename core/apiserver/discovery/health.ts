// /healthz, /livez, /readyz: each with ?verbose, ?exclude= and one path per check.
import { text, type Answer } from './answer.ts';

export interface HealthCheck {
  readonly name: string;
  /** Leave a check that only says whether requests may come out of livez. Default: in all three. */
  readonly only?: 'livez' | 'readyz';
  /** undefined when well, otherwise why not (kept from the answer, as the reason may tell too much). */
  check(): string | undefined;
}

const PING: HealthCheck = { name: 'ping', check: () => undefined };
export const HEALTH_PATH = /^\/(healthz|livez|readyz)(?:\/(.+?))?\/?$/;

const of = (endpoint: string, checks: readonly HealthCheck[]): HealthCheck[] => [PING, ...checks].filter(c => c.only === undefined || c.only === endpoint);
/** What upstream's server starts after it listens, by the names probes and tests ask for; here all of it stands before the first request. */
const STARTED = ['start-apiserver-admission-initializer', 'generic-apiserver-start-informers', 'priority-and-fairness-config-consumer', 'priority-and-fairness-filter', 'start-apiextensions-informers',
  'start-apiextensions-controllers', 'crd-informer-synced', 'start-system-namespaces-controller', 'rbac/bootstrap-roles', 'scheduling/bootstrap-system-priority-classes', 'priority-and-fairness-config-producer',
  'bootstrap-controller', 'start-cluster-authentication-info-controller', 'start-kube-aggregator-informers', 'apiservice-registration-controller', 'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller', 'apiservice-discovery-controller', 'kube-apiserver-autoregistration', 'apiservice-openapi-controller', 'apiservice-openapiv3-controller'];
/** Checks of a whole server, besides those of its parts. */
export const SERVER_CHECKS: readonly HealthCheck[] = [
  { name: 'log', check: () => undefined }, { name: 'informer-sync', only: 'readyz', check: () => undefined },
  ...STARTED.map(name => ({ name: `poststarthook/${name}`, check: () => undefined })), { name: 'autoregister-completion', check: () => undefined },
];
/** Names of an endpoint's checks. */
export const namesOf = (endpoint: string, checks: readonly HealthCheck[]): string[] => of(endpoint, checks).map(c => c.name);

/** Answers a path HEALTH_PATH matches. */
export function health(path: string, query: URLSearchParams, checks: readonly HealthCheck[]): Answer {
  const [, endpoint, single] = HEALTH_PATH.exec(path)!;
  const all = of(endpoint!, checks);
  if (single !== undefined) {
    const c = all.find(x => x.name === single);
    if (!c) return text('404 page not found\n', 404);
    return c.check() === undefined ? text('ok') : text('internal server error: reason withheld\n', 500);
  }
  const excluded = new Set(query.getAll('exclude').flatMap(e => e.split(',')).filter(e => e !== ''));
  let failed = false, lines = '';
  for (const c of all) {
    if (excluded.delete(c.name)) { lines += `[+]${c.name} excluded: ok\n`; continue; }
    if (c.check() === undefined) lines += `[+]${c.name} ok\n`;
    else { failed = true; lines += `[-]${c.name} failed: reason withheld\n`; }
  }
  if (excluded.size) lines += `warn: some health checks cannot be excluded: no matches for ${[...excluded].map(e => JSON.stringify(e)).join(', ')}\n`;
  if (failed) return text(`${lines}${endpoint} check failed\n`, 500);
  return text(query.has('verbose') ? `${lines}${endpoint} check passed\n` : 'ok');
}
