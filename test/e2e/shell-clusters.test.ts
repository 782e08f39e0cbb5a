// Several clusters in one window: a second host from the user's kubeconfig, one that forbids, one that knows nobody, one that is away.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { startHost, type Host } from '../harness/host.ts';
import { freePorts, openBrowser, openWindow, scratch, startWindowHost, type Window } from './launch.ts';
import { create, deployment } from './shell-objects.ts';
import { Client } from '../../core/client/client.ts';
import { connectionOf, loadKubeconfig } from '../../core/client/kubeconfig.ts';
import { HttpTransport } from '../../core/client/transport-http.ts';

type Entry = Record<string, unknown> & { name: string };
interface Config { clusters: Entry[]; users: Entry[]; contexts: Entry[] }

let first: Host, second: Host, url: string, browser: Browser, refuser: Server;
/** What the refusing server answers with; `undefined` lets the request hang. */
let answer: { code: number; reason: string; message: string } | undefined;
const dir = scratch();
beforeAll(async () => {
  second = await startHost(['--runtime', 'simulated']);
  refuser = createServer((_, res) => {
    if (!answer) return;
    res.writeHead(answer.code, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...answer }));
  });
  await new Promise<void>(done => { refuser.listen(0, '127.0.0.1', done); });
  const [nobody] = await freePorts(1);
  const real = parse(readFileSync(second.ready.kubeconfig, 'utf8')) as Config;
  const [cluster, user] = [real.clusters[0]!, real.users[0]!];
  const config = {
    apiVersion: 'v1', kind: 'Config', 'current-context': 'staging-eu',
    clusters: [{ ...cluster, name: 'second' }, { name: 'refuser', cluster: { server: `http://127.0.0.1:${(refuser.address() as AddressInfo).port}` } }, { name: 'away', cluster: { server: `http://127.0.0.1:${nobody}` } }],
    users: [{ ...user, name: 'admin' }, { name: 'stranger', user: { token: 'worth-nothing' } }],
    contexts: [
      { name: 'staging-eu', context: { cluster: 'second', user: 'admin' } }, { name: 'expired', context: { cluster: 'second', user: 'stranger' } },
      { name: 'fenced', context: { cluster: 'refuser', user: 'stranger' } }, { name: 'away', context: { cluster: 'away', user: 'stranger' } },
    ],
  };
  const kubeconfig = join(dir.path, 'config');
  writeFileSync(kubeconfig, stringify(config));
  const made = await startWindowHost({ kubeconfig });
  first = made.host;
  url = made.url;
  const there = new Client(new HttpTransport(connectionOf(loadKubeconfig([second.ready.kubeconfig]))), 'e2e');
  await Promise.all([create(made.client, deployment('default', 'here', 2)), create(there, deployment('default', 'there', 3))]);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  refuser?.closeAllConnections();
  await Promise.all([first?.dispose(), second?.dispose(), new Promise(done => { refuser.close(done); })]);
  dir.remove();
});

async function to(w: Window, name: string, kind = 'p'): Promise<void> {
  await w.page.getByRole('complementary', { name: 'Clusters' }).getByRole('button', { name, exact: true }).click();
  await w.page.keyboard.press('g');
  await w.page.keyboard.press(kind);
}

