// The tree and the live table, in a real browser on a real host: counts, badges, freshness of rows, sort, filter, selection, columns.
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindOf } from '../../core/api/kinds/index.ts';
import type { Client } from '../../core/client/client.ts';
import { eventually, read, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { create, DEPLOYMENT, deployment, NAMESPACE, namespace, POD, pod, seedShop } from './shell-objects.ts';

/** What a person calls at once. */
const AT_ONCE = 1000;
let host: Host, client: Client, url: string, browser: Browser;
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost());
  [browser] = await Promise.all([openBrowser(), seedShop(client)]);
});
afterAll(async () => { await browser?.close(); await host?.dispose(); });

async function table(kind: 'Pods' | 'Deployments', o: { namespace?: string; width?: number; height?: number } = {}): Promise<Window> {
  const w = await openWindow(browser, url, { viewport: { width: o.width ?? 1280, height: o.height ?? 800 } });
  await w.page.getByRole('navigation').getByRole('button', { name: new RegExp(`^${kind}`) }).click();
  await chooseNamespace(w, o.namespace);
  await rows(w).first().waitFor();
  return w;
}
/** The host remembers a choice for the next window. */
async function chooseNamespace(w: Window, name: string | undefined): Promise<void> {
  await w.page.locator('#namespace-picker').click();
  await w.page.getByRole('dialog', { name: 'Namespaces' }).getByRole('option', { name: name ?? 'All namespaces', exact: true }).click();
  await w.page.getByRole('dialog', { name: 'Namespaces' }).waitFor({ state: 'detached' });
}
/** Until the host has written the workspace down as asked for. */
interface Stored { layout: { closedGroups: string[] }; tables: Record<string, { shown?: Record<string, boolean>; order?: string[]; widths?: Record<string, number>; filter?: string; scroll?: number; sorts?: { column: string; descending: boolean }[] }>; namespaces: Record<string, string[]> }
const stored = (as: (s: Stored) => boolean): Promise<unknown> => eventually('the workspace to be stored', () => as((JSON.parse(read(join(host.data, 'settings.json'))) as { workspace: Stored }).workspace), 5000, 50);
/** A new namespace, ready for pods. */
async function space(name: string): Promise<void> {
  await create(client, namespace(name));
  await eventually('its service account', async () => (await client.list(kindOf('v1', 'ServiceAccount')!, { namespace: name })).items.length > 0);
}
const rows = (w: Window) => w.page.locator('.row[data-key]');
const row = (w: Window, key: string) => w.page.locator(`.row[data-key="${key}"]`);
const names = async (w: Window): Promise<string[]> => w.page.locator('.row[data-key]').evaluateAll(all => all
  .sort((a, b) => Number(a.getAttribute('aria-rowindex')) - Number(b.getAttribute('aria-rowindex'))).map(r => (r as HTMLElement).dataset.key ?? ''));
const cells = async (w: Window, column: string): Promise<string[]> => w.page.locator('.row[data-key]').evaluateAll((all, c) => all
  .sort((a, b) => Number(a.getAttribute('aria-rowindex')) - Number(b.getAttribute('aria-rowindex'))).map(r => r.querySelector(`[data-column="${c}"]`)?.textContent ?? ''), column);
const podKeys = async (prefix: string, ns = 'shop'): Promise<string[]> => (await client.list(POD, { namespace: ns })).items.map(p => `${ns}/${p.metadata?.name}`).filter(k => k.startsWith(`${ns}/${prefix}`));

