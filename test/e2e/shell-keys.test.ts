// The grammar of keys: the same everywhere, Esc one level back, nothing that needs a pointer.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { PROTOCOL } from '../../electron/contract/frames.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { create, DEPLOYMENT, deployment, POD, pod, seedShop } from './shell-objects.ts';

let host: Host, client: Client, url: string, browser: Browser;
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost());
  [browser] = await Promise.all([openBrowser(), seedShop(client)]);
});
/** What earlier windows had open is kept by the host: every test begins with an empty frame. */
beforeEach(async () => {
  const { origin, hash, searchParams } = new URL(url);
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/gateway`, { origin });
  await new Promise<void>((done, fail) => {
    socket.on('error', fail);
    socket.on('open', () => socket.send(JSON.stringify({ t: 'hello', version: PROTOCOL, token: /[\w-]{32}/.exec(hash)?.[0] ?? searchParams.get('token') })));
    socket.on('message', m => {
      const { t } = JSON.parse(String(m)) as { t: string };
      if (t === 'welcome') socket.send(JSON.stringify({ t: 'app', id: 1, call: 'settings.set', args: { key: 'workspace', value: null } })); else if (t === 'response') done(); else if (t === 'failure') fail(new Error(String(m)));
    });
  });
  socket.terminate();
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
    await w.page.locator('.MuiPopover-root').waitFor({ state: 'detached' });
    await press(w, 'n', 'ArrowDown');
    await w.page.getByRole('option', { name: 'staging' }).waitFor();
    await w.shot('namespace-choice');
    await press(w, 'Escape');
    await w.page.locator('.MuiPopover-root').waitFor({ state: 'detached' });
    await press(w, 'n');
    await w.page.getByRole('option').first().waitFor();
    await press(w, 'Enter');
    await expect.poll(() => w.page.locator('#namespace-picker').textContent()).toBe('All namespaces');
    await w.close();
  });
});

describe('forwards and events', () => {
  it('f brings a port of a service here and shows where; it outlives a reload, and ends when stopped', async () => {
    const w = await openWindow(browser, url);
    await press(w, 'g', 's');
    await w.page.locator('.row[data-key="shop/web"]').waitFor();
    await press(w, '/');
    await w.page.keyboard.type('web');
    await press(w, 'Enter', 'Home', 'f');
    const dialog = w.page.getByRole('dialog', { name: 'Forward a port of service web' });
    await dialog.getByText('kubectl --context pilothouse -n shop port-forward service/web :80').waitFor();
    await w.shot('forward-dialog');
    await press(w, 'Enter');
    await dialog.waitFor({ state: 'detached' });
    const list = w.page.getByTestId('forwards');
    const link = list.getByRole('link', { name: /^127\.0\.0\.1:\d+$/ });
    await link.waitFor();
    const address = await link.textContent() ?? '';
    expect(await (await fetch(`http://${address}/`)).text()).toMatch(/^web-.*: shop\/web:1\.4 on port 8080/);
    await list.getByText(`kubectl --context pilothouse -n shop port-forward service/web ${address.split(':')[1]}:80`).waitFor();
    await w.shot('forwards');
    // A taken port is told in the dialog, which stays.
    await press(w, 'F6', 'F6', 'F6', 'g', 's', 'Home', 'f');
    await dialog.waitFor();
    await press(w, 'Tab');
    await w.page.keyboard.type(address.split(':')[1]!);
    await press(w, 'Enter');
    await dialog.getByRole('alert').getByText(/of this machine is in use/).waitFor();
    await press(w, 'Escape');
    await dialog.waitFor({ state: 'detached' });
    await w.page.reload();
    await w.page.getByRole('button', { name: '1 forward' }).waitFor();
    expect((await fetch(`http://${address}/`)).status).toBe(200);
    await press(w, 'Control+k');
    await w.page.keyboard.type('forwarded ports');
    await press(w, 'Enter');
    await link.waitFor();
    await w.page.getByRole('button', { name: `Stop forwarding ${address}` }).focus();
    await press(w, 'Enter');
    await w.page.getByText('No port is forwarded').waitFor();
    await expect(fetch(`http://${address}/`)).rejects.toThrow();
    await w.close();
  });

  it('tells when nothing answers behind a forward', async () => {
    await create(client, { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name: 'lonely' }, spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] } } as KubeObject);
    const w = await openWindow(browser, url);
    await press(w, 'Control+k');
    await w.page.keyboard.type('forward svc/lonely');
    await w.page.getByRole('option', { name: /lonely/ }).first().waitFor();
    await press(w, 'Enter');
    const dialog = w.page.getByRole('dialog', { name: 'Forward a port of service lonely' });
    await dialog.waitFor();
    await press(w, 'Enter');
    await dialog.getByRole('alert').getByText('none of the 0 pods of service lonely is ready').waitFor();
    await press(w, 'Escape');
    await dialog.waitFor({ state: 'detached' });
    await w.close();
  });

  it('e opens the events of what is chosen', async () => {
    const w = await openWindow(browser, url);
    await pods(w);
    await press(w, '/');
    await w.page.keyboard.type('model-server');
    await press(w, 'Enter', 'Home', 'e');
    const events = w.page.getByTestId('events');
    await events.getByText('FailedScheduling').first().waitFor();
    await events.getByText('kubectl --context pilothouse -n staging events --for pod/model-server-that-wants-far-too-much').waitFor();
    await w.shot('events-dock');
    await w.close();
  });
});