describe('clusters', () => {
  it('stand in the rail, each with its own lists, version and kubectl context', async () => {
    const w = await openWindow(browser, url);
    await to(w, 'staging-eu');
    await w.page.locator('.row[data-key^="default/there-"]').nth(2).waitFor();
    expect(await w.page.locator('.row[data-key^="default/here-"]').count()).toBe(0);
    expect(await w.page.locator('.status-bar').textContent()).toContain('staging-eu');
    await w.shot('second-cluster');
    // Both at once, in tabs.
    await w.page.getByRole('complementary', { name: 'Clusters' }).getByRole('button', { name: 'local' }).click({ modifiers: ['Control'] });
    await w.page.locator('.row[data-key^="default/here-"]').nth(1).waitFor();
    expect(await w.page.getByRole('tablist', { name: 'Pages' }).getByRole('tab').count()).toBe(2);
    await w.shot('two-clusters-in-tabs');
    await w.page.getByRole('tablist', { name: 'Pages' }).getByRole('tab').first().click();
    await w.page.locator('.row[data-key^="default/there-"]').first().click();
    await w.page.getByTestId('drawer').locator('code', { hasText: 'kubectl --context staging-eu -n default describe pod' }).waitFor();
    await w.page.keyboard.press('Escape');
    await w.page.getByRole('button', { name: 'Close Pods' }).last().click();
    await w.close();
  });

  it('may be added by pasting a kubeconfig', async () => {
    const w = await openWindow(browser, url);
    await w.page.getByRole('button', { name: 'Add a cluster' }).click();
    const dialog = w.page.getByRole('dialog', { name: 'Add clusters from a kubeconfig' });
    const text = readFileSync(second.ready.kubeconfig, 'utf8').replaceAll('pilothouse', 'pasted');
    await dialog.getByRole('textbox').fill('nonsense: [');
    await dialog.getByRole('button', { name: 'Add clusters' }).click();
    await dialog.getByRole('alert').waitFor();
    await w.shot('add-cluster-malformed');
    await dialog.getByRole('textbox').fill(text);
    await dialog.getByRole('button', { name: 'Add clusters' }).click();
    await dialog.waitFor({ state: 'detached' });
    await to(w, 'pasted');
    await w.page.locator('.row[data-key^="default/there-"]').first().waitFor();
    await w.close();
  });
});

describe('states of a list', () => {
  it('loading: a skeleton of the same shape', async () => {
    answer = undefined;
    const w = await openWindow(browser, url);
    await to(w, 'fenced', 's');
    await w.page.getByRole('status', { name: 'Loading' }).waitFor();
    await expect.poll(() => w.page.locator('.toolbar [data-freshness]').getAttribute('data-freshness')).toBe('loading');
    await w.shot('state-loading', true);
    await w.close();
    refuser.closeAllConnections();
  });

  it('forbidden: which right is missing and who can grant it', async () => {
    answer = { code: 403, reason: 'Forbidden', message: 'configmaps is forbidden: User "ada" cannot list resource "configmaps" in API group "" at the cluster scope' };
    const w = await openWindow(browser, url);
    await to(w, 'fenced', 'c');
    await w.page.getByRole('heading', { name: 'You may not list config maps' }).waitFor();
    await w.page.getByText('User "ada" cannot list resource').waitFor();
    await w.page.getByText(/grant it with a role/).waitFor();
    await w.shot('state-forbidden', true);
    answer = { code: 200, reason: '', message: '' };
    await w.close();
  });

  it('failing: the server\'s words, then ours', async () => {
    answer = { code: 404, reason: 'NotFound', message: 'the server could not find the requested resource' };
    const w = await openWindow(browser, url);
    await to(w, 'fenced', 'j');
    // The last answer may still stand: who knows better asks again.
    await w.page.getByRole('button', { name: 'Try again' }).click();
    await w.page.getByRole('heading', { name: 'The server refuses to list jobs' }).waitFor();
    await w.page.getByText('the server could not find the requested resource').waitFor();
    await w.shot('state-failing', true);
    await w.close();
  });

  it('unknown to the cluster, and away: said plainly', async () => {
    const w = await openWindow(browser, url);
    await to(w, 'expired');
    await w.page.getByRole('heading', { name: 'The cluster does not know you' }).waitFor();
    await w.shot('state-unauthorized', true);
    await to(w, 'away');
    await w.page.getByRole('heading', { name: 'The cluster does not answer' }).waitFor();
    await w.page.getByText('ECONNREFUSED').first().waitFor();
    await w.shot('state-away', true);
    await w.close();
  });

  it('empty: what the kind is, and the command that lists it', async () => {
    const w = await openWindow(browser, url);
    await to(w, 'local', 'x');
    await w.page.getByRole('heading', { name: 'No secrets' }).waitFor();
    await w.page.getByText('A secret holds passwords').waitFor();
    await w.page.getByText('kubectl get secrets -A').waitFor();
    await w.shot('state-empty', true);
    await w.close();
  });
});
