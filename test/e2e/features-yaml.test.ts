// The editor: the cluster's own schema, review by dry run, refusals at their lines, conflicts with both sides, templates and dropped files.
import { readFileSync } from 'node:fs';
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
    // Drawn a frame after it is there.
    await page.locator('.suggest-widget:visible .monaco-list-row.focused').waitFor();
    // Our own styles must not reach into the editor's: the words are drawn, not only there.
    expect(await page.locator('.suggest-widget .monaco-list-row .main').first().evaluate(e => getComputedStyle(e).flexDirection)).toBe('row');
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
    await w.shot('features-yaml-refused');
    // One that is refused does not hold up the others, and each tells how it went.
    await page.getByRole('button', { name: 'Apply 1 of 2 objects' }).click();
    const outcome = review.getByRole('list', { name: 'What has been done' });
    await outcome.waitFor();
    expect(await outcome.getByRole('listitem').allTextContents()).toEqual(['service/droppedleft out', 'configmap/droppedcreated']);
    await w.shot('features-yaml-outcome');
    expect((await client.get<KubeObject>(CONFIG, 'default', 'dropped')).metadata?.name).toBe('dropped');
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
    await conflict.getByRole('row', { name: /^data\.mode e2e · \d+s theirs mine$/ }).waitFor();
    expect(await page.locator('[data-testid="yaml-apply"]:visible').isDisabled()).toBe(true);
    expect((await now()).mode).toBe('theirs');
    await w.shot('features-yaml-conflict', true);
    // The editor has followed the theme there and back.
    await expect.poll(() => page.locator('[data-testid="yaml-diff"]:visible .monaco-editor').first().evaluate(e => getComputedStyle(e).backgroundColor)).toBe('rgb(255, 255, 255)');
    await conflict.getByRole('button', { name: 'Put mine on top' }).click();
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    await eventually('mine on top', async () => { const d = await now(); return d.mode === 'mine' && d.other === 'theirs'; });
    await w.close();
  });

  it('applies a manifest as a manager of its own: what others own is named, left to them or taken over', async () => {
    await create(client, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'owned' }, data: { mode: 'theirs', other: 'x' } } as KubeObject);
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    const { page } = w;
    await newManifest(w);
    await write(w, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: owned\n  namespace: shop\ndata:\n  # as we want it\n  mode: ours\n  more: y\n');
    const review = page.locator('[data-testid="yaml-review"]:visible');
    const contested = review.getByRole('row', { name: /^data\.mode e2e · \d+s theirs ours$/ });
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    await contested.waitFor();
    expect(await page.locator('[data-testid="yaml-apply"]:visible').isDisabled()).toBe(true);
    await w.shot('features-yaml-owned');
    await review.getByRole('button', { name: 'Leave them to their owners' }).click();
    await contested.waitFor({ state: 'detached' });
    await review.getByText(/apply --server-side --field-manager=pilothouse -f/).waitFor();
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    const now = async () => (await client.get<KubeObject & { data: Record<string, string> }>(CONFIG, 'shop', 'owned'));
    await eventually('the rest', async () => (await now()).data.more === 'y');
    expect((await now()).data).toEqual({ mode: 'theirs', other: 'x', more: 'y' });
    // The field is back in the text, and is taken over this time.
    await review.waitFor({ state: 'detached' });
    await write(w, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: owned\n  namespace: shop\ndata:\n  mode: ours\n');
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    await contested.waitFor();
    await review.getByRole('button', { name: 'Take them over' }).click();
    await review.getByText('Applying takes a field over from its owner.').waitFor();
    await review.getByText(/--force-conflicts/).waitFor();
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    // What the manifest no longer says is gone, what others put there stays.
    await eventually('ours', async () => { const { data } = await now(); return data.mode === 'ours' && data.other === 'x' && data.more === undefined; });
    expect((await now()).metadata?.managedFields?.map(m => m.manager)).toEqual(['pilothouse', 'e2e']);
    await w.close();
  });

  it('removes a field that was removed from the text, of an object that is edited', async () => {
    await create(client, { ...deployment('shop', 'trim', 1, { labels: { tier: 'front' }, env: { A: '1', B: '2' } }) });
    const w = await openWindow(browser, url);
    const { page } = w;
    await page.keyboard.press('Control+k');
    await page.keyboard.type('edit deploy/trim');
    await page.getByRole('option', { name: /^trim/ }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[data-testid="yaml"]:visible .view-line', { hasText: 'tier: front' }).first().waitFor();
    const text = `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: trim\n  namespace: shop\n  labels: {app: trim}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: trim}}\n  template:\n    metadata: {labels: {app: trim}}\n    spec:\n      containers:\n      - name: main\n        image: shop/web:1.4\n        env: [{name: B, value: "2"}]\n`;
    await write(w, text);
    await client.patch(DEPLOYMENT, 'shop', 'trim', 'application/merge-patch+json', { spec: { minReadySeconds: 3 }, metadata: { annotations: { note: 'theirs' } } });
    await page.getByText('Changed on the server since.').waitFor();
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    await eventually('the fields to be gone', async () => (await client.get<Deployment>(DEPLOYMENT, 'shop', 'trim')).metadata?.labels?.tier === undefined);
    const now = await client.get<Deployment>(DEPLOYMENT, 'shop', 'trim');
    expect(now.metadata?.annotations?.note).toBe('theirs');
    expect(now.spec).toMatchObject({ minReadySeconds: 3 });
    expect(now.spec?.template.metadata?.labels).toEqual({ app: 'trim' });
    const main = now.spec?.template.spec?.containers[0];
    expect(main?.env).toEqual([{ name: 'B', value: '2' }]);
    expect(main?.ports).toBeUndefined();
    await w.close();
  });

  it('offers every template in the palette, also from inside the editor; Esc leaves editor and review', async () => {
    const w = await openWindow(browser, url);
    const { page } = w;
    await newManifest(w);
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.monaco-editor') !== null)).toBe(true);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('new config');
    await page.getByRole('option', { name: /New Config map…/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[data-testid="yaml"]:visible .view-line', { hasText: 'kind: ConfigMap' }).waitFor();
    await page.locator('[data-testid="yaml-editor"]:visible .monaco-editor').first().click({ position: { x: 200, y: 12 } });
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-testid="yaml-review"]:visible').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-testid="yaml-review"]:visible').waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.monaco-editor') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('tab');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('region', { name: 'Dock' }).isVisible()).toBe(false);
    await w.close();
  });

  it('offers to write manifests of removed versions as they are written today', async () => {
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const { page } = w;
    await newManifest(w);
    await write(w, '# ours since 2017\napiVersion: extensions/v1beta1\nkind: Deployment\nmetadata:\n  name: veteran\n  namespace: shop\nspec:\n  replicas: 1\n  template:\n    metadata:\n      labels: {app: veteran}\n    spec:\n      containers: [{name: main, image: shop/web:1.4}]\n---\napiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: veteran, namespace: shop}\nspec:\n  rules:\n  - http: {paths: [{path: /, backend: {serviceName: web, servicePort: 80}}]}\n---\napiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: old}\n');
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    const review = page.locator('[data-testid="yaml-review"]:visible');
    await review.getByText('no matches for kind "Deployment" in version "extensions/v1beta1"').waitFor();
    await review.getByText('apps/v1 took its place').waitFor();
    await review.getByText('The selector used to follow').waitFor();
    await w.shot('features-yaml-removed');
    await review.getByRole('button', { name: 'Upgrade all 2 objects' }).click();
    await review.getByText('nothing took its place').waitFor();
    await page.locator('[data-testid="yaml-apply"]:visible').click();
    await eventually('the deployment to be there', async () => (await client.get<Deployment>(DEPLOYMENT, 'shop', 'veteran').then(d => d.spec?.selector.matchLabels?.app, () => undefined)) === 'veteran');
    const paths = (): Promise<unknown> => client.get<KubeObject & { spec: { rules: { http: { paths: unknown[] } }[] } }>(kindOf('networking.k8s.io/v1', 'Ingress')!, 'shop', 'veteran').then(i => i.spec.rules[0]!.http.paths, () => undefined);
    await expect.poll(paths).toEqual([{ path: '/', pathType: 'ImplementationSpecific', backend: { service: { name: 'web', port: { number: 80 } } } }]);
    await w.close();
  });

  it('opens files through the system’s own dialog where the host has one', async () => {
    const profile = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await profile.newPage();
    const asked: unknown[] = [];
    // A host that offers the dialog, as Electron's does; everything else is the real one.
    await page.routeWebSocket(/gateway/, ws => {
      const server = ws.connectToServer();
      server.onMessage(m => {
        const frame = JSON.parse(String(m)) as { t: string; calls: string[] };
        ws.send(frame.t === 'welcome' ? JSON.stringify({ ...frame, calls: [...frame.calls, 'dialog.openFiles'] }) : m);
      });
      ws.onMessage(m => {
        const frame = JSON.parse(String(m)) as { t: string; id: number; call?: string; args?: unknown };
        if (frame.call !== 'dialog.openFiles') { server.send(m); return; }
        asked.push(frame.args);
        ws.send(JSON.stringify({ t: 'response', id: frame.id, body: asked.length === 1 ? null : [{ name: 'native.yaml', text: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: native\n' }] }));
      });
    });
    await page.goto(url);
    await page.locator('.status-bar').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('create from yaml');
    await page.getByRole('option', { name: /create from yaml/i }).first().waitFor();
    await page.keyboard.press('Enter');
    const open = page.locator('[data-testid="yaml-open"]:visible').last();
    await open.click();
    await eventually('the dialog to be dismissed', async () => asked.length === 1);
    await open.click();
    await page.locator('[data-testid="yaml"]:visible .view-line', { hasText: 'name: native' }).waitFor();
    expect(asked).toEqual([{ extensions: ['yaml', 'yml', 'json'] }, { extensions: ['yaml', 'yml', 'json'] }]);
    await profile.close();
  });

  it('takes files dropped anywhere, and saves its text as a file', async () => {
    const w = await openWindow(browser, url);
    const { page } = w;
    const data = await page.evaluateHandle(() => {
      const d = new DataTransfer();
      d.items.add(new File(['---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n'], 'one.yaml'));
      d.items.add(new File(['apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\n---\n'], 'two.yaml'));
      return d;
    });
    await page.locator('.main').dispatchEvent('drop', { dataTransfer: data });
    await page.getByRole('tab', { name: 'one.yaml + 1' }).waitFor();
    await page.locator('[data-testid="yaml"]:visible .view-line', { hasText: 'name: two' }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the text as a file' }).click()]);
    expect(download.suggestedFilename()).toBe('one.yaml');
    expect(readFileSync(await download.path(), 'utf8')).toBe('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\n');
    await w.close();
  });
});
