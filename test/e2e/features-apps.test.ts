// The main job by pointing and clicking, with real containers: DockerCoins and the kiosk are deployed, watched, followed, entered,
// scaled, updated, taken back and deleted in the window.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import type { Deployment, Namespace, Pod } from '../../core/api/types/kubernetes.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { DEPLOYMENT, NAMESPACE, POD } from './shell-objects.ts';

const EXAMPLES = join(import.meta.dirname, '../../resources/examples');
/** The kiosk's database keeps its files here on the node. */
const HOST_PATH = '/mysql';
let host: Host, client: Client, url: string, browser: Browser;
const hadHostPath = existsSync(HOST_PATH);
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost({ args: ['--runtime', 'docker'] }));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await host?.dispose();
  if (!hadHostPath) rmSync(HOST_PATH, { recursive: true, force: true });
});

const isReady = (p: Pod): boolean => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false;
const podsReady = (namespace: string, n: number, ms = 90_000) => eventually(`${n} pods of ${namespace} ready`, async () => {
  const pods = (await client.list<Pod>(POD, { namespace })).items.filter(p => !p.metadata?.deletionTimestamp);
  return pods.length === n && pods.every(isReady);
}, ms);
const deployment = (namespace: string, name: string) => client.get<Deployment>(DEPLOYMENT, namespace, name);

/** The list of deployments with this one chosen, so that keys act on it. */
async function choose(w: Window, name: string): Promise<Locator> {
  const row = w.page.locator('.table [role=row]', { has: w.page.getByText(name, { exact: true }) }).first();
  if (!await row.isVisible()) { await w.page.locator('body').click({ position: { x: 2, y: 400 } }); await w.page.getByRole('navigation').or(w.page.locator('.tree')).getByText('Deployments', { exact: true }).first().click(); }
  await row.waitFor();
  await row.click();
  return row;
}
/** All a terminal shows, by its own copy. */
async function screenText(w: Window): Promise<string> {
  const box = w.page.locator('.terminal-box:visible');
  await box.click({ button: 'right' });
  await w.page.getByRole('menuitem', { name: 'Select all' }).click();
  await box.click({ button: 'right' });
  await w.page.getByRole('menuitem', { name: 'Copy', exact: true }).click();
  return w.page.evaluate(async () => navigator.clipboard.readText());
}
async function setImage(w: Window, container: string, image: string): Promise<void> {
  await w.page.keyboard.press('i');
  await w.page.locator(`input[name="image-${container}"]`).fill(image);
  await w.page.getByRole('button', { name: 'Set images' }).click();
  await w.page.getByRole('dialog').waitFor({ state: 'hidden' });
}
/** Deletes a namespace by the window and waits for it to be gone with all it holds. */
async function deleteNamespace(w: Window, name: string): Promise<void> {
  await w.page.keyboard.press('Escape');
  await w.page.locator('.table').first().focus();
  await w.page.keyboard.press('g');
  await w.page.keyboard.press('a');
  const row = w.page.locator('.table [role=row]', { has: w.page.getByText(name, { exact: true }) }).first();
  await row.waitFor();
  await row.click();
  await w.page.keyboard.press('d');
  const dialog = w.page.getByRole('dialog');
  await dialog.getByText('go with it').waitFor();
  await dialog.getByRole('textbox').fill(name);
  await w.shot(`features-${name}-delete`);
  await dialog.getByRole('button', { name: /^Delete/ }).click();
  await eventually(`namespace ${name} gone`, async () => !(await client.list<Namespace>(NAMESPACE)).items.some(n => n.metadata?.name === name), 90_000);
  await row.waitFor({ state: 'detached' });
}

