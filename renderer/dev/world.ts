// Made-up objects: plenty of pods in every condition, their owners, nodes, services, events. The same every time.
import { objectKey, type KubeObject } from '../../core/api/meta/object.ts';

export type World = Map<string, Map<string, KubeObject>>;
let seed = 42;
const random = (): number => { seed = (seed * 1664525 + 1013904223) % 4294967296; return seed / 4294967296; };
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
let version = 1000;
let uid = 0;

const APPS = ['web', 'api', 'worker', 'checkout', 'search-indexer', 'payments', 'mailer', 'thumbnailer', 'session-store', 'recommendations-model-server-with-a-rather-long-name'];
const SPACES = ['default', 'shop', 'payments', 'search', 'monitoring', 'team-platform-integration-tests'];
const ago = (s: number): string => new Date(Date.now() - s * 1000).toISOString().replace(/\.\d+/, '');
const meta = (name: string, namespace: string | undefined, more: object = {}) => ({ name, ...(namespace ? { namespace } : {}), uid: `u${++uid}`, resourceVersion: String(++version), creationTimestamp: ago(60 + random() * 900_000), ...more });

export function makeWorld(pods: number): World {
  const world: World = new Map();
  const add = (path: string, o: object): KubeObject => {
    let m = world.get(path);
    if (!m) world.set(path, m = new Map());
    m.set(objectKey(o as KubeObject), o as KubeObject);
    return o as KubeObject;
  };
  for (const s of [...SPACES, 'kube-system', 'kube-public', 'kube-node-lease']) add('/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: meta(s, undefined), status: { phase: 'Active' } });
  for (let i = 1; i <= 12; i++) add('/nodes', { apiVersion: 'v1', kind: 'Node', metadata: meta(`node-${i}`, undefined, { labels: i === 1 ? { 'node-role.kubernetes.io/control-plane': '' } : {} }),
    status: { capacity: { cpu: '8', memory: '32Gi', pods: '110' }, allocatable: { cpu: '8', memory: '31Gi', pods: '110' }, nodeInfo: { kubeletVersion: 'v1.36.0', osImage: 'Debian GNU/Linux 12', kernelVersion: '6.1.0', containerRuntimeVersion: 'pilothouse://0.1' }, addresses: [{ type: 'InternalIP', address: `10.0.0.${i}` }],
      conditions: [{ type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', lastTransitionTime: ago(90_000) }, { type: 'Ready', status: i === 7 ? 'Unknown' : 'True', reason: i === 7 ? 'NodeStatusUnknown' : 'KubeletReady', message: i === 7 ? 'Kubelet stopped posting node status.' : 'kubelet is posting ready status', lastTransitionTime: ago(3000) }] } });
  let left = pods;
  let n = 0;
  while (left > 0) {
    const app = `${APPS[n % APPS.length]!}${n >= APPS.length ? `-${Math.floor(n / APPS.length)}` : ''}`;
    const ns = SPACES[n % SPACES.length]!;
    n++;
    const replicas = Math.min(left, pods < 200 ? 1 + Math.floor(random() * 6) : 20 + Math.floor(random() * 60));
    const labels = { app, tier: pick(['front', 'back']), team: pick(['red', 'blue']) };
    const containers = [{ name: 'main', image: `registry.local/${app}:1.${n}.3`, ports: [{ containerPort: 8080 }], env: [{ name: 'LOG_LEVEL', value: 'info' }, { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }], resources: { requests: { cpu: '100m', memory: '64Mi' } } }, ...(n % 3 === 0 ? [{ name: 'proxy', image: 'registry.local/proxy:2.1' }] : [])];
    const template = { metadata: { labels }, spec: { containers } };
    const d = add('apps/deployments', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(app, ns, { labels, generation: 3, annotations: { 'deployment.kubernetes.io/revision': '3', 'kubernetes.io/change-cause': 'image to 1.3' } }), spec: { replicas, selector: { matchLabels: { app } }, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } }, template },
      status: { replicas, updatedReplicas: replicas, readyReplicas: replicas - 1, availableReplicas: replicas - 1, observedGeneration: 3, conditions: [{ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.', lastTransitionTime: ago(5000), lastUpdateTime: ago(5000) }, { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', lastTransitionTime: ago(5000), lastUpdateTime: ago(5000) }] } });
    const hash = Math.floor(random() * 0xfffffff).toString(36).padStart(6, '0');
    const owner = (o: KubeObject) => [{ apiVersion: o.apiVersion!, kind: o.kind!, name: o.metadata!.name!, uid: o.metadata!.uid!, controller: true }];
    const rs = add('apps/replicasets', { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: meta(`${app}-${hash}`, ns, { labels, ownerReferences: owner(d) }), spec: { replicas, selector: { matchLabels: { app } }, template }, status: { replicas, readyReplicas: replicas, availableReplicas: replicas } });
    add('/services', { apiVersion: 'v1', kind: 'Service', metadata: meta(app, ns, { labels }), spec: { type: 'ClusterIP', clusterIP: `10.96.${n % 250}.${(n * 7) % 250}`, selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] }, status: {} });
    for (let i = 0; i < replicas; i++) add('/pods', pod(`${app}-${hash}-${Math.floor(random() * 60466176).toString(36).padStart(5, '0')}`, ns, labels, owner(rs), containers));
    left -= replicas;
  }
  add('/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('settings', 'default'), data: { 'app.conf': 'workers = 4\nlog = info\n', mode: 'production' } });
  add('/secrets', { apiVersion: 'v1', kind: 'Secret', metadata: meta('db', 'default'), type: 'Opaque', data: { password: 'aHVudGVyMg==', user: 'YWRh' } });
  for (const p of [...world.get('/pods')!.values()].slice(0, 200)) add('/events', { apiVersion: 'v1', kind: 'Event', metadata: meta(`${p.metadata!.name}.1`, p.metadata!.namespace), type: random() < 0.4 ? 'Warning' : 'Normal', reason: pick(['BackOff', 'Pulled', 'Created', 'Started', 'Unhealthy']), message: 'Readiness probe failed: HTTP probe failed with statuscode: 503', count: 3, lastTimestamp: ago(random() * 3000), firstTimestamp: ago(3600), involvedObject: { kind: 'Pod', name: p.metadata!.name, namespace: p.metadata!.namespace, uid: p.metadata!.uid } });
  return world;
}

function pod(name: string, namespace: string, labels: object, ownerReferences: object[], containers: readonly { name: string; image: string }[]): object {
  const roll = random();
  const node = `node-${1 + Math.floor(random() * 12)}`;
  const base = { apiVersion: 'v1', kind: 'Pod', metadata: meta(name, namespace, { labels, ownerReferences }), spec: { nodeName: node, containers, serviceAccountName: 'default' } };
  const running = (c: { name: string; image: string }, restarts = 0) => ({ name: c.name, image: c.image, imageID: 'x', ready: true, started: true, restartCount: restarts, state: { running: { startedAt: ago(3000) } } });
  const conditions = (ready: boolean) => ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(type => ({ type, status: type === 'PodScheduled' || type === 'Initialized' || ready ? 'True' : 'False', lastTransitionTime: ago(3000), ...(ready || type !== 'Ready' ? {} : { reason: 'ContainersNotReady', message: 'containers with unready status: [main]' }) }));
  const ip = `10.244.${Math.floor(random() * 12)}.${2 + Math.floor(random() * 250)}`;
  if (roll < 0.015) return { ...base, status: { phase: 'Running', podIP: ip, conditions: conditions(false), containerStatuses: containers.map((c, i) => (i === 0 ? { name: c.name, image: c.image, ready: false, restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off 1m20s restarting failed container=${c.name} pod=${name}` } }, lastState: { terminated: { exitCode: 2, reason: 'Error', finishedAt: ago(50) } } } : running(c))) } };
  if (roll < 0.025) return { ...base, status: { phase: 'Pending', conditions: conditions(false), containerStatuses: containers.map(c => ({ name: c.name, image: c.image, ready: false, restartCount: 0, state: { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${c.image}"` } } })) } };
  if (roll < 0.035) return { ...base, spec: { containers }, status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/12 nodes are available: 12 Insufficient memory.', lastTransitionTime: ago(400) }] } };
  if (roll < 0.045) return { ...base, status: { phase: 'Pending', conditions: conditions(false), containerStatuses: containers.map(c => ({ name: c.name, image: c.image, ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } })) } };
  if (roll < 0.06) return { ...base, status: { phase: 'Succeeded', podIP: ip, conditions: conditions(false), containerStatuses: containers.map(c => ({ ...running(c), ready: false, state: { terminated: { exitCode: 0, reason: 'Completed', finishedAt: ago(60) } } })) } };
  return { ...base, status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '10.0.0.1', qosClass: 'Burstable', conditions: conditions(true), containerStatuses: containers.map(c => running(c, random() < 0.1 ? Math.floor(random() * 5) : 0)) } };
}

let touched: { of?: ReadonlyMap<string, KubeObject>; keys: string[] } = { keys: [] };
/** Changes `n` pods, a quarter of them among the same forty; returns what changed. */
export function touch(world: World, n: number): { path: string; object: KubeObject }[] {
  const pods = world.get('/pods');
  if (!pods || pods.size === 0) return [];
  if (touched.of !== pods) touched = { of: pods, keys: [...pods.keys()] };
  const { keys } = touched;
  return Array.from({ length: n }, (_, i) => {
    const key = i % 4 === 0 ? keys[Math.floor(random() * Math.min(40, keys.length))]! : pick(keys);
    const old = pods.get(key) as KubeObject & { status: { containerStatuses?: { restartCount: number }[] } };
    const object = { ...old, metadata: { ...old.metadata, resourceVersion: String(++version) }, status: { ...old.status, containerStatuses: old.status.containerStatuses?.map(c => ({ ...c, restartCount: c.restartCount + (random() < 0.3 ? 1 : 0) })) } };
    pods.set(key, object);
    return { path: '/pods', object };
  });
}
