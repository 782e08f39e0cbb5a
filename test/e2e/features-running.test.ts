// What keeps running, by clicking, with the real controllers and the real scheduler on simulated nodes: the stories W15 and W19, timetables and jobs as they go, scaling
// under load, budgets while a node is drained, quotas until they refuse, members as an update reaches them, claims that grow.
import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kindOf } from '../../core/api/kinds/index.ts';
import { millisOf, wholeOf } from '../../core/api/meta/quantity.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { CronJob, Deployment, Job, Node, PersistentVolumeClaim, Pod, ResourceQuota, StatefulSet, V2HorizontalPodAutoscaler } from '../../core/api/types/kubernetes.ts';
import type { Client } from '../../core/client/client.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { accountOf, create, namespace } from './shell-objects.ts';

const NS = 'live', MERGE = 'application/merge-patch+json';
const kind = (apiVersion: string, name: string) => kindOf(apiVersion, name)!;
const POD = kind('v1', 'Pod'), NODE = kind('v1', 'Node'), DEPLOYMENT = kind('apps/v1', 'Deployment'), SET = kind('apps/v1', 'StatefulSet'), JOB = kind('batch/v1', 'Job'), CRON = kind('batch/v1', 'CronJob'), HPA = kind('autoscaling/v2', 'HorizontalPodAutoscaler'), CLAIM = kind('v1', 'PersistentVolumeClaim'), QUOTA = kind('v1', 'ResourceQuota');
let host: Host, client: Client, url: string, browser: Browser, w: Window;
const main = (more: object = {}): object => ({ name: 'main', image: 'shop/web:1', resources: { requests: { cpu: '10m', memory: '8Mi' } }, ...more });
const of = (apiVersion: string, k: string, name: string, rest: object, ns: string | undefined = NS): KubeObject => ({ apiVersion, kind: k, metadata: { name, ...(ns ? { namespace: ns } : {}) }, ...rest }) as KubeObject;
const podTemplate = (app: string, container: object = main(), more: object = {}): object => ({ metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 0, containers: [container], ...more } });
const sh = (script: string): object => main({ image: 'alpine', command: ['sh', '-c', script] });

beforeAll(async () => {
  [browser] = await Promise.all([openBrowser(), (async () => {
    ({ host, client, url } = await startWindowHost({ args: ['--nodes', '3'] }));
    await create(client, namespace(NS), namespace('bounded'), namespace('recipes'));
    await accountOf(client, NS);
    // Figures come every fifteen seconds: what is scaled by them begins now and is looked at last.
    await create(client,
      of('apps/v1', 'Deployment', 'front', { spec: { replicas: 1, selector: { matchLabels: { app: 'front' } }, template: podTemplate('front', main({ env: [{ name: 'SIMULATED_CPU', value: '300m' }], resources: { requests: { cpu: '100m' } } })) } }),
      of('autoscaling/v2', 'HorizontalPodAutoscaler', 'front', { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'front' }, minReplicas: 1, maxReplicas: 4, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }] } }),
    );
  })()]);
  w = await openWindow(browser, url, { viewport: { width: 1440, height: 1000 } });
});
afterAll(async () => {
  try { await w?.close(); } finally { await browser?.close(); await host?.dispose(); }
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await w.shot(`failed-${task.name.replaceAll(/\W+/g, '-').slice(0, 40)}`);
  // The window is shared: what a failed test left open must not stand before the next.
  for (let i = 0; i < 4 && await page().getByRole('dialog').count() > 0; i++) await page().keyboard.press('Escape');
});