describe('applications through the window', () => {
  it('DockerCoins: one click, watched, scaled, logs, shell, new image, undo, deleted', async () => {
    const w = await openWindow(browser, url);
    const { page } = w;
    await page.locator('[data-example="dockercoins"]').click();
    await podsReady('dockercoins', 5);
    await eventually('five rows that run', async () => await page.locator('.table [role=row]', { hasText: 'Running' }).count() === 5);
    await w.shot('features-dockercoins-pods');

    await choose(w, 'worker');
    await page.keyboard.press('S');
    await page.getByRole('dialog').getByRole('textbox').fill('3');
    await page.getByRole('button', { name: 'Scale to 3' }).click();
    await podsReady('dockercoins', 7);
    await page.locator('.table [role=row]', { hasText: 'worker' }).getByText('3/3').waitFor();

    // Merged logs: three pods, each with its colour; a fourth joins while we look.
    await choose(w, 'worker');
    await page.keyboard.press('l');
    const logs = page.locator('[data-testid="logs"]:visible');
    await logs.getByText('3 of 3 sources').waitFor();
    await eventually('lines of all three', async () => new Set(await logs.locator('.log-source').allTextContents()).size === 3);
    await client.patch(DEPLOYMENT, 'dockercoins', 'worker', 'application/merge-patch+json', { spec: { replicas: 4 } });
    await logs.getByText('4 of 4 sources').waitFor();
    await eventually('lines of the new pod', async () => new Set(await logs.locator('.log-source').allTextContents()).size === 4);
    await logs.getByRole('button', { name: 'Time' }).click();
    await w.shot('features-dockercoins-logs');
    // Scrolling up holds the lines still and counts what comes.
    await logs.locator('.logs-box').hover();
    await page.mouse.wheel(0, -400);
    const more = logs.locator('.logs-more');
    await more.getByText(/\d+ new lines?/).waitFor();
    await more.click();
    await more.waitFor({ state: 'detached' });
    await logs.getByRole('searchbox', { name: 'Find' }).fill('no such words');
    await logs.getByRole('button', { name: 'Show only lines that match' }).click();
    await logs.getByText('No line matches.').waitFor();

    // A shell in a container, with a command run and its output read.
    await choose(w, 'worker');
    await page.keyboard.press('s');
    const terminal = page.locator('[data-testid="terminal"]:visible');
    await eventually('a shell', async () => await terminal.getAttribute('data-state') === 'open');
    await page.locator('.terminal-box:visible').click();
    await page.keyboard.type('echo shell-$((6*7)); stty size\n');
    await eventually('its answer', async () => /shell-42\s+\d+ \d+/.test(await screenText(w)));
    await w.shot('features-dockercoins-shell');
    await page.locator('.terminal-box:visible').click();
    await page.keyboard.type('exit 3\n');
    await terminal.getByText('exit code 3').waitFor();
    await page.getByRole('button', { name: /Start again/ }).first().click();
    await eventually('a second shell', async () => await terminal.getAttribute('data-state') === 'open');

    // A new image, its rollout, and back.
    await choose(w, 'worker');
    await page.keyboard.press('r');
    const rollout = page.locator('[data-testid="rollout"]:visible');
    await rollout.waitFor();
    await choose(w, 'worker');
    await setImage(w, 'worker', 'dockercoins/worker:v2');
    await rollout.locator('[data-revision="2"]', { hasText: 'current' }).waitFor();
    await eventually('the rollout ends', async () => await rollout.getAttribute('data-state') === 'done', 90_000);
    await rollout.locator('.line-in', { hasText: 'dockercoins/worker:v2' }).waitFor();
    expect((await deployment('dockercoins', 'worker')).status?.updatedReplicas).toBe(4);
    await w.shot('features-dockercoins-rollout');
    await rollout.locator('[data-revision="1"]').getByRole('button', { name: 'Go back to this' }).click();
    await page.getByRole('button', { name: 'Go back to revision 1' }).click();
    await rollout.locator('[data-revision="3"]', { hasText: 'current' }).waitFor();
    await eventually('the way back ends', async () => await rollout.getAttribute('data-state') === 'done', 90_000);
    expect((await deployment('dockercoins', 'worker')).spec?.template?.spec?.containers?.[0]?.image).toBe('dockercoins/worker:v1');

    await deleteNamespace(w, 'dockercoins');
    await w.close();
  });

  it('kiosk: created from its YAML files, an image that cannot be had is named and taken back, deleted', async () => {
    const w = await openWindow(browser, url, { colorScheme: 'dark', viewport: { width: 1440, height: 900 } });
    const { page } = w;
    // The files name no namespace: the one chosen in the window is where they go.
    await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kiosk' } });
    await page.locator('.tree').getByText('Deployments', { exact: true }).click();
    await page.locator('#namespace-picker').click();
    await page.getByPlaceholder('Find a namespace').fill('kiosk');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.locator('.tree').getByText('Overview', { exact: true }).click();
    await page.getByRole('button', { name: 'Create from YAML' }).click();
    const yaml = page.locator('[data-testid="yaml"]:visible');
    await yaml.locator('.monaco-editor').first().waitFor();
    const files = readdirSync(join(EXAMPLES, 'kiosk')).filter(f => f.endsWith('.yaml')).sort().map(f => join(EXAMPLES, 'kiosk', f));
    await page.locator('[data-testid="yaml"]:visible').getByTestId('yaml-file').setInputFiles(files);
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    const review = page.locator('[data-testid="yaml-review"]:visible');
    await review.waitFor();
    await w.shot('features-kiosk-review');
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    await review.waitFor({ state: 'detached' });
    const spaces = (await client.list<Deployment>(DEPLOYMENT)).items.filter(d => d.metadata?.name === 'kiosk-example').map(d => d.metadata?.namespace);
    expect(spaces).toHaveLength(1);
    const ns = spaces[0]!;
    await podsReady(ns, 10);

    await page.locator('.tree').getByText('Deployments', { exact: true }).click();
    await choose(w, 'kiosk-example');
    await page.keyboard.press('l');
    await page.locator('[data-testid="logs"]:visible').getByText('5 of 5 sources').waitFor();
    await choose(w, 'kiosk-example');
    await page.keyboard.press('r');
    const rollout = page.locator('[data-testid="rollout"]:visible');
    await rollout.waitFor();
    await choose(w, 'kiosk-example');
    // Nothing listens on this port: the pull fails at once and without a network.
    await setImage(w, 'kiosk-example', 'localhost:1/kiosk-example:v9');
    await rollout.locator('[data-reason="image"]').waitFor({ timeout: 60_000 });
    expect(await rollout.getAttribute('data-state')).toBe('stuck');
    await w.shot('features-kiosk-stuck');
    await choose(w, 'kiosk-example');
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Go back to revision 1' }).click();
    await eventually('rolled back', async () => await rollout.getAttribute('data-state') === 'done', 90_000);
    await w.shot('features-kiosk-undone');
    if (ns !== 'default') await deleteNamespace(w, ns);
    await w.close();
  });
});

