// The composition root: starts one host's control plane, node agents, network and (if asked) user interface, in the order in which
// they need each other, and stops them in reverse.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { alsoServed } from '../api/kinds/also-served.ts';
import { kinds } from '../api/kinds/index.ts';
import type { Node } from '../api/types/kubernetes.ts';
import { createApiServer, type ApiServer } from '../apiserver/api-server.ts';
import { LogFile } from '../apiserver/audit/log-file.ts';
import type { UserInfo } from '../apiserver/context.ts';
import { createConnect } from '../apiserver/subresources/connect.ts';
import { createNodeStats } from '../apiserver/virtual/node-stats.ts';
import type { Clock } from '../base/clock.ts';
import { Figures } from '../base/figures.ts';
import type { Log } from '../base/log.ts';
import { Client } from '../client/client.ts';
import { createRecorder } from '../client/create-recorder.ts';
import { createInformerFactory } from '../client/informer-factory.ts';
import type { InformerFactory } from '../client/informer.ts';
import { unknownControllers } from '../controllers/enabled.ts';
import { controllers as allControllers } from '../controllers/index.ts';
import { keepable, startControllers } from '../controllers/start.ts';
import { nodeIpOf, nth, podCidrOf } from '../base/cidr.ts';
import { machineUpstreams } from '../network/dns/server.ts';
import { Network } from '../network/network.ts';
import { COMPONENT_PORTS } from '../node/mirror-pods.ts';
import { unmountBelow } from '../node/volumes/memory.ts';
import { deviceMatches } from '../apiserver/cel/device-selector.ts';
import { startScheduler } from '../scheduler/scheduler.ts';
import { openStore } from '../store/open.ts';
import { bootstrapNamespaces, bootstrapObjects } from './bootstrap.ts';
import { hasControlPlaneRole, keepControlPlaneRole } from './control-plane-role.ts';
import { identity, identityOf, type Identity } from './identity.ts';
import { keepHeapSmall } from './heap.ts';
import { kubeconfigText, writePrivate, type Access } from './kubeconfig.ts';
import { startNode, type RunningNode } from './nodes.ts';
import type { UpOptions } from './options.ts';
import { ensurePrivateDir, lockDataDir } from './paths.ts';
import { Pki } from './pki.ts';
import { listening, UsageError } from './refusal.ts';
import { chooseRuntime, removeContainers, type ChosenRuntime } from './runtimes.ts';
import { GIT_COMMIT, GIT_VERSION } from './version.ts';
import { volumeDirectories } from './volume-directories.ts';
import { controllerUser, MANAGER, managerOf, nodeUser, SCHEDULER, SERVER } from './workers.ts';

/** Puts the user interface in front of a cluster; resolves with its URL. Given from outside: core knows no windows. */
export type ServeUi = (o: { listen: { host: string; port: number }; access: Access; dataDir: string; runtime: string; log: Log }) => Promise<{ url: string; close(): Promise<void> }>;

export interface StartContext { clock: Clock; log: Log; /** One line of progress for people. */ say(text: string): void; serveUi?: ServeUi }

export interface RunningCluster {
  server: string;
  /** Path of the kubeconfig file. */
  kubeconfig: string;
  ui: string | undefined;
  runtime: string;
  close(o: { leaveRunning: boolean }): Promise<void>;
}

