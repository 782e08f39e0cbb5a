// The grammar of keys: the same everywhere, Esc one level back, nothing that needs a pointer.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { create, DEPLOYMENT, deployment, POD, pod, seedShop } from './shell-objects.ts';

let host: Host, client: Client, url: string, browser: Browser;
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost());
  [browser] = await Promise.all([openBrowser(), seedShop(client)]);
});
afterAll(async () => { await browser?.close(); await host?.dispose(); });

const press = async (w: Window, ...keys: string[]): Promise<void> => { for (const k of keys) await w.page.keyboard.press(k); };
const title = (w: Window) => w.page.locator('.toolbar h1');
const cursor = (w: Window): Promise<string | null> => w.page.locator('.row.cursor').getAttribute('data-key');
async function pods(w: Window): Promise<void> {
  await press(w, 'g', 'p');
  await w.page.locator('.row[data-key]').first().waitFor();
  await expect.poll(() => w.page.evaluate(() => document.activeElement?.classList.contains('table'))).toBe(true);
}

describe('keys', () => {
  it('g and a letter jumps to a kind', async () => {
    const w = await openWindow(browser, url);
    for (const [key, heading] of Object.entries({ p: 'Pods', d: 'Deployments', r: 'Replica sets', t: 'Stateful sets', m: 'Daemon sets', j: 'Jobs', s: 'Services', i: 'Ingresses', c: 'Config maps', x: 'Secrets', v: 'Persistent volume claims', n: 'Nodes', a: 'Namespaces', e: 'Events' })) {
      await press(w, 'g', key);
      await expect.poll(() => title(w).textContent(), { message: `g ${key}` }).toBe(heading);
    }
    await press(w, 'g');
    await w.page.getByText('then the letter of a kind').waitFor();
    await press(w, 'o');
    await w.page.getByRole('heading', { name: 'In trouble' }).waitFor();
    await w.close();
  });

  it('moves, opens, chooses, and steps back one level at a time', async () => {
    const w = await openWindow(browser, url);
    await pods(w);
    const all = await w.page.locator('.row[data-key]').evaluateAll(r => r.map(x => (x as HTMLElement).dataset.key).sort());
    await press(w, 'Home');
    const first = await cursor(w);
    await press(w, 'ArrowDown');
    expect(await cursor(w)).not.toBe(first);
    await press(w, 'ArrowUp');
    expect(await cursor(w)).toBe(first);
    await press(w, 'End');
    const last = await cursor(w);
    await press(w, 'PageUp');
    expect(await cursor(w)).not.toBe(last);
    await press(w, 'PageDown');
    expect(await cursor(w)).toBe(last);
    await press(w, 'Control+a');
    expect(await w.page.locator('.row[aria-selected="true"]').count()).toBe(all.length);
    await press(w, 'Escape');
    expect(await w.page.locator('.row[aria-selected="true"]').count()).toBe(0);

    // Filter, selection, drawer: Esc takes them back in the order they came.
    await press(w, '/');
    await w.page.keyboard.type('web');
    await expect.poll(() => w.page.locator('.row[data-key]').count()).toBe(6);
    await press(w, 'Enter', 'Home', 'Enter');
    await w.page.getByTestId('drawer').waitFor();
    await press(w, 'Space');
    await w.page.getByRole('toolbar', { name: '1 chosen' }).waitFor();
    await w.shot('keys-filter-drawer-selection');
    await press(w, 'Escape');
    expect(await w.page.getByRole('toolbar', { name: '1 chosen' }).count()).toBe(0);
    expect(await w.page.getByTestId('drawer').count()).toBe(1);
    await press(w, 'Escape');
    await expect.poll(async () => (await w.page.getByTestId('drawer').count()) + (await w.page.getByRole('searchbox').inputValue()).length).toBeLessThan(4);
    await press(w, 'Escape');
    await expect.poll(async () => [await w.page.getByTestId('drawer').count(), await w.page.getByRole('searchbox').inputValue()]).toEqual([0, '']);
    await w.close();
  });

  it('? shows what works here, and every key it names for a deed does that deed', async () => {
    await create(client, deployment('staging', 'keyed', 1), pod('staging', 'a-keyed'));
    const w = await openWindow(browser, url);
    await pods(w);
    await press(w, 'Home', 'Shift+?');
    const sheet = w.page.getByRole('dialog', { name: 'Keys' });
    await sheet.getByRole('heading', { name: 'Deeds on this Pod' }).waitFor();
    await w.shot('key-sheet');
    await press(w, 'Escape');
    await sheet.waitFor({ state: 'detached' });
    await press(w, 'd');
    await w.page.getByRole('dialog', { name: /^Delete pod/ }).waitFor();
    await press(w, 'Escape');
    await w.page.getByRole('dialog', { name: /^Delete pod/ }).waitFor({ state: 'detached' });
    // Deeds of the drawer work without a chosen row.
    await press(w, 'Control+k');
    await w.page.keyboard.type('deploy/keyed');
    await w.page.getByRole('option', { name: /keyed/ }).first().waitFor();
    await press(w, 'Enter');
    await w.page.getByTestId('drawer').waitFor();
    await w.close();
  });

  it('shows and hides dock and tree', async () => {
    const w = await openWindow(browser, url);
    await press(w, 'Control+`');
    await w.page.getByRole('region', { name: 'Dock' }).waitFor();
    await w.shot('dock-empty');
    await press(w, 'Escape');
    await expect.poll(() => w.page.getByRole('region', { name: 'Dock' }).isVisible()).toBe(false);
    await press(w, 'Control+b');
    await expect.poll(() => w.page.locator('.tree').count()).toBe(0);
    await press(w, 'Control+b');
    await w.page.locator('.tree').waitFor();
    await w.close();
  });

  it('n chooses namespaces: type, Enter for one, Space for several', async () => {
    const w = await openWindow(browser, url);
    await pods(w);
    await press(w, 'n');
    await w.page.keyboard.type('stag');
    await press(w, 'Enter');
    await expect.poll(() => w.page.locator('#namespace-picker').textContent()).toBe('staging');
    await w.page.getByRole('option').first().waitFor({ state: 'detached' });
    await press(w, 'n', 'ArrowDown');
    await w.page.getByRole('option', { name: 'staging' }).waitFor();
    await w.shot('namespace-choice');
    await press(w, 'Escape');
    await w.page.getByRole('option').first().waitFor({ state: 'detached' });
    await press(w, 'n', 'Enter');
    await expect.poll(() => w.page.locator('#namespace-picker').textContent()).toBe('All namespaces');
    await w.close();
  });
});