/** Opens the palette; a terminal, which takes every key for itself, is left first. */
async function palette(w: Window, words: string): Promise<void> {
  await w.page.evaluate(() => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); });
  await w.page.keyboard.press('Control+k');
  await w.page.getByRole('combobox').fill(words);
}
/** Opens an object by the palette; answers the drawer. */
async function show(w: Window, words: string, name: string): Promise<Locator> {
  await palette(w, words);
  await w.page.getByRole('option', { name: new RegExp(`^${name}`) }).first().click();
  await w.page.getByRole('combobox').waitFor({ state: 'detached' });
  const drawer = w.page.getByTestId('drawer');
  await drawer.getByRole('heading', { name, exact: true }).waitFor();
  return drawer;
}
/** The list of a kind in all namespaces, by the palette. */
async function list(w: Window, words: string, title: string): Promise<void> {
  await palette(w, words);
  await w.page.getByRole('option', { name: new RegExp(`^${title}`) }).first().click();
  await w.page.getByRole('combobox').waitFor({ state: 'detached' });
  await w.page.getByRole('heading', { name: title, exact: true, level: 1 }).waitFor();
  const picker = w.page.locator('#namespace-picker');
  if (await picker.textContent() === 'All namespaces') return;
  await picker.click();
  await w.page.getByRole('option').first().waitFor();
  await w.page.keyboard.press('Enter');
  await expect.poll(() => picker.textContent()).toBe('All namespaces');
  await w.page.locator('.MuiPopover-root').waitFor({ state: 'detached' });
}
/** Types a manifest into a new editor and asks for its review. */
async function review(w: Window, manifest: string): Promise<Locator> {
  const { page } = w;
  await palette(w, 'create from yaml');
  await page.getByRole('option', { name: /YAML/ }).first().click();
  await page.locator('[data-testid="yaml"]:visible .monaco-editor').first().waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.monaco-editor') !== null)).toBe(true);
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(manifest);
  await page.keyboard.press('Control+Enter');
  return page.locator('[data-testid="yaml-review"]:visible');
}
async function apply(w: Window, manifest: string): Promise<void> {
  const asked = await review(w, manifest);
  await w.page.locator('[data-testid="yaml-apply"]:visible').click();
  await asked.waitFor({ state: 'detached' });
}
const row = (w: Window, key: string): Locator => w.page.locator(`.row[data-key="${key}"]`);
async function run(w: Window, command: string, answer: RegExp): Promise<void> {
  await w.page.locator('.terminal-box:visible').click();
  await w.page.keyboard.type(`${command}\n`);
  await eventually(`the answer to ${command}`, async () => answer.test(await screenText(w)));
}

