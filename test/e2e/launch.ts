// The window as a user meets it: a real host, the built renderer, real Chromium. Whatever the page complains about fails the test.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { Client } from '../../core/client/client.ts';
import { connectionOf, loadKubeconfig } from '../../core/client/kubeconfig.ts';
import { HttpTransport } from '../../core/client/transport-http.ts';
import { isStale, startHost, type Host } from '../harness/host.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Screenshots of the end-to-end tests, kept by CI. */
export const ARTIFACTS = join(ROOT, 'test/artifacts/e2e');
export const CHROMIUM = process.env.PILOTHOUSE_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

/** Every picture in both themes: for looking through them after a change of the look. */
const BOTH = process.env.PILOTHOUSE_SHOTS === 'both';

let built = process.env.PILOTHOUSE_BUNDLE !== undefined;
/** Builds the renderer when a source is newer than what lies in dist/. */
export function buildWindow(): void {
  if (built) return;
  built = true;
  if (!isStale(join(ROOT, 'dist/renderer/index.html'), ['renderer', 'core/api', 'electron/contract', 'resources/locales', 'package-lock.json'])) return;
  const r = spawnSync('node', ['-e', "import('./scripts/build.mjs').then(b => b.buildRenderer())"], { encoding: 'utf8', cwd: ROOT });
  if (r.status !== 0) throw new Error(`building the renderer failed:\n${r.stdout}${r.stderr}`);
}

/** One Chromium for a test file; `executable` may start it in a way of its own. */
export async function openBrowser(executable = CHROMIUM): Promise<Browser> {
  return chromium.launch({ executablePath: executable, args: FLAGS });
}

export interface HostOptions {
  args?: readonly string[];
  /** Kubeconfig file whose contexts the host offers besides its own cluster; default none. */
  kubeconfig?: string;
  data?: string;
}
/** A host with a window server, on the simulated runtime unless `args` say otherwise. The user's own kubeconfig is left out. */
export async function startWindowHost(o: HostOptions = {}): Promise<{ host: Host; client: Client; url: string }> {
  buildWindow();
  const args = o.args ?? [];
  const host = await startHost([...(args.includes('--ui') ? [] : ['--ui', '127.0.0.1:0']), ...(args.includes('--runtime') ? [] : ['--runtime', 'simulated']), ...args],
    { data: o.data, env: { KUBECONFIG: o.kubeconfig ?? join(tmpdir(), 'pilothouse-no-kubeconfig') } });
  if (!host.ready.ui) throw new Error('the host says nothing of a window');
  const client = new Client(new HttpTransport(connectionOf(loadKubeconfig([host.ready.kubeconfig]))), 'e2e');
  return { host, client, url: host.ready.ui };
}

export interface Window {
  page: Page;
  /** What the page complained about so far: console errors, uncaught errors, violations of the content policy. */
  readonly problems: readonly string[];
  /** From now on complaints that match are expected: a lost host makes the browser itself complain. */
  expect(pattern: RegExp): void;
  /** A picture for CI and for looking at; returns its path. `both`: in the other theme too, as `<name>-dark` or `<name>-light`. */
  shot(name: string, both?: boolean): Promise<string>;
  /** Closes the window; throws when it had complained. */
  close(): Promise<void>;
}

/** A page with a profile of its own, that of one window at a time. A second document of one page starts several times faster than the first of another one. */
interface Place { page: Page; profile: BrowserContext; complain: (text: string) => void; dropped: boolean }
const free = new WeakMap<Browser, Map<string, Place[]>>();

async function newPlace(browser: Browser, o: BrowserContextOptions): Promise<Place> {
  const profile = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...o });
  const page = await profile.newPage();
  const place: Place = { page, profile, complain: () => undefined, dropped: false };
  // Network interfaces that come and go on the machine (pods of other suites) make Chromium drop what it loads.
  page.on('requestfailed', r => { if (r.failure()?.errorText === 'net::ERR_NETWORK_CHANGED') place.dropped = true; });
  page.on('console', m => { if (m.type() === 'error') place.complain(`console: ${m.text()}`); });
  page.on('pageerror', e => place.complain(`uncaught: ${e.message}`));
  page.on('crash', () => place.complain('the page crashed'));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} refused ${e.blockedURI} (${e.sourceFile}:${e.lineNumber})`));
  });
  return place;
}

/** Opens the address as in a fresh profile and waits for the frame. */
export async function openWindow(browser: Browser, url: string, o: BrowserContextOptions & { wait?: boolean } = {}): Promise<Window> {
  const { wait = true, viewport = { width: 1280, height: 800 }, colorScheme = 'light', reducedMotion = 'reduce', ...rest } = o;
  const alike = JSON.stringify(rest);
  const known = free.get(browser)?.get(alike)?.pop();
  const place = known ?? await newPlace(browser, { viewport, colorScheme, reducedMotion, ...rest });
  const { page, profile } = place;
  const problems: string[] = [];
  const expected: RegExp[] = [/ERR_NETWORK_CHANGED/];
  place.complain = text => { if (!expected.some(e => e.test(text))) problems.push(text); };
  place.dropped = false;
  if (known) {
    if (viewport) await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion });
  }
  await page.goto(url);
  for (let again = 0; place.dropped && again < 5; again++) { place.dropped = false; await page.reload(); }
  if (wait) await page.locator('.status-bar').waitFor();
  return {
    page, problems,
    expect(pattern) { expected.push(pattern); },
    async shot(name, both = BOTH) {
      mkdirSync(ARTIFACTS, { recursive: true });
      const picture = async (as: string): Promise<string> => {
        const path = join(ARTIFACTS, `${as}.png`);
        await page.screenshot({ path, animations: 'disabled' });
        return path;
      };
      const path = await picture(name);
      const other = colorScheme === 'light' ? 'dark' : 'light';
      const is = (theme: string): Promise<boolean> => page.evaluate(t => document.documentElement.dataset.theme === t, theme);
      if (both && await is(colorScheme ?? 'light')) {
        await page.emulateMedia({ colorScheme: other });
        await page.waitForFunction(t => document.documentElement.dataset.theme === t, other);
        await picture(`${name}-${other}`);
        await page.emulateMedia({ colorScheme });
        await page.waitForFunction(t => document.documentElement.dataset.theme === t, colorScheme);
      }
      return path;
    },
    async close() {
      // Whoever expected complaints has meddled with the page's network, or has seen its host die.
      const reuse = problems.length === 0 && expected.length === 1 && profile.pages().length === 1;
      if (reuse) {
        await page.evaluate(() => { localStorage.clear(); sessionStorage.clear(); });
        await page.mouse.move(0, 0);
        await page.goto('about:blank');
        const places = free.get(browser) ?? new Map<string, Place[]>();
        free.set(browser, places.set(alike, [...places.get(alike) ?? [], place]));
      } else await profile.close();
      if (problems.length > 0) throw new Error(`the window complained:\n${problems.join('\n')}`);
    },
  };
}

/** Free TCP ports on loopback, for hosts that must come back on the same ones: none of those that the system gives away by itself meanwhile, and none for nodes. */
export async function freePorts(n: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < n; tries++) {
    if (tries > 1000) throw new Error('no free ports below 30000');
    const port = 12_000 + (process.pid * 7 + tries) % 18_000;
    const ok = await new Promise<boolean>(done => { const s = createServer().once('error', () => done(false)).listen(port, '127.0.0.1', () => { s.close(() => done(true)); }); });
    if (ok) ports.push(port);
  }
  return ports;
}

/** A directory of the test's own and the way to remove it. */
export function scratch(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'pilothouse-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
