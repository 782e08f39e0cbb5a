// How it looks and who can use it: themes, widths, crowds, names and roles of every control, a whole day's work without a pointer.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { create, namespace, POD, pod, seedShop } from './shell-objects.ts';

let host: Host, client: Client, url: string, browser: Browser;
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost());
  [browser] = await Promise.all([openBrowser(), seedShop(client)]);
});
afterAll(async () => { await browser?.close(); await host?.dispose(); });

const press = async (w: Window, ...keys: string[]): Promise<void> => { for (const k of keys) await w.page.keyboard.press(k); };
async function pods(w: Window): Promise<void> {
  await press(w, 'g', 'p');
  await w.page.locator('.row[data-key]').first().waitFor();
}
const theme = (w: Window): Promise<string | undefined> => w.page.evaluate(() => document.documentElement.dataset.theme);

describe('themes', () => {
  it('follows the system, and is what the user says', async () => {
    const w = await openWindow(browser, url, { colorScheme: 'dark' });
    expect(await theme(w)).toBe('dark');
    await pods(w);
    await press(w, 'Home', 'Enter');
    await w.page.getByTestId('drawer').waitFor();
    await w.shot('theme-dark');
    await w.page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(() => theme(w)).toBe('light');
    for (const name of ['Dark theme', 'High contrast', 'Light theme', 'Theme of the system']) {
      await w.page.getByRole('button', { name: 'Theme', exact: true }).click();
      await w.page.getByRole('menuitem', { name }).click();
      if (name === 'High contrast') { await expect.poll(() => theme(w)).toBe('contrast'); await w.page.getByRole('menu').waitFor({ state: 'detached' }); await w.shot('theme-contrast'); }
    }
    await expect.poll(() => theme(w)).toBe('light');
    await w.close();
  });

  it('text reaches AA contrast in every theme', async () => {
    const w = await openWindow(browser, url);
    for (const name of ['light', 'dark', 'contrast']) {
      const poor = await w.page.evaluate(t => {
        document.documentElement.dataset.theme = t;
        const style = getComputedStyle(document.documentElement);
        const light = (token: string): number => {
          const probe = document.createElement('span');
          probe.style.color = style.getPropertyValue(token);
          document.body.append(probe);
          const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g)!.map(v => { const x = Number(v) / 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
          probe.remove();
          return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
        };
        const ratio = (a: string, b: string): number => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x! + 0.05) / (y! + 0.05); };
        const out: string[] = [];
        for (const ink of ['--ink', '--quiet', '--accent', '--good', '--busy', '--warning', '--bad']) for (const ground of ['--main', '--side', '--frame', '--raised', '--sunk', '--hover', '--chosen']) {
          if (ratio(ink, ground) < 4.5) out.push(`${t}: ${ink} on ${ground} ${ratio(ink, ground).toFixed(2)}`);
        }
        for (const meaning of ['good', 'busy', 'warning', 'bad']) if (ratio(`--${meaning}`, `--${meaning}-soft`) < 4.5) out.push(`${t}: --${meaning} on its soft ground`);
        if (ratio('--accent-ink', '--accent') < 4.5) out.push(`${t}: --accent-ink on --accent`);
        return out;
      }, name);
      expect(poor).toEqual([]);
    }
    await w.close();
  });

  it('nothing moves for those who want no motion', async () => {
    const w = await openWindow(browser, url, { reducedMotion: 'reduce' });
    await pods(w);
    expect(await w.page.evaluate(() => document.getAnimations().filter(a => a.playState === 'running').length)).toBe(0);
    await w.close();
  });
});

describe('widths and crowds', () => {
  it.each([[1280, 800], [2560, 1400]])('at %i nothing is cut off sideways', async (width, height) => {
    const w = await openWindow(browser, url, { viewport: { width, height } });
    await pods(w);
    await press(w, 'Home', 'Enter');
    await w.page.getByTestId('drawer').waitFor();
    expect(await w.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    expect(await w.page.evaluate(() => { const t = document.querySelector('.table')!; return t.scrollWidth - t.clientWidth; })).toBeLessThanOrEqual(0);
    await w.shot(`width-${width}`);
    await w.close();
  });

  it('keeps its shape with 300 namespaces, names of 253 characters and 40 labels', async () => {
    const long = `a${'-very-long-name'.repeat(16)}`.slice(0, 253);
    for (let i = 0; i < 300; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => create(client, namespace(`crowd-${i + j}`))));
    await create(client, pod('crowd-0', long, { labels: { app: 'long', ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`example.com/label-number-${i}`, `value-${i}`])) } }));
    const w = await openWindow(browser, url);
    await pods(w);
    await w.page.locator(`.row[data-key="crowd-0/${long}"]`).click();
    await w.page.getByTestId('drawer').waitFor();
    expect(await w.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await w.shot('crowded', true);
    await press(w, 'n');
    await w.page.getByRole('option', { name: 'crowd-299' }).waitFor();
    await w.page.keyboard.type('crowd-299');
    await expect.poll(() => w.page.getByRole('option').count()).toBe(1);
    await w.shot('crowded-namespaces');
    await press(w, 'Escape');
    await w.close();
  });
});

