// The pod table under load: 10,000 pods, 200 changes a second, the real gateway, the built renderer in real Chromium. Frames per
// second while scrolling, time from a key to its paint, heap of the page. Before and after each round a bare page does the same in
// the same browser with nothing else going on: a round counts unless that page, too, misses the limit, and every round that counts
// must hold. Where it is allowed browser and gateway go before other work: what others do is not measured here.
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { getPriority, loadavg, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { createLog } from '../../core/base/log.ts';
import type { Transport } from '../../core/client/client.ts';
import type { KubeObject, WatchEvent } from '../../core/api/meta/object.ts';
import type { ClusterInfo } from '../../electron/contract/frames.ts';
import { createGateway } from '../../electron/gateway/gateway.ts';
import type { ClusterSource } from '../../electron/gateway/seam.ts';
import { serveUi } from '../../electron/gateway/serve.ts';
import { makeWorld, touch } from '../../renderer/dev/world.ts';
import { buildWindow, CHROMIUM, openBrowser, openWindow, scratch } from '../e2e/launch.ts';

const PODS = 10_000;
const RATE = 200;
const LIMIT = { fps: 55, keyP95: 50, heapMb: 256 };
/** Rounds that must count, and rounds at most until that many did. */
const ROUNDS = 3, MOST = 6;
const SCROLL_MS = 3000, BARE_MS = 1000;
const KEYS = 80, BARE_KEYS = 30;
/** Milliseconds between keys: as a held key repeats. */
const KEY_EVERY = 33;
const NICE = -10;

/** Lists and watches a made-up world; `start` changes RATE pods a second, a quarter of them among the same forty. */
class Generator implements ClusterSource {
  readonly world = makeWorld(PODS);
  sent = 0;
  #watchers = new Map<string, Set<(e: WatchEvent<KubeObject>[]) => void>>();
  #timer: ReturnType<typeof setInterval> | undefined;

  readonly transport: Transport = {
    request: async r => {
      if (r.path === '/version') return { gitVersion: 'v1.36.0' };
      const all = [...(this.world.get(keyOf(r.path)) ?? new Map<string, KubeObject>()).values()];
      const from = Number(r.query?.['continue'] ?? 0), next = from + Number(r.query?.['limit'] ?? all.length);
      return { metadata: { resourceVersion: '1', ...(next < all.length ? { continue: String(next) } : {}) }, items: all.slice(from, next) };
    },
    watch: (path, _query, onEvents, signal) => new Promise(done => {
      const set = this.#watchers.get(keyOf(path)) ?? new Set();
      this.#watchers.set(keyOf(path), set.add(onEvents));
      signal.addEventListener('abort', () => { set.delete(onEvents); done(); });
    }),
  };

  start(): void {
    let owed = 0, at = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      owed += ((now - at) * RATE) / 1000;
      at = now;
      const n = Math.floor(owed);
      owed -= n;
      this.sent += n;
      // One by one, as an API server sends them.
      for (const { path, object } of touch(this.world, n)) for (const tell of this.#watchers.get(path) ?? []) tell([{ type: 'MODIFIED', object }]);
    }, 5);
  }
  stop(): void { clearInterval(this.#timer); }

  list(): readonly ClusterInfo[] { return [{ id: 'made-up', name: 'made-up', origin: 'kubeconfig', server: 'https://made-up' }]; }
  onChange(): () => void { return () => undefined; }
  upstream() { return { transport: this.transport, stream: async function* () { /* no logs here */ }, terminal: () => Promise.reject(new Error('no shells here')), forward: () => Promise.reject(new Error('no ports here')) }; }
}
/** `/api/v1/pods` -> `/pods`, `/apis/apps/v1/deployments` -> `apps/deployments`: the world's own keys. */
const keyOf = (path: string): string => { const p = path.split('/'); return p[1] === 'api' ? `/${p.at(-1)}` : `${p[2]}/${p.at(-1)}`; };

/** Frames per second while `selector` scrolls three rows a frame, up and down; the longest frame too. */
const scrolling = (page: Page, selector: string, ms: number): Promise<{ fps: number; longest: number; rows: number }> => page.evaluate(([where, time]) => new Promise<{ fps: number; longest: number; rows: number }>(done => {
  const table = document.querySelector(where)!;
  let frames = 0, by = 84, longest = 0, rows = 0;
  const start = performance.now();
  let last = start;
  const frame = (): void => {
    const now = performance.now();
    if (frames > 0) longest = Math.max(longest, now - last);
    last = now;
    if (now - start > time) { done({ fps: (frames * 1000) / (now - start), longest, rows }); return; }
    frames++;
    if (table.scrollTop + table.clientHeight >= table.scrollHeight - 100) by = -84;
    else if (table.scrollTop < 100 && frames > 10) by = 84;
    table.scrollTop += by;
    rows += 3;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}), [selector, ms] as const);

/** A page of text that scrolls and marks a line at a key, and nothing else: what this browser can do on this machine just now. */
const BARE = `<!doctype html><style>body{margin:0;font:13px/28px sans-serif}#all{height:100vh;overflow:auto;background:#fff}.on{background:#cde}</style><div id="all">${
  Array.from({ length: 600 }, (_, i) => `<div>line ${i} of a page with nothing to do, as long as a row of pods is: Running 1/1 default 5d</div>`).join('')}</div>
<script>let at=-1;addEventListener('keydown',()=>{const l=document.querySelectorAll('#all div');l[at]?.classList.remove('on');at=(at+1)%30;l[at].classList.add('on')})</script>`;
async function bare(page: Page, browser: Browser): Promise<{ fps: number; key: number }> {
  await page.bringToFront();
  await pagesAhead(browser);
  const { fps } = await scrolling(page, '#all', BARE_MS);
  return { fps, key: p95(await keys(page, () => page.keyboard.press('ArrowDown'), BARE_KEYS)) };
}

/** Milliseconds from each key to the paint that follows it: the event's own time to the first task after the next frame. */
async function keys(page: Page, press: (i: number) => Promise<void>, count = KEYS): Promise<number[]> {
  await page.evaluate(() => {
    const w = window as unknown as { keyTimes?: number[] };
    const first = w.keyTimes === undefined;
    w.keyTimes = [];
    if (first) window.addEventListener('keydown', e => {
      const at = e.timeStamp;
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => { w.keyTimes!.push(performance.now() - at); };
        channel.port2.postMessage(0);
      });
    }, { capture: true });
  });
  for (let i = 0; i < count; i++) {
    const due = performance.now() + KEY_EVERY;
    await press(i);
    await new Promise(done => { setTimeout(done, Math.max(0, due - performance.now())); });
  }
  await page.waitForFunction(n => (window as unknown as { keyTimes: number[] }).keyTimes.length >= n, count);
  return page.evaluate(() => (window as unknown as { keyTimes: number[] }).keyTimes);
}
const p95 = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.95)]!;