const page = () => w.page;
const dialog = () => page().getByRole('dialog');
async function show(words: string, name: string): Promise<Locator> {
  await page().keyboard.press('Control+k');
  await page().getByRole('combobox').fill(words);
  await page().getByRole('option', { name: new RegExp(`^${name}`) }).first().click();
  await page().getByRole('combobox').waitFor({ state: 'detached' });
  const drawer = page().getByTestId('drawer');
  await drawer.getByRole('heading', { name, exact: true }).waitFor();
  return drawer;
}
async function confirm(deed: string | RegExp): Promise<void> {
  await dialog().getByRole('button', { name: deed, exact: true }).click();
  await dialog().waitFor({ state: 'detached' });
}
/** The list of a kind by the palette; answers the cells of the row of an object, as text. */
async function list(plural: string, title: string): Promise<void> {
  await page().keyboard.press('Control+k');
  await page().getByRole('combobox').fill(plural);
  await page().getByRole('option', { name: new RegExp(`^${title}`) }).first().click();
  await page().getByRole('combobox').waitFor({ state: 'detached' });
  await page().getByRole('heading', { name: title, exact: true, level: 1 }).waitFor();
}
const row = (key: string): Locator => page().locator(`.row[data-key="${key}"]`);
/** Applies a manifest in the editor, after its review. */
async function apply(manifest: string): Promise<void> {
  await page().keyboard.press('Control+k');
  await page().getByRole('combobox').fill('create from yaml');
  await page().getByRole('option', { name: /YAML/ }).first().click();
  const yaml = page().locator('[data-testid="yaml"]:visible');
  await yaml.locator('.monaco-editor').first().waitFor();
  await expect.poll(() => page().evaluate(() => document.activeElement?.closest('.monaco-editor') !== null)).toBe(true);
  await page().keyboard.insertText(manifest);
  await page().keyboard.press('Control+Enter');
  await page().locator('[data-testid="yaml-apply"]:visible').click();
  await page().locator('[data-testid="yaml-review"]:visible').waitFor({ state: 'detached' });
}
/** Pictures of what is shown, narrow and wide, where nothing may stick out sideways: neither of the window nor of the drawer. */
async function widths(name: string): Promise<void> {
  for (const [width, height] of [[1280, 800], [2560, 1400]] as const) {
    await page().setViewportSize({ width, height });
    await expect.poll(() => page().evaluate(() => [document.documentElement, document.querySelector('.drawer'), document.querySelector('.drawer-body')].filter(e => e && e.scrollWidth > e.clientWidth).map(e => e!.className))).toEqual([]);
    await w.shot(`${name}-${width}`);
  }
  await page().setViewportSize({ width: 1440, height: 1000 });
}
const pods = async (app: string, ns = NS): Promise<Pod[]> => (await client.list<Pod>(POD, { namespace: ns, labelSelector: `app=${app}` })).items;
const isReady = (p: Pod): boolean => !p.metadata?.deletionTimestamp && (p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false);
const ready = (app: string, n: number, ns = NS) => eventually(`${n} pods of ${app} ready`, async () => { const all = await pods(app, ns); return all.length === n && all.every(isReady); });