describe('palette', () => {
  it('finds kinds by their short names, objects by name, and does deeds by verb', async () => {
    const w = await openWindow(browser, url);
    await press(w, 'Control+k');
    await w.page.getByRole('option', { name: /Pods/ }).first().waitFor();
    await w.shot('palette-empty');
    await w.page.keyboard.type('po');
    await expect.poll(() => w.page.getByRole('option').first().textContent()).toMatch(/^Pods/);
    await press(w, 'Enter');
    await expect.poll(() => title(w).textContent()).toBe('Pods');

    await press(w, 'Control+k');
    await w.page.keyboard.type('restart deploy/web');
    await expect.poll(() => w.page.getByRole('option').first().textContent()).toMatch(/^web.*Restart · Deployment/);
    await w.shot('palette-verb');
    await w.page.getByRole('option', { name: /shop/ }).first().click();
    await eventually('the restart to be asked for', async () => JSON.stringify((await client.get<KubeObject & { spec: object }>(DEPLOYMENT, 'shop', 'web')).spec).includes('restartedAt'));
    expect(await w.page.locator('.status-command code').textContent()).toBe('kubectl --context pilothouse -n shop rollout restart deployment/web');
    await w.page.getByText('deployment/web restarted').waitFor();
    await w.shot('notice');

    await press(w, 'Control+k');
    await w.page.keyboard.type('no such thing at all');
    await w.page.getByText(/Nothing answers to/).waitFor();
    await press(w, 'Escape');
    await w.close();
  });

  it('scales with the keys alone and shows the command', async () => {
    const w = await openWindow(browser, url);
    await press(w, 'Control+k');
    await w.page.keyboard.type('scale deploy/worker');
    await expect.poll(() => w.page.getByRole('option').first().textContent()).toMatch(/^worker.*Scale · Deployment/);
    await press(w, 'Enter');
    const dialog = w.page.getByRole('dialog', { name: /Scale worker/ });
    await dialog.waitFor();
    await press(w, 'ArrowUp');
    await dialog.getByText('kubectl --context pilothouse -n shop scale deployment/worker --replicas=3').waitFor();
    await w.shot('scale');
    await press(w, 'Enter');
    await dialog.waitFor({ state: 'detached' });
    await eventually('three workers', async () => (await client.list(POD, { namespace: 'shop', labelSelector: 'app=worker' })).items.length === 3);
    await w.close();
  });
});
