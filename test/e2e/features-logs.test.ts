// Logs in the window with real containers: followed, merged, searched, bounded, and never losing or doubling a line over restarts,
// redeploys and lost connections.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../core/client/client.ts';
import { connectionOf, loadKubeconfig } from '../../core/client/kubeconfig.ts';
import { HttpTransport } from '../../core/client/transport-http.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { sortKey } from '../../renderer/features/logs/log-ring.ts';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { freePorts, openBrowser, openWindow, scratch, startWindowHost, type Window } from './launch.ts';
import { accountOf, create, DEPLOYMENT, namespace, POD } from './shell-objects.ts';

const NS = 'talk';
const IMAGE = 'alpine:latest';
const dir = scratch();
let host: Host, client: Client, url: string, browser: Browser, args: string[];
beforeAll(async () => {
  const [api, ui] = await freePorts(2);
  args = ['--runtime', 'docker', '--listen', `127.0.0.1:${api}`, '--ui', `127.0.0.1:${ui}`];
  ({ host, client, url } = await startWindowHost({ args }));
  browser = await openBrowser();
  await create(client, namespace(NS));
  await accountOf(client, NS);
  // Its second line is a minute younger than its first: made here, so that no test waits that long.
  await create(client, podOf('since', [sh('main', 'echo old line 1; sleep 63; n=0; while :; do n=$((n+1)); echo "young line $n"; sleep 1; done')]));
});
afterAll(async () => { await browser?.close(); await host?.dispose(); dir.remove(); });

const sh = (name: string, script: string, more: object = {}): object => ({ name, image: IMAGE, imagePullPolicy: 'Never', command: ['sh', '-c', script], ...more });
const podOf = (name: string, containers: object[], more: object = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: NS, name, labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers, ...more } }) as KubeObject;
const running = (name: string) => eventually(`${name} runs`, async () => (await client.get<Pod>(POD, NS, name)).status?.phase === 'Running', 60_000);

/** A window whose dock is empty: what earlier windows had open comes back with it. */
async function opened(at = url, o: { colorScheme?: 'light' | 'dark' } = {}): Promise<Window> {
  const w = await openWindow(browser, at, o);
  const close = w.page.locator('.dock-tab .tab-close');
  while (await close.count() > 0) await close.first().click();
  return w;
}
/** Chooses a row of a kind's list by its key and asks for its logs, all by keys but for the choice of the row. */
async function openLogs(w: Window, key: string, jump = 'p'): Promise<Locator> {
  await w.page.evaluate(() => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); });
  await w.page.keyboard.press('g');
  await w.page.keyboard.press(jump);
  await w.page.locator('#list-filter').fill(key.split('/')[1]!);
  const row = w.page.locator(`.row[data-key="${key}"]`);
  await row.click();
  await w.page.locator('.table').first().focus();
  await w.page.keyboard.press('l');
  const logs = w.page.locator('[data-testid="logs"]:visible');
  await logs.waitFor();
  return logs;
}
const texts = (logs: Locator): Promise<string[]> => logs.locator('.log-text').allTextContents();
/** The lines as the download gives them. */
async function downloaded(page: Page, logs: Locator): Promise<string[]> {
  const [file] = await Promise.all([page.waitForEvent('download'), logs.getByRole('button', { name: 'Download these lines' }).click()]);
  return readFileSync(await file.path(), 'utf8').trimEnd().split('\n');
}
const toggle = (logs: Locator, name: string) => logs.getByRole('button', { name, exact: true });
const command = (w: Window) => w.page.locator('.status-bar').textContent();
/** Numbers of `line N` in order; a lost or a doubled one shows as a gap or a repetition. */
const numbers = (lines: readonly string[]): number[] => lines.map(l => Number(/line (\d+)$/.exec(l)?.[1] ?? 'NaN')).filter(n => !Number.isNaN(n));
const gapless = (ns: readonly number[]): boolean => ns.length > 0 && ns.every((n, i) => i === 0 || n === ns[i - 1]! + 1);