/** Puts this process and the Chromium it starts before others, if the system lets us; returns what to start. */
function ahead(dir: string): string {
  if (spawnSync('nice', ['-n', String(NICE), 'true']).stderr.length > 0) return CHROMIUM;
  setPriority(NICE);
  const path = join(dir, 'chromium');
  writeFileSync(path, `#!/bin/sh\nexec nice -n ${NICE} ${CHROMIUM} "$@"\n`, { mode: 0o755 });
  return path;
}

/** Chromium gives its pages a priority of its own whenever one comes to the front: they, too, go before others, if the system lets us. */
async function pagesAhead(browser: Browser): Promise<void> {
  if (getPriority() !== NICE) return;
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  // Each thread has its own; renice passes over those that ended meanwhile.
  spawnSync('renice', ['-n', String(NICE), '-p', ...processInfo.filter(p => p.type === 'renderer' || p.type === 'GPU').flatMap(p => readdirSync(`/proc/${p.id}/task`))]);
}

async function heapMb(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return usedSize / 1024 / 1024;
}

it(`pod table: ${PODS} pods, ${RATE} changes/s`, async ctx => {
  buildWindow();
  const source = new Generator();
  const log = createLog('warn', line => console.warn(line));
  const gateway = createGateway({ clusters: source, log });
  const ui = await serveUi({ listen: { host: '127.0.0.1', port: 0 }, gateway, assetsDir: join(process.env.PILOTHOUSE_BUNDLE ?? join(import.meta.dirname, '../../dist/x'), '../renderer'), token: 'bench', log });
  const dir = scratch();
  const browser = await openBrowser(ahead(dir.path));
  try {
    const w = await openWindow(browser, ui.url, { viewport: { width: 1600, height: 1000 }, reducedMotion: 'no-preference' });
    const { page } = w;
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByTestId('row-count').filter({ hasText: '10,000' }).waitFor();
    const cdp = await page.context().newCDPSession(page);
    const idle = await page.context().newPage();
    await idle.setContent(BARE);
    await page.bringToFront();
    // Sorted by what changes: rows must be placed anew all the time.
    await page.getByRole('columnheader', { name: 'Restarts' }).getByRole('button').click();
    await page.mouse.move(5, 500);
    const held: { fps: number; longest: number; move: readonly number[]; filter: readonly number[]; heap: number }[] = [];
    // What follows one round precedes the next.
    let before = await bare(idle, browser);
    for (let round = 1; round <= MOST && held.length < ROUNDS; round++) {
      await page.bringToFront();
      await pagesAhead(browser);
      source.start();
      await page.locator('.table').focus();
      await page.keyboard.press('Home');
      const s = await scrolling(page, '.table', SCROLL_MS);
      await page.keyboard.press('Home');
      const move = await keys(page, () => page.keyboard.press('ArrowDown'));
      await page.locator('#list-filter').focus();
      const text = 'web 1/1 running ';
      const filter = await keys(page, i => page.keyboard.press(i % 16 === 15 ? 'Control+a' : i % 16 === 0 ? 'w' : text[i % 16] === ' ' ? 'Space' : text[i % 16]!));
      await page.locator('#list-filter').fill('');
      const heap = await heapMb(cdp);
      source.stop();
      const after = await bare(idle, browser);
      const able = Math.min(before.fps, after.fps) >= LIMIT.fps && Math.max(before.key, after.key) < LIMIT.keyP95;
      if (able) held.push({ fps: s.fps, longest: s.longest, move, filter, heap });
      console.log(`round ${round}: ${s.fps.toFixed(1)} fps (longest frame ${s.longest.toFixed(0)} ms, ${s.rows} rows), arrow key to paint p95 ${p95(move).toFixed(1)} ms, filter key to paint p95 ${p95(filter).toFixed(1)} ms, heap ${heap.toFixed(0)} MB; `
        + `bare page before and after ${before.fps.toFixed(1)} and ${after.fps.toFixed(1)} fps, key p95 ${before.key.toFixed(1)} and ${after.key.toFixed(1)} ms; load ${loadavg()[0]!.toFixed(1)}${able ? '' : ' - does not count: the bare page misses the limit as well'}`);
      before = after;
    }
    await page.bringToFront();
    const worst = (pick: (r: (typeof held)[number]) => number): number => Math.max(...held.map(pick));
    const fps = Math.min(...held.map(r => r.fps));
    if (held.length > 0) console.log([
      `the worst of ${held.length} rounds:`,
      `scrolling 10,000 pods at 200 changes/s: ${fps.toFixed(1)} fps (limit >= ${LIMIT.fps}); longest frame ${worst(r => r.longest).toFixed(0)} ms`,
      `arrow key to paint, p95: ${worst(r => p95(r.move)).toFixed(1)} ms, of all rounds together ${p95(held.flatMap(r => r.move)).toFixed(1)} ms (limit < ${LIMIT.keyP95})`,
      `key in the filter to paint, p95: ${worst(r => p95(r.filter)).toFixed(1)} ms, of all rounds together ${p95(held.flatMap(r => r.filter)).toFixed(1)} ms (limit < ${LIMIT.keyP95})`,
      `heap of the page: ${worst(r => r.heap).toFixed(0)} MB (limit < ${LIMIT.heapMb})`,
    ].join('\n'));
    // Fast and wrong would be worthless: what stands there is what the source holds.
    await expect.poll(() => page.locator('.row[data-key]').evaluateAll(rows => rows.map(r => [(r as HTMLElement).dataset.key, Number.parseInt(r.querySelector('[data-column="Restarts"]')?.textContent ?? '', 10)] as const)))
      .toSatisfy((rows: [string, number][]) => rows.length > 20 && rows.every(([key, restarts]) => restartsOf(source, key) === restarts));
    await w.close();
    if (held.length === 0) ctx.skip(`in ${MOST} rounds the machine never had the time for a bare page to hold ${LIMIT.fps} fps: nothing can be said of the table`);
    expect(fps).toBeGreaterThanOrEqual(LIMIT.fps);
    expect(worst(r => p95(r.move))).toBeLessThan(LIMIT.keyP95);
    expect(worst(r => p95(r.filter))).toBeLessThan(LIMIT.keyP95);
    expect(worst(r => r.heap)).toBeLessThan(LIMIT.heapMb);
  } finally {
    source.stop();
    await browser.close();
    await ui.close();
    gateway.close();
    dir.remove();
    setPriority(0);
  }
});

function restartsOf(source: Generator, key: string): number {
  const pod = source.world.get('/pods')?.get(key) as { status?: { containerStatuses?: { restartCount: number }[] } } | undefined;
  return (pod?.status?.containerStatuses ?? []).reduce((n, c) => n + c.restartCount, 0);
}