describe('stories with containers through the window', () => {
  it('W17: a stateful set by ordinal; a pod that is deleted has its name and its data again; smaller, its claims stay', async () => {
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const { page } = w;
    await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'sfs' } });
    const script = 'if [ "${HOSTNAME##*-}" = 0 ]; then : > /tmp/redis.conf; else echo "slaveof redis-sfs-0.redis-sfs 6379" > /tmp/redis.conf; fi; echo "dir /store" >> /tmp/redis.conf; exec redis-server /tmp/redis.conf';
    await apply(w, [
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'redis-sfs', namespace: 'sfs' }, spec: { clusterIP: 'None', ports: [{ port: 6379 }], selector: { app: 'redis-sfs' } } },
      { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'redis-sfs', namespace: 'sfs' }, spec: {
        serviceName: 'redis-sfs', replicas: 2, selector: { matchLabels: { app: 'redis-sfs' } }, volumeClaimTemplates: [{ metadata: { name: 'store' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Mi' } } } }],
        template: { metadata: { labels: { app: 'redis-sfs' } }, spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'redis', image: 'redis', imagePullPolicy: 'IfNotPresent', command: ['bash', '-c', script], volumeMounts: [{ name: 'store', mountPath: '/store' }] }] } },
      } },
    ].map(o => JSON.stringify(o)).join('\n---\n'));
    const d = await show(w, 'sts/redis-sfs', 'redis-sfs');
    const members = d.getByTestId('ordinals');
    for (const n of [0, 1]) { await members.locator(`[data-ordinal="${n}"]`).getByText('Running').waitFor(); await members.locator(`[data-ordinal="${n}"]`).getByText('Bound').waitFor(); }
    await w.shot('w17-members');
    // Written by hand on the first of them, in its terminal.
    await list(w, 'pods', 'Pods');
    await row(w, 'sfs/redis-sfs-0').click();
    await page.locator('.table').first().focus();
    await page.keyboard.press('s');
    const terminal = page.locator('[data-testid="terminal"]:visible');
    await eventually('a shell', async () => await terminal.getAttribute('data-state') === 'open');
    await run(w, 'redis-cli set greeting hello; redis-cli save', /OK\s+OK/);
    const before = (await client.get<Pod>(POD, 'sfs', 'redis-sfs-0')).metadata?.uid;
    await row(w, 'sfs/redis-sfs-0').click();
    await page.locator('.table').first().focus();
    await page.keyboard.press('d');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete pod' }).click();
    await eventually('the same name again', async () => { const p = await client.get<Pod>(POD, 'sfs', 'redis-sfs-0').catch(() => undefined); return p !== undefined && p.metadata?.uid !== before && isReady(p); }, 60_000);
    // The terminal has come back by itself, in the new pod.
    await eventually('a new session', async () => /new session/.test(await screenText(w)) && await terminal.getAttribute('data-state') === 'open');
    await run(w, 'echo "got $(redis-cli get greeting)."', /got hello\./);
    await w.shot('w17-data-is-back');
    await show(w, 'sts/redis-sfs', 'redis-sfs');
    await page.locator('.table').first().focus();
    await d.getByRole('button', { name: 'Scale', exact: true }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('1');
    await page.getByRole('button', { name: 'Scale to 1' }).click();
    await expect.poll(() => members.locator('[data-ordinal]').count(), { timeout: 30_000 }).toBe(1);
    await list(w, 'persistentvolumeclaims', 'Persistent volume claims');
    for (const n of [0, 1]) await row(w, `sfs/store-redis-sfs-${n}`).getByText('Bound').waitFor();
    await w.shot('w17-claims-stay');
    await w.close();
  });

  it('W18: the operator by one click; a resource of its kind from YAML, scaled like any other, refused by its schema, gone with all it made', async () => {
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const { page } = w;
    const system = 'memcached-operator-system', manager = 'memcached-operator-controller-manager';
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.locator('[data-example="operator"]').click();
    await podsReady(system, 2);
    await w.shot('w18-installed');
    const manifest = (size: number): string => JSON.stringify({ apiVersion: 'cache.example.com/v1alpha1', kind: 'Memcached', metadata: { name: 'mine', namespace: system }, spec: { size } });
    await apply(w, manifest(1));
    await page.locator('.tree .tree-row', { hasText: 'Memcacheds' }).click();
    await page.getByRole('heading', { name: 'Memcacheds', exact: true, level: 1 }).waitFor();
    await expect.poll(() => page.locator('.head-cell').allTextContents()).toEqual(expect.arrayContaining(['Size', 'Ready', 'Age']));
    const mine = row(w, `${system}/mine`);
    await mine.click();
    await page.locator('.table').first().focus();
    await page.keyboard.press('S');
    await page.getByRole('dialog').getByRole('textbox').fill('3');
    await page.getByRole('dialog').getByText(`kubectl --context pilothouse -n ${system} scale memcacheds.cache.example.com/mine --replicas=3`).waitFor();
    await page.getByRole('button', { name: 'Scale to 3' }).click();
    await eventually('three of three', async () => /\b3\s+3\b/.test((await mine.innerText()).replaceAll(/\s+/g, ' ')), 60_000);
    const d = page.getByTestId('drawer');
    await expect.poll(async () => new Set((await d.innerText()).match(/mine-[a-z0-9]+-[a-z0-9]{5}\b/g) ?? []).size, { timeout: 20_000 }).toBe(3);
    await d.locator('.event-reason', { hasText: 'Created' }).first().waitFor();
    await w.shot('w18-scaled', true);
    // What the controller says, in its log.
    await list(w, 'deployments', 'Deployments');
    await row(w, `${system}/${manager}`).click();
    await page.locator('.table').first().focus();
    await page.keyboard.press('l');
    await page.locator('[data-testid="logs"]:visible .log-text', { hasText: 'Creating a new Deployment' }).first().waitFor();
    await w.shot('w18-controller-log');
    const asked = await review(w, manifest(-1));
    await page.getByText(/should be greater than or equal to 0/).first().waitFor();
    await w.shot('w18-refused');
    expect(await asked.getByRole('button', { name: /Apply/ }).isEnabled().catch(() => false)).toBe(false);
    await list(w, 'memcacheds', 'Memcacheds');
    await mine.click();
    await page.locator('.table').first().focus();
    await page.keyboard.press('d');
    await page.getByRole('dialog').getByText(/1 deployment/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: /^Delete/ }).click();
    await mine.waitFor({ state: 'detached' });
    await eventually('its Deployment and pods are gone', async () => !(await client.list<Pod>(POD, { namespace: system })).items.some(p => p.metadata?.name?.startsWith('mine-')), 60_000);
    await w.close();
  });

  it('W19: a container over its memory is killed: said in the list, in the drawer, with its limit', async () => {
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'limits' } });
    await apply(w, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'greedy', namespace: 'limits' }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'python:3', imagePullPolicy: 'IfNotPresent', command: ['python3', '-c', 'x = bytearray(100_000_000)'], resources: { limits: { memory: '64Mi' } } }] } }));
    await list(w, 'pods', 'Pods');
    await row(w, 'limits/greedy').getByText(/OOMKilled|CrashLoopBackOff/).first().waitFor();
    const d = await show(w, 'po/greedy', 'greedy');
    await d.locator('.verdict').getByText(/OOMKilled, exit 137, limit 64Mi/).waitFor();
    await d.getByText(/memory 64Mi/).first().waitFor();
    await w.shot('w19-oom', true);
    await w.close();
  });
});
