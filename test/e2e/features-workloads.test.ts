// The views of what keeps running: timetables, completions, scaling, members, nodes, budgets, quotas, claims, and why a pod has no
// node. Their states are written here as Kubernetes writes them, on a host whose controllers and nodes are left out.
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindOf } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { CronJob, Job, PersistentVolumeClaim, StatefulSet, V2HorizontalPodAutoscaler } from '../../core/api/types/kubernetes.ts';
import type { Client } from '../../core/client/client.ts';
import type { Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { accountOf, create, namespace } from './shell-objects.ts';

const MERGE = 'application/merge-patch+json';
const NS = 'ops';
let host: Host, client: Client, url: string, browser: Browser, w: Window;
beforeAll(async () => {
  [browser] = await Promise.all([openBrowser(), (async () => {
    ({ host, client, url } = await startWindowHost({ args: ['--nodes', '0', '--no-scheduler', '--controllers', 'namespace,serviceaccount'] }));
    await create(client, namespace(NS));
    await accountOf(client, NS);
  })()]);
  w = await openWindow(browser, url, { viewport: { width: 1440, height: 1000 }, timezoneId: 'Europe/Berlin' });
});
afterAll(async () => {
  try { await w?.close(); } finally { await browser?.close(); await host?.dispose(); }
});

const kind = (apiVersion: string, name: string) => kindOf(apiVersion, name)!;
const POD = kind('v1', 'Pod'), JOB = kind('batch/v1', 'Job'), CRON = kind('batch/v1', 'CronJob'), CLAIM = kind('v1', 'PersistentVolumeClaim'), HPA = kind('autoscaling/v2', 'HorizontalPodAutoscaler'), SET = kind('apps/v1', 'StatefulSet');
const status = (of: typeof POD, name: string, value: object): Promise<unknown> => client.patch(of, of.namespaced ? NS : undefined, name, MERGE, { status: value }, 'status');
const container = [{ name: 'main', image: 'shop/web:1.4', resources: { requests: { cpu: '100m', memory: '64Mi' } } }];
const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString().replace(/\.\d+/, '');
const ownedBy = (o: KubeObject, more: object = {}): object => ({ namespace: NS, ownerReferences: [{ apiVersion: o.apiVersion!, kind: o.kind!, name: o.metadata!.name!, uid: o.metadata!.uid!, controller: true }], ...more });
async function make<T extends KubeObject>(of: typeof POD, o: object): Promise<T> {
  const whole = { apiVersion: of.group ? `${of.group}/${of.version}` : of.version, kind: of.kind, ...o } as KubeObject;
  await create(client, whole);
  return client.get<T>(of, whole.metadata?.namespace, whole.metadata?.name ?? '');
}
const ready = { phase: 'Running', conditions: [{ type: 'PodScheduled', status: 'True' }, { type: 'Ready', status: 'True' }] };
async function makePod(name: string, metadata: object, spec: object, state: object): Promise<void> {
  await make(POD, { metadata: { namespace: NS, ...metadata, name }, spec: { containers: container, ...spec } });
  await status(POD, name, state);
}

async function show(words: string, name: string): Promise<Locator> {
  await w.page.keyboard.press('Control+k');
  await w.page.getByRole('combobox').fill(words);
  await w.page.getByRole('option', { name: new RegExp(`^${name}`) }).first().click();
  await w.page.getByRole('combobox').waitFor({ state: 'detached' });
  const drawer = w.page.getByTestId('drawer');
  await drawer.getByRole('heading', { name, exact: true }).waitFor();
  return drawer;
}
const dialog = () => w.page.getByRole('dialog');
async function confirm(deed: string): Promise<void> {
  await dialog().getByRole('button', { name: deed, exact: true }).click();
  await dialog().waitFor({ state: 'detached' });
}

describe('jobs', () => {
  it('a cron job: its next runs in both zones, its runs; run now, suspend and resume', async () => {
    const template = { spec: { template: { spec: { restartPolicy: 'Never', containers: container } } } };
    const cron = await make<CronJob & KubeObject>(CRON, { metadata: { namespace: NS, name: 'report' }, spec: { schedule: '30 8 * * 1-5', timeZone: 'America/New_York', jobTemplate: template } });
    await status(CRON, 'report', { lastScheduleTime: ago(3600), lastSuccessfulTime: ago(3500) });
    for (const [name, seconds, ended] of [['report-1', 90_000, 'Failed'], ['report-2', 3600, 'Complete']] as const) {
      await make<Job & KubeObject>(JOB, { metadata: ownedBy(cron, { name }), ...template });
      const conditions = [...(ended === 'Complete' ? [{ type: 'SuccessCriteriaMet', status: 'True', reason: 'CompletionsReached' }] : [{ type: 'FailureTarget', status: 'True', reason: 'BackoffLimitExceeded' }]), { type: ended, status: 'True', reason: ended === 'Complete' ? 'CompletionsReached' : 'BackoffLimitExceeded', message: ended === 'Complete' ? 'Reached expected number of succeeded pods' : 'Job has reached the specified backoff limit', lastTransitionTime: ago(seconds - 75) }];
      await status(JOB, name, { startTime: ago(seconds), ...(ended === 'Complete' ? { completionTime: ago(seconds - 75), succeeded: 1 } : { failed: 7 }), conditions });
    }
    const d = await show('cj/report', 'report');
    const times = d.getByTestId('schedule');
    await times.getByText('Here (Europe/Berlin)').waitFor();
    await times.getByText('America/New_York').waitFor();
    expect(await times.locator('tbody tr').count()).toBe(5);
    expect((await times.locator('tbody td:nth-child(3)').allTextContents()).every(x => x.includes('08:30'))).toBe(true);
    const runs = d.getByTestId('runs');
    await runs.locator('[data-run="report-2"]').getByText('75s long').waitFor();
    await runs.locator('[data-run="report-1"]').getByText('Failed').waitFor();
    await w.shot('cron-job', true);

    await w.page.keyboard.press('t');
    await dialog().getByLabel('Name of the job').fill('report-again');
    await dialog().getByText(`kubectl --context pilothouse -n ${NS} create job report-again --from=cronjob/report`).waitFor();
    await confirm('Start the job');
    await runs.locator('[data-run="report-again"]').getByText('by hand').waitFor();
    const made = await client.get<Job>(JOB, NS, 'report-again');
    expect(made.metadata?.annotations?.['cronjob.kubernetes.io/instantiate']).toBe('manual');
    expect(made.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'CronJob', name: 'report', controller: true });

    await w.page.keyboard.press('z');
    await times.getByText('Suspended: these runs will not be started.').waitFor();
    expect((await client.get<CronJob>(CRON, NS, 'report')).spec?.suspend).toBe(true);
    expect(await w.page.locator('.status-bar').textContent()).toContain(`patch cronjob/report -p '{"spec":{"suspend":true}}'`);
    await w.page.keyboard.press('z');
    await times.getByText('Suspended').waitFor({ state: 'detached' });
  });

  it('an indexed job: a cell for each index, retries, and how pods failed', async () => {
    const job = await make<Job & KubeObject>(JOB, { metadata: { namespace: NS, name: 'render' }, spec: { completionMode: 'Indexed', completions: 40, parallelism: 4, backoffLimitPerIndex: 1, maxFailedIndexes: 5, template: { spec: { restartPolicy: 'Never', containers: container } } } });
    const labels = { 'batch.kubernetes.io/controller-uid': job.metadata!.uid!, 'controller-uid': job.metadata!.uid!, 'batch.kubernetes.io/job-name': 'render', 'job-name': 'render' };
    const failed = { phase: 'Failed', containerStatuses: [{ name: 'main', image: 'x', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 3, reason: 'Error' } } }] };
    for (const [i, state] of [[7, failed], [12, failed], [20, ready], [21, ready]] as const) await makePod(`render-${i}-x`, ownedBy(job, { labels, annotations: { 'batch.kubernetes.io/job-completion-index': String(i) } }), { nodeName: 'far', restartPolicy: 'Never' }, state);
    await status(JOB, 'render', { startTime: ago(60), active: 2, ready: 2, succeeded: 19, failed: 2, completedIndexes: '0-6,8-19', failedIndexes: '7' });
    const d = await show('job/render', 'render');
    const grid = d.getByTestId('completions');
    await grid.locator('[data-index="20"][data-state="running"]').waitFor();
    await grid.locator('[data-index="7"][data-state="failed"]').waitFor();
    expect(await grid.locator('.index-cell').count()).toBe(40);
    await grid.locator('[data-index="12"][aria-label="index 12 · done · 1 pod failed"]').waitFor();
    await grid.getByText('exit 3').waitFor();
    await w.shot('job-completions', true);
    // One stop for Tab, the arrows for the rest; Enter opens the pod.
    await grid.locator('[data-index="0"]').focus();
    for (let i = 0; i < 7; i++) await w.page.keyboard.press('ArrowRight');
    await w.page.keyboard.press('Enter');
    await d.getByRole('heading', { name: 'render-7-x', exact: true }).waitFor();
  });
});

