// The drawer: one object, live, with all that hangs together with it.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import { kindOf } from '../../core/api/kinds/index.ts';
import { pluralTitle } from '../../renderer/kinds/navigation.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import { apiVersionOf, type KubeObject } from '../../core/api/meta/object.ts';
import { samples } from '../fixtures/kind-samples.ts';
import { kinds } from '../../core/api/kinds/index.ts';
import { create, deployment, DEPLOYMENT, namespace, POD, pod, seedShop } from './shell-objects.ts';

let host: Host, client: Client, url: string, browser: Browser;
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost());
  [browser] = await Promise.all([openBrowser(), seedShop(client)]);
});
afterAll(async () => { await browser?.close(); await host?.dispose(); });

/** Opens an object through the palette, as a hurried person does. */
async function show(w: Window, text: string, name: string | RegExp) {
  await w.page.keyboard.press('Control+k');
  await w.page.getByRole('combobox').fill(text);
  await w.page.getByRole('option', { name }).first().click();
  await w.page.getByRole('combobox').waitFor({ state: 'detached' });
  const drawer = w.page.getByTestId('drawer');
  await drawer.waitFor();
  return drawer;
}
const podOf = async (app: string): Promise<string> => (await client.list(POD, { namespace: 'shop', labelSelector: `app=${app}` })).items[0]!.metadata!.name!;