describe('W15 through the window', () => {
  it('two deployments and their services from one manifest; a new image with its cause; the old set at 0; undone to a revision; scaled', async () => {
    const one = (name: string, replicas: number): string => [
      JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'recipes' }, spec: { replicas, selector: { matchLabels: { app: name } }, template: podTemplate(name, main({ image: `${name}:v1`, ports: [{ containerPort: 80 }] })) } }),
      JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'recipes' }, spec: { selector: { app: name }, ports: [{ port: 80 }] } }),
    ].join('\n---\n');
    await apply(`${one('recipe-api', 5)}\n---\n${one('web-api', 3)}\n`);
    await list('deployments', 'Deployments');
    await row('recipes/recipe-api').getByText('5/5').waitFor();
    await row('recipes/web-api').getByText('3/3').waitFor();

    await row('recipes/web-api').click();
    await page().locator('.table').first().focus();
    await page().keyboard.press('r');
    const rollout = page().locator('[data-testid="rollout"]:visible');
    const revision = (n: number): Locator => rollout.locator(`[data-revision="${n}"]`);
    await revision(1).getByText('current').waitFor();
    await rollout.getByRole('button', { name: 'Set image', exact: true }).click();
    await page().locator('input[name="image-main"]').fill('web-api:v2');
    await dialog().getByLabel('Change cause').fill('recipes v2');
    await confirm('Set images');
    await revision(2).getByText('current').waitFor();
    await expect.poll(() => rollout.getAttribute('data-state'), { timeout: 20_000 }).toBe('done');
    await revision(2).getByText('recipes v2').waitFor();
    await revision(2).getByText('3/3').waitFor();
    await w.shot('w15-rolled-out');
    await list('replicasets', 'Replica sets');
    await page().locator('#list-filter').fill('web-api');
    await expect.poll(async () => (await page().locator('.row[data-key^="recipes/web-api-"]').allInnerTexts()).map(t => t.replaceAll(/\s+/g, ' ').match(/recipes (\d+ \d+ \d+)/)?.[1]).sort()).toEqual(['0 0 0', '3 3 3']);
    await page().locator('#list-filter').fill('');

    await revision(1).getByRole('button', { name: /Go back/ }).click();
    await dialog().locator('.line-in', { hasText: 'web-api:v1' }).waitFor();
    await confirm('Go back to revision 1');
    await revision(3).getByText('current').waitFor();
    await expect.poll(() => rollout.getAttribute('data-state'), { timeout: 20_000 }).toBe('done');
    expect((await pods('web-api', 'recipes')).filter(p => !p.metadata?.deletionTimestamp).map(p => p.spec?.containers[0]?.image)).toEqual(Array(3).fill('web-api:v1'));
    expect(await rollout.locator('[data-revision]').evaluateAll(rows => rows.map(r => (r as HTMLElement).dataset.revision))).toEqual(['3', '2']);

    await list('deployments', 'Deployments');
    await row('recipes/recipe-api').click();
    await page().locator('.table').first().focus();
    await page().keyboard.press('S');
    await dialog().getByRole('textbox').fill('10');
    await confirm('Scale to 10');
    await row('recipes/recipe-api').getByText('10/10').waitFor();
    await w.shot('w15-scaled');
  });
});

