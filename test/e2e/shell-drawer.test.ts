// The drawer: one object, live, with all that hangs together with it.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import { kindOf } from '../../core/api/kinds/index.ts';
import type { Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { POD, seedShop } from './shell-objects.ts';

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
    await w.shot('drawer-gone');
    await w.page.keyboard.press('Escape');
    await d.waitFor({ state: 'detached' });
    await w.close();
  });
});