describe('drawer', () => {
  it('tells of a pod: verdict, conditions, containers, events, owners, what it uses and who leads to it', async () => {
    const w = await openWindow(browser, url);
    const name = await podOf('api');
    const d = await show(w, name, new RegExp(name));
    await d.getByText('Running').first().waitFor();
    for (const c of ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready']) await d.getByText(c, { exact: true }).waitFor();
    await d.getByText('shop/api:2.0', { exact: true }).waitFor();
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) await d.locator('.event-reason', { hasText: reason }).waitFor();
    // The chain goes up to the deployment.
    const chain = d.locator('.section', { hasText: 'Owned by' });
    await chain.getByText('ReplicaSet', { exact: true }).waitFor();
    await chain.getByText('Deployment', { exact: true }).waitFor();
    const related = d.locator('.section').filter({ has: w.page.getByRole('heading', { name: 'Related' }) });
    await related.getByRole('button', { name: 'db' }).waitFor();
    expect(await d.locator('code').last().textContent()).toContain(`kubectl --context pilothouse -n shop describe pod ${name}`);
    await w.shot('drawer-pod');
    await related.scrollIntoViewIfNeeded();
    await w.shot('drawer-pod-related');
    await chain.getByRole('button', { name: 'api', exact: true }).click();
    await d.getByRole('heading', { name: 'api', exact: true }).waitFor();
    await d.getByText('revision 1').first().waitFor();
    await w.shot('drawer-deployment');
    await w.close();
  });

  it('says first why a pod is broken', async () => {
    const w = await openWindow(browser, url);
    const name = await podOf('thumbnails');
    const d = await show(w, name, new RegExp(name));
    const verdict = d.locator('.verdict');
    await expect.poll(() => verdict.textContent()).toMatch(/ImagePull/);
    await expect.poll(() => verdict.textContent()).toMatch(/no-such/);
    await d.locator('.event-reason', { hasText: 'Failed' }).first().waitFor();
    await w.shot('drawer-broken-pod');
    const unfit = await show(w, 'model-server', /model-server/);
    await expect.poll(() => unfit.locator('.verdict').textContent()).toMatch(/Insufficient cpu/);
    await w.close();
  });

  it('hides the values of a secret until each is asked for', async () => {
    const w = await openWindow(browser, url);
    const d = await show(w, 'secret/db', /^db/);
    await d.getByText('password').waitFor();
    expect(await w.page.content()).not.toContain('hunter2');
    await w.shot('drawer-secret-hidden');
    await d.getByRole('button', { name: 'Show password' }).click();
    await d.getByText('hunter2').waitFor();
    expect(await d.getByText('ada', { exact: true }).count()).toBe(0);
    await d.getByRole('button', { name: 'Hide password' }).click();
    expect(await d.getByText('hunter2').count()).toBe(0);
    await w.close();
  });

  it('follows the object, and keeps its last state when it is gone', async () => {
    const w = await openWindow(browser, url);
    const SERVICE = kindOf('v1', 'Service')!;
    const d = await show(w, 'svc/web', /^web/);
    await d.locator('.endpoint-list li').nth(3).waitFor();
    await w.shot('drawer-service');
    await client.patch(SERVICE, 'shop', 'web', 'application/merge-patch+json', { metadata: { labels: { season: 'winter' } } });
    await d.getByText('season').waitFor({ timeout: 1000 });
    await client.delete(SERVICE, 'shop', 'web');
    await d.getByText('This object is gone').waitFor({ timeout: 2000 });
    await d.getByText('season').waitFor();
    await w.shot('drawer-gone', true);
    await w.page.keyboard.press('Escape');
    await d.waitFor({ state: 'detached' });
    await w.close();
  });

  it('leads from settings, secrets, claims and accounts to the pods that use them, and down from owner to owned', async () => {
    await create(client, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace: 'staging', name: 'disk' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } } } as KubeObject);
    const user = pod('staging', 'with-disk');
    await create(client, { ...user, spec: { ...user.spec, volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }] } } as KubeObject);
    const w = await openWindow(browser, url);
    const group = (d: ReturnType<typeof w.page.getByTestId>, word: string) => d.locator('.section > div').filter({ has: w.page.getByRole('heading', { name: word, exact: true }) });
    for (const [text, name] of [['cm/api', 'api'], ['secret/db', 'db']] as const) {
      const d = await show(w, text, new RegExp(`^${name}`));
      await d.getByRole('heading', { name, exact: true }).waitFor();
      await expect.poll(() => group(d, 'Used by').getByRole('button').count()).toBe(3);
    }
    await w.shot('drawer-used-by');
    const claim = await show(w, 'pvc/disk', /^disk/);
    await group(claim, 'Used by').getByRole('button', { name: 'with-disk' }).waitFor();
    await claim.locator('.pod-list').getByRole('button', { name: 'with-disk' }).waitFor();
    const top = await show(w, 'deploy/web', /^web/);
    await group(top, 'Owns').getByRole('button').first().click();
    await top.getByText(/ReplicaSet/).first().waitFor();
    await top.locator('.pod-list').getByRole('button').first().click();
    await top.locator('.section', { hasText: 'Owned by' }).getByText('Deployment', { exact: true }).waitFor();
    await group(top, 'Uses').getByRole('button', { name: 'default', exact: true }).click();
    await top.getByText(/^ServiceAccount/).first().waitFor();
    await group(top, 'Used by').getByRole('button').first().waitFor();
    await w.close();
  });

  it('tells how full the volume of a claim is, as its node measures it', async () => {
    await create(client, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace: 'staging', name: 'photos' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } as KubeObject);
    // A volume that no container mounts is not mounted on the node either, and not measured.
    const user = pod('staging', 'album') as KubeObject & { spec: { containers: object[] } };
    await create(client, { ...user, spec: { ...user.spec, containers: user.spec.containers.map(c => ({ ...c, volumeMounts: [{ name: 'photos', mountPath: '/photos' }] })), volumes: [{ name: 'photos', persistentVolumeClaim: { claimName: 'photos' } }] } } as KubeObject);
    const w = await openWindow(browser, url);
    const d = await show(w, 'pvc/photos', /^photos/);
    await d.locator('[data-usage="known"]').getByText(/of 1Gi used/).waitFor();
    await d.getByTestId('claim').getByText('default', { exact: true }).waitFor();
    await w.shot('drawer-claim-usage');
    await w.close();
  });

  it('shows events as they come, and conditions with reason and age', async () => {
    const w = await openWindow(browser, url);
    const name = await podOf('worker');
    const d = await show(w, name, new RegExp(name));
    await d.locator('.condition', { hasText: 'PodScheduled' }).locator('time').waitFor();
    const object = (await client.list(POD, { namespace: 'shop', labelSelector: 'app=worker' })).items.find(p => p.metadata?.name === name)!;
    const event = { apiVersion: 'v1', kind: 'Event', metadata: { namespace: 'shop', name: `${name}.odd` }, type: 'Warning', reason: 'SomethingOdd', message: 'A noise was heard.', involvedObject: { kind: 'Pod', apiVersion: 'v1', namespace: 'shop', name, uid: object.metadata!.uid! }, count: 1, lastTimestamp: new Date().toISOString() } as KubeObject;
    await create(client, event);
    await d.locator('.events').getByText('A noise was heard.').waitFor({ timeout: 2000 });
    await client.patch(kindOf('v1', 'Event')!, 'shop', `${name}.odd`, 'application/merge-patch+json', { count: 5 });
    await d.locator('.events li', { hasText: 'SomethingOdd' }).getByText('×5').waitFor({ timeout: 2000 });
    const broken = await show(w, 'thumbnails', /^thumbnails-/);
    await broken.locator('.condition-bad', { hasText: 'ContainersNotReady' }).first().waitFor();
    await w.close();
  });

  it('shows what a node can give and what is asked of it', async () => {
    const NODE = kindOf('v1', 'Node')!;
    const node = (await client.list(NODE)).items[0]!.metadata!.name!;
    const w = await openWindow(browser, url, { colorScheme: 'dark' });
    const d = await show(w, `node/${node}`, new RegExp(`^${node}`));
    const cpu = d.locator('[data-resource="cpu"]');
    await expect.poll(async () => Number(/^(\d+)m/.exec((await cpu.locator('[data-part]').textContent()) ?? '')?.[1] ?? 0)).toBeGreaterThanOrEqual(160);
    await expect.poll(() => d.locator('[data-resource="pods"] [data-part]').textContent()).toMatch(/^\d+ \d+ %$/);
    await d.locator('.pod-list li').nth(5).waitFor();
    await w.shot('drawer-node');
    await w.close();
  });

  it('has something whole to say of every kind the server serves', async () => {
    const meta = (name: string) => ({ namespace: 'kinds', name });
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image: 'shop/web:1.4' }] } };
    const selector = { matchLabels: { app: 'x' } };
    const of = (apiVersion: string, kind: string, name: string, rest: object): KubeObject => ({ apiVersion, kind, metadata: kind.startsWith('Cluster') || ['PersistentVolume', 'StorageClass', 'IngressClass', 'PriorityClass'].includes(kind) ? { name } : meta(name), ...rest }) as KubeObject;
    await create(client, namespace('kinds'),
      of('apps/v1', 'StatefulSet', 'db', { spec: { serviceName: 'db', replicas: 0, selector, template } }), of('apps/v1', 'DaemonSet', 'agent', { spec: { selector, template: { ...template, spec: { ...template.spec, nodeSelector: { none: 'such' } } } } }),
      of('v1', 'ReplicationController', 'old', { spec: { replicas: 0, selector: { app: 'x' }, template } }), of('v1', 'PodTemplate', 'plan', { template }),
      of('batch/v1', 'Job', 'once', { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } }, suspend: true } }), of('batch/v1', 'CronJob', 'nightly', { spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } } } }),
      of('networking.k8s.io/v1', 'Ingress', 'front', { spec: { rules: [{ host: 'shop.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] } }), of('networking.k8s.io/v1', 'IngressClass', 'main', { spec: { controller: 'example.com/main' } }),
      of('v1', 'ResourceQuota', 'small', { spec: { hard: { pods: '10', 'requests.cpu': '2' } } }), of('v1', 'LimitRange', 'bounds', { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } }),
      of('policy/v1', 'PodDisruptionBudget', 'keep', { spec: { minAvailable: 1, selector } }), of('autoscaling/v2', 'HorizontalPodAutoscaler', 'grow', { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 } }),
      of('v1', 'PersistentVolumeClaim', 'disk', { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } } }), of('v1', 'PersistentVolume', 'pv-1', { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/srv/none' } } }),
      of('storage.k8s.io/v1', 'StorageClass', 'slow', { provisioner: 'example.com/slow' }), of('scheduling.k8s.io/v1', 'PriorityClass', 'first', { value: 10 }),
      of('rbac.authorization.k8s.io/v1', 'Role', 'read', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }), of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'readers', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read' }, subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'kinds' }] }),
      of('rbac.authorization.k8s.io/v1', 'ClusterRole', 'peek', { rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] }), of('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'peekers', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'peek' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ada' }] }),
      of('coordination.k8s.io/v1', 'Lease', 'lead', { spec: { holderIdentity: 'one' } }), of('v1', 'ServiceAccount', 'robot', {}),
      of('apps/v1', 'ControllerRevision', 'db-1', { revision: 1, data: { spec: { template } } }),
    );
    /** What nobody has made yet, as the contract tests have it. */
    const sampled = (kind: KindSpec): Promise<KubeObject> => {
      const { metadata, ...rest } = samples[`${apiVersionOf(kind)} ${kind.plural}`]!() as KubeObject;
      const { uid: _u, creationTimestamp: _c, namespace: _n, ...named } = metadata!;
      return client.create(kind, { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { ...named, ...(kind.namespaced ? { namespace: 'kinds' } : {}) }, ...rest } as KubeObject);
    };
    const w = await openWindow(browser, url);
    const bare: string[] = [], looked: string[] = [];
    // The window leads to the kinds of its tree; those of another version of the same objects are not looked at twice.
    // Those of the tree, and those that only the palette leads to; a kind that is stored as another is seen as that one.
    const listed = kinds.filter(k => k.verbs.includes('list') && k.verbs.includes('get') && !k.storedAs && k.kind !== 'Event' && k.kind !== 'ComponentStatus');
    for (const kind of listed) {
      let { items } = await client.list(kind);
      if (items.length === 0) items = [await sampled(kind)];
      const name = (items.find(i => i.metadata?.namespace === 'kinds' && i.metadata.name !== 'kube-root-ca.crt' && i.metadata.name !== 'default') ?? items.find(i => i.metadata?.namespace === 'shop') ?? items[0])?.metadata?.name;
      if (name === undefined) { bare.push(`${kind.kind}: none to look at`); continue; }
      await w.page.keyboard.press('Control+k');
      await w.page.getByRole('combobox').fill(kind.plural);
      await w.page.getByRole('option', { name: new RegExp(`^${pluralTitle(kind)}`) }).first().click();
      await w.page.getByRole('combobox').waitFor({ state: 'detached' });
      await w.page.getByRole('heading', { name: pluralTitle(kind), exact: true }).waitFor();
      await w.page.keyboard.press('/');
      await w.page.keyboard.type(name);
      await w.page.keyboard.press('Enter');
      const d = w.page.getByTestId('drawer');
      await w.page.locator(`.row[data-key$="${name}"]`).first().click();
      await d.getByRole('heading', { name, exact: true }).waitFor();
      await d.locator('.drawer-sub').getByText(kind.kind, { exact: false }).waitFor();
      await d.locator('.section').last().waitFor();
      const text = await d.innerText();
      const empty = await d.locator('.section').evaluateAll(list => list.filter(e => e.children.length < 2 || (e as HTMLElement).innerText.trim() === (e.firstElementChild as HTMLElement).innerText.trim()).map(e => (e as HTMLElement).innerText));
      if (/\[object|undefined|NaN|sections\.|facts\.|related\./.test(text) || empty.length > 0 || await d.locator('.section').count() < 2) bare.push(`${kind.kind} ${name}: ${empty.join('; ')} ${text}`);
      looked.push(kind.kind);
      if (['ResourceQuota', 'CronJob', 'Ingress', 'PersistentVolumeClaim', 'RoleBinding', 'StatefulSet', 'HorizontalPodAutoscaler'].includes(kind.kind)) await w.shot(`drawer-kind-${kind.kind.toLowerCase()}`);
    }
    expect(bare).toEqual([]);
    // Events are too many to be found by name; they have their list, and lead to what they are about.
    const tree = w.page.locator('.tree');
    if (!await tree.getByText('Events', { exact: true }).isVisible()) await tree.getByText('Cluster', { exact: true }).click();
    await tree.getByText('Events', { exact: true }).click();
    await w.page.getByRole('heading', { name: 'Events', exact: true, level: 1 }).waitFor();
    await w.page.locator('.row[data-key]').first().click();
    const event = w.page.getByTestId('drawer');
    await event.locator('.drawer-sub').getByText('Event', { exact: false }).waitFor();
    await event.getByRole('heading', { name: 'Points at' }).waitFor();
    await w.shot('drawer-kind-event');
    expect(looked.length).toBeGreaterThanOrEqual(60);
    await w.close();
  });
});

