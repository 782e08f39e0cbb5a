// The API server: wires the chain over a store. Everything in the process and on the network speaks to the cluster through it.
import type { Service } from '../api/types/kubernetes.ts';
import type { KindSpec } from '../api/kinds/kind.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Client, type Transport } from '../client/client.ts';
import type { Store } from '../store/store.ts';
import { builtInPlugins } from './admission/built-in.ts';
import { certificatePlugins } from './admission/certificates.ts';
import { Auditor } from './audit/audit.ts';
import type { Policy } from './audit/policy.ts';
import { nodeRestriction } from './admission/node-restriction.ts';
import { AdmissionChain, type AdmissionPlugin } from './admission/chain.ts';
import { dynamicPlugins } from './admission/dynamic.ts';
import { expressionHook } from './admission/expression-errors.ts';
import { paramRights } from './admission/policies/read-rights.ts';
import { keepTypeChecked } from './admission/policies/type-check.ts';
import type { AdmissionConfiguration } from './admission/configuration.ts';
import { pluginsInOrder } from './admission/plugins.ts';
import { quotaEnv } from './admission/quota/write-status.ts';
import { ResourceQuotas } from './admission/quota/resource-quota.ts';
import { AddressObjects } from './allocators/address-objects.ts';
import { ClusterIps } from './allocators/cluster-ip.ts';
import { NodePorts } from './allocators/node-port.ts';
import { repair, serviceHook } from './allocators/service.ts';
import { privilegedGroup } from './authz/always.ts';
import { union } from './authz/authorizer.ts';
import { nodeAuthorizer } from './authz/node.ts';
import { escalationCheck } from './authz/rbac/escalation.ts';
import { Rbac } from './authz/rbac/rbac.ts';
import { reconcileDefaults } from './authz/rbac/reconcile.ts';
import { Authenticator } from './authn/authenticator.ts';
import { legacyTokenUse, trackedSince } from './authn/legacy-tokens.ts';
import { ServiceAccountTokens } from './authn/service-account-tokens.ts';
import type { UserInfo } from './context.ts';
import { writeYaml } from './codec/yaml.ts';
import { conversionWebhook } from './crd/conversion-webhook.ts';
import { startDefinitionController } from './crd/controller.ts';
import { withDefinitionChecks } from './crd/definition-checks.ts';
import { rulesFor } from './crd/rules.ts';
import { ServedCustomResources } from './crd/served.ts';
import { createDiscovery } from './discovery/discovery.ts';
import { SERVER_CHECKS, type HealthCheck } from './discovery/health.ts';
import { Metrics } from './discovery/metrics.ts';
import { Resources } from './dispatch.ts';
import { Aggregator, type FrontProxy } from './aggregation/aggregator.ts';
import type { RemoteApis } from './aggregation/remote-discovery.ts';
import { ensureFlowControl, keepDangling } from './flowcontrol/bootstrap.ts';
import { dump } from './flowcontrol/dump.ts';
import { flowMetrics } from './flowcontrol/metrics.ts';
import { FlowControl } from './flowcontrol/flow-control.ts';
import { keepLocal, registerLocal } from './aggregation/registration.ts';
import { HttpServer, type ConnectHandler, type PathHandler } from './http/server.ts';
import { LocalTransport } from './local-transport.ts';
import { startEventExpiry } from './registry/event-expiry.ts';
import type { RegistryEnv, SubresourceEnv, WriteHook } from './registry/env.ts';
import { randomIdentities, type Identities } from './registry/identities.ts';
import { Resource } from './registry/resource.ts';
import type { NodeStats } from './virtual/node-stats.ts';

export type { UserInfo } from './context.ts';
export type { ConnectHandler, ConnectRequest } from './http/server.ts';

const NOBODY: RemoteApis['versions'] = [];
/** What the server does of its own accord. */
const SYSTEM: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

