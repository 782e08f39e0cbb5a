// The host dies under an open window: nothing is blanked, nothing is passed off as live, and when it is back so is the window.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import type { Host } from '../harness/host.ts';
import { freePorts, openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { create, deployment, pod } from './shell-objects.ts';

let host: Host, client: Client, url: string, browser: Browser, args: string[];
beforeAll(async () => {
  const [api, ui] = await freePorts(2);
  args = ['--listen', `127.0.0.1:${api}`, '--ui', `127.0.0.1:${ui}`];
  ({ host, client, url } = await startWindowHost({ args }));
  browser = await openBrowser();
  await create(client, deployment('default', 'web', 3), pod('default', 'single'));
});
afterAll(async () => { await browser?.close(); await host?.dispose(); });

const mark = (w: Window) => w.page.locator('.toolbar [data-freshness]');
const state = (w: Window) => mark(w).getAttribute('data-freshness');
const count = (w: Window) => w.page.locator('.row[data-key^="default/"]').count();

describe('freshness', () => {
  it('says since when the view is stale, keeps what it shows, and is live again by itself', async () => {
    const w = await openWindow(browser, url);
    w.expect(/WebSocket|ERR_CONNECTION_REFUSED|Failed to load resource/);
    await w.page.keyboard.press('g');
    await w.page.keyboard.press('p');
    await expect.poll(() => count(w)).toBe(4);
    await expect.poll(() => state(w)).toBe('live');
    const died = new Date();
    await host.stop('SIGKILL');
    await expect.poll(() => state(w), { timeout: 2000 }).toBe('stale');
    const hhmm = [died, new Date()].map(d => `${String(d.getHours()).padStart(2, '0')}:${String(d.getMinutes()).padStart(2, '0')}`);
    expect(hhmm.map(t => `stale since ${t}`)).toContain(/stale since \d\d:\d\d/.exec((await mark(w).textContent()) ?? '')?.[0]);
    expect(await count(w)).toBe(4);
    await w.page.locator('.status-bar').getByText('stale since').waitFor();
    await w.page.locator('.status-bar').getByRole('button', { name: 'Try now' }).waitFor();
    await w.shot('stale', true);

    // A deed says plainly that it cannot be done now.
    await w.page.locator('.row[data-key="default/single"]').click();
    await w.page.locator('.table').focus();
    await w.page.keyboard.press('d');
    await w.page.getByRole('button', { name: 'Delete pod' }).click();
    await w.page.getByRole('alert').getByText('The connection to the host is lost').waitFor();
    await w.shot('stale-deed');
    await w.page.keyboard.press('Escape');

    ({ host, client, url } = await startWindowHost({ args, data: host.data }));
    await expect.poll(() => state(w), { timeout: 15_000 }).toBe('live');
    await expect.poll(() => count(w)).toBe(4);
    // Live means live: what is made now appears.
    await create(client, pod('default', 'after-the-fall'));
    await w.page.locator('.row[data-key="default/after-the-fall"]').waitFor({ timeout: 1000 });
    await w.shot('live-again');
    await w.close();
  });

  it('opens on a host that is gone with a plain word, and goes on when it is there', async () => {
    const w = await openWindow(browser, url);
    w.expect(/WebSocket|ERR_CONNECTION_REFUSED|Failed to load resource/);
    await w.page.locator('.tree').waitFor();
    // The page is loaded, its host dies before the next welcome.
    await w.page.route('**/gateway', r => r.abort());
    await host.stop('SIGKILL');
    await w.page.locator('.status-bar').getByText('stale since').waitFor();
    ({ host, client, url } = await startWindowHost({ args, data: host.data }));
    await w.page.unroute('**/gateway');
    await w.page.locator('.status-bar').getByText('live', { exact: true }).waitFor({ timeout: 20_000 });
    await w.close();
  });
});