describe('one pod', () => {
  it('all containers and the init container, merged by time, coloured by source, with the kubectl command', async () => {
    await create(client, podOf('mix', [sh('left', 'n=0; while :; do n=$((n+1)); echo "left line $n"; sleep 0.2; done'), sh('right', 'n=0; while :; do n=$((n+1)); echo "right line $n"; sleep 0.3; done')], { initContainers: [sh('prepare', 'echo prepared line 1; echo prepared line 2')] }));
    await running('mix');
    const w = await opened();
    const logs = await openLogs(w, `${NS}/mix`);
    await logs.getByText('2 of 3 sources').waitFor();
    expect(await command(w)).toContain(` -n ${NS} logs -f --all-containers mix`);
    await eventually('lines of all three', async () => { const said = (await downloaded(w.page, logs)).join('\n'); return ['prepared line 2', 'left line', 'right line'].every(s => said.includes(s)); });
    await logs.locator('.logs-box').focus();
    await w.page.keyboard.press('Home');
    await expect.poll(async () => (await texts(logs))[0]).toBe('prepared line 1');
    const colours = new Map(await logs.locator('.log-source').evaluateAll(all => all.map(e => [e.textContent, getComputedStyle(e).color] as const)));
    expect([...colours.keys()].map(s => s.trim()).sort()).toEqual(['left', 'prepare', 'right']);
    expect(new Set(colours.values()).size).toBe(3);
    await w.page.keyboard.press('End');
    // True streaming: a line is there well before any polling would have seen it.
    const before = Number(await logs.getAttribute('data-lines'));
    await eventually('more lines', async () => Number(await logs.getAttribute('data-lines')) > before + 3, 3000);
    // Merged: times never step back, and each container's own order holds.
    await toggle(logs, 'Time').click();
    await expect.poll(() => logs.locator('.log-time').count()).toBeGreaterThan(5);
    expect(await command(w)).toContain('--timestamps');
    const lines = await downloaded(w.page, logs);
    const times = lines.map(l => sortKey(l.split(' ')[0]!));
    expect(times).toEqual([...times].sort());
    for (const c of ['left', 'right']) expect(gapless(numbers(lines.filter(l => l.includes(` ${c} `))))).toBe(true);
    expect(lines[0]).toMatch(/Z prepare prepared line 1$/);
    await w.shot('features-logs-merged');
    // One source left out, by keys.
    await logs.getByTestId('log-sources').focus();
    await w.page.keyboard.press('Enter');
    await w.page.getByRole('checkbox', { name: /left/ }).focus();
    await w.page.keyboard.press('Space');
    await w.shot('features-logs-sources');
    await w.page.keyboard.press('Escape');
    await eventually('only the others', async () => !(await texts(logs)).some(l => l.includes('left line')));
    await w.close();
  });

  it('search, filter, pattern errors, colours, long lines, wrap, clear: by keys', async () => {
    const script = [
      String.raw`printf '\033[31mred alert\033[0m and \033[42mgreen ground\033[0m\n'`, String.raw`printf 'carriage\r\n'`,
      'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "GET /path$i 200"; done; echo "POST /login 500"; echo "POST /login 503"',
      `head -c 50000 /dev/zero | tr '\\0' x; echo NEEDLE; echo the end; sleep 3600`,
    ].join('; ');
    await create(client, podOf('words', [sh('main', script)]));
    await running('words');
    const w = await opened();
    const logs = await openLogs(w, `${NS}/words`);
    await logs.getByText('the end', { exact: true }).waitFor();
    // The lines have the focus: `/` leads to the search, Enter steps, Escape comes back.
    await w.page.keyboard.press('/');
    await w.page.keyboard.type('login');
    await logs.getByText('– of 2').waitFor();
    await w.page.keyboard.press('Enter');
    await logs.getByText('1 of 2').waitFor();
    expect(await logs.locator('.log-line.at').textContent()).toContain('POST /login 500');
    await w.page.keyboard.press('Enter');
    await logs.getByText('2 of 2').waitFor();
    expect(await logs.locator('.log-line mark').first().textContent()).toBe('login');
    await w.page.keyboard.press('Escape');
    await w.page.keyboard.press('Escape');
    await w.page.keyboard.press('m');
    await w.page.keyboard.press('/');
    await w.page.keyboard.type('/5\\d\\d$/');
    await expect.poll(() => texts(logs)).toEqual(['POST /login 500', 'POST /login 503']);
    await w.page.getByRole('searchbox', { name: 'Find' }).fill('get -path1');
    await expect.poll(async () => (await texts(logs)).length).toBe(29);
    await w.page.getByRole('searchbox', { name: 'Find' }).fill('/(/');
    await logs.getByRole('alert').getByText('Not a pattern:').waitFor();
    await w.shot('features-logs-pattern-error');
    // A match in the part of a long line that is not drawn is told.
    await w.page.getByRole('searchbox', { name: 'Find' }).fill('NEEDLE');
    await logs.getByRole('button', { name: /47,?006 more characters, 1 match/ }).click();
    await expect.poll(async () => (await logs.locator('mark').allTextContents()).join()).toBe('NEEDLE');
    await w.page.getByRole('searchbox', { name: 'Find' }).fill('');
    await toggle(logs, 'Show only lines that match').click();
    await logs.locator('.logs-box').focus();
    await w.page.keyboard.press('Home');
    const red = logs.locator('.ansi-red');
    await red.waitFor();
    const [alert, ground, bad] = await Promise.all([red.evaluate(e => getComputedStyle(e).color), logs.locator('.ansi-on-green').evaluate(e => getComputedStyle(e).backgroundColor), w.page.evaluate(() => { const e = document.createElement('i'); e.style.color = 'var(--bad)'; document.body.append(e); const c = getComputedStyle(e).color; e.remove(); return c; })]);
    expect(alert).toBe(bad);
    expect(ground).not.toBe('rgba(0, 0, 0, 0)');
    expect(await texts(logs)).toContain('carriage');
    await w.shot('features-logs-ansi');
    // Without wrapping the long line makes the box wide, with it high.
    const size = () => logs.locator('.logs-box').evaluate(e => ({ wide: e.scrollWidth > e.clientWidth + 50, high: e.scrollHeight }));
    await w.page.keyboard.press('End');
    const wrapped = await size();
    expect(wrapped.wide).toBe(false);
    await w.page.keyboard.press('w');
    await expect.poll(async () => (await size()).wide).toBe(true);
    expect((await size()).high).toBeLessThan(wrapped.high);
    await w.page.keyboard.press('w');
    await logs.getByRole('button', { name: 'Clear' }).click();
    await logs.getByText('Cleared. New lines appear here.').waitFor();
    await w.close();
  });
});