describe('access', () => {
  it('every control has a name', async () => {
    const w = await openWindow(browser, url);
    const nameless = (): Promise<string[]> => w.page.evaluate(() => [...document.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, [role=button], [role=tab], [role=menuitem], [role=option], [role=separator]')]
      .filter(e => e.offsetParent !== null && !e.closest('.monaco-editor, .xterm'))
      .filter(e => ![e.getAttribute('aria-label'), e.getAttribute('aria-labelledby'), e.textContent?.trim(), (e as HTMLInputElement).labels?.[0]?.textContent, e.title].some(Boolean))
      .map(e => e.outerHTML.slice(0, 160)));
    expect(await nameless()).toEqual([]);
    await pods(w);
    await press(w, 'Home', 'Enter', 'Space', 'Control+`');
    await w.page.getByTestId('drawer').waitFor();
    expect(await nameless()).toEqual([]);
    await press(w, 'Control+k');
    expect(await nameless()).toEqual([]);
    await w.close();
  });

  it('Tab goes from the rail over the tree and the list to the status bar, and its place can be seen', async () => {
    const w = await openWindow(browser, url);
    await press(w, 'g', 'o', 'Escape', 'Escape');
    await w.page.getByRole('button', { name: 'local' }).focus();
    const places: string[] = [];
    for (let i = 0; i < 60; i++) {
      const place = await w.page.evaluate(() => document.activeElement?.closest('.rail, .tree, .main, .drawer, .dock, .status-bar')?.className.split(' ')[0] ?? '');
      if (place && places.at(-1) !== place) places.push(place);
      await press(w, 'Tab');
      if (place !== '') expect(await w.page.evaluate(() => { const e = document.activeElement; return e === document.body || !e || getComputedStyle(e).outlineStyle !== 'none' || getComputedStyle(e).boxShadow !== 'none' || e.matches('.splitter, .table') ? '' : e.outerHTML.slice(0, 200); })).toBe('');
    }
    expect(places.slice(0, 4)).toEqual(['rail', 'tree', 'main', 'status-bar']);
    await w.close();
  });

  it('creates, watches, reads logs and deletes with the keys alone', async () => {
    const w = await openWindow(browser, url);
    await press(w, 'Control+k');
    await w.page.keyboard.type('create from yaml');
    await expect.poll(() => w.page.getByRole('option').first().textContent()).toMatch(/YAML/);
    await press(w, 'Enter');
    await w.page.locator('.monaco-editor').first().waitFor();
    await expect.poll(() => w.page.evaluate(() => document.activeElement?.closest('.monaco-editor') !== null)).toBe(true);
    await w.page.keyboard.insertText('{apiVersion: v1, kind: Pod, metadata: {name: by-hand, namespace: shop}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: "shop/web:1.4"}]}}');
    await press(w, 'Control+Enter');
    await w.page.getByTestId('yaml-apply').waitFor();
    await w.shot('keys-create-review');
    await press(w, 'Enter');
    await eventually('the pod', async () => (await client.list(POD, { namespace: 'shop' })).items.some(p => p.metadata?.name === 'by-hand'));
    await press(w, 'Control+`');
    await pods(w);
    await press(w, '/');
    await w.page.keyboard.type('by-hand');
    await w.page.locator('.row[data-key="shop/by-hand"] .status', { hasText: 'Running' }).waitFor();
    await press(w, 'Enter', 'Home', 'l');
    await w.page.getByText(/simulated, no process runs/).first().waitFor();
    await w.shot('keys-logs');
    await w.page.locator('.table').focus();
    await press(w, 'd');
    await w.page.getByRole('dialog', { name: 'Delete pod by-hand?' }).waitFor();
    await press(w, 'Enter');
    await w.page.locator('.row[data-key="shop/by-hand"]').waitFor({ state: 'detached', timeout: 10_000 });
    await w.close();
  });
});