describe('tree', () => {
  it('counts each kind and marks what is in trouble', async () => {
    const w = await table('Pods');
    const tree = w.page.getByRole('navigation');
    const pods = tree.getByRole('button', { name: /^Pods/ });
    const total = (await client.list(POD)).items.length;
    await expect.poll(() => pods.locator('.tree-count').textContent()).toBe(String(total));
    await expect.poll(() => pods.locator('.badge').textContent()).toBe('3');
    expect(await pods.locator('.badge').getAttribute('title')).toBe('2 are broken, 1 needs a look');
    await expect.poll(() => tree.getByRole('button', { name: /^Deployments/ }).locator('.badge').textContent()).toBe('2');
    // Counts follow the chosen namespaces.
    await chooseNamespace(w, 'staging');
    await expect.poll(() => pods.locator('.tree-count').textContent()).toBe('4');
    await expect.poll(() => pods.locator('.badge').textContent()).toBe('1');
    await w.shot('tree-namespace');
    await chooseNamespace(w, undefined);
    await w.close();
  });

  it('folds its groups and remembers that', async () => {
    const w = await table('Pods');
    const group = w.page.getByRole('navigation').getByRole('button', { name: 'Network', exact: true });
    expect(await group.getAttribute('aria-expanded')).toBe('true');
    await group.click();
    await expect.poll(() => w.page.getByRole('navigation').getByRole('button', { name: /^Services/ }).count()).toBe(0);
    await stored(s => s.layout.closedGroups.includes('Network'));
    await w.page.reload();
    await w.page.locator('.tree').waitFor();
    expect(await w.page.getByRole('navigation').getByRole('button', { name: /^Services/ }).count()).toBe(0);
    await w.page.getByRole('navigation').getByRole('button', { name: 'Network', exact: true }).click();
    await w.page.getByRole('navigation').getByRole('button', { name: /^Services/ }).waitFor();
    await w.close();
  });
});

describe('live table', () => {
  it('shows what the API creates, changes and deletes within a second', async () => {
    const w = await table('Pods', { namespace: 'shop' });
    await create(client, pod('shop', 'a-newcomer'));
    await row(w, 'shop/a-newcomer').waitFor({ timeout: AT_ONCE });
    await expect.poll(() => row(w, 'shop/a-newcomer').locator('[data-column="Ready"]').textContent()).toBe('1/1');
    await client.delete(POD, 'shop', 'a-newcomer', { gracePeriodSeconds: 0 });
    await row(w, 'shop/a-newcomer').waitFor({ state: 'detached', timeout: AT_ONCE });

    const before = await podKeys('worker-');
    await client.patch(DEPLOYMENT, 'shop', 'worker', 'application/merge-patch+json', { spec: { replicas: 4 } }, 'scale');
    const keys = await eventually('two more workers', async () => { const k = await podKeys('worker-'); return k.length === 4 ? k : undefined; });
    for (const k of keys.filter(x => !before.includes(x))) await row(w, k).waitFor({ timeout: AT_ONCE });
    await client.patch(DEPLOYMENT, 'shop', 'worker', 'application/merge-patch+json', { spec: { replicas: 2 } }, 'scale');
    await expect.poll(async () => (await names(w)).filter(n => n.startsWith('shop/worker-')).length, { timeout: 5000 }).toBe(2);
    await w.close();
  });

  it('says that it is live, and how many rows there are', async () => {
    const w = await table('Pods', { namespace: 'shop' });
    await expect.poll(() => w.page.locator('.toolbar [data-freshness]').getAttribute('data-freshness')).toBe('live');
    expect(await w.page.getByTestId('row-count').textContent()).toBe(String((await podKeys('')).length));
    await w.shot('pods-shop');
    await w.close();
  });

  it('marks broken rows at their edge, with the word and the reason', async () => {
    const w = await table('Pods', { namespace: 'shop' });
    const [crashing] = await podKeys('mailer-');
    const [unpullable] = await podKeys('thumbnails-');
    await row(w, crashing!).locator('.bar-bad').waitFor();
    await row(w, unpullable!).locator('.bar-bad').waitFor();
    await expect.poll(() => row(w, unpullable!).locator('[data-column="Status"]').textContent()).toMatch(/^(ImagePullBackOff|ErrImagePull).*no-such/);
    await w.page.getByRole('button', { name: /^\d broken/ }).click();
    await expect.poll(() => names(w)).toEqual([crashing, unpullable].sort());
    await w.shot('pods-broken-only');
    await w.close();
  });
});