/** Things to undo, last first; one that fails does not keep the others from being undone. */
class Undo {
  readonly #steps: { what: string; step: () => unknown }[] = [];
  readonly #log: Log;
  constructor(log: Log) { this.#log = log; }
  push(what: string, step: () => unknown): void { this.#steps.push({ what, step }); }
  async run(): Promise<void> {
    for (const { what, step } of this.#steps.splice(0).reverse()) {
      try { await step(); } catch (e) { this.#log.error(`stopping ${what}`, { error: e }); }
    }
  }
}

const apiHosts = (c: { serviceCidr: string; podCidr: string; listen: string }): string[] => [
  'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local',
  '127.0.0.1', '::1', nth(c.serviceCidr, 1), nodeIpOf(c.podCidr, 1), ...(['0.0.0.0', '::', '127.0.0.1', 'localhost'].includes(c.listen) ? [] : [c.listen]),
];

/** Resolves when the API answers and every node is Ready. What was started is stopped again when a step fails. */
export async function startCluster(given: UpOptions, ctx: StartContext): Promise<RunningCluster> {
  const { clock, log, say } = ctx;
  keepHeapSmall();
  const unknown = unknownControllers(allControllers, given.controllers);
  if (unknown.length) throw new UsageError(unknown.map(word => `"${word}" is not in the list of known controllers`).join(', '));
  const undo = new Undo(log);
  let leaveRunning = false;
  ensurePrivateDir(given.data);
  const lock = lockDataDir(given.data);
  undo.push('lock', () => lock.release());
  try {
    const id = identity(given.data, given);
    const o = { ...given, podCidr: id.podCidr, serviceCidr: id.serviceCidr };
    const [store, pki, runtime] = await Promise.all([
      openStore({ dir: join(o.data, 'store'), log: log.child('store'), clock }),
      Pki.open(join(o.data, 'pki'), clock.now()),
      o.nodes > 0 ? chooseRuntime(o.runtime) : undefined,
    ]);
    undo.push('store', () => store.close());
    if (runtime) say(`runtime: ${runtime.name} (${runtime.why})`);

    const serving = await pki.issue('apiserver', { commonName: 'kube-apiserver', hosts: apiHosts({ serviceCidr: o.serviceCidr, podCidr: o.podCidr, listen: o.listen.host }) });
    const admin = await pki.issue('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'] });
    const kubelet = await pki.issue('apiserver-kubelet-client', { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] });
    // An authority of its own: whoever it signs for may say who stands behind a request.
    const frontProxy = await Pki.open(join(o.data, 'pki', 'front-proxy'), clock.now());
    let connect: ReturnType<typeof createConnect> | undefined;
    const auditLog = o.audit && new LogFile(o.audit.log, clock, log.child('audit'));
    if (auditLog) undo.push('audit log', () => auditLog.close());
    const api: ApiServer = createApiServer({
      ...(auditLog ? { audit: { policy: o.audit!.policy, write: line => auditLog.write(line) } } : {}),
      store, kinds: [...kinds, ...alsoServed], clock, log, gitVersion: GIT_VERSION, gitCommit: GIT_COMMIT, serviceCidr: o.serviceCidr, clientCa: pki.ca.cert, serviceAccountKey: await pki.serviceAccountKey(),
      tokens: new Map([[pki.token('admin'), { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }]]),
      frontProxy: { ...await frontProxy.issue('front-proxy-client', { commonName: 'front-proxy-client' }), ca: frontProxy.ca.cert },
      disabledAdmission: o.disabledAdmission, enabledAdmission: o.enabledAdmission, ...(o.admissionConfiguration ? { admissionConfiguration: o.admissionConfiguration } : {}), connect: lookup => { connect = createConnect(lookup, { ...kubelet, ca: pki.ca.cert }); return connect; },
      nodeStats: lookup => createNodeStats(lookup, { ...kubelet, ca: pki.ca.cert }, clock),
    });
    undo.push('API server', () => { connect?.close(); return api.close(); });
    const tls = { cert: serving.cert, key: serving.key };
    const port = await listening('--listen', o.listen, api.listen(o.listen.host, o.listen.port, tls));
    const server = `https://${o.listen.host.includes(':') ? `[${o.listen.host}]` : o.listen.host === '0.0.0.0' ? '127.0.0.1' : o.listen.host}:${port}`;
    say(`API server: ${server}`);
    const access: Access = { server, ca: pki.ca.cert, ...admin };
    writePrivate(join(o.data, 'access.json'), JSON.stringify(access));
    const kubeconfig = o.kubeconfig ?? join(o.data, 'kubeconfig');
    writePrivate(kubeconfig, kubeconfigText(access));

    const clientFor = (user: UserInfo): Client => new Client(api.localTransport(user), managerOf(user));
    const system = clientFor(SERVER);
    await bootstrapNamespaces(system);

    // The guard of the network stands before any address is handed out.
    const names = Array.from({ length: o.nodes }, (_, i) => `node-${i + 1}`);
    const real = runtime !== undefined && runtime.name !== 'simulated';
    const dnsIp = nth(o.serviceCidr, 10);
    const network = await Network.open({
      clusterId: id.id, serviceCidr: o.serviceCidr, podCidr: o.podCidr, dnsIp, real, clock, log: log.child('network'),
      nodeIps: names.map((_, i) => nodeIpOf(o.podCidr, i + 1)), ...upstreams(),
    });
    undo.push('network', () => network.close(leaveRunning));
    if (real) say(network.mode === 'nft' ? 'services: nftables' : `services: node ports on 127.0.0.1 only, and no cluster addresses inside pods (${network.why}; they need Linux, root and nftables)`);
    // Where the cluster's DNS address leads nowhere, pods at least find names outside.
    const podDns = real && network.mode === 'userspace' ? machineUpstreams().find(u => !u.host.startsWith('127.'))?.host ?? dnsIp : dnsIp;
    const hostIp = (i: number): string => (network.mode === 'nft' ? nodeIpOf(o.podCidr, i) : '127.0.0.1');
    // Pods reach the API server at the first node's address; the loopback listener stays for people. Where no pod has a real address
    // the endpoint is as nominal as they are: Kubernetes refuses loopback addresses in endpoints.
    const apiHost = nodeIpOf(o.podCidr, 1);
    if (network.mode === 'nft') {
      await api.listen(apiHost, port, tls);
      // Where a monitoring that knows Kubernetes looks for the manager and the scheduler. Nothing hangs on it: should the address be shared with another cluster, that one keeps the port.
      for (const at of Object.values(COMPONENT_PORTS)) await api.listen(apiHost, at, tls, /^\/(metrics|healthz|livez|readyz)(\/|$)/).catch((error: unknown) => { log.info('metrics are on the API server alone', { port: at, error }); });
    }
    await Promise.all([api.keepOwnObjects(), bootstrapObjects(system, { serviceCidr: o.serviceCidr, apiServiceIp: nth(o.serviceCidr, 1), dnsIp, apiHost, apiPort: port, clusterCa: pki.ca.cert, frontProxyCa: frontProxy.ca.cert, server })]);

    const shared = createInformerFactory(clientFor(MANAGER), { clock, log: log.child('informers') });
    undo.push('informers', () => shared.stop());
    await network.start(shared);

    const figures = new Figures();
    const controllers = await startControllers({
      figures, client: clientFor(MANAGER), informers: shared, clock, log: log.child('controllers'), only: o.controllers, config: { rootCa: pki.ca.cert, volumes: volumeDirectories(o.data), signSecretToken: (...args) => api.tokens.signForSecret(...args), signCertificate: (...args) => pki.signRequest(...args), resources: () => keepable(api.kinds()) },
      clientFor: account => clientFor(controllerUser(account)),
      recorderFor: (component, client) => createRecorder(client, { component, clock, log }),
    });
    undo.push('controllers', () => controllers.stop());
    if (o.scheduler) {
      const client = clientFor(SCHEDULER);
      const scheduler = await startScheduler({ figures, client, informers: shared, recorder: createRecorder(client, { component: 'default-scheduler', clock, log }), recorderFor: component => createRecorder(client, { component, clock, log }), clock, log: log.child('scheduler'), selectDevice: deviceMatches, ...o.schedulerConfiguration });
      undo.push('scheduler', () => scheduler.stop());
    }
    // One process, one page: what Kubernetes serves from its manager and its scheduler stands beside what its API server counts.
    api.metrics.addFamily(...figures.all());
    if (runtime) undo.push('runtime', () => (leaveRunning ? undefined : runtime.reset(o.data, id.id, o.podCidr, log)));
    if (runtime) keepControlPlaneRole(shared, system, names[0]!, log);
    const nodes = await startNodes(o, names, runtime, { pki, clientFor, shared, hostIp, drained: ip => network.drained(ip), dnsIp: podDns, id, clock, log });
    undo.push('nodes', () => Promise.all(nodes.map(n => n.close({ leaveRunning }))));
    await shared.start();
    await allReady(shared, names, say);

    let ui: { url: string; close(): Promise<void> } | undefined;
    if (o.ui && ctx.serveUi) {
      ui = await listening('--ui', o.ui, ctx.serveUi({ listen: o.ui, access, dataDir: o.data, runtime: runtime?.name ?? 'none', log: log.child('ui') }));
      undo.push('user interface', () => ui!.close());
      say(`user interface: ${ui.url}`);
    }
    say(`kubectl is now configured to use the cluster with: export KUBECONFIG=${kubeconfig}`);
    return {
      server, kubeconfig, ui: ui?.url, runtime: runtime?.name ?? 'none',
      async close(c) { leaveRunning = c.leaveRunning; await undo.run(); },
    };
  } catch (e) {
    await undo.run();
    throw e;
  }
}

