// The editor: the cluster's own schema, review by dry run, refusals at their lines, conflicts with both sides, templates and dropped files.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import { kindOf } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { Deployment } from '../../core/api/types/kubernetes.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { create, DEPLOYMENT, deployment, namespace } from './shell-objects.ts';

const CONFIG = kindOf('v1', 'ConfigMap')!;
let host: Host, client: Client, url: string, browser: Browser;
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost());
  await create(client, namespace('shop'), deployment('shop', 'web', 1), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'settings' }, data: { mode: 'a', other: 'x' } } as KubeObject);
  browser = await openBrowser();
});
afterAll(async () => { await browser?.close(); await host?.dispose(); });

async function newManifest(w: Window): Promise<void> {
  await w.page.locator('.tree').getByText('Overview', { exact: true }).click();
  await w.page.getByRole('button', { name: 'Create from YAML' }).click();
  await w.page.locator('[data-testid="yaml"]:visible').locator('.monaco-editor').first().waitFor();
}
const file = (text: string, name = 'm.yaml') => ({ name, mimeType: 'application/yaml', buffer: Buffer.from(text) });
/** Everything in the editor is replaced by `text`. */
async function write(w: Window, text: string): Promise<void> {
  await w.page.evaluate(async t => navigator.clipboard.writeText(t), text);
  await w.page.locator('[data-testid="yaml-editor"]:visible .monaco-editor').first().click({ position: { x: 200, y: 12 } });
  await w.page.keyboard.press('Control+a');
  await w.page.keyboard.press('Control+v');
}
const settings = (mode: string, other = 'x'): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\ndata:\n  mode: ${mode}\n  other: ${other}\n`;

describe('YAML editor', () => {
  it('knows the fields of this cluster: marks what is wrong, offers and explains what there is', async () => {
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const { page } = w;
    await newManifest(w);
    await page.locator('[data-testid="yaml"]:visible').getByTestId('yaml-file').setInputFiles(file('apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\nspec:\n  replicas: three\n  bogus: 1\n  selector:\n    matchLabels: {a: b}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: x\n        image: y\n        \n'));
    await eventually('two marks', async () => await page.locator('.squiggly-error, .squiggly-warning').count() >= 2);
    await page.locator('[data-testid="yaml"]:visible').getByText(/\d+ problems/).waitFor();
    await page.locator('.view-line', { hasText: 'replicas' }).getByText('replicas').hover();
    await page.locator('.monaco-hover:visible', { hasText: 'Number of desired pods' }).waitFor();
    await page.locator('.view-line', { hasText: 'image' }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Space');
    await page.locator('.suggest-widget:visible', { hasText: 'imagePullPolicy' }).waitFor();
    await w.shot('features-yaml-completion');
    await page.keyboard.press('Escape');
    await w.close();
  });

  it('creates from a template after a review, several documents at once', async () => {
    const w = await openWindow(browser, url);
    const { page } = w;
    await newManifest(w);
    await page.getByRole('button', { name: 'Template' }).click();
    await page.getByRole('menuitem', { name: 'Deployment and service' }).click();
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    const review = page.locator('[data-testid="yaml-review"]:visible');
    await review.getByText('service/web').waitFor();
    await review.getByText('kubectl').first().waitFor();
    // Nothing is there before the deed.
    expect((await client.list<Deployment>(DEPLOYMENT, { namespace: 'default' })).items).toHaveLength(0);
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    await eventually('the deployment', async () => (await client.list<Deployment>(DEPLOYMENT, { namespace: 'default' })).items.length === 1);
    await page.getByText('2 objects applied').waitFor();
    // The same again changes nothing.
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    await review.getByText('It is like this already.').waitFor();
    expect(await page.locator('[data-testid="yaml-apply"]:visible').isDisabled()).toBe(true);
    await w.close();
  });

  it('takes dropped files, and shows a refusal of the server at its line', async () => {
    const w = await openWindow(browser, url, { colorScheme: 'dark' });
    const { page } = w;
    await newManifest(w);
    const data = await page.evaluateHandle(() => {
      const d = new DataTransfer();
      d.items.add(new File(['apiVersion: v1\nkind: Service\nmetadata:\n  name: dropped\nspec:\n  ports:\n  - port: 70000\n'], 'a.yaml'));
      d.items.add(new File(['apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: dropped\n'], 'b.yaml'));
      return d;
    });
    await page.locator('[data-testid="yaml"]:visible').dispatchEvent('drop', { dataTransfer: data });
    await page.locator('.view-line', { hasText: '70000' }).waitFor();
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    const review = page.locator('[data-testid="yaml-review"]:visible');
    await review.getByText('spec.ports[0].port').first().waitFor();
    expect(await page.locator('[data-testid="yaml-apply"]:visible').isDisabled()).toBe(true);
    await w.shot('features-yaml-refused');
    await review.getByRole('button', { name: 'Go to the line' }).click();
    await page.locator('.squiggly-error').first().waitFor();
    await w.close();
  });

  it('edits an object: only my change is sent, a clash shows both sides and writes nothing', async () => {
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const { page } = w;
    await page.locator('.tree').getByText('Config maps', { exact: true }).click();
    const row = page.locator('.table [role=row]', { has: page.getByText('settings', { exact: true }) }).first();
    await row.click();
    await page.keyboard.press('y');
    await page.locator('[data-testid="yaml"]:visible').locator('.monaco-editor').first().waitFor();
    const patch = (data: object) => client.patch(CONFIG, 'shop', 'settings', 'application/merge-patch+json', { data });
    const now = async () => (await client.get<KubeObject & { data: Record<string, string> }>(CONFIG, 'shop', 'settings')).data;

    // Somebody changes another field: both changes stay.
    await write(w, settings('b'));
    await patch({ other: 'theirs' });
    await page.getByText('Changed on the server since.').waitFor();
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    await page.locator('[data-testid="yaml-diff"]:visible').waitFor();
    await w.shot('features-yaml-diff');
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    await eventually('both changes', async () => { const d = await now(); return d.mode === 'b' && d.other === 'theirs'; });
    await page.locator('[data-testid="yaml-review"]:visible').waitFor({ state: 'detached' });

    // Somebody changes the same field: nothing is written before I have seen it.
    await write(w, settings('mine', 'theirs'));
    await patch({ mode: 'theirs' });
    await page.getByText('Changed on the server since.').waitFor();
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    const conflict = page.locator('.yaml-conflict');
    await conflict.getByText('data.mode').waitFor();
    expect(await page.locator('[data-testid="yaml-apply"]:visible').isDisabled()).toBe(true);
    expect((await now()).mode).toBe('theirs');
    await w.shot('features-yaml-conflict');
    await conflict.getByRole('button', { name: 'Put mine on top' }).click();
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    await eventually('mine on top', async () => { const d = await now(); return d.mode === 'mine' && d.other === 'theirs'; });
    await w.close();
  });
});