describe('sort', () => {
  it('sorts by a column, turns it, and takes a second key with shift', async () => {
    const w = await table('Pods');
    const head = (name: string) => w.page.getByRole('columnheader', { name });
    await head('Namespace').getByRole('button').click();
    await expect.poll(async () => (await cells(w, 'Namespace')).join()).toBe([...(await cells(w, 'Namespace'))].sort().join());
    expect(await head('Namespace').getAttribute('aria-sort')).toBe('ascending');
    await head('Name').first().getByRole('button').click({ modifiers: ['Shift'] });
    await head('Name').first().getByRole('button').click({ modifiers: ['Shift'] });
    expect(await head('Name').first().getAttribute('aria-sort')).toBe('descending');
    const expected = (await client.list(POD)).items.map(p => [p.metadata!.namespace!, p.metadata!.name!] as const)
      .sort((a, b) => a[0].localeCompare(b[0]) || b[1].localeCompare(a[1], 'en', { numeric: true })).map(([ns, n]) => `${ns}/${n}`);
    await expect.poll(() => names(w)).toEqual(expected);
    await w.shot('pods-two-sort-keys');
    await head('Name').first().getByRole('button').click();
    expect(await head('Namespace').getAttribute('aria-sort')).toBe('none');
    await w.close();
  });
});

describe('filter', () => {
  it('takes words, exclusions, regular expressions and labels', async () => {
    const w = await table('Pods', { namespace: 'shop' });
    const box = w.page.getByRole('searchbox', { name: 'Filter' });
    const all = (await names(w)).length;
    const shows = async (text: string, ...apps: string[]): Promise<void> => {
      await box.fill(text);
      await expect.poll(async () => [...new Set((await names(w)).map(n => n.replace(/^shop\/(\w+)-.*/, '$1')))].sort(), { message: text }).toEqual(apps.sort());
    };
    await shows('web', 'web');
    await shows('web -web');
    await w.page.getByRole('heading', { name: 'No pods match' }).waitFor();
    await w.shot('filtered-to-nothing', true);
    await shows('-web -api', 'worker', 'mailer', 'thumbnails');
    await shows('/^shop (api|worker)/', 'api', 'worker');
    await w.page.getByText('regex', { exact: true }).waitFor();
    await shows('tier=back,app!=api', 'worker', 'mailer', 'thumbnails');
    await w.page.getByText('labels', { exact: true }).waitFor();
    await shows('app in (api, web)', 'api', 'web');
    await box.fill('/(/');
    await w.page.getByText('cannot be read').waitFor();
    expect((await names(w)).length).toBe(all);
    await w.shot('filter-malformed');
    await box.press('Escape');
    expect(await box.inputValue()).toBe('');
    await w.close();
  });
});

