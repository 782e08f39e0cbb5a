// What the window's tests put into a cluster: workloads that run, that crash, that cannot be pulled, that fit no node.
import type { Client } from '../../core/client/client.ts';
import { kindOf } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { isAlreadyExists } from '../../core/api/meta/status.ts';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { eventually } from '../harness/host.ts';

export const POD = kindOf('v1', 'Pod')!;
export const DEPLOYMENT = kindOf('apps/v1', 'Deployment')!;
export const NAMESPACE = kindOf('v1', 'Namespace')!;

export interface PodShape { secret?: string; settings?: string; image?: string; env?: Record<string, string>; labels?: Record<string, string>; cpu?: string; containers?: string[] }
const podSpec = (o: PodShape): object => ({
  terminationGracePeriodSeconds: 1,
  containers: (o.containers ?? ['main']).map(name => ({
    name, image: o.image ?? 'shop/web:1.4', ports: name === 'main' ? [{ containerPort: 8080 }] : undefined,
    env: [...Object.entries(o.env ?? {}).map(([k, value]) => ({ name: k, value })), ...(o.secret ? [{ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: o.secret, key: 'password' } } }] : [])],
    envFrom: o.settings ? [{ configMapRef: { name: o.settings } }] : undefined, resources: { requests: { cpu: o.cpu ?? '10m', memory: '16Mi' } },
  })),
});

export const pod = (namespace: string, name: string, o: PodShape = {}): KubeObject & { spec: object } =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels: { app: name, ...o.labels } }, spec: podSpec(o) });
export const deployment = (namespace: string, name: string, replicas: number, o: PodShape = {}): KubeObject & { spec: object } => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace, name, labels: { app: name, ...o.labels } },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name, ...o.labels } }, spec: podSpec(o) } },
});
export const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

/** Creates objects in their order; kinds are looked up by themselves. What a first try of the test left is made anew. */
export async function create(client: Client, ...objects: readonly KubeObject[]): Promise<void> {
  for (const o of objects) {
    const kind = kindOf(o.apiVersion ?? '', o.kind ?? '');
    if (!kind) throw new Error(`no kind ${o.apiVersion} ${o.kind}`);
    try { await client.create(kind, o); } catch (e) {
      if (!isAlreadyExists(e) || kind === NAMESPACE) throw e;
      await client.delete(kind, o.metadata?.namespace, o.metadata?.name ?? '', { gracePeriodSeconds: 0 });
      await eventually(`an older ${o.kind} ${o.metadata?.name} to be gone`, () => client.create(kind, o).then(() => true, (again: unknown) => { if (isAlreadyExists(again)) return false; throw again; }));
    }
  }
}

/** Waits for a new namespace's service account, without which no pod is let in. */
export const accountOf = (client: Client, name: string): Promise<unknown> => eventually(`the service account of ${name}`, async () => (await client.list(kindOf('v1', 'ServiceAccount')!, { namespace: name })).items.length > 0, 10_000, 20);

/** A small shop: 12 running pods, one that crashes, one whose image is missing, one that fits nowhere, a service, settings, a secret. */
export async function seedShop(client: Client): Promise<void> {
  await create(client,
    namespace('shop'), namespace('staging'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'api' }, data: { mode: 'production', APP_CONF: 'workers = 4\nlog = info\n' } } as KubeObject,
    { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'shop', name: 'db' }, type: 'Opaque', data: { password: Buffer.from('hunter2').toString('base64'), user: Buffer.from('ada').toString('base64') } } as KubeObject,
    { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name: 'web', labels: { app: 'web' } }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } } as KubeObject,
    deployment('shop', 'web', 4, { labels: { tier: 'front' }, containers: ['main', 'proxy'] }),
    deployment('shop', 'api', 3, { labels: { tier: 'back' }, image: 'shop/api:2.0', secret: 'db', settings: 'api' }),
    deployment('shop', 'worker', 2, { labels: { tier: 'back' }, image: 'shop/worker:2.0' }),
    deployment('staging', 'web', 2, { labels: { tier: 'front' } }),
    deployment('shop', 'mailer', 1, { labels: { tier: 'back' }, image: 'shop/mailer:0.9', env: { SIMULATED_EXIT_CODE: '2' } }),
    deployment('shop', 'thumbnails', 1, { labels: { tier: 'back' }, image: 'shop/no-such:3.1' }),
    pod('staging', 'model-server-that-wants-far-too-much', { cpu: '900' }),
    pod('staging', 'probe', { labels: { tier: 'tools' } }),
  );
  await eventually('12 pods running and the broken ones known to be', async () => {
    const pods = (await client.list<Pod>(POD)).items.filter(p => p.metadata?.namespace === 'shop' || p.metadata?.namespace === 'staging');
    const ready = pods.filter(p => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True')).length;
    const reasons = pods.flatMap(p => p.status?.containerStatuses?.map(c => c.state?.waiting?.reason ?? '') ?? []);
    return ready === 12 && reasons.some(r => r === 'ImagePullBackOff' || r === 'ErrImagePull') && reasons.includes('CrashLoopBackOff');
  });
}
