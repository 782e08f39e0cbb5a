// The real API server in memory with the real controllers and scheduler, each as the user it is in a cluster, and nodes whose kubelet is a few lines: pods start at once,
// end at once when asked, and finish when told. Time is turned by hand.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { alsoServed } from '../../core/api/kinds/also-served.ts';
import { kinds } from '../../core/api/kinds/index.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { lease as leaseKind } from '../../core/api/kinds/coordination/lease.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import type { KubeObject, ResourceType } from '../../core/api/meta/object.ts';
import { isConflict, isNotFound } from '../../core/api/meta/status.ts';
import { formatMicroTime, formatTime } from '../../core/api/meta/time.ts';
import type { Lease, Node, Pod } from '../../core/api/types/kubernetes.ts';
import { createApiServer } from '../../core/apiserver/api-server.ts';
import { deviceMatches } from '../../core/apiserver/cel/device-selector.ts';
import type { Measured } from '../../core/apiserver/virtual/node-stats.ts';
import type { UserInfo } from '../../core/apiserver/context.ts';
import { FakeClock } from '../../core/base/clock.ts';
import { createLog, silentLog } from '../../core/base/log.ts';
import { controllerUser, MANAGER, SCHEDULER } from '../../core/boot/workers.ts';
import { Client, type Transport } from '../../core/client/client.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { createRecorder } from '../../core/client/create-recorder.ts';
import type { ControllerConfig } from '../../core/controllers/controller.ts';
import { identitiesFrom, randomIdentities } from '../../core/apiserver/registry/identities.ts';
import { keepable, startControllers } from '../../core/controllers/start.ts';
import { startScheduler } from '../../core/scheduler/scheduler.ts';
import { memoryStore } from '../../core/store/open.ts';
import { mortal } from './controllers.ts';
import { random } from './random.ts';
import { refusals } from './refusals.ts';