describe('selection', () => {
  it('chooses ranges with the pointer and the keys, and deletes them together after asking', async () => {
    await create(client, namespace('bulk'), deployment('bulk', 'kept', 1), ...Array.from({ length: 6 }, (_, i) => pod('bulk', `b${i}`)));
    const w = await table('Pods', { namespace: 'bulk' });
    await row(w, 'bulk/b5').waitFor();
    const chosen = async (): Promise<string[]> => w.page.locator('.row[aria-selected="true"]').evaluateAll(all => all.map(r => (r as HTMLElement).dataset.key ?? '').sort());
    await row(w, 'bulk/b0').click({ modifiers: ['Control'] });
    await row(w, 'bulk/b2').click({ modifiers: ['Shift'] });
    expect(await chosen()).toEqual(['bulk/b0', 'bulk/b1', 'bulk/b2']);
    await row(w, 'bulk/b4').click({ modifiers: ['Control'] });
    expect(await chosen()).toEqual(['bulk/b0', 'bulk/b1', 'bulk/b2', 'bulk/b4']);
    await w.page.keyboard.press('Escape');
    expect(await chosen()).toEqual([]);
    // The same with the keys.
    await w.page.locator('.table').focus();
    await w.page.keyboard.press('Home');
    await w.page.keyboard.press('Shift+ArrowDown');
    await w.page.keyboard.press('Shift+ArrowDown');
    expect(await chosen()).toEqual(['bulk/b0', 'bulk/b1', 'bulk/b2']);
    const bar = w.page.getByRole('toolbar', { name: '3 chosen' });
    await bar.waitFor();
    await w.shot('selection-bar');
    await bar.getByRole('button', { name: 'Delete' }).click();
    const dialog = w.page.getByRole('dialog', { name: 'Delete 3 pods?' });
    await dialog.getByText('Nothing else goes with it.').waitFor();
    expect(await dialog.locator('.goes-list li').count()).toBe(3);
    expect(await dialog.locator('code').textContent()).toBe('kubectl --context pilothouse -n bulk delete pod/b0 pod/b1 pod/b2');
    await w.shot('delete-several');
    await dialog.getByRole('button', { name: 'Delete 3 pods' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row(w, 'bulk/b1').waitFor({ state: 'detached' });
    await expect.poll(async () => (await client.list(POD, { namespace: 'bulk' })).items.map(p => p.metadata?.name).filter(n => n?.startsWith('b')).sort(), { timeout: 10_000 }).toEqual(['b3', 'b4', 'b5']);
    expect(await w.page.locator('.status-command').textContent()).toContain('delete pod/b0 pod/b1 pod/b2');
    await w.close();
  });

  it('names what goes with a deployment, and takes a namespace only by its name', async () => {
    await create(client, namespace('doomed'), deployment('doomed', 'web', 2));
    await eventually('its pods', async () => (await podKeys('web-', 'doomed')).length === 2);
    const w = await table('Deployments', { namespace: 'doomed' });
    await row(w, 'doomed/web').click({ button: 'right' });
    await w.page.getByRole('menuitem', { name: 'Delete' }).hover();
    await w.page.getByRole('menuitem', { name: /kubectl .*delete deployment\/web/ }).waitFor();
    await w.shot('row-menu');
    await w.page.getByRole('menuitem', { name: /^Delete/ }).click();
    const dialog = w.page.getByRole('dialog', { name: 'Delete deployment web?' });
    await dialog.getByText('3 more objects go with it').waitFor();
    await w.shot('delete-deployment');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });

    await w.page.keyboard.press('g');
    await w.page.keyboard.press('a');
    await row(w, 'doomed').click();
    await w.page.keyboard.press('d');
    const ask = w.page.getByRole('dialog', { name: 'Delete namespace doomed?' });
    const deed = ask.getByRole('button', { name: 'Delete namespace' });
    expect(await deed.isDisabled()).toBe(true);
    await ask.getByRole('textbox').fill('doomed');
    expect(await deed.isDisabled()).toBe(false);
    await w.shot('delete-namespace');
    await deed.click();
    await row(w, 'doomed').waitFor({ state: 'detached', timeout: 15_000 });
    await w.page.getByRole('complementary', { name: /doomed/ }).getByText('This object is gone').waitFor();
    await w.close();
  });
});

describe('columns', () => {
  it('shows and hides columns, remembers it, and has more of them on a wide screen', async () => {
    const w = await table('Pods', { namespace: 'shop' });
    expect(await w.page.getByRole('columnheader', { name: 'Node' }).count()).toBe(0);
    await w.page.getByRole('button', { name: 'Columns' }).click();
    await w.page.getByRole('menuitemcheckbox', { name: 'Node', exact: true }).click();
    await w.page.getByRole('menuitemcheckbox', { name: 'Restarts' }).click();
    await w.shot('column-choice');
    await w.page.keyboard.press('Escape');
    await w.page.getByRole('columnheader', { name: 'Node' }).waitFor();
    expect(await w.page.getByRole('columnheader', { name: 'Restarts' }).count()).toBe(0);
    await stored(s => s.tables['kind:v1/pods']?.shown?.['Restarts'] === false);
    await w.page.reload();
    await rows(w).first().waitFor();
    await w.page.getByRole('columnheader', { name: 'Node' }).waitFor();
    await w.page.getByRole('button', { name: 'Columns' }).click();
    await w.page.getByRole('menuitemcheckbox', { name: 'Node', exact: true }).click();
    await w.page.getByRole('menuitemcheckbox', { name: 'Restarts' }).click();
    await w.page.keyboard.press('Escape');
    await stored(s => s.tables['kind:v1/pods']?.shown?.['Restarts'] === true);
    await w.close();
    const wide = await table('Pods', { width: 2560, height: 1300 });
    await wide.page.getByRole('columnheader', { name: 'IP' }).waitFor();
    await wide.shot('pods-2560');
    await wide.close();
  });
});

