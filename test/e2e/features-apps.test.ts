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
