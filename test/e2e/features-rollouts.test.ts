// Rollouts through the window: history with its causes, the difference of any two revisions, the way back to any, pause and resume,
// restart, scale, and the reason when it is stuck. What this server cannot bring about itself (quotas, stateful and daemon sets as
// other clusters have them) is written as Kubernetes writes it, on a host whose controllers and nodes are left out.
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import { kindOf } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { ControllerRevision, DaemonSet, Deployment, Pod, ReplicaSet, StatefulSet } from '../../core/api/types/kubernetes.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { create, deployment, DEPLOYMENT, namespace } from './shell-objects.ts';

const MERGE = 'application/merge-patch+json';
const CAUSE = 'kubernetes.io/change-cause';
const STATEFUL_SET = kindOf('apps/v1', 'StatefulSet')!;
const DAEMON_SET = kindOf('apps/v1', 'DaemonSet')!;
const REPLICA_SET = kindOf('apps/v1', 'ReplicaSet')!;
const POD = kindOf('v1', 'Pod')!;

let browser: Browser;
beforeAll(async () => { browser = await openBrowser(); });
afterAll(async () => { await browser?.close(); });

/** Opens the rollout of an object by the palette and the key `r`. */
async function rolloutOf(w: Window, words: string, name: string): Promise<Locator> {
  await w.page.keyboard.press('Control+k');
  await w.page.getByRole('combobox').fill(words);
  await w.page.getByRole('option', { name: new RegExp(`^${name}`) }).first().click();
  const drawer = w.page.getByTestId('drawer');
  await drawer.getByRole('heading', { name, exact: true }).waitFor();
  await drawer.getByRole('button', { name: 'Rollout', exact: true }).click();
  const rollout = w.page.locator('[data-testid="rollout"]:visible');
  await rollout.waitFor();
  return rollout;
}
const inState = (rollout: Locator, state: string) => expect.poll(() => rollout.getAttribute('data-state'), { timeout: 30_000 }).toBe(state);
const lastCommand = (w: Window) => w.page.locator('.status-bar').textContent();
const confirm = async (w: Window, deed: string): Promise<void> => {
  await w.page.getByRole('dialog').getByRole('button', { name: deed, exact: true }).click();
  await w.page.getByRole('dialog').waitFor({ state: 'detached' });
};