describe('columns by hand', () => {
  const heads = (w: Window): Promise<string[]> => w.page.getByRole('columnheader').evaluateAll(all => all.map(h => h.textContent ?? '').filter(x => x !== ''));
  const head = (w: Window, name: string) => w.page.getByRole('columnheader', { name, exact: true });
  const width = async (w: Window, name: string): Promise<number> => Math.round((await head(w, name).boundingBox())!.width);

  it('moves columns with the pointer and the keys, widens them, and keeps that over a reload until it is taken back', async () => {
    const w = await table('Pods', { namespace: 'shop' });
    const { page } = w;
    expect(await heads(w)).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age']);
    const age = (await head(w, 'Age').boundingBox())!, ready = (await head(w, 'Ready').boundingBox())!;
    await page.mouse.move(age.x + age.width / 2, age.y + 15);
    await page.mouse.down();
    await page.mouse.move(ready.x + 30, age.y + 15, { steps: 6 });
    await page.mouse.move(ready.x + 4, age.y + 15, { steps: 3 });
    await w.shot('column-dragged');
    await page.mouse.up();
    await expect.poll(() => heads(w)).toEqual(['Name', 'Age', 'Ready', 'Status', 'Restarts']);
    // A drag is no click: the order of the rows is as it was.
    expect(await head(w, 'Age').getAttribute('aria-sort')).toBe('none');
    expect(await page.locator('.row[data-key]').first().locator('[data-column]').evaluateAll(all => all.map(c => (c as HTMLElement).dataset.column))).toEqual(['Name', 'Age', 'Ready', 'Status', 'Restarts']);

    await head(w, 'Restarts').getByRole('button').focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(() => heads(w)).toEqual(['Name', 'Age', 'Ready', 'Restarts', 'Status']);
    // The focus went along.
    await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(() => heads(w)).toEqual(['Name', 'Age', 'Restarts', 'Ready', 'Status']);
    const narrow = await width(w, 'Restarts');
    await page.keyboard.press('Control+ArrowRight');
    await page.keyboard.press('Control+ArrowRight');
    await expect.poll(() => width(w, 'Restarts')).toBe(narrow + 32);
    const edge = (await head(w, 'Age').boundingBox())!;
    await page.mouse.move(edge.x + edge.width, edge.y + 15);
    await page.mouse.down();
    await page.mouse.move(edge.x + edge.width + 40, edge.y + 15, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => width(w, 'Age')).toBe(Math.round(edge.width) + 40);
    const wide = await width(w, 'Age');

    await stored(s => s.tables['kind:v1/pods']?.widths?.['Age'] === wide && s.tables['kind:v1/pods'].order?.[1] === 'Age');
    await page.reload();
    await rows(w).first().waitFor();
    expect(await heads(w)).toEqual(['Name', 'Age', 'Restarts', 'Ready', 'Status']);
    expect(await width(w, 'Age')).toBe(wide);
    await page.getByRole('button', { name: 'Columns' }).click();
    await w.shot('column-choice-changed');
    await page.getByRole('menuitem', { name: 'As they were' }).click();
    await expect.poll(() => heads(w)).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age']);
    await stored(s => s.tables['kind:v1/pods']?.order === undefined);
    await w.close();
  });
});