describe('restarts', () => {
  it('a container that starts again goes on in the same log; its previous run can be read', async () => {
    // Each run counts on where the last one stopped, so that a hole or a double shows.
    const script = 'n=$(cat /keep/n 2>/dev/null || echo 0); e=$((n+40)); while [ $n -lt $e ]; do n=$((n+1)); echo "line $n"; sleep 0.02; done; echo $n > /keep/n; exit 1';
    await create(client, podOf('again', [sh('main', script, { volumeMounts: [{ name: 'keep', mountPath: '/keep' }] })], { volumes: [{ name: 'keep', emptyDir: {} }] }));
    const w = await opened();
    const logs = await openLogs(w, `${NS}/again`);
    await eventually('two runs', async () => Number(await logs.getAttribute('data-lines')) > 80, 120_000);
    const ns = numbers(await downloaded(w.page, logs));
    expect(ns.length).toBeGreaterThan(40);
    expect(ns[0]! % 40).toBe(1);
    expect(gapless(ns)).toBe(true);
    await w.shot('features-logs-restarted');
    // The last lines of the dead container stay; the run before is a key away.
    await logs.locator('.logs-box').focus();
    await w.page.keyboard.press('p');
    expect(await toggle(logs, 'Previous').getAttribute('aria-pressed')).toBe('true');
    expect(await command(w)).toContain('logs --previous --tail=500');
    await eventually('a whole run', async () => { const p = numbers(await downloaded(w.page, logs)); return p.length === 40 && gapless(p) && p[0]! % 40 === 1; });
    await w.close();
  });

  it('no previous run: said plainly', async () => {
    const w = await opened();
    const logs = await openLogs(w, `${NS}/words`);
    await toggle(logs, 'Previous').click();
    await logs.getByText('there is no previous log').waitFor();
    await w.shot('features-logs-no-previous');
    await w.close();
  });

  it('a lost connection, and a host that dies: nothing lost, nothing doubled', async () => {
    await create(client, podOf('count', [sh('main', 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.01; done')]));
    await running('count');
    const w = await opened();
    w.expect(/WebSocket|ERR_CONNECTION_REFUSED|Failed to load resource/);
    let link: WebSocketRoute | undefined;
    await w.page.routeWebSocket(/./, ws => { link = ws; ws.connectToServer(); });
    await w.page.reload();
    await w.page.locator('.status-bar').waitFor();
    const logs = await openLogs(w, `${NS}/count`);
    const upTo = (n: number) => eventually(`line ${n}`, async () => Math.max(0, ...numbers(await texts(logs))) >= n, 60_000);
    await upTo(50);
    for (let i = 0; i < 3; i++) {
      const at = Math.max(...numbers(await texts(logs)));
      await link!.close({ code: 4000, reason: 'test' });
      await upTo(at + 100);
    }
    expect(gapless(numbers(await downloaded(w.page, logs)))).toBe(true);
    // The containers go on while the host is away; what they wrote meanwhile is caught up with.
    const at = Math.max(...numbers(await texts(logs)));
    await host.stop('SIGKILL');
    ({ host, client, url } = await startWindowHost({ args, data: host.data }));
    await upTo(at + 400);
    const ns = numbers(await downloaded(w.page, logs));
    expect(gapless(ns)).toBe(true);
    // The tab is there again after the window itself was closed and opened.
    await w.page.reload();
    await w.page.locator('[data-testid="logs"]:visible .log-text').first().waitFor();
    await w.close();
  });
});

describe('workloads', () => {
  it('a redeploy: new pods join, the lines of the old stay', async () => {
    const template = (version: string): object => ({ metadata: { labels: { app: 'shop' } }, spec: { terminationGracePeriodSeconds: 0, containers: [sh('main', `n=0; trap 'echo bye ${version}; exit' TERM; while :; do n=$((n+1)); echo "${version} line $n"; sleep 0.2; done`)] } });
    await create(client, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: NS, name: 'shop' }, spec: { replicas: 2, selector: { matchLabels: { app: 'shop' } }, template: template('v1') } } as KubeObject);
    const w = await opened();
    const logs = await openLogs(w, `${NS}/shop`, 'd');
    expect(await command(w)).toContain('logs -f --all-containers --all-pods --prefix deployment/shop');
    await logs.getByText('2 of 2 sources').waitFor();
    await client.patch(DEPLOYMENT, NS, 'shop', 'application/merge-patch+json', { spec: { template: template('v2') } });
    await logs.getByText('2 of 4 sources').waitFor({ timeout: 60_000 });
    await eventually('lines of the new pods from their first', async () => { const l = await downloaded(w.page, logs); const fresh = new Set(l.filter(x => x.endsWith(' v2 line 1')).map(x => x.split(' ')[1])); return fresh.size === 2; });
    const lines = await downloaded(w.page, logs);
    const byPod = Map.groupBy(lines.filter(l => / line \d+$/.test(l)), l => l.split(' ')[1]!);
    expect(byPod.size).toBe(4);
    for (const [pod, own] of byPod) expect([pod, gapless(numbers(own))]).toEqual([pod, true]);
    expect(lines.some(l => / v1 line /.test(l))).toBe(true);
    await w.shot('features-logs-redeployed');
    await w.close();
  });

  it('a pod of a workload that goes: its lines stay, and its replacement is one key away', async () => {
    const w = await opened();
    const pod = (await client.list<Pod>(POD, { namespace: NS, labelSelector: 'app=shop' })).items.find(p => !p.metadata?.deletionTimestamp)!.metadata!.name!;
    const logs = await openLogs(w, `${NS}/${pod}`);
    await eventually('its lines', async () => (await texts(logs)).length > 2);
    await client.delete(POD, NS, pod);
    await logs.getByText('The pod is gone. Its lines stay').waitFor();
    expect((await texts(logs)).length).toBeGreaterThan(2);
    await w.shot('features-logs-gone');
    await logs.getByRole('button', { name: 'Follow the pods that replace it' }).press('Enter');
    await eventually('another pod writes', async () => { const s = await logs.locator('.log-source').allTextContents(); return s.some(x => x.trim() !== pod); });
    await w.close();
  });
});

describe('much', () => {
  it('2,000 lines a second: the window keeps up, its memory stays bounded, what was let go is told', async () => {
    // Forty bursts of two thousand, told apart by their numbers.
    const script = 'n=0; while [ $n -lt 40 ]; do seq -f "line %.0f" $((n*2000+1)) $((n*2000+2000)); n=$((n+1)); sleep 0.95; done; sleep 3600';
    await create(client, podOf('flood', [{ name: 'main', image: 'node:20', imagePullPolicy: 'Never', command: ['bash', '-c', script] }]));
    await running('flood');
    const w = await opened();
    const logs = await openLogs(w, `${NS}/flood`);
    await logs.getByRole('combobox', { name: 'How far back' }).selectOption('all there is');
    await w.page.evaluate(() => {
      const o = globalThis as unknown as { slow: number[] };
      o.slow = [];
      new PerformanceObserver(l => { for (const e of l.getEntries()) o.slow.push(e.duration); }).observe({ entryTypes: ['longtask'] });
    });
    // Typed into meanwhile, with every match counted.
    await logs.getByRole('searchbox', { name: 'Find' }).fill('777');
    await eventually('the last line', async () => (await texts(logs)).includes('line 80000'), 150_000, 500);
    const slow = await w.page.evaluate(() => (globalThis as unknown as { slow: number[] }).slow);
    console.log(`2,000 lines/s for 40 s: ${slow.length} long tasks, longest ${Math.round(Math.max(0, ...slow))} ms, together ${Math.round(slow.reduce((a, b) => a + b, 0))} ms`);
    expect(Math.max(0, ...slow)).toBeLessThan(1000);
    const kept = Number(await logs.getAttribute('data-shown'));
    expect(kept).toBeGreaterThanOrEqual(50_000);
    expect(kept).toBeLessThanOrEqual(55_000);
    await logs.getByText(`${(80_000 - kept).toLocaleString('en')} older lines have been let go`).waitFor();
    const ns = numbers(await downloaded(w.page, logs));
    expect(ns).toHaveLength(kept);
    expect(gapless(ns)).toBe(true);
    await w.shot('features-logs-flood');
    // Reading further up: the lines stand still whatever comes.
    await logs.locator('.logs-box').focus();
    await w.page.keyboard.press('Home');
    await eventually('the oldest kept', async () => (await texts(logs))[0] === `line ${80_001 - kept}`);
    await w.close();
  });
});

describe('how far back', () => {
  it('since: only what is younger', async () => {
    const w = await opened();
    const logs = await openLogs(w, `${NS}/since`);
    // However long ago that was: what is told is looked at in the lines as they are kept, of which only the last are drawn.
    await eventually('the old line', async () => (await downloaded(w.page, logs))[0]?.endsWith('old line 1'));
    await eventually('the young ones', async () => (await texts(logs)).some(l => l.startsWith('young line')), 90_000);
    await logs.getByRole('combobox', { name: 'How far back' }).selectOption('last minute');
    await eventually('only young lines', async () => { const l = await texts(logs); return l.length > 3 && !(await downloaded(w.page, logs)).some(x => x.endsWith('old line 1')); });
    expect(await command(w)).toContain('logs -f --since=1m --all-containers since');
    await logs.getByRole('combobox', { name: 'How far back' }).selectOption('all there is');
    await eventually('the old line as well', async () => (await downloaded(w.page, logs))[0]!.endsWith('old line 1'));
    await w.close();
  });
});

describe('every workload, any cluster', () => {
  let near: Host, far: Host, there: Client, address: string;
  const owned = (apiVersion: string, kind: string, name: string, spec: object): KubeObject => ({ apiVersion, kind, metadata: { namespace: 'work', name }, spec }) as KubeObject;
  const template = (name: string, more: object = {}): object => ({ metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'shop/web:1', resources: { requests: { cpu: '1m', memory: '1Mi' } } }], ...more } });
  beforeAll(async () => {
    far = await startHost(['--runtime', 'simulated', '--nodes', '2']);
    // The cluster is a stranger: one of the user's kubeconfig, of which the host knows no more than that.
    const entry = readFileSync(far.ready.kubeconfig, 'utf8').replaceAll('pilothouse', 'production');
    writeFileSync(join(dir.path, 'config'), entry);
    const made = await startWindowHost({ kubeconfig: join(dir.path, 'config') });
    [near, address] = [made.host, made.url];
    there = new Client(new HttpTransport(connectionOf(loadKubeconfig([far.ready.kubeconfig]))), 'e2e');
    const selector = (name: string): object => ({ selector: { matchLabels: { app: name } } });
    await create(there, namespace('work'));
    await accountOf(there, 'work');
    await create(there, owned('apps/v1', 'ReplicaSet', 'rs', { replicas: 2, ...selector('rs'), template: template('rs') }), owned('v1', 'ReplicationController', 'rc', { replicas: 2, selector: { app: 'rc' }, template: template('rc') }),
      owned('v1', 'Service', 'svc', { selector: { app: 'rs' }, ports: [{ port: 80 }] }), owned('batch/v1', 'Job', 'job', { completions: 1, template: template('job', { restartPolicy: 'Never' }) }),
      owned('apps/v1', 'Deployment', 'many', { replicas: 130, ...selector('many'), template: template('many') }));
  });
  afterAll(async () => { await Promise.all([near?.dispose(), far?.dispose()]); });
  const open = async (w: Window, plural: string, name: string): Promise<Locator> => {
    await w.page.keyboard.press('Control+k');
    await w.page.keyboard.type(plural);
    await w.page.getByRole('option').first().waitFor();
    await w.page.keyboard.press('Enter');
    // Each page has a filter of its own: what is typed before the page is there belongs to the one before.
    await eventually('the page', async () => (await w.page.locator('.list-page h1').textContent())?.toLowerCase().replaceAll(' ', '') === plural);
    await w.page.locator('#list-filter').fill(name);
    await w.page.locator(`.row[data-key="work/${name}"]`).click();
    await w.page.locator('.table').first().focus();
    await w.page.keyboard.press('l');
    const logs = w.page.locator('[data-testid="logs"]:visible');
    await logs.waitFor();
    return logs;
  };
  const away = async (w: Window): Promise<void> => {
    await w.page.getByRole('complementary', { name: 'Clusters' }).getByRole('button', { name: /production/ }).click();
    await w.page.keyboard.press('g');
    await w.page.keyboard.press('p');
    await w.page.locator('.row[data-key^="work/"]').first().waitFor();
  };

  it.each([['rs', 'replicasets', 2], ['rc', 'replicationcontrollers', 2], ['svc', 'services', 2], ['job', 'jobs', 1]] as const)('%s: the pods it owns or selects, on a cluster of the kubeconfig', async (name, plural, sources) => {
    const w = await opened(address);
    await away(w);
    const logs = await open(w, plural, name);
    await logs.getByTestId('log-sources').getByText(new RegExp(`of ${sources} source`)).waitFor();
    await eventually('lines', async () => (await texts(logs)).length > 0);
    const said = (await command(w)) ?? '';
    expect(said).toMatch(/kubectl --context \S*production\S* -n work logs -f --all-containers/);
    expect(said).toContain(name === 'svc' ? '-l app=rs' : `${plural.slice(0, -1)}/${name}`);
    await w.shot(`features-logs-${name}`);
    await w.close();
  });

  it('more sources than are read at once: told, and one key away', async () => {
    await eventually('130 pods run', async () => (await there.list<Pod>(POD, { namespace: 'work', labelSelector: 'app=many' })).items.filter(p => p.status?.phase === 'Running').length === 130, 60_000);
    const w = await opened(address);
    await away(w);
    const logs = await open(w, 'deployments', 'many');
    await logs.getByText('120 of 130 sources').waitFor();
    await logs.getByText('120 sources are read at once; 10 more wait.').waitFor();
    await w.shot('features-logs-crowded');
    await logs.getByRole('button', { name: 'Read 10 more' }).press('Enter');
    await logs.getByText('130 of 130 sources').waitFor();
    expect(await logs.getByText('are read at once').count()).toBe(0);
    await w.close();
  });

  it('looks right in both themes, while nothing is there and while nothing answers', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const w = await opened(address, { colorScheme });
      await away(w);
      const logs = await open(w, 'replicasets', 'rs');
      await eventually('lines', async () => (await texts(logs)).length > 0);
      await toggle(logs, 'Time').click();
      await w.shot(`features-logs-${colorScheme}`);
      await w.close();
    }
    await create(there, owned('v1', 'Service', 'nobody', { selector: { app: 'nobody' }, ports: [{ port: 80 }] }), { ...owned('v1', 'Pod', 'stuck', { containers: [{ name: 'main', image: 'shop/no-such:1' }] }) });
    const w = await opened(address);
    await away(w);
    const logs = await open(w, 'services', 'nobody');
    await logs.getByText('There are no pods now; new ones join by themselves.').waitFor();
    await w.shot('features-logs-empty', true);
    const stuck = await open(w, 'pods', 'stuck');
    await stuck.getByText(/waiting to start|Waiting for main/).waitFor();
    await w.shot('features-logs-waiting');
    await w.close();
  });
});