export interface ApiServerOptions {
  readonly store: Store;
  /** The kinds served, in discovery order. */
  readonly kinds: readonly KindSpec[];
  readonly clock: Clock;
  readonly log: Log;
  /** Where names and uids of new objects come from; chance where nothing is said. */
  readonly identities?: Identities;
  /** `10.96.0.0/16`. */
  readonly serviceCidr: string;
  /** First and last; default 30000-32767. */
  readonly nodePortRange?: readonly [number, number];
  /** PEM of the authority whose client certificates are believed: CN is the user, every O a group. */
  readonly clientCa?: string;
  /** Who this server is to aggregated servers; without it none is asked. */
  readonly frontProxy?: FrontProxy;
  /** Static bearer tokens. */
  readonly tokens?: ReadonlyMap<string, UserInfo>;
  /** PKCS#8 PEM (EC P-256 or RSA) that signs service-account tokens. */
  readonly serviceAccountKey: string;
  /** Default `https://kubernetes.default.svc.cluster.local`. */
  readonly serviceAccountIssuer?: string;
  /** Plug-ins that shall not run, by Kubernetes' names: `ServiceAccount`, `PodSecurity`… */
  readonly disabledAdmission?: readonly string[];
  /** Those that are off where nothing is said: `AlwaysPullImages`, `PodNodeSelector`… */
  readonly enabledAdmission?: readonly string[];
  /** What plug-ins are told, as of `--admission-control-config-file`. */
  readonly admissionConfiguration?: AdmissionConfiguration;
  /** `v1.36.0+pilothouse.0.1.0`. */
  readonly gitVersion: string;
  readonly gitCommit?: string;
  /** Keeps an audit log when given: `write` gets one JSON line per event. */
  readonly audit?: { readonly policy: Policy; write(line: string): void };
  /** For /healthz, /livez and /readyz, besides the server's own. */
  readonly checks?: readonly HealthCheck[];
  /** Serves log, exec, attach, portforward and proxy; without it they answer 500. Gets the server's look-ups. */
  readonly connect?: (server: Lookup) => ConnectHandler;
  /** Reads what nodes measure, for metrics.k8s.io; without it no node and no pod has metrics. */
  readonly nodeStats?: (server: Lookup) => NodeStats;
}

/** Direct reads for the parts of the server that are not verbs. Objects are shared: never mutate. */
export interface Lookup { get(group: string, plural: string, namespace: string, name: string): object | undefined }

export interface ApiServer extends Lookup {
  /** Every kind served now, custom resources too; another array when one came or went. */
  kinds(): readonly KindSpec[];
  /** Listens for HTTPS; resolves with the port. May be called more than once. Where `only` is given, just the paths it fits are there. */
  listen(host: string, port: number, tls: { cert: string; key: string }, only?: RegExp): Promise<number>;
  /** Writes the objects the server keeps of itself (flow schemas, priority levels, APIServices) and keeps them until `close`. */
  keepOwnObjects(): Promise<void>;
  /** The same chain in process: no socket, no JSON; watch events carry shared decoded objects. */
  localTransport(user: UserInfo): Transport;
  readonly metrics: Metrics;
  /** Signs and checks service-account tokens. */
  readonly tokens: ServiceAccountTokens;
  /** Ends watches and connections. The store stays open. */
  close(): Promise<void>;
}