describe('a deployment of our own', () => {
  let host: Host, client: Client, url: string;
  beforeAll(async () => {
    ({ host, client, url } = await startWindowHost());
    await create(client, namespace('roll'), namespace('stuck'));
  });
  afterAll(async () => { await host?.dispose(); });
  const now = (name: string) => client.get<Deployment>(DEPLOYMENT, 'roll', name);

  async function setImage(w: Window, rollout: Locator, image: string, cause?: string): Promise<void> {
    await rollout.getByRole('button', { name: 'Set image', exact: true }).click();
    await w.page.locator('input[name="image-main"]').fill(image);
    const dialog = w.page.getByRole('dialog');
    await dialog.getByText(`kubectl --context pilothouse -n roll set image deployment/web main=${image}`).waitFor();
    if (cause !== undefined) await dialog.getByLabel('Change cause').fill(cause);
    await confirm(w, 'Set images');
  }

  it('has a history with causes, shows what differs between any two revisions, goes back to any of them', async () => {
    await create(client, deployment('roll', 'web', 3));
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const rollout = await rolloutOf(w, 'deploy/web', 'web');
    await inState(rollout, 'done');
    const row = (n: number) => rollout.locator(`[data-revision="${n}"]`);
    await setImage(w, rollout, 'shop/web:1.5', 'Spring prices');
    await row(2).getByText('current').waitFor();
    await inState(rollout, 'done');
    await setImage(w, rollout, 'shop/web:1.6', 'Two languages');
    await row(3).getByText('current').waitFor();
    // Unless somebody says why, the cause says what.
    await setImage(w, rollout, 'shop/web:1.7');
    await row(4).getByText('current').waitFor();
    await inState(rollout, 'done');
    await row(2).getByText('Spring prices').waitFor();
    await row(3).getByText('Two languages').waitFor();
    await row(4).getByText('image to main=shop/web:1.7').waitFor();
    await row(4).getByText('3/3').waitFor();
    await w.shot('rollout-history');

    // Any two: not neighbours, not the current one.
    await row(1).getByRole('checkbox').check();
    await row(3).getByRole('checkbox').check();
    await rollout.getByText('What changed from revision 1 to 3').waitFor();
    expect(await rollout.locator('.line-out').allTextContents()).toEqual([expect.stringContaining('shop/web:1.4')]);
    expect(await rollout.locator('.line-in').allTextContents()).toEqual([expect.stringContaining('shop/web:1.6')]);
    await w.shot('rollout-compare');

    // To any: two back, with its cause.
    await row(2).getByRole('button', { name: /Go back/ }).click();
    const dialog = w.page.getByRole('dialog');
    await dialog.getByText('kubectl --context pilothouse -n roll rollout undo deployment/web --to-revision=2').waitFor();
    await dialog.locator('.line-in', { hasText: 'shop/web:1.5' }).waitFor();
    await w.shot('rollout-undo');
    await confirm(w, 'Go back to revision 2');
    await row(5).getByText('current').waitFor();
    await row(5).getByText('Spring prices').waitFor();
    await row(2).waitFor({ state: 'detached' });
    await inState(rollout, 'done');
    const after = await now('web');
    expect(after.spec?.template?.spec?.containers?.[0]?.image).toBe('shop/web:1.5');
    expect(after.metadata?.annotations?.[CAUSE]).toBe('Spring prices');
    expect(await lastCommand(w)).toContain('rollout undo deployment/web --to-revision=2');
    await w.close();
  });

  it('is paused and resumed, restarted and scaled', async () => {
    await create(client, deployment('roll', 'api', 2));
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    const rollout = await rolloutOf(w, 'deploy/api', 'api');
    await inState(rollout, 'done');
    await rollout.getByRole('button', { name: 'Pause' }).click();
    await inState(rollout, 'paused');
    await rollout.locator('[data-reason="paused"]').getByText('The rollout is paused').waitFor();
    expect(await lastCommand(w)).toContain('rollout pause deployment/api');
    // What is changed now waits: no second revision.
    await client.patch(DEPLOYMENT, 'roll', 'api', 'application/strategic-merge-patch+json', { spec: { template: { spec: { containers: [{ name: 'main', image: 'shop/api:9' }] } } } });
    await rollout.getByText('0 of 2 updated').waitFor();
    expect(await rollout.locator('[data-revision]').count()).toBe(1);
    await w.shot('rollout-paused', true);
    await rollout.getByRole('button', { name: 'Resume' }).click();
    await rollout.locator('[data-revision="2"]').getByText('current').waitFor();
    await inState(rollout, 'done');
    expect(await lastCommand(w)).toContain('rollout resume deployment/api');

    await rollout.getByRole('button', { name: 'Restart' }).click();
    await rollout.locator('[data-revision="3"]').getByText('current').waitFor();
    await inState(rollout, 'done');
    await rollout.locator('.line-in', { hasText: 'kubectl.kubernetes.io/restartedAt' }).waitFor();
    expect(await lastCommand(w)).toContain('rollout restart deployment/api');

    await rollout.getByRole('button', { name: 'Scale' }).click();
    await w.page.getByRole('dialog').getByRole('textbox').fill('4');
    await confirm(w, 'Scale to 4');
    await rollout.getByText('all 4 pods have the newest template').waitFor({ timeout: 30_000 });
    expect(await lastCommand(w)).toContain('scale deployment/api --replicas=4');
    // A paused one does not go back: the dialog says so and offers nothing.
    await rollout.getByRole('button', { name: 'Pause' }).click();
    await inState(rollout, 'paused');
    await rollout.locator('[data-revision="1"]').getByRole('button', { name: /Go back/ }).click();
    await w.page.getByText('A paused deployment cannot go back. Resume it first.').waitFor();
    expect(await w.page.getByRole('button', { name: 'Go back to revision 1', exact: true }).isDisabled()).toBe(true);
    await w.close();
  });

  const stuck = (name: string, spec: object, more: object = {}): KubeObject => ({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'stuck', name },
    spec: { replicas: 2, selector: { matchLabels: { app: name } }, ...more, template: { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 1, ...spec } } },
  } as KubeObject);
  const container = (more: object = {}): object => ({ containers: [{ name: 'main', image: 'shop/web:1.4', ...more }] });
  const probe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 3 };
  const from = (ref: object): object => container({ env: [{ name: 'MODE', valueFrom: ref }] });
  it.each<[string, string, KubeObject, RegExp]>([
    ['the image cannot be pulled', 'image', stuck('pull', container({ image: 'shop/no-such:3.1' })), /^Pod pull-\S+ cannot pull the image shop\/no-such:3\.1\. So it is with one more pod\.$/],
    ['no node fits', 'unschedulable', stuck('huge', container({ resources: { requests: { cpu: '900' } } })), /^No node fits pod huge-\S+\. So it is with one more pod\.$/],
    ['a container keeps failing', 'crash', stuck('crash', container({ env: [{ name: 'SIMULATED_EXIT_CODE', value: '3' }] })), /^Container main of pod crash-\S+ keeps failing: exit code 3, restarted \d+ times?\./],
    ['a config map is missing', 'missing', stuck('settings', from({ configMapKeyRef: { name: 'nowhere', key: 'mode' } })), /^Pod settings-\S+ needs the ConfigMap nowhere, which is not there\./],
    ['a secret is missing', 'missing', stuck('hushed', from({ secretKeyRef: { name: 'untold', key: 'mode' } })), /^Pod hushed-\S+ needs the Secret untold, which is not there\./],
    ['the readiness probe fails', 'readiness', stuck('unready', container({ readinessProbe: probe })), /^Pod unready-\S+ is not ready: the readiness probe of container main fails\./],
    ['the liveness probe fails', 'liveness', stuck('lifeless', container({ livenessProbe: probe })), /^Container main of pod lifeless-\S+ is restarted again and again: its liveness probe fails\./],
    ['the pods are refused', 'refused', stuck('refused', { ...container(), serviceAccountName: 'nobody' }), /^refused-\S+ may make no more pods: the server refuses them\.$/],
    ['the deadline has passed', 'deadline', stuck('late', container({ readinessProbe: { ...probe, failureThreshold: 100 } }), { progressDeadlineSeconds: 2 }), /^Nothing has moved for longer than the progress deadline of 2 s\.$/],
  ])('says in a sentence why it is stuck: %s', async (_, kind, object, sentence) => {
    await create(client, object);
    const name = object.metadata!.name!;
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const rollout = await rolloutOf(w, `deploy/${name}`, name);
    const reason = rollout.locator(`[data-reason="${kind}"].bad`).first();
    await reason.waitFor({ timeout: 60_000 });
    await expect.poll(() => reason.locator('b').textContent()).toMatch(sentence);
    await inState(rollout, 'stuck');
    await w.shot(`rollout-stuck-${name}`);
    if (kind !== 'deadline') {
      // The way to the pod, or to who may not make it; there the events tell the rest.
      const link = reason.getByRole('button');
      const to = (await link.locator('.mono').textContent())!;
      expect(to).toMatch(new RegExp(`^${name}-`));
      await link.click();
      const drawer = w.page.getByTestId('drawer');
      await drawer.getByRole('heading', { name: to, exact: true }).waitFor();
      await drawer.locator('.events li').first().waitFor();
    }
    await client.delete(DEPLOYMENT, 'stuck', name);
    await rollout.getByText('This object is gone').waitFor();
    await w.close();
  });

  it('follows a rollout as it gets stuck and gets free again', async () => {
    await create(client, deployment('roll', 'site', 2));
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const rollout = await rolloutOf(w, 'deploy/site', 'site');
    await inState(rollout, 'done');
    await client.patch(DEPLOYMENT, 'roll', 'site', 'application/strategic-merge-patch+json', { spec: { template: { spec: { containers: [{ name: 'main', image: 'shop/no-such:2' }] } } } });
    await inState(rollout, 'stuck');
    // Those of the older revision go on running.
    await rollout.locator('[data-revision="1"]').getByText('2/2').waitFor();
    await client.patch(DEPLOYMENT, 'roll', 'site', 'application/strategic-merge-patch+json', { spec: { template: { spec: { containers: [{ name: 'main', image: 'shop/web:2' }] } } } });
    await inState(rollout, 'done');
    expect(await rollout.locator('[data-reason]').count()).toBe(0);
    await w.close();
  });
});

