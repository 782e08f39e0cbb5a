// What a Memcached means: a Deployment of `size` servers that belongs to it, and a status that says what became of it.
import { isDeepStrictEqual } from 'node:util';
import { ApiException, AppsV1Api, CoreV1Api, CustomObjectsApi, PatchStrategy, setHeaderOptions, type KubeConfig, type ObjectCache, type V1Condition, type V1Deployment, type V1Pod } from '@kubernetes/client-node';
import { Controller, keyOf, ownerKey } from './kit/controller.ts';
import { Recorder } from './kit/events.ts';
import type { Log } from './kit/log.ts';
import { GROUP, KIND, PLURAL, VERSION, type Memcached, type MemcachedStatus } from './memcached.ts';

const MANAGED = 'app.kubernetes.io/managed-by=memcached-operator';
const labelsFor = (name: string): Record<string, string> => ({ 'app.kubernetes.io/name': 'memcached', 'app.kubernetes.io/instance': name, 'app.kubernetes.io/managed-by': 'memcached-operator' });

export interface ReconcilerOptions {
  config: KubeConfig;
  log: Log;
  /** Which copy of the controller this is, for its events. */
  identity: string;
  /** The servers' image where a Memcached names none. */
  image: string;
  workers?: number;
}

/** The Deployment that a Memcached asks for. */
export function deploymentFor(m: Memcached, image: string): V1Deployment {
  const name = m.metadata?.name ?? '', labels = labelsFor(name);
  return {
    apiVersion: 'apps/v1', kind: 'Deployment',
    metadata: {
      name, namespace: m.metadata?.namespace, labels,
      // It goes when its Memcached goes: nothing here deletes anything.
      ownerReferences: [{ apiVersion: `${GROUP}/${VERSION}`, kind: KIND, name, uid: m.metadata?.uid ?? '', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas: m.spec.size,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: { runAsNonRoot: true, runAsUser: 11211, seccompProfile: { type: 'RuntimeDefault' } },
          terminationGracePeriodSeconds: 5,
          containers: [{
            name: 'memcached', image: m.spec.image ?? image, imagePullPolicy: 'IfNotPresent', command: ['memcached', '-m', '64', '-v'],
            ports: [{ name: 'memcached', containerPort: 11211 }],
            readinessProbe: { tcpSocket: { port: 'memcached' }, periodSeconds: 2 },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          }],
        },
      },
    },
  };
}