/** Where names outside the cluster are asked: `PILOTHOUSE_DNS_UPSTREAM` is `none` or `address[:port]`; the machine's own resolvers without it. */
function upstreams(env = process.env.PILOTHOUSE_DNS_UPSTREAM): { upstreams?: { host: string; port: number }[] } {
  if (!env) return {};
  if (env === 'none') return { upstreams: [] };
  const [host, port] = env.split(':') as [string, string?];
  return { upstreams: [{ host, port: Number(port ?? 53) }] };
}

interface NodeSeam {
  pki: Pki; clientFor(user: UserInfo): Client; shared: InformerFactory; hostIp(index: number): string; drained(ip: string): Promise<void>;
  dnsIp: string; id: Identity; clock: Clock; log: Log;
}

async function startNodes(o: UpOptions & { podCidr: string }, names: readonly string[], runtime: ChosenRuntime | undefined, s: NodeSeam): Promise<RunningNode[]> {
  if (!runtime) return [];
  // One serving certificate for all agents of this host: they are one process.
  const serving = await s.pki.issue('nodes', { commonName: 'system:node', organizations: ['system:nodes'], hosts: ['127.0.0.1', 'localhost', ...names, ...names.map((_, i) => s.hostIp(i + 1))] });
  const started = await Promise.allSettled(names.map((name, i) => startNode({
    name, index: i + 1, controlPlane: i === 0, dataDir: join(o.data, 'nodes', name), runtime, clusterId: s.id.id,
    clusterPodCidr: o.podCidr, podCidr: podCidrOf(o.podCidr, i + 1), gateway: nth(o.podCidr, 1), hostIp: s.hostIp(i + 1), dnsIp: s.dnsIp, drained: s.drained,
    client: s.clientFor(nodeUser(name)), informers: s.shared, tls: serving, clientCa: s.pki.ca.cert, version: GIT_VERSION, clock: s.clock, log: s.log.child(name),
  })));
  const nodes = started.flatMap(r => (r.status === 'fulfilled' ? [r.value] : []));
  const failed = started.find(r => r.status === 'rejected');
  if (!failed) return nodes;
  // All or none: what did start must not outlive the failure.
  await Promise.all(nodes.map(n => n.close({ leaveRunning: false })));
  throw failed.reason;
}

const isReady = (n: Node | undefined): boolean => n?.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false;

async function allReady(informers: InformerFactory, names: readonly string[], say: (text: string) => void): Promise<void> {
  if (names.length === 0) return;
  const informer = informers.for<Node>(nodeKind);
  await new Promise<void>(resolve => {
    let off: (() => void) | undefined;
    const check = (): void => {
      if (!names.every(n => isReady(informer.lister.get(undefined, n))) || !hasControlPlaneRole(informer.lister.get(undefined, names[0]!))) return;
      off?.();
      resolve();
    };
    off = informer.on({ add: check, update: check });
    check();
  });
  say(`nodes: ${names.length} Ready`);
}

/** Removes the containers, addresses and rules that a cluster whose host is gone has left on the machine. */
export async function removeLeftovers(data: string, log: Log): Promise<void> {
  const { id, podCidr } = identityOf(data);
  await removeContainers(data, id, podCidr, log);
  await Network.removeLeftovers(id, podCidr);
  // The nodes' memory file systems outlive a host that was killed, and a directory with a mount in it cannot be removed.
  await unmountBelow(realpathSync(data));
}