describe('jobs as they go', () => {
  it('a cron job is run by hand and its job ends; suspended it starts none; resumed its next runs are told', async () => {
    await create(client, of('batch/v1', 'CronJob', 'tidy', { spec: { schedule: '0 4 * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [sh('echo tidied; sleep 0.5')] } } } } } }));
    const d = await show('cj/tidy', 'tidy');
    const times = d.getByTestId('schedule'), runs = d.getByTestId('runs');
    await expect.poll(() => times.locator('tbody tr').count()).toBe(5);
    await page().keyboard.press('t');
    await dialog().getByLabel('Name of the job').fill('tidy-now');
    await confirm('Start the job');
    await runs.locator('[data-run="tidy-now"]').getByText('Complete').waitFor();
    await page().keyboard.press('z');
    await times.getByText('Suspended: these runs will not be started.').waitFor();
    // A schedule of every minute would be due at the latest now: suspended it starts nothing.
    await client.patch(CRON, NS, 'tidy', MERGE, { spec: { schedule: '* * * * *' } });
    await w.shot('cron-suspended');
    expect((await client.get<CronJob>(CRON, NS, 'tidy')).status?.active).toBeUndefined();
    await page().keyboard.press('z');
    await times.getByText('Suspended').waitFor({ state: 'detached' });
    await times.getByText(/^in \d+s$/).first().waitFor();
    await runs.locator('[data-run="tidy-now"]').getByRole('button', { name: 'tidy-now' }).click();
    await d.getByRole('heading', { name: 'tidy-now', exact: true }).waitFor();
    await d.getByTestId('completions').getByText('done').waitFor();
    await client.patch(CRON, NS, 'tidy', MERGE, { spec: { suspend: true } });
  });

  it('an indexed job lives through indexes that fail: tried again, given up, the rest done', async () => {
    const script = 'sleep 0.4; [ $JOB_COMPLETION_INDEX != 3 ] || exit 3; [ $JOB_COMPLETION_INDEX != 6 ] || exit 4; echo done';
    await create(client, of('batch/v1', 'Job', 'frames', { spec: { completionMode: 'Indexed', completions: 8, parallelism: 3, backoffLimitPerIndex: 0, template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [sh(script)] } } } }));
    const d = await show('job/frames', 'frames');
    const grid = d.getByTestId('completions');
    await grid.locator('[data-index="0"][data-state="running"]').or(grid.locator('[data-index="0"][data-state="succeeded"]')).waitFor();
    await grid.locator('[data-index="3"][data-state="failed"]').waitFor();
    await grid.locator('[data-index="6"][data-state="failed"]').waitFor();
    await grid.locator('[data-index="7"][data-state="succeeded"]').waitFor();
    expect(await grid.locator('.index-cell[data-state="succeeded"]').count()).toBe(6);
    for (const code of ['exit 3', 'exit 4']) await grid.getByText(code).waitFor();
    await eventually('the job to fail', async () => (await client.get<Job>(JOB, NS, 'frames')).status?.conditions?.some(c => c.type === 'Failed' && c.reason === 'FailedIndexes'));
    await d.locator('.verdict').getByText('Job has failed indexes').waitFor();
    await w.shot('job-failed-indexes', true);
    await widths('job-failed-indexes');
  });
});

describe('W19 through the window', () => {
  it('nodes fill up: two and two, then a pod that fits nowhere says so, and runs when room is made', async () => {
    const nodes = (await client.list<Node>(NODE)).items;
    // What the fullest node has left, halved and a little more: one of such pods fits on each node, two do not.
    const each = Math.floor(wholeOf(nodes[0]!.status!.allocatable!.memory!) / 2 / 2 * 1.2);
    const pod = (name: string): KubeObject => of('v1', 'Pod', name, { spec: { terminationGracePeriodSeconds: 0, containers: ['a', 'b'].map(c => main({ name: c, resources: { requests: { memory: String(each) } } })) } });
    await create(client, pod('big-1'), pod('big-2'), pod('big-3'));
    await eventually('one on each node', async () => new Set((await Promise.all(['big-1', 'big-2', 'big-3'].map(n => client.get<Pod>(POD, NS, n)))).map(p => p.spec?.nodeName)).size === 3);
    await create(client, pod('big-4'));
    const d = await show('po/big-4', 'big-4');
    await d.getByTestId('placement').locator('[data-why="insufficient"]').getByText('too little memory left.').waitFor();
    await d.locator('.event-reason', { hasText: 'FailedScheduling' }).waitFor();
    await w.shot('w19-no-room');
    await list('pods', 'Pods');
    await row(`${NS}/big-1`).click();
    await page().locator('.table').first().focus();
    await page().keyboard.press('d');
    await confirm('Delete pod');
    await row(`${NS}/big-4`).getByText('Running').waitFor();
    // A label that no node has; then one has it.
    await create(client, of('v1', 'Pod', 'picky', { spec: { nodeSelector: { machine: 'physical' }, terminationGracePeriodSeconds: 0, containers: [main()] } }));
    const picky = await show('po/picky', 'picky');
    await picky.getByTestId('placement').locator('[data-why="selector"]').waitFor();
    await client.patch(NODE, undefined, nodes[1]!.metadata!.name!, MERGE, { metadata: { labels: { machine: 'physical' } } });
    await picky.getByTestId('placement').waitFor({ state: 'detached' });
    await eventually('it runs there', async () => (await client.get<Pod>(POD, NS, 'picky')).spec?.nodeName === nodes[1]!.metadata!.name);
    for (const name of ['big-2', 'big-3', 'big-4', 'picky']) await client.delete(POD, NS, name);
  });

  it('a pod of high priority takes the place of one of low priority, and both say so', async () => {
    const node = (await client.list<Node>(NODE)).items[2]!, name = node.metadata!.name!;
    const cpu = `${Math.floor(millisOf(node.status!.allocatable!.cpu!) * 0.8)}m`;
    await create(client, of('scheduling.k8s.io/v1', 'PriorityClass', 'urgent', { value: 100_000 }, undefined));
    const pod = (n: string, more: object): KubeObject => of('v1', 'Pod', n, { metadata: { name: n, namespace: NS, labels: { app: n } }, spec: { nodeSelector: { 'kubernetes.io/hostname': name }, terminationGracePeriodSeconds: 0, containers: [main({ resources: { requests: { cpu } } })], ...more } });
    await create(client, pod('modest', {}));
    await ready('modest', 1);
    const d = await show('po/modest', 'modest');
    await create(client, pod('pressing', { priorityClassName: 'urgent' }));
    await d.getByText('This object is gone').waitFor();
    await ready('pressing', 1);
    await d.locator('.event-reason', { hasText: 'Preempted' }).waitFor();
    await w.shot('w19-preempted');
    await client.delete(POD, NS, 'pressing');
  });

  it('a quota fills until it refuses: its bars, the rollout that is held up, and the way out', async () => {
    await create(client, of('v1', 'ResourceQuota', 'small', { spec: { hard: { pods: '4', 'requests.cpu': '100m' } } }, 'bounded'), of('v1', 'LimitRange', 'usual', { spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '10m' }, default: { cpu: '50m' } }] } }, 'bounded'));
    await accountOf(client, 'bounded');
    await eventually('the quota is counted', async () => (await client.get<ResourceQuota>(QUOTA, 'bounded', 'small')).status?.hard?.['pods']);
    await create(client, of('apps/v1', 'Deployment', 'grows', { spec: { replicas: 2, selector: { matchLabels: { app: 'grows' } }, template: podTemplate('grows', { name: 'main', image: 'shop/web:1' }) } }, 'bounded'));
    let d = await show('quota/small', 'small');
    const bars = () => d.getByTestId('quota').locator('tbody tr').evaluateAll(rows => rows.map(r => [(r as HTMLElement).dataset.resource, r.querySelectorAll('.num')[0]?.textContent, (r as HTMLElement).dataset.level]));
    await expect.poll(bars).toEqual([['pods', '2', 'good'], ['requests.cpu', '20m', 'good']]);
    await list('deployments', 'Deployments');
    await row('bounded/grows').click();
    await page().locator('.table').first().focus();
    await page().keyboard.press('S');
    await dialog().getByRole('textbox').fill('6');
    await confirm('Scale to 6');
    d = await show('quota/small', 'small');
    await expect.poll(bars).toEqual([['pods', '4', 'bad'], ['requests.cpu', '40m', 'good']]);
    await d.locator('.verdict').getByText('Full').waitFor();
    await d.getByText('pods is used up').waitFor();
    await w.shot('w19-quota-full', true);
    d = await show('deploy/grows', 'grows');
    await d.getByRole('button', { name: 'Rollout', exact: true }).click();
    const rollout = page().locator('[data-testid="rollout"]:visible');
    await rollout.locator('[data-reason="quota"]').getByText(/may make no more pods: the quota small is used up/).waitFor();
    await client.patch(QUOTA, 'bounded', 'small', MERGE, { spec: { hard: { pods: '8' } } });
    await expect.poll(() => rollout.getAttribute('data-state'), { timeout: 30_000 }).toBe('done');
    // The bounds of the namespace gave each of its containers what it asks for.
    const of1 = (await pods('grows', 'bounded'))[0]!;
    expect(of1.spec?.containers[0]?.resources).toEqual({ limits: { cpu: '50m' }, requests: { cpu: '10m' } });
  });
});