describe('dock', () => {
  it('its tabs are chosen, moved, split and closed by keys, and come back after a reload', async () => {
    const w = await openWindow(browser, url);
    const tabs = () => w.page.locator('.dock-tabs [role=tab]').allTextContents();
    const seen = () => w.page.locator('.dock-panel:not([hidden])').evaluateAll(l => l.map(x => document.getElementById(x.getAttribute('aria-labelledby')!)!.textContent));
    await pods(w);
    await press(w, '/');
    await w.page.keyboard.type('probe');
    await press(w, 'Enter', 'Home', 'e');
    await press(w, 'Control+k');
    await w.page.keyboard.type('new config map');
    await press(w, 'Enter');
    await press(w, 'Control+k');
    await w.page.keyboard.type('forwarded ports');
    await press(w, 'Enter');
    await expect.poll(tabs).toEqual(['probe', 'New manifest', 'Forwarded ports']);
    await w.page.locator('.main .table').focus();
    await press(w, 'F6');
    await expect.poll(() => w.page.evaluate(() => document.activeElement?.textContent)).toBe('Forwarded ports');
    await press(w, 'Control+ArrowLeft', 'Control+ArrowLeft');
    await expect.poll(tabs).toEqual(['Forwarded ports', 'probe', 'New manifest']);
    await expect.poll(() => w.page.evaluate(() => document.activeElement?.textContent)).toBe('Forwarded ports');
    await press(w, 'ArrowRight');
    await expect.poll(seen).toEqual(['probe']);
    await press(w, 'ArrowRight');
    await expect.poll(seen).toEqual(['New manifest']);
    await press(w, 'Control+\\');
    await expect.poll(seen).toEqual(['probe', 'New manifest']);
    await w.page.locator('.monaco-editor:visible').first().waitFor();
    await w.shot('dock-split');
    // Kept with the host a moment later.
    const saved = () => JSON.parse(readFileSync(join(host.data, 'settings.json'), 'utf8')) as { workspace?: { dockAside?: string } };
    await eventually('the split to be stored', async () => saved().workspace?.dockAside !== undefined);
    await w.page.reload();
    await expect.poll(seen).toEqual(['probe', 'New manifest']);
    expect(await tabs()).toEqual(['Forwarded ports', 'probe', 'New manifest']);
    await press(w, 'Control+\\');
    await expect.poll(seen).toEqual(['probe']);
    await w.page.locator('.dock-tabs [tabindex="0"]').focus();
    await press(w, 'Delete');
    await expect.poll(tabs).toEqual(['Forwarded ports', 'New manifest']);
    await press(w, 'Delete', 'Delete');
    await expect.poll(() => w.page.getByRole('region', { name: 'Dock' }).isVisible()).toBe(false);
    await w.close();
  });
});

