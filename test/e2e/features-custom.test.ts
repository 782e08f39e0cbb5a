// Custom resources in the window, as equals of the built-in kinds: they appear with their definition, with its columns, and go with it.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import { kindOf } from '../../core/api/kinds/index.ts';
import type { KubeObject, ResourceType } from '../../core/api/meta/object.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, startWindowHost, type Window } from './launch.ts';
import { samples } from '../fixtures/kind-samples.ts';
import { namespace, NAMESPACE } from './shell-objects.ts';

const DEFINITION = kindOf('apiextensions.k8s.io/v1', 'CustomResourceDefinition')!;
const WIDGET: ResourceType = { group: 'shop.example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.shop.example.com' },
  spec: {
    group: 'shop.example.com', scope: 'Namespaced', names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
    versions: [{
      name: 'v1', served: true, storage: true, subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
      schema: { openAPIV3Schema: { type: 'object', properties: {
        spec: { type: 'object', required: ['size'], properties: { size: { type: 'integer', minimum: 1, description: 'How many parts the widget has.' }, colour: { type: 'string', enum: ['red', 'green'] } } },
        status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      } } },
      additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }, { name: 'Colour', type: 'string', jsonPath: '.spec.colour' }, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
    }],
  },
} as unknown as KubeObject;
const widget = (name: string, spec: object): KubeObject => ({ apiVersion: 'shop.example.com/v1', kind: 'Widget', metadata: { name, namespace: 'shop' }, spec } as KubeObject);

let host: Host, client: Client, url: string, browser: Browser;
beforeAll(async () => {
  ({ host, client, url } = await startWindowHost());
  await client.create(NAMESPACE, namespace('shop'));
  browser = await openBrowser();
});
afterAll(async () => { await browser?.close(); await host?.dispose(); });

const define = async (): Promise<void> => {
  await client.create(DEFINITION, definition);
  await eventually('widgets to be served', () => client.list(WIDGET).then(() => true, () => false));
};
const inTree = (w: Window) => w.page.locator('.tree .tree-row', { hasText: 'Widgets' });

describe('custom resources', () => {
  it('appear in an open window with their definition, are listed by its columns, edited by its schema, and go with it', async () => {
    const w = await openWindow(browser, url, { viewport: { width: 1440, height: 900 } });
    const { page } = w;
    await page.locator('.tree').getByText('Custom resource definitions', { exact: true }).waitFor();
    expect(await inTree(w).count()).toBe(0);
    await define();
    await client.create(WIDGET, widget('small', { size: 1, colour: 'red' }));
    await client.create(WIDGET, widget('large', { size: 12, colour: 'green' }));
    await client.patch(WIDGET, 'shop', 'small', 'application/merge-patch+json', { status: { size: 0, conditions: [{ type: 'Ready', status: 'False', reason: 'NoParts', message: 'no parts are left' }] } }, 'status');
    await inTree(w).click();
    await expect.poll(() => page.locator('.head-cell').allTextContents()).toEqual(expect.arrayContaining(['Size', 'Colour', 'Age']));
    await page.locator('.table').getByText('large', { exact: true }).waitFor();
    await page.locator('.table').getByText('green', { exact: true }).waitFor();
    await expect.poll(() => inTree(w).locator('.tree-count').textContent()).toBe('2');
    await inTree(w).locator('.badge-bad').waitFor();
    await w.shot('custom-list');
    // Numbers sort as numbers.
    await page.locator('.head-cell', { hasText: 'Size' }).getByRole('button').first().click();
    await page.locator('.table').getByText('small', { exact: true }).click();
    const drawer = page.getByTestId('drawer');
    await drawer.getByText('no parts are left').first().waitFor();
    await w.shot('custom-drawer');

    await page.keyboard.press('Control+k');
    await page.keyboard.type('edit wd/large');
    await page.getByRole('option', { name: /^large/ }).first().waitFor();
    await page.keyboard.press('Enter');
    const line = page.locator('[data-testid="yaml"]:visible .view-line', { hasText: 'size: 12' });
    // A pointer that rests there before the schema has come is told nothing: it comes again.
    await eventually('the explanation', async () => {
      await page.mouse.move(0, 0);
      await line.getByText('size').hover();
      return page.locator('.monaco-hover:visible', { hasText: 'How many parts the widget has.' }).waitFor({ timeout: 2000 }).then(() => true, () => false);
    }, 30_000);
    await w.shot('custom-yaml');
    await page.evaluate(async t => navigator.clipboard.writeText(t), 'apiVersion: shop.example.com/v1\nkind: Widget\nmetadata:\n  name: large\n  namespace: shop\nspec:\n  size: 0\n  colour: green\n');
    await page.locator('[data-testid="yaml-editor"]:visible .monaco-editor').first().click({ position: { x: 200, y: 12 } });
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+v');
    await page.locator('[data-testid="yaml-review-button"]:visible').click();
    await page.getByTestId('yaml-review').getByText(/spec\.size in body should be greater than or equal to 1/).first().waitFor();
    await w.shot('custom-refused');
    await page.keyboard.press('Escape');

    await client.delete(DEFINITION, undefined, 'widgets.shop.example.com');
    await inTree(w).waitFor({ state: 'detached' });
    await page.getByText('This kind is not in the cluster').waitFor();
    await w.shot('custom-gone');
    await w.close();
  });
});

describe('certificate signing requests', () => {
  it('are approved or denied after a look at who asks whom, and lose the choice once they are decided', async () => {
    const CSR = kindOf('certificates.k8s.io/v1', 'CertificateSigningRequest')!;
    const sample = samples['certificates.k8s.io/v1 certificatesigningrequests']!() as { spec: object };
    for (const name of ['ada', 'eve']) await client.create(CSR, { apiVersion: 'certificates.k8s.io/v1', kind: CSR.kind, metadata: { name }, spec: { ...sample.spec, signerName: 'kubernetes.io/kube-apiserver-client' } } as KubeObject);
    const w = await openWindow(browser, url);
    const { page } = w;
    const choose = async (name: string, deed: string): Promise<void> => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('certificate signing requests');
      await page.getByRole('option', { name: /^Certificate signing requests/ }).first().click();
      await page.getByRole('combobox').waitFor({ state: 'detached' });
      await page.locator('.table').getByText(name, { exact: true }).click();
      await page.getByTestId('drawer').getByRole('heading', { name, exact: true }).waitFor();
      await page.getByTestId('drawer').getByRole('button', { name: deed }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('asks kubernetes.io/kube-apiserver-client').waitFor();
      await dialog.getByText('O=tenants, CN=web').waitFor();
      if (name === 'ada') await w.shot('certificate-approve');
      await dialog.getByRole('button', { name: deed, exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    };
    await choose('ada', 'Approve');
    await choose('eve', 'Deny');
    const conditions = async (name: string): Promise<(string | undefined)[]> => ((await client.get<KubeObject & { status?: { conditions?: { type: string }[] } }>(CSR, undefined, name)).status?.conditions ?? []).map(c => c.type);
    await eventually('ada to be signed', async () => (await client.get<KubeObject & { status?: { certificate?: string } }>(CSR, undefined, 'ada')).status?.certificate !== undefined);
    expect(await conditions('ada')).toEqual(['Approved']);
    expect(await conditions('eve')).toEqual(['Denied']);
    await expect.poll(() => page.getByTestId('drawer').getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await w.close();
  });
});