describe('members', () => {
  it('a stateful set: one after another, an update as far as its partition, claims that stay when it shrinks', async () => {
    await create(client, of('apps/v1', 'StatefulSet', 'db', { spec: { serviceName: 'db', replicas: 3, selector: { matchLabels: { app: 'db' } }, template: podTemplate('db', main({ image: 'db:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] })), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } }, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } } }] } }));
    const d = await show('sts/db', 'db');
    const members = d.getByTestId('ordinals'), member = (n: number): Locator => members.locator(`[data-ordinal="${n}"]`);
    for (const n of [0, 1, 2]) await member(n).getByText('Running').waitFor();
    await expect.poll(() => members.getByText('Bound').count()).toBe(3);
    await client.patch(SET, NS, 'db', 'application/strategic-merge-patch+json', { spec: { template: { spec: { containers: [{ name: 'main', image: 'db:2' }] } } } });
    await member(2).getByText('revision 2').waitFor();
    await member(2).getByText('Running').waitFor();
    expect(await members.locator('> li').evaluateAll(rows => rows.map(r => (r as HTMLElement).dataset.ordinal ?? `| ${(r as HTMLElement).dataset.partition}`))).toEqual(['0', '1', '| 2', '2']);
    for (const n of [0, 1]) await member(n).getByText('revision 1').waitFor();
    await widths('stateful-set-partition');
    await d.getByRole('button', { name: 'Set the partition' }).last().click();
    await dialog().locator('input').fill('0');
    await confirm('Set the partition to 0');
    for (const n of [1, 0]) await member(n).getByText('revision 2').waitFor();
    await member(0).getByText('Running').waitFor();
    // Smaller: the last goes, what it kept stays.
    await page().keyboard.press('S');
    await dialog().getByRole('textbox').fill('1');
    await confirm('Scale to 1');
    await eventually('one member', async () => (await pods('db')).length === 1);
    await expect.poll(() => members.locator('[data-ordinal]').count()).toBe(1);
    await list('persistentvolumeclaims', 'Persistent volume claims');
    for (const n of [0, 1, 2]) await row(`${NS}/data-db-${n}`).getByText('Bound').waitFor();
    await w.shot('claims-stay');
    expect((await client.get<StatefulSet>(SET, NS, 'db')).status?.replicas).toBe(1);
  });

  it('a claim grows from its drawer, and the volume with it', async () => {
    const d = await show('pvc/data-db-0', 'data-db-0');
    await d.locator('[data-usage="known"]').getByText(/of 64Mi used/).waitFor();
    await d.getByRole('button', { name: 'Enlarge' }).last().click();
    await dialog().getByLabel(/^New size/).fill('128Mi');
    await confirm('Enlarge to 128Mi');
    await d.locator('[data-usage="known"]').getByText(/of 128Mi used/).waitFor();
    expect((await client.get<PersistentVolumeClaim>(CLAIM, NS, 'data-db-0')).status?.capacity?.['storage']).toBe('128Mi');
  });

  it('a daemon set has a pod on each node it fits, and follows a label that comes', async () => {
    const [, , third] = (await client.list<Node>(NODE)).items.map(n => n.metadata!.name!);
    await client.patch(NODE, undefined, third!, MERGE, { spec: { taints: [{ key: 'only', value: 'gpu', effect: 'NoSchedule' }] } });
    await create(client, of('apps/v1', 'DaemonSet', 'agent', { spec: { selector: { matchLabels: { app: 'agent' } }, template: podTemplate('agent') } }));
    const d = await show('ds/agent', 'agent');
    const grid = d.getByTestId('daemon-nodes');
    await expect.poll(() => grid.locator('[data-state="ready"]').count()).toBe(2);
    await grid.locator(`[data-node="${third}"]`).getByText('taint only=gpu:NoSchedule').waitFor();
    await client.patch(NODE, undefined, third!, MERGE, { spec: { taints: null } });
    await expect.poll(() => grid.locator('[data-state="ready"]').count()).toBe(3);
    await widths('daemon-set-live');
  });
});

describe('budgets', () => {
  it('a node is drained as far as a budget lets it, and on when pods are ready elsewhere; its budget says why it waits', async () => {
    const [first, second] = (await client.list<Node>(NODE)).items.map(n => n.metadata!.name!);
    const here = { nodeSelector: { 'kubernetes.io/hostname': first } };
    await create(client, of('apps/v1', 'Deployment', 'cart', { spec: { replicas: 2, selector: { matchLabels: { app: 'cart' } }, template: podTemplate('cart', main(), here) } }), of('policy/v1', 'PodDisruptionBudget', 'cart', { spec: { minAvailable: 1, selector: { matchLabels: { app: 'cart' } } } }), of('v1', 'Pod', 'by-hand', { spec: { ...here, terminationGracePeriodSeconds: 0, containers: [main()] } }));
    await ready('cart', 2);
    let d = await show('pdb/cart', 'cart');
    await expect.poll(() => d.getByTestId('budget').locator('.budget-allowed').innerText()).toMatch(/^1\s/);
    await list('nodes', 'Nodes');
    await row(first!).click();
    d = page().getByTestId('drawer');
    await d.getByRole('heading', { name: first!, exact: true }).waitFor();
    await d.getByRole('button', { name: 'Drain', exact: true }).click();
    const drain = dialog().getByTestId('drain');
    await drain.getByText(/^\d+ pods stay, as the node would have them back at once:/).waitFor();
    const deed = dialog().getByRole('button', { name: /^Drain: evict \d+ pods$/ });
    expect(await deed.isDisabled()).toBe(true);
    await dialog().getByText('Take by-hand away though nobody makes it again').click();
    await dialog().getByText(`kubectl --context pilothouse drain ${first} --ignore-daemonsets --force`, { exact: true }).waitFor();
    await w.shot('drain-asks', true);
    await deed.click();
    // One of the two may go; its successor fits only here, where nothing new is taken: the other must wait.
    await drain.locator('[data-state="putOff"]').getByText("Cannot evict pod as it would violate the pod's disruption budget.").waitFor();
    await expect.poll(() => drain.locator('li:not([data-state="gone"])').count()).toBe(1);
    await w.shot('drain-waits', true);
    // Elsewhere is room for them now: the drain goes on by itself.
    await client.patch(DEPLOYMENT, NS, 'cart', MERGE, { spec: { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': second } } } } });
    await dialog().waitFor({ state: 'detached', timeout: 30_000 });
    await page().getByText(`${first}: drained`).waitFor();
    expect((await client.get<Node>(NODE, undefined, first!)).spec?.unschedulable).toBe(true);
    expect((await client.list<Pod>(POD, { fieldSelector: `spec.nodeName=${first}` })).items.filter(p => !['DaemonSet', 'Node'].includes(p.metadata?.ownerReferences?.[0]?.kind ?? '')).map(p => p.metadata?.name)).toEqual([]);
  });
});

describe('scaling', () => {
  it('an autoscaler scales up under load: measured against wanted, the stairs in its chart, bounds that are raised', async () => {
    const d = await show('hpa/front', 'front');
    const part = d.getByTestId('autoscale');
    await part.locator('[data-metric="cpu"]').getByText('300%').waitFor({ timeout: 60_000 });
    await eventually('as many as may be', async () => (await client.get<Deployment>(DEPLOYMENT, NS, 'front')).spec?.replicas === 4, 60_000);
    await part.getByText('4', { exact: true }).first().waitFor();
    await d.locator('.event-reason', { hasText: 'SuccessfulRescale' }).waitFor();
    await part.getByText(/cpu resource utilization \(percentage of request\) above target/).waitFor();
    expect(((await part.locator('[data-line="replicas"]').getAttribute('d')) ?? '').split('V').length - 1).toBeGreaterThanOrEqual(1);
    await w.shot('autoscaler-live', true);
    await widths('autoscaler-live');
    await page().keyboard.press('m');
    await dialog().getByLabel('Most replicas').fill('5');
    await confirm('Keep between 1 and 5');
    expect((await client.get<V2HorizontalPodAutoscaler & KubeObject>(HPA, NS, 'front')).spec.maxReplicas).toBe(5);
  });
});