describe('a day without a pointer', () => {
  it('overview, rail, tree, list, namespaces, palette, drawer, menu, editor: keys alone, Esc always a level back', async () => {
    const w = await openWindow(browser, url);
    const at = () => w.page.evaluate(() => { const e = document.activeElement as HTMLElement | null; return e?.getAttribute('aria-label') ?? e?.textContent ?? ''; });
    const tabTo = async (name: string | RegExp, key = 'Tab'): Promise<void> => {
      for (let i = 0; i < 80; i++) { const now = await at(); if (typeof name === 'string' ? now === name : name.test(now)) return; await press(w, key); }
      throw new Error(`${key} never came to ${String(name)}`);
    };
    // The overview: a tile, then an object in trouble.
    await press(w, 'g', 'o');
    await w.page.getByRole('heading', { name: 'In trouble' }).waitFor();
    await tabTo(/^Pods\d+.*/);
    await tabTo(/^mailer-|^thumbnails-|^model-server/);
    await press(w, 'Enter');
    await w.page.getByTestId('drawer').waitFor();
    await press(w, 'Escape');
    await w.page.getByTestId('drawer').waitFor({ state: 'detached' });
    // The rail: the theme's menu; Esc closes it and the focus is where it was.
    for (let i = 0; i < 8 && !(await w.page.evaluate(() => document.activeElement?.closest('.rail'))); i++) await press(w, 'F6');
    await tabTo('Theme');
    await press(w, 'Enter');
    await w.page.getByRole('menuitem', { name: 'Dark theme' }).waitFor();
    await press(w, 'Escape');
    await w.page.getByRole('menu').waitFor({ state: 'detached' });
    expect(await at()).toBe('Theme');
    // The tree: a group folds and a kind opens.
    await press(w, 'F6');
    await tabTo('Config');
    await press(w, 'Enter');
    await expect.poll(() => w.page.locator('.tree').getByText('Secrets').count()).toBe(0);
    await press(w, 'Enter');
    await tabTo(/^Secrets/);
    await press(w, 'Enter');
    await expect.poll(() => title(w).textContent()).toBe('Secrets');
    // The list: a row's menu by the keyboard; Esc closes the menu only.
    await pods(w);
    await press(w, 'Home', 'Shift+F10');
    await w.page.getByRole('menuitem', { name: /^Copy name/ }).waitFor();
    await press(w, 'ArrowDown', 'Escape');
    await w.page.getByRole('menu').waitFor({ state: 'detached' });
    expect(await cursor(w)).not.toBeNull();
    // Namespaces and back.
    await press(w, 'n');
    await w.page.getByRole('dialog', { name: 'Namespaces' }).waitFor();
    await press(w, 'Escape');
    await w.page.getByRole('dialog', { name: 'Namespaces' }).waitFor({ state: 'detached' });
    // Drawer on top of the editor: Esc from the editor goes to its tab, then the dock, then the drawer.
    await press(w, 'g', 'p');
    await w.page.locator('.table').waitFor();
    await expect.poll(() => w.page.evaluate(() => document.activeElement?.classList.contains('table'))).toBe(true);
    await press(w, 'Home', 'Enter');
    await w.page.getByTestId('drawer').waitFor();
    await press(w, 'y');
    await w.page.locator('[data-testid="yaml"]:visible .view-line', { hasText: 'kind: Pod' }).waitFor();
    await press(w, 'F6');
    for (let i = 0; i < 8 && !(await w.page.evaluate(() => document.activeElement?.closest('.dock-tabs'))); i++) await press(w, 'F6');
    await press(w, 'Enter');
    await expect.poll(() => w.page.evaluate(() => document.activeElement?.closest('.monaco-editor') !== null)).toBe(true);
    await press(w, 'Shift+F6', 'Shift+F6');
    expect(await w.page.evaluate(() => document.activeElement?.closest('.monaco-editor') === null)).toBe(true);
    await press(w, 'F6', 'F6', 'Enter', 'Escape');
    await expect.poll(() => w.page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('tab');
    await press(w, 'Escape');
    await expect.poll(() => w.page.getByRole('region', { name: 'Dock' }).isVisible()).toBe(false);
    expect(await w.page.getByTestId('drawer').count()).toBe(1);
    await press(w, 'Escape');
    await w.page.getByTestId('drawer').waitFor({ state: 'detached' });
    // What works here is told here.
    await press(w, 'Shift+?');
    const sheet = w.page.getByRole('dialog', { name: 'Keys' });
    for (const word of ['Events', 'Forward a port', 'To the next part of the window', 'Two of the dock side by side']) await sheet.getByText(word, { exact: true }).waitFor();
    await press(w, 'Escape');
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
    await w.page.getByText('web: restarted').waitFor();
    await eventually('the restart to be asked for', async () => JSON.stringify((await client.get<KubeObject & { spec: object }>(DEPLOYMENT, 'shop', 'web')).spec).includes('restartedAt'));
    expect(await w.page.locator('.status-command code').textContent()).toBe('kubectl --context pilothouse -n shop rollout restart deployment/web');
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