describe('deleting', () => {
  it('counts what goes with it, offers what becomes of it, and shows the command of each choice', async () => {
    await create(client, deployment('staging', 'passing', 2));
    await eventually('its pods', async () => (await client.list(POD, { namespace: 'staging', labelSelector: 'app=passing' })).items.length === 2);
    const w = await openWindow(browser, url);
    const d = await show(w, 'deploy/passing', /^passing/);
    await d.getByRole('button', { name: /^Delete/ }).click();
    const dialog = w.page.getByRole('dialog');
    await dialog.getByText('3 more objects go with it: 1 replicaset, 2 pods').waitFor();
    const command = 'kubectl --context pilothouse -n staging delete deployment/passing';
    await dialog.getByText(command, { exact: true }).waitFor();
    await w.shot('delete-cascades');
    await dialog.getByLabel('is deleted before it').check();
    await dialog.getByText(`${command} --cascade=foreground`, { exact: true }).waitFor();
    await dialog.getByLabel('stays, without an owner').check();
    await dialog.getByText(`${command} --cascade=orphan`, { exact: true }).waitFor();
    await dialog.getByText('3 objects stay behind without their owner').waitFor();
    await w.shot('delete-orphans');
    await dialog.getByRole('button', { name: 'Delete deployment' }).click();
    await d.getByText('This object is gone').waitFor();
    expect((await client.list(DEPLOYMENT, { namespace: 'staging' })).items.map(x => x.metadata?.name)).not.toContain('passing');
    const left = (await client.list(kindOf('apps/v1', 'ReplicaSet')!, { namespace: 'staging', labelSelector: 'app=passing' })).items;
    expect(left.map(x => x.metadata?.ownerReferences ?? [])).toEqual([[]]);
    expect(await w.page.locator('.status-bar').textContent()).toContain('--cascade=orphan');
    await w.close();
  });
});