/** The controller, ready to be started. */
export function memcachedController(options: ReconcilerOptions): Controller {
  const { config, log, image } = options;
  const apps = config.makeApiClient(AppsV1Api), core = config.makeApiClient(CoreV1Api), custom = config.makeApiClient(CustomObjectsApi);
  const recorder = new Recorder(core, 'memcached-controller', options.identity, log);
  const controller = new Controller({ config, log, workers: options.workers, reconcile });

  const memcacheds: ObjectCache<Memcached> = controller.watch<Memcached>({
    path: `/apis/${GROUP}/${VERSION}/${PLURAL}`, keys: m => [keyOf(m)],
    list: () => custom.listClusterCustomObject({ group: GROUP, version: VERSION, plural: PLURAL }),
  });
  const deployments = controller.watch<V1Deployment>({
    path: '/apis/apps/v1/deployments', labelSelector: MANAGED, keys: d => [ownerKey(d, KIND)],
    list: () => apps.listDeploymentForAllNamespaces({ labelSelector: MANAGED }),
  });
  const pods = controller.watch<V1Pod>({
    path: '/api/v1/pods', labelSelector: MANAGED,
    // Their owner is a ReplicaSet, and its owner the Deployment: the label says it with fewer questions.
    keys: p => [`${p.metadata?.namespace ?? ''}/${p.metadata?.labels?.['app.kubernetes.io/instance'] ?? ''}`],
    list: () => core.listPodForAllNamespaces({ labelSelector: MANAGED }),
  });
  return controller;

  async function reconcile(namespace: string, name: string): Promise<void> {
    const m = memcacheds.get(name, namespace);
    // Gone or going: the garbage collector takes what belonged to it.
    if (!m || m.metadata?.deletionTimestamp) return;
    const wished = deploymentFor(m, image), is = deployments.get(name, namespace);
    if (!is) await create(m, wished);
    else if (is.metadata?.ownerReferences?.some(r => r.controller && r.uid === m.metadata?.uid)) await adjust(m, is, wished);
    else await recorder.event(m, 'Warning', 'NotOurs', `Deployment ${name} is there and does not belong to this Memcached`);
    await tell(m, is);
  }

  async function create(m: Memcached, wished: V1Deployment): Promise<void> {
    const { name = '', namespace = '' } = wished.metadata ?? {};
    log.info('Creating a new Deployment', { 'Deployment.Namespace': namespace, 'Deployment.Name': name });
    try {
      await apps.createNamespacedDeployment({ namespace, body: wished });
    } catch (e) {
      // Made a moment ago, and the watch has yet to tell: its event brings us back. Or it is somebody else's, without our labels, so that no event will.
      if (!(e instanceof ApiException) || e.code !== 409) throw e;
      const there = await apps.readNamespacedDeployment({ name, namespace });
      if (there.metadata?.ownerReferences?.some(r => r.controller && r.uid === m.metadata?.uid)) return;
      await recorder.event(m, 'Warning', 'NotOurs', `Deployment ${name} is there and does not belong to this Memcached`);
      throw new Error(`Deployment ${namespace}/${name} belongs to another: rename the Memcached or delete that Deployment`, { cause: e });
    }
    await recorder.event(m, 'Normal', 'Created', `Created Deployment ${name}`);
  }

  /** Only what this controller decides is compared; what others put there stays. */
  async function adjust(m: Memcached, is: V1Deployment, wished: V1Deployment): Promise<void> {
    const { name = '', namespace = '' } = wished.metadata ?? {};
    const want = wished.spec?.template.spec?.containers[0]?.image, has = is.spec?.template.spec?.containers.find(c => c.name === 'memcached')?.image;
    if (is.spec?.replicas === m.spec.size && has === want) return;
    log.info('Updating the Deployment', { 'Deployment.Namespace': namespace, 'Deployment.Name': name, from: { replicas: is.spec?.replicas, image: has }, to: { replicas: m.spec.size, image: want } });
    const body = { spec: { replicas: m.spec.size, template: { spec: { containers: [{ name: 'memcached', image: want }] } } } };
    await apps.patchNamespacedDeployment({ name, namespace, body }, setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch));
    await recorder.event(m, 'Normal', 'Updated', `Updated Deployment ${name}: size ${m.spec.size}`);
  }

  /** Writes the status if it is another than before. */
  async function tell(m: Memcached, deployment: V1Deployment | undefined): Promise<void> {
    const { name = '', namespace = '' } = m.metadata ?? {};
    const labels = labelsFor(name);
    const mine = pods.list(namespace).filter(p => p.metadata?.labels?.['app.kubernetes.io/instance'] === name && !p.metadata.deletionTimestamp);
    const ready = mine.filter(p => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True')).length;
    const available = ready >= m.spec.size && mine.length >= m.spec.size;
    const before = m.status?.conditions?.find(c => c.type === 'Available');
    const condition: V1Condition = {
      type: 'Available', status: available ? 'True' : 'False', reason: available ? 'AllReady' : deployment ? 'Waiting' : 'Creating',
      message: `${ready} of ${m.spec.size} servers are ready`, observedGeneration: m.metadata?.generation, lastTransitionTime: new Date(),
    };
    if (before?.status === condition.status) condition.lastTransitionTime = new Date(before.lastTransitionTime);
    const status: MemcachedStatus = {
      nodes: mine.map(p => p.metadata?.name ?? '').sort(), replicas: mine.length, readyReplicas: ready,
      selector: Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(','), observedGeneration: m.metadata?.generation, conditions: [condition],
    };
    // As it travels: dates are text there.
    const body: unknown = JSON.parse(JSON.stringify({ status }));
    if (isDeepStrictEqual({ status: m.status }, body)) return;
    await custom.patchNamespacedCustomObjectStatus({ group: GROUP, version: VERSION, plural: PLURAL, namespace, name, body }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
  }
}