export interface ControlPlane {
  readonly client: Client;
  readonly clock: FakeClock;
  /** Warnings and errors of controllers and scheduler. */
  readonly complaints: string[];
  /** How pods on nodes behave: `Running` (and Ready) where nothing is said. */
  behaviour: (p: Pod) => 'Running' | 'Succeeded' | 'Failed' | 'Pending';
  /** Nodes whose kubelet is silent. */
  readonly silent: Set<string>;
  /** What the containers of running pods are measured to use: thousandths of a processor. */
  usage: (p: Pod) => number;
  get<T extends KubeObject>(r: ResourceType, name: string, namespace?: string): Promise<T | undefined>;
  list<T extends KubeObject>(r: ResourceType, namespace?: string): Promise<T[]>;
  /** Lets what is due happen, over `ms` of the cluster's time; nodes look at their pods every `step` of it. */
  settle(ms?: number, step?: number): Promise<void>;
  /** Lets time pass until `work` is done. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Ends controllers and scheduler where they are and starts others, which know nothing but what the server has. */
  restart(): Promise<void>;
  /**
   * Kills the host once its controllers and scheduler have had `answers` more answers: no other reaches them, nor any event, and what
   * they had begun stays as it is. Then a server is opened on the same data and all begins anew.
   */
  kill(answers: number): Promise<void>;
  /** What was written until now, and in which order: the same for the same seed. */
  digest(): string;
  /** Rejects when a controller or the scheduler tried what its role does not allow. */
  stop(): Promise<void>;
}

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** `seed` decides every name, uid and choice, so that the same acts have the same end. */
export async function controlPlane(nodes: readonly string[] = ['n1', 'n2'], config: Partial<ControllerConfig> = {}, seed?: number): Promise<ControlPlane> {
  const clock = new FakeClock(), chance = seed === undefined ? undefined : random(seed).next, written = createHash('sha256');
  let address = 1;
  const complaints: string[] = [], said: string[] = [];
  const log = createLog('warn', line => complaints.push(line));
  const store = memoryStore({ clock }), identities = chance ? identitiesFrom(chance) : randomIdentities;
  const open = () => createApiServer({
    store, identities, kinds: [...kinds, ...alsoServed], clock, nodeStats: () => ({ of: async names => measured(names) }), log: createLog('warn', line => said.push(line)), serviceCidr: '10.96.0.0/24', serviceAccountKey: KEY, gitVersion: 'v1.36.0+test', disabledAdmission: ['ServiceAccount'],
  });
  let server = open();
  const measured = (names: readonly string[]): Map<string, Measured> => new Map(names.map(name => [name, {
    time: formatTime(clock.now()), windowMs: 10_000, node: {},
    pods: new Map(workers.pods.lister.list().filter(p => p.spec?.nodeName === name && p.status?.phase === 'Running').map(p => [p.metadata!.uid!, p.spec!.containers.map(c => ({ name: c.name, cpu: { usageNanoCores: plane.usage(p) * 1e6 }, memory: { workingSetBytes: 64 * 1024 * 1024 } }))])),
  }]));
  /** A way to the server that is the present one; `left`: answers that still come, for those who are to be killed. */
  const way = (user: UserInfo, life?: { left: number }): Transport => {
    let of = server, transport = server.localTransport(user);
    const current = (): Transport => { if (of !== server) { of = server; transport = server.localTransport(user); } return transport; };
    const recorded: Transport = {
      async request(r) {
        // Events are named by a number that counts on from one control plane to the next.
        if (r.method !== 'GET' && !r.path.includes('/events')) written.update(`${r.method} ${r.path} ${JSON.stringify(r.body)}\n`);
        return current().request(r);
      },
      watch: (...watch) => current().watch(...watch),
    };
    return life ? mortal(recorded, life) : recorded;
  };
  const client = new Client(way({ name: 'admin', groups: ['system:masters'] }), 'test');
  const turn = (): Promise<void> => new Promise(resolve => { setImmediate(resolve); });
  const meanwhile = async <T>(work: Promise<T>): Promise<T> => {
    const state = { over: false };
    const guarded = work.finally(() => { state.over = true; });
    guarded.catch(() => undefined);
    while (!state.over) { await clock.advance(1); await turn(); }
    return guarded;
  };
  for (const name of ['default', 'kube-system', 'kube-node-lease']) await meanwhile(client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  for (const name of nodes) {
    await meanwhile(client.create<Node>(nodeKind, {
      metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec: {},
      status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, capacity: { cpu: '4', memory: '8Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: formatTime(clock.now()) }] },
    }));
    await meanwhile(client.create<Lease>(leaseKind, { metadata: { name, namespace: 'kube-node-lease' }, spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: formatMicroTime(clock.now()) } }));
  }
  const begin = async () => {
    const life = { left: Infinity }, clientFor = (user: UserInfo): Client => new Client(way(user, life), 'test');
    const informers = createInformerFactory(clientFor(MANAGER), { clock, log: silentLog, ...(chance ? { random: chance } : {}) });
    const pods = informers.for<Pod>(podKind);
    const controllers = await meanwhile(startControllers({
      client: clientFor(MANAGER), informers, clock, log, clientFor: account => clientFor(controllerUser(account)), recorderFor: (component, own) => createRecorder(own, { component, clock, log }),
      config: { rootCa: 'PEM', resources: () => keepable(server.kinds()), ...config },
    }));
    const scheduler = await meanwhile(startScheduler({ client: clientFor(SCHEDULER), informers, clock, log, selectDevice: deviceMatches, recorder: createRecorder(clientFor(SCHEDULER), { component: 'default-scheduler', clock, log }), ...(chance ? { random: chance } : {}) }));
    return { life, pods, end: async (): Promise<void> => { await meanwhile(scheduler.stop()); await meanwhile(controllers.stop()); informers.stop(); } };
  };
  let workers = await begin();

  const plane: ControlPlane = {
    client, clock, complaints, behaviour: () => 'Running', usage: () => 0, silent: new Set(), during: meanwhile,
    async get(r, name, namespace = 'default') {
      try { return await meanwhile(client.get(r, r.namespaced ? namespace : undefined, name)); } catch (e) { if (isNotFound(e)) return undefined; throw e; }
    },
    list: async (r, namespace) => (await meanwhile(client.list<never>(r, { namespace }))).items,
    async settle(ms = 200, step = 20) {
      for (let left = ms; left > 0; left -= step) {
        await clock.advance(Math.min(step, left));
        for (let i = 0; i < 4; i++) await turn();
        await kubelets();
      }
    },
    async restart() { await workers.end(); workers = await begin(); },
    async kill(answers) {
      const before = complaints.length;
      workers.life.left = answers;
      await plane.settle(60);
      workers.life.left = 0;
      await workers.end();
      // What the dead complain of is no fault.
      complaints.splice(before);
      await server.close();
      server = open();
      workers = await begin();
    },
    digest: () => written.copy().digest('hex'),
    async stop() {
      await workers.end(); await server.close();
      refusals(said.join(''));
    },
  };
  let beat = clock.now();
  const kubelets = async (): Promise<void> => {
    if (clock.now() - beat >= 10_000) {
      beat = clock.now();
      for (const name of nodes) if (!plane.silent.has(name))
        await meanwhile(client.patch(leaseKind, 'kube-node-lease', name, 'application/merge-patch+json', { spec: { renewTime: formatMicroTime(beat) } }));
    }
    for (const p of workers.pods.lister.list()) if (p.spec?.nodeName && !plane.silent.has(p.spec.nodeName)) await meanwhile(kubelet(p).catch((e: unknown) => { if (!isNotFound(e) && !isConflict(e)) throw e; }));
  };
  const kubelet = async (p: Pod): Promise<void> => {
    const { namespace, name = '', uid } = p.metadata!;
    const over = p.status?.phase === 'Succeeded' || p.status?.phase === 'Failed';
    if (p.metadata?.deletionTimestamp !== undefined) {
      if (!over && p.metadata.finalizers?.length) { await status(p, { phase: 'Failed' }); return; }
      if (!p.metadata.finalizers?.length) await client.delete(podKind, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
      return;
    }
    const wish = plane.behaviour(p);
    if (over || wish === (p.status?.phase ?? 'Pending')) return;
    const podIP = p.status?.podIP ?? `10.244.0.${address++ % 250}`;
    await status(p, { phase: wish, startTime: formatTime(clock.now()), podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: wish === 'Running' ? 'True' : 'False', lastTransitionTime: formatTime(clock.now()) }] });
  };
  const status = (p: Pod, s: NonNullable<Pod['status']>): Promise<unknown> =>
    client.patch(podKind, p.metadata?.namespace, p.metadata?.name ?? '', 'application/merge-patch+json', { metadata: { uid: p.metadata?.uid }, status: s }, 'status');
  await plane.settle();
  return plane;
}