describe('scaling', () => {
  it('an autoscaler: measured against wanted, replicas over time, its bounds', async () => {
    const hpa = await make<V2HorizontalPodAutoscaler & KubeObject>(HPA, { metadata: { namespace: NS, name: 'front' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'front' }, minReplicas: 2, maxReplicas: 8, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }] } });
    const at = (percent: number, replicas: number, desired: number) => status(HPA, 'front', { currentReplicas: replicas, desiredReplicas: desired, lastScaleTime: ago(30), currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent, averageValue: `${percent}m` } } }], conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'recommended size matches current size' }, { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: 'the HPA was able to successfully calculate a replica count' }, { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' }] });
    for (const [name, size, seconds] of [['a', 3, 1500], ['b', 6, 900], ['c', 4, 300]] as const) await make(kind('v1', 'Event'), { metadata: { namespace: NS, name: `front.${name}` }, type: 'Normal', reason: 'SuccessfulRescale', message: `New size: ${size}; reason: cpu resource utilization (percentage of request) above target`, involvedObject: { kind: 'HorizontalPodAutoscaler', namespace: NS, name: 'front', uid: hpa.metadata!.uid! }, firstTimestamp: ago(seconds), lastTimestamp: ago(seconds), count: 1 });
    await at(90, 4, 6);
    const d = await show('hpa/front', 'front');
    const part = d.getByTestId('autoscale');
    const cpu = part.locator('[data-metric="cpu"]');
    await expect.poll(() => cpu.locator('td').allTextContents()).toEqual(['', '90%', '60%', '6']);
    await part.getByText('4, on the way to 6').waitFor();
    // Stairs of three events before the first look.
    await expect.poll(async () => ((await part.locator('[data-line="replicas"]').getAttribute('d')) ?? '').split('V').length - 1).toBeGreaterThanOrEqual(3);
    await at(55, 6, 6);
    await expect.poll(() => cpu.locator('td').allTextContents()).toEqual(['', '55%', '60%', '6']);
    await part.getByText(/cpu 92 % of target · 6 replicas$/).waitFor();
    await w.shot('autoscaler', true);
    await w.page.keyboard.press('m');
    await dialog().getByLabel('Fewest replicas').fill('9');
    await dialog().getByText('the most is not below the fewest').waitFor();
    await dialog().getByLabel('Most replicas').fill('12');
    await dialog().getByText(`-p '{"spec":{"minReplicas":9,"maxReplicas":12}}'`).waitFor();
    await confirm('Keep between 9 and 12');
    await part.getByText('9 to 12').waitFor();
    expect((await client.get<V2HorizontalPodAutoscaler & KubeObject>(HPA, NS, 'front')).spec).toMatchObject({ minReplicas: 9, maxReplicas: 12 });
  });

  it('a disruption budget says what it allows and why nothing; quotas and limits can be read', async () => {
    const labels = { app: 'cart' };
    await makePod('cart-1', { labels }, { nodeName: 'far' }, ready);
    await makePod('cart-2', { labels }, { nodeName: 'far' }, { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] });
    const PDB = kind('policy/v1', 'PodDisruptionBudget'), QUOTA = kind('v1', 'ResourceQuota');
    await make(PDB, { metadata: { namespace: NS, name: 'cart' }, spec: { minAvailable: 1, selector: { matchLabels: labels } } });
    await status(PDB, 'cart', { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 2, conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', lastTransitionTime: ago(9), observedGeneration: 1 }] });
    let d = await show('pdb/cart', 'cart');
    await d.getByText('One pod is not ready; it must be before another may go.').waitFor();
    await d.getByTestId('budget').getByRole('button', { name: 'cart-2' }).waitFor();
    await w.shot('budget-blocked', true);
    await make(QUOTA, { metadata: { namespace: NS, name: 'team' }, spec: { hard: { 'requests.cpu': '2', 'requests.memory': '1Gi', configmaps: '100' } } });
    await status(QUOTA, 'team', { hard: { 'requests.cpu': '2', 'requests.memory': '1Gi', configmaps: '100' }, used: { 'requests.cpu': '2', 'requests.memory': '950Mi', configmaps: '4' } });
    d = await show('quota/team', 'team');
    await d.getByText('requests.cpu is used up').waitFor();
    expect(await d.getByTestId('quota').locator('tbody tr').evaluateAll(rows => rows.map(r => (r as HTMLElement).dataset.level))).toEqual(['bad', 'warning', 'good']);
    await w.shot('quota', true);
    await make(kind('v1', 'LimitRange'), { metadata: { namespace: NS, name: 'usual' }, spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m', memory: '64Mi' }, max: { memory: '2Gi' } }] } });
    d = await show('limits/usual', 'usual');
    await d.getByRole('heading', { name: 'Each Container' }).waitFor();
    await w.shot('limit-range');
    // They would speak in the pods of the tests to come.
    await client.delete(kind('v1', 'LimitRange'), NS, 'usual');
    await client.delete(QUOTA, NS, 'team');
  });
});

describe('sets', () => {
  it('a stateful set by ordinal: pods, revisions, claims, and the partition', async () => {
    const template = { metadata: { labels: { app: 'db' } }, spec: { containers: container } };
    const set = await make<StatefulSet & KubeObject>(SET, { metadata: { namespace: NS, name: 'db' }, spec: { serviceName: 'db', replicas: 3, selector: { matchLabels: { app: 'db' } }, template, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } }, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] } });
    for (const n of [1, 2]) await make(kind('apps/v1', 'ControllerRevision'), { metadata: ownedBy(set, { name: `db-r${n}`, labels: { app: 'db' } }), revision: n, data: { spec: { template } } });
    for (const [n, hash] of [[0, 'db-r1'], [2, 'db-r2']] as const) await makePod(`db-${n}`, ownedBy(set, { labels: { app: 'db', 'controller-revision-hash': hash } }), { nodeName: 'far' }, ready);
    await make<PersistentVolumeClaim & KubeObject>(CLAIM, { metadata: { namespace: NS, name: 'data-db-0' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } } });
    await status(CLAIM, 'data-db-0', { phase: 'Bound', capacity: { storage: '1Gi' } });
    await status(SET, 'db', { observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 1, currentRevision: 'db-r1', updateRevision: 'db-r2' });
    const d = await show('sts/db', 'db');
    const list = d.getByTestId('ordinals');
    await list.locator('[data-ordinal="0"]').getByText('revision 1').waitFor();
    await list.locator('[data-ordinal="0"]').getByText('Bound').waitFor();
    await list.locator('[data-ordinal="1"]').getByText('not there').first().waitFor();
    await list.locator('[data-ordinal="2"]').getByText('revision 2').waitFor();
    expect(await list.locator('> li').evaluateAll(rows => rows.map(r => (r as HTMLElement).dataset.ordinal ?? `| ${(r as HTMLElement).dataset.partition}`))).toEqual(['0', '1', '| 2', '2']);
    await w.shot('stateful-set-members', true);
    await d.getByRole('button', { name: 'Set the partition' }).last().click();
    await dialog().locator('input').fill('1');
    await dialog().getByText('2 members take the new revision: db-1 to db-2.').waitFor();
    await confirm('Set the partition to 1');
    await list.locator('[data-partition="1"]').waitFor();
  });

  it('a daemon set by node', async () => {
    const NODE = kind('v1', 'Node');
    for (const name of ['east-1', 'east-2', 'gpu-1']) await make(NODE, { metadata: { name }, spec: {} });
    // The server marks a new node as not ready; nobody here takes that away.
    for (const name of ['east-1', 'east-2', 'gpu-1']) await client.patch(NODE, undefined, name, MERGE, { spec: { taints: name === 'gpu-1' ? [{ key: 'only', value: 'gpu', effect: 'NoSchedule' }] : null } });
    const DAEMON = kind('apps/v1', 'DaemonSet'), template = { metadata: { labels: { app: 'agent' } }, spec: { containers: container } };
    const set = await make<KubeObject>(DAEMON, { metadata: { namespace: NS, name: 'agent' }, spec: { selector: { matchLabels: { app: 'agent' } }, template } });
    await make(kind('apps/v1', 'ControllerRevision'), { metadata: ownedBy(set, { name: 'agent-5f', labels: { app: 'agent', 'controller-revision-hash': '5f' } }), revision: 1, data: { spec: { template } } });
    await makePod('agent-x', ownedBy(set, { labels: { app: 'agent', 'controller-revision-hash': '5f' } }), { nodeName: 'east-1' }, ready);
    await status(DAEMON, 'agent', { observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 1, numberMisscheduled: 0, numberReady: 1, updatedNumberScheduled: 1 });
    const d = await show('ds/agent', 'agent');
    const grid = d.getByTestId('daemon-nodes');
    await grid.locator('[data-node="east-1"][data-state="ready"]').getByText('revision 1').waitFor();
    await grid.locator('[data-node="east-2"][data-state="missing"]').waitFor();
    await grid.locator('[data-node="gpu-1"]').getByText('taint only=gpu:NoSchedule').waitFor();
    await w.shot('daemon-set-nodes', true);
  });
});