describe('coming back', () => {
  it('finds filter, order and place of a kind as they were left, also after a reload', async () => {
    await space('many');
    await create(client, ...Array.from({ length: 80 }, (_, i) => pod('many', `p${String(i).padStart(2, '0')}`)));
    const w = await table('Pods', { namespace: 'many', height: 500 });
    const { page } = w;
    const go = (kind: string) => page.getByRole('navigation').getByRole('button', { name: new RegExp(`^${kind}`) }).click();
    const top = (): Promise<number> => page.locator('.table').evaluate(t => t.scrollTop);
    await expect.poll(() => page.getByTestId('row-count').textContent()).toBe('80');
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
    await row(w, 'many/p79').waitFor();
    await page.getByRole('searchbox', { name: 'Filter' }).fill('-p7');
    await expect.poll(() => page.getByTestId('row-count').textContent()).toBe('70 of 80');
    await page.locator('.table').evaluate(t => { t.scrollTop = 28 * 40; });
    await row(w, 'many/p25').waitFor();
    const as = async (): Promise<void> => {
      await expect.poll(() => page.getByRole('searchbox', { name: 'Filter' }).inputValue()).toBe('-p7');
      await expect.poll(() => page.getByTestId('row-count').textContent()).toBe('70 of 80');
      expect(await page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('descending');
      await expect.poll(top).toBe(28 * 40);
      await row(w, 'many/p25').waitFor();
    };
    // At once, without waiting until it is stored.
    await go('Deployments');
    await page.getByRole('heading', { name: 'Deployments', exact: true }).waitFor();
    await go('Pods');
    await as();
    const kept = (s: Stored) => Object.entries(s.tables).find(([k]) => k.endsWith(' kind:v1/pods'))?.[1];
    await stored(s => kept(s)?.filter === '-p7' && kept(s)?.scroll === 40);
    await page.reload();
    await as();
    await w.shot('pods-came-back');
    await page.getByRole('searchbox', { name: 'Filter' }).press('Escape');
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
    await page.locator('.table').evaluate(t => { t.scrollTop = 0; });
    await stored(s => kept(s)?.filter === '' && kept(s)?.scroll === 0);
    await w.close();
  });
});

describe('a chosen namespace that goes', () => {
  it('leaves the choice, with a note, and all namespaces are shown', async () => {
    await space('fleeting');
    await create(client, pod('fleeting', 'one'));
    const w = await table('Pods', { namespace: 'fleeting' });
    await row(w, 'fleeting/one').waitFor();
    await client.delete(NAMESPACE, undefined, 'fleeting');
    const note = w.page.getByRole('status').filter({ hasText: 'The namespace fleeting is gone; all namespaces are shown.' });
    await note.waitFor({ timeout: 15_000 });
    await expect.poll(() => w.page.locator('#namespace-picker').textContent()).toBe('All namespaces');
    await expect.poll(async () => (await names(w)).some(n => n.startsWith('shop/'))).toBe(true);
    await w.shot('namespace-gone');
    await note.getByRole('button', { name: 'Close this note' }).click();
    await note.waitFor({ state: 'detached' });
    // The same when the window was closed meanwhile.
    await create(client, namespace('fleeting'));
    await chooseNamespace(w, 'fleeting');
    await stored(s => Object.values(s.namespaces).some(n => n.includes('fleeting')));
    await w.close();
    await client.delete(NAMESPACE, undefined, 'fleeting');
    await eventually('the namespace to go', async () => !(await client.list(NAMESPACE)).items.some(n => n.metadata?.name === 'fleeting'), 15_000);
    const again = await openWindow(browser, url, { viewport: { width: 1280, height: 800 } });
    await again.page.getByRole('status').filter({ hasText: 'The namespace fleeting is gone' }).waitFor();
    await rows(again).first().waitFor();
    await stored(s => Object.values(s.namespaces).every(n => !n.includes('fleeting')));
    await chooseNamespace(again, 'shop');
    await again.page.getByRole('status').filter({ hasText: 'The namespace fleeting is gone' }).waitFor({ state: 'detached' });
    await again.close();
  });
});