/** The API server over an open store. Nothing listens yet; workers in the process use `localTransport`. */
export function createApiServer(o: ApiServerOptions): ApiServer {
  const { store, clock } = o;
  const log = o.log.child('apiserver');
  const resources = new Resources();
  for (const spec of o.kinds) {
    const stored = spec.storedAs && o.kinds.find(k => k.group === spec.storedAs!.group && k.plural === spec.storedAs!.plural);
    resources.add(stored ? new Resource(spec, stored, spec.convert) : new Resource(withDefinitionChecks(spec)));
  }

  const ips = new ClusterIps(o.serviceCidr), ports = new NodePorts(...(o.nodePortRange ?? []));
  const hooks = new Map<Resource, WriteHook>(), addresses = new AddressObjects(() => env);
  for (const r of resources.all()) {
    const expressions = expressionHook(`${r.spec.group}/${r.spec.plural}`);
    if (expressions) hooks.set(r, expressions);
    if (!r.spec.allocators?.length) continue;
    hooks.set(r, serviceHook(ips, ports, addresses));
    for (const trouble of repair(store.range({ prefix: r.prefix }).entries.map(e => r.stateOf(e) as Service), ips, ports)) log.warn(trouble);
  }

  const tokens = new ServiceAccountTokens(o.serviceAccountKey, o.serviceAccountIssuer ?? 'https://kubernetes.default.svc.cluster.local', clock);
  const reader = (): RegistryEnv => env;
  const quotas = new ResourceQuotas(() => quotaEnv(env), o.admissionConfiguration?.limitedResources);
  const rbac = new Rbac(store, plural => resources.find('rbac.authorization.k8s.io', plural));
  const makeNamespace = (name: string): Promise<unknown> => new LocalTransport(env, resources, paths, { name: 'system:apiserver', groups: ['system:masters'] })
    .request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } });
  const plugins: AdmissionPlugin[] = [...builtInPlugins(reader, makeNamespace), ...dynamicPlugins(reader), escalationCheck(() => rbac, () => env.authorizer), paramRights(reader), quotas];
  plugins.push(...certificatePlugins(reader), nodeRestriction(reader));
  const env: RegistryEnv & SubresourceEnv = {
    store, clock, log, tokens, rbac, identities: o.identities ?? randomIdentities, authorizer: union([privilegedGroup('system:masters'), nodeAuthorizer(reader), rbac]), admission: new AdmissionChain(pluginsInOrder(plugins, o.enabledAdmission ?? [], o.disabledAdmission ?? [])),
    find: (group, plural) => resources.find(group, plural), findKind: (group, version, kind) => resources.findKind(group, version, kind), sharing: r => resources.sharing(r), hook: r => hooks.get(r), bearer: (token, audiences) => authenticator.bearer(token, audiences),
  };

  const authenticator = new Authenticator(env, o.tokens ?? new Map(), tokens);
  if (o.frontProxy?.ca) authenticator.trustFrontProxy(o.frontProxy.ca, ['front-proxy-client']);
  const metrics = new Metrics();
  let address = '';
  let closing = false;
  let policy: Promise<void> | undefined;
  const checks: HealthCheck[] = [
    // Clients know the store by this name.
    { name: 'etcd', check: () => store.failure?.message },
    { name: 'etcd-readiness', only: 'readyz', check: () => store.failure?.message },
    ...SERVER_CHECKS,
    { name: 'shutdown', only: 'readyz', check: () => (closing ? 'process is shutting down' : undefined) },
    ...(o.checks ?? []),
  ];
  const lookup: Lookup = {
    get(group, plural, namespace, name) {
      const r = resources.find(group, plural), e = r && store.get(r.key(namespace, name));
      return e && r!.objectOf(e);
    },
  };
  const definitions = resources.find('apiextensions.k8s.io', 'customresourcedefinitions');
  const served = definitions && new ServedCustomResources({ env, resources, definitions, builtIn: o.kinds, rulesFor, converter: crd => conversionWebhook(crd, env) });
  served?.start();
  const kinds = (): readonly KindSpec[] => served?.kinds ?? o.kinds;
  let aggregator: Aggregator | undefined;
  const remote: RemoteApis = { get versions() { return aggregator?.versions ?? NOBODY; }, read: (...args) => aggregator!.read(...args) };
  const discovery = createDiscovery({ kinds, remote, gitVersion: o.gitVersion, gitCommit: o.gitCommit ?? '0'.repeat(40), checks, metrics, serverAddress: () => address });
  const paths: PathHandler = (method, path, headers, query) => {
    if (path === '/openid/v1/jwks') return { status: 200, headers: { 'content-type': 'application/jwk-set+json' }, body: JSON.stringify(tokens.jwks()) };
    if (path === '/.well-known/openid-configuration') return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(tokens.discovery(`https://${address}/openid/v1/jwks`)) };
    if (path.startsWith('/debug/')) return dump(flow, path);
    return discovery.handle(method, path, headers, query);
  };
  const flow = new FlowControl(env);
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(o.gitVersion) ?? [];
  metrics.addFamily(
    ...flowMetrics(flow),
    { name: 'kubernetes_build_info', help: 'What this server is.', type: 'gauge', read: () => [[{ git_version: o.gitVersion, go_version: `node ${process.version}`, major, minor, platform: `${process.platform}/${process.arch}` }, 1]] },
    { name: 'apiserver_storage_objects', help: 'Stored objects by resource.', type: 'gauge', read: () => [...new Map([...resources.all()].map(r => [r.prefix, r])).values()].map(r => [{ resource: r.stored.group ? `${r.stored.plural}.${r.stored.group}` : r.stored.plural }, store.count(r.prefix)]) },
    { name: 'aggregator_unavailable_apiservice', help: 'APIServices whose server cannot be reached.', type: 'gauge', read: () => (aggregator?.versions ?? []).map(v => [{ name: `${v.version}.${v.group}` }, v.stale ? 1 : 0]) },
  );
  metrics.add({ name: 'serviceaccount_valid_tokens_total', help: 'Cumulative valid projected service account tokens used', type: 'counter', read: () => authenticator.projected.valid });
  metrics.add({ name: 'serviceaccount_stale_tokens_total', help: 'Cumulative stale projected service account tokens used', type: 'counter', read: () => authenticator.projected.stale });
  const auditor = o.audit && new Auditor(o.audit.policy, clock, line => o.audit!.write(line));
  const transport = (user: UserInfo): Transport => new LocalTransport(env, resources, paths, user, auditor, () => aggregator);
  const secrets = resources.find('', 'secrets');
  if (secrets) authenticator.legacyUsed = legacyTokenUse(new Client(transport(SYSTEM), 'kube-apiserver'), secrets.spec, clock, log);
  aggregator = o.frontProxy && new Aggregator(env, new Client(transport(SYSTEM), 'kube-aggregator'), o.frontProxy);
  const http = new HttpServer({
    auditor, flow, aggregator, env, resources, authenticator, paths, connect: o.connect?.(lookup), metrics, yaml: { stringify: writeYaml }, log });
  if (o.nodeStats) env.nodeStats = o.nodeStats(lookup);
  if (!o.disabledAdmission?.includes(quotas.name)) quotas.start();
  const events = resources.find('', 'events');
  const expiry = events && startEventExpiry(env, events);

  const kept: { close(): void }[] = [keepTypeChecked(env, (group, version, plural) => resources.peek({ group, version, plural }), new Client(transport(SYSTEM), 'kube-apiserver'))];
  const keeper = definitions && startDefinitionController(env, definitions, o.kinds, new Client(transport(SYSTEM), 'kube-apiserver'));

  return {
    metrics, tokens, kinds,
    async keepOwnObjects() {
      const client = new Client(transport(SYSTEM), 'kube-apiserver');
      const configMaps = resources.find('', 'configmaps');
      await Promise.all([ensureFlowControl(client), registerLocal(client, kinds()), addresses.repair(), configMaps && trackedSince(client, configMaps.spec, clock)]);
      kept.push(addresses.keep(), keepDangling(env, client), keepLocal(env, client, kinds));
    },
    get: (...args) => lookup.get(...args),
    async listen(host, port, tls, only) {
      const actual = await http.listen(host, port, { ...tls, ca: [o.clientCa, o.frontProxy?.ca].filter(c => c !== undefined) }, only);
      address ||= `${host.includes(':') ? `[${host}]` : host}:${actual}`;
      metrics.start();
      policy ??= reconcileDefaults(env).then(() => rbac.defaultsWritten());
      await policy;
      return actual;
    },
    localTransport: transport,
    async close() {
      closing = true;
      expiry?.cancel();
      keeper?.stop();
      served?.stop();
      quotas.stop();
      for (const k of kept) k.close();
      flow.close();
      aggregator?.close();
      metrics.stop();
      rbac.close();
      await http.close();
    },
  };
}