describe('storage and scheduling', () => {
  it('a claim says what it waits for, and grows where its class lets it; the default class is marked', async () => {
    const CLASS = kind('storage.k8s.io/v1', 'StorageClass');
    await make(CLASS, { metadata: { name: 'roomy' }, provisioner: 'example.com/disks', allowVolumeExpansion: true, volumeBindingMode: 'WaitForFirstConsumer' });
    await make(CLAIM, { metadata: { namespace: NS, name: 'photos' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'roomy', resources: { requests: { storage: '5Gi' } } } });
    let d = await show('pvc/photos', 'photos');
    await d.getByText('It waits for the first pod that uses it: the class roomy makes volumes only then.').waitFor();
    await client.patch(CLAIM, NS, 'photos', MERGE, { spec: { volumeName: 'pv-photos' } });
    await status(CLAIM, 'photos', { phase: 'Bound', capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'] });
    await d.getByText('How full it is is known only while a running pod uses it.').waitFor();
    await d.getByRole('button', { name: 'Enlarge' }).last().click();
    await dialog().getByLabel(/^New size/).fill('1Gi');
    await dialog().getByText('claims never shrink').waitFor();
    await dialog().getByLabel(/^New size/).fill('8Gi');
    await confirm('Enlarge to 8Gi');
    await d.getByText('It grows from 5Gi to 8Gi.').waitFor();
    await w.shot('claim-grows', true);
    d = await show('sc/roomy', 'roomy');
    await d.getByText('when the first pod uses the claim').waitFor();
    await d.getByText('1, 5Gi asked for').or(d.getByText('1, 8Gi asked for')).waitFor();
    await d.getByRole('button', { name: 'Make it the default' }).last().click();
    await d.getByText('yes: claims that name no class get it').waitFor();
    await w.shot('storage-class');
  });

  it('says in plain words why a pod has no node', async () => {
    const message = "0/6 nodes are available: 1 node(s) had untolerated taint {only: gpu}, 2 node(s) didn't match Pod's node affinity/selector, 3 Insufficient memory. preemption: 0/6 nodes are available: 3 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.";
    await makePod('model', {}, { containers: [{ ...container[0]!, resources: { requests: { cpu: '1', memory: '900Gi' } } }] }, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: ago(20) }] });
    const d = await show('po/model', 'model');
    const part = d.getByTestId('placement');
    await part.locator('[data-why="insufficient"]').getByText('too little memory left.').waitFor();
    expect(await part.locator('li').evaluateAll(list => list.map(e => (e as HTMLElement).innerText.replace(/\s+/g, ' ')))).toEqual(['3 nodes too little memory left. It asks for 900Gi.', '2 nodes without the labels its node selector or node affinity asks for.', '1 node a taint it does not tolerate: only=gpu.']);
    await part.getByText('There are no pods of lower priority that could make room.').waitFor();
    await w.shot('pod-pending', true);
  });
});