describe('workloads as other clusters have them', () => {
  let host: Host, client: Client, url: string;
  beforeAll(async () => {
    // Nobody but this test writes their states.
    ({ host, client, url } = await startWindowHost({ args: ['--nodes', '0', '--no-scheduler', '--controllers', 'namespace,serviceaccount'] }));
    await client.create(kindOf('v1', 'Namespace')!, namespace('far'));
    await eventually('the service account', async () => (await client.list(kindOf('v1', 'ServiceAccount')!, { namespace: 'far' })).items.length > 0);
  });
  afterAll(async () => { await host?.dispose(); });

  const template = (app: string, image: string) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'main', image }] } });
  const ownerOf = (o: KubeObject) => [{ apiVersion: o.apiVersion!, kind: o.kind!, name: o.metadata!.name!, uid: o.metadata!.uid!, controller: true, blockOwnerDeletion: true }];
  const status = (kind: typeof POD, name: string, value: object) => client.patch(kind, 'far', name, MERGE, { status: value }, 'status');
  async function makePod(owner: KubeObject, name: string, labels: Record<string, string>, image: string, ready: boolean): Promise<void> {
    await client.create<Pod>(POD, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'far', name, labels, ownerReferences: ownerOf(owner) }, spec: { nodeName: 'far-1', containers: [{ name: 'main', image }] } });
    await status(POD, name, { phase: ready ? 'Running' : 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }, { type: 'Ready', status: ready ? 'True' : 'False' }], containerStatuses: [{ name: 'main', image, imageID: '', restartCount: 0, ready, started: ready, state: ready ? { running: { startedAt: new Date().toISOString() } } : { waiting: { reason: 'ErrImagePull', message: 'not found' } } }] });
  }
  async function revisions(owner: KubeObject, app: string, images: readonly string[], hash: (n: number) => string): Promise<void> {
    for (const [i, image] of images.entries()) {
      await client.create<ControllerRevision>(kindOf('apps/v1', 'ControllerRevision')!, { apiVersion: 'apps/v1', kind: 'ControllerRevision', revision: i + 1, data: { spec: { template: { ...template(app, image), $patch: 'replace' } } },
        metadata: { namespace: 'far', name: `${app}-${hash(i + 1)}`, labels: { app, 'controller-revision-hash': hash(i + 1) }, annotations: { [CAUSE]: `version ${i + 1}` }, ownerReferences: ownerOf(owner) } });
    }
  }

  it('a stateful set: its history, what holds it up, the way back', async () => {
    const set = await client.create<StatefulSet>(STATEFUL_SET, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { namespace: 'far', name: 'db', annotations: { [CAUSE]: 'version 3' } }, spec: { serviceName: 'db', replicas: 3, selector: { matchLabels: { app: 'db' } }, template: template('db', 'db:3') } });
    await revisions(set, 'db', ['db:1', 'db:2', 'db:3'], n => `h${n}`);
    for (const n of [0, 1]) await makePod(set, `db-${n}`, { app: 'db', 'controller-revision-hash': 'db-h2' }, 'db:2', true);
    await makePod(set, 'db-2', { app: 'db', 'controller-revision-hash': 'db-h3' }, 'db:3', false);
    await status(STATEFUL_SET, 'db', { observedGeneration: 1, replicas: 3, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 1, currentReplicas: 2, currentRevision: 'db-h2', updateRevision: 'db-h3' });
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const rollout = await rolloutOf(w, 'sts/db', 'db');
    await inState(rollout, 'stuck');
    await expect.poll(() => rollout.locator('[data-reason="image"] b').textContent()).toBe('Pod db-2 cannot pull the image db:3.');
    await rollout.locator('[data-revision="3"]').getByText('current').waitFor();
    await rollout.locator('[data-revision="2"]').getByText('2/2').waitFor();
    expect(await rollout.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    await w.shot('rollout-stateful-set');
    await rollout.locator('[data-revision="1"]').getByRole('button', { name: /Go back/ }).click();
    await w.page.getByRole('dialog').getByText('rollout undo statefulset/db --to-revision=1').waitFor();
    await confirm(w, 'Go back to revision 1');
    const after = await client.get<StatefulSet>(STATEFUL_SET, 'far', 'db');
    expect(after.spec?.template?.spec?.containers?.[0]?.image).toBe('db:1');
    expect(after.metadata?.annotations?.[CAUSE]).toBe('version 1');
    // As the controller goes on from there.
    await client.delete(POD, 'far', 'db-2', { gracePeriodSeconds: 0 });
    await client.create(kindOf('v1', 'Event')!, { apiVersion: 'v1', kind: 'Event', metadata: { namespace: 'far', name: 'db.1' }, type: 'Warning', reason: 'FailedCreate', message: 'create Pod db-2 in StatefulSet db failed error: pods "db-2" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2', involvedObject: { kind: 'StatefulSet', apiVersion: 'apps/v1', namespace: 'far', name: 'db', uid: set.metadata!.uid! }, lastTimestamp: new Date().toISOString() } as KubeObject);
    await expect.poll(() => rollout.locator('[data-reason="quota"] b').textContent()).toBe('db may make no more pods: the quota small is used up.');
    await w.shot('rollout-quota');
    await w.close();
  });

  it('a daemon set: its history and how far it is', async () => {
    const set = await client.create<DaemonSet>(DAEMON_SET, { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { namespace: 'far', name: 'agent' }, spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent', 'agent:2') } });
    await revisions(set, 'agent', ['agent:1', 'agent:2'], n => `5f${n}`);
    await makePod(set, 'agent-a', { app: 'agent', 'controller-revision-hash': '5f2' }, 'agent:2', true);
    await makePod(set, 'agent-b', { app: 'agent', 'controller-revision-hash': '5f1' }, 'agent:1', true);
    await status(DAEMON_SET, 'agent', { observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, numberMisscheduled: 0, numberReady: 2, numberAvailable: 2, updatedNumberScheduled: 1 });
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    const rollout = await rolloutOf(w, 'ds/agent', 'agent');
    await rollout.getByText('1 of 2 updated').waitFor();
    expect(await rollout.getAttribute('data-state')).toBe('moving');
    await rollout.locator('[data-revision="1"]').getByText('1/1').waitFor();
    await w.shot('rollout-daemon-set');
    await status(DAEMON_SET, 'agent', { updatedNumberScheduled: 2 });
    await inState(rollout, 'done');
    await w.page.getByTestId('drawer').getByRole('button', { name: 'Roll back' }).click();
    await confirm(w, 'Go back to revision 1');
    expect((await client.get<DaemonSet>(DAEMON_SET, 'far', 'agent')).spec?.template?.spec?.containers?.[0]?.image).toBe('agent:1');
    await w.close();
  });

  it('a deployment whose pods a quota refuses, by the condition of its replica set', async () => {
    const d = await client.create<Deployment>(DEPLOYMENT, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'far', name: 'shop', annotations: { 'deployment.kubernetes.io/revision': '1' } }, spec: { replicas: 2, selector: { matchLabels: { app: 'shop' } }, template: template('shop', 'shop:1') } });
    await client.create<ReplicaSet>(REPLICA_SET, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { namespace: 'far', name: 'shop-1', labels: { app: 'shop' }, annotations: { 'deployment.kubernetes.io/revision': '1' }, ownerReferences: ownerOf(d) }, spec: { replicas: 2, selector: { matchLabels: { app: 'shop' } }, template: template('shop', 'shop:1') } });
    await status(REPLICA_SET, 'shop-1', { replicas: 0, observedGeneration: 1, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'pods "shop-1-x" is forbidden: exceeded quota: team, requested: cpu=1, used: cpu=4, limited: cpu=4', lastTransitionTime: new Date().toISOString() }] });
    await status(DEPLOYMENT, 'shop', { observedGeneration: 1, replicas: 0, unavailableReplicas: 2 });
    const w = await openWindow(browser, url);
    const rollout = await rolloutOf(w, 'deploy/shop', 'shop');
    const reason = rollout.locator('[data-reason="quota"]');
    await expect.poll(() => reason.locator('b').textContent()).toBe('shop-1 may make no more pods: the quota team is used up.');
    await reason.getByText('requested: cpu=1, used: cpu=4, limited: cpu=4').waitFor();
    await reason.getByRole('button', { name: /Events of/ }).click();
    await w.page.getByTestId('drawer').getByRole('heading', { name: 'shop-1', exact: true }).waitFor();
    await w.close();
  });
});
