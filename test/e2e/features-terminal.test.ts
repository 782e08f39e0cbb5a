// Terminals in the window with real containers, from a host that finds no kubectl: shells of several images, tabs, sizes, colours,
// the clipboard, attach, and coming back after whatever was lost.
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import type { Browser, Locator, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../core/client/client.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { eventually, type Host } from '../harness/host.ts';
import { openBrowser, openWindow, scratch, startWindowHost, type Window } from './launch.ts';
import { accountOf, create, namespace, POD } from './shell-objects.ts';

const NS = 'enter';
let host: Host, client: Client, url: string, browser: Browser;
const dir = scratch();

/** A search path with all that is on this machine's but kubectl. */
function withoutKubectl(): string {
  const bin = join(dir.path, 'bin');
  mkdirSync(bin);
  for (const from of (process.env.PATH ?? '').split(delimiter)) {
    if (from === '' || !existsSync(from)) continue;
    for (const name of readdirSync(from)) if (!name.startsWith('kubectl') && !existsSync(join(bin, name))) symlinkSync(join(from, name), join(bin, name));
  }
  return bin;
}

beforeAll(async () => {
  const path = process.env.PATH;
  process.env.PATH = withoutKubectl();
  try { ({ host, client, url } = await startWindowHost({ args: ['--runtime', 'docker'] })); } finally { process.env.PATH = path; }
  browser = await openBrowser();
  const shell = (name: string, image: string, more: object = {}, spec: object = {}): KubeObject => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { namespace: NS, name, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, imagePullPolicy: 'Never', command: ['sh', '-c', 'while :; do sleep 1; done'], ...more }], ...spec },
  }) as KubeObject;
  await create(client, namespace(NS));
  await accountOf(client, NS);
  await create(client, shell('small', 'alpine:latest'), shell('big', 'node:20'), shell('none', 'pause:3.9', { command: undefined }),
    shell('console', 'alpine:latest', { command: ['sh'], stdin: true, tty: true }),
    shell('reader', 'alpine:latest', { command: ['sh', '-c', 'while read l; do echo "read <$l>"; done; echo no more; sleep 3600'], stdin: true }),
    shell('talker', 'alpine:latest', { command: ['sh', '-c', 'n=0; while :; do n=$((n+1)); echo "said $n"; sleep 0.3; done'] }),
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: NS, name: 'web' }, spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: (shell('x', 'alpine:latest') as unknown as { spec: object }).spec } } } as KubeObject);
  await eventually('the pods run', async () => { const pods = (await client.list<Pod>(POD, { namespace: NS })).items; return pods.length === 7 && pods.every(p => p.status?.phase === 'Running'); }, 90_000);
});
afterAll(async () => { await browser?.close(); await host?.dispose(); dir.remove(); });

/** A window whose dock is empty: what earlier windows had open comes back with it. */
async function opened(): Promise<Window> {
  const w = await openWindow(browser, url);
  const close = w.page.locator('.dock-tab .tab-close');
  while (await close.count() > 0) await close.first().click();
  return w;
}
/** Goes to a kind's list and presses a key on one row; answers the terminal that opens. */
async function enter(w: Window, name: string, key = 's', jump = 'p'): Promise<Locator> {
  await w.page.evaluate(() => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); });
  await w.page.keyboard.press('g');
  await w.page.keyboard.press(jump);
  await w.page.locator('#list-filter').fill(name);
  await w.page.locator(`.row[data-key="${NS}/${name}"]`).click();
  await w.page.locator('.table').first().focus();
  await w.page.keyboard.press(key);
  const terminal = w.page.locator('[data-testid="terminal"]:visible');
  await terminal.waitFor();
  return terminal;
}
const isOpen = (terminal: Locator) => eventually('an open session', async () => await terminal.getAttribute('data-state') === 'open', 20_000);
/** All the visible terminal has, by its own menu. Output that comes in between takes the selection away: then once more. */
async function screen(page: Page): Promise<string> {
  const box = page.locator('.terminal-box:visible'), menu = page.getByRole('menu');
  for (const item of ['Select all', 'Copy']) {
    await box.click({ button: 'right', position: { x: 300, y: 20 } });
    const entry = page.getByRole('menuitem', { name: item, exact: true });
    await entry.waitFor();
    if (await entry.isDisabled()) { await page.keyboard.press('Escape'); await menu.waitFor({ state: 'detached' }); return ''; }
    await entry.click();
    await menu.waitFor({ state: 'detached' });
  }
  return page.evaluate(async () => navigator.clipboard.readText());
}
async function shows(page: Page, what: RegExp): Promise<void> {
  let last = '';
  await eventually(`${what} on the screen`, async () => what.test(last = await screen(page)), 20_000, 300).catch((e: unknown) => { throw new Error(`${String(e)}; the screen:\n${last}`); });
}
/** Reddish and greenish points of a picture, counted on an empty page whose policy lets it be decoded. */
async function colours(png: Buffer): Promise<{ red: number; green: number }> {
  const page = await browser.newPage();
  const counted = await page.evaluate(async base64 => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, image.width, image.height);
    let red = 0, green = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
      if (r > g + 60 && r > b + 60) red++;
      if (g > r + 40 && g > b + 25) green++;
    }
    return { red, green };
  }, png.toString('base64'));
  await page.close();
  return counted;
}
async function type(page: Page, text: string): Promise<void> {
  await page.locator('.terminal-box:visible .xterm-helper-textarea').focus();
  await page.keyboard.type(text);
}

describe('shells', () => {
  it('an image with bash, one with sh only, one with none; no kubectl on the machine', async () => {
    const w = await opened();
    const small = await enter(w, 'small');
    await isOpen(small);
    await small.getByText('sh', { exact: true }).waitFor();
    // The screen has the focus: what is typed goes in.
    await w.page.keyboard.type('echo answer-$((6*7))\n');
    await shows(w.page, /answer-42/);
    expect(await w.page.locator('.status-bar').textContent()).toContain(` -n ${NS} exec -it small -- sh`);
    const big = await enter(w, 'big');
    await isOpen(big);
    await big.getByText('bash', { exact: true }).waitFor();
    await type(w.page, 'echo $BASH_VERSION-is-bash\n');
    await shows(w.page, /\d\.\d.*-is-bash/);
    await big.getByRole('button', { name: 'Copy the kubectl command' }).click();
    expect(await w.page.evaluate(async () => navigator.clipboard.readText())).toMatch(new RegExp(`^kubectl .*-n ${NS} exec -it big -- bash$`));
    const none = await enter(w, 'none');
    await none.getByText('There is no shell in this container. Tried: bash, sh, ash, /busybox/sh.').waitFor();
    await w.shot('features-terminal-no-shell');
    // It stays said: nothing flips it back after a while.
    await eventually('two more seconds', ((end: number) => () => Date.now() > end)(Date.now() + 2000), 4000);
    expect(await none.getAttribute('data-state')).toBe('over');
    await w.close();
  });

  it('several tabs into one container have numbers and lives of their own', async () => {
    const w = await opened();
    await isOpen(await enter(w, 'small'));
    await type(w.page, 'me=first\n');
    await isOpen(await enter(w, 'small'));
    const tab = (name: string) => w.page.getByRole('tablist', { name: 'Dock' }).getByRole('tab', { name, exact: true });
    await tab('small 2').waitFor();
    await type(w.page, 'echo "me=$me."\n');
    await shows(w.page, /me=\.\s/);
    await tab('small').click();
    await type(w.page, 'echo "me=$me."\n');
    await shows(w.page, /me=first\./);
    await w.shot('features-terminal-tabs');
    await w.close();
  });

  it('the container knows the size of the screen, also when it changes; colours are drawn', async () => {
    const w = await opened();
    await isOpen(await enter(w, 'small'));
    await type(w.page, 'stty size | tr " " x\n');
    const size = async (): Promise<[number, number]> => { const all = [...(await screen(w.page)).matchAll(/^(\d+)x(\d+)\s*$/gm)]; const m = all.at(-1); return [Number(m?.[1] ?? 0), Number(m?.[2] ?? 0)]; };
    const [rows, columns] = await eventually('a size', async () => { const s = await size(); return s[0] > 0 && s; });
    await w.page.setViewportSize({ width: 1000, height: 800 });
    const splitter = w.page.getByRole('separator', { name: 'Height of the dock' });
    const at = (await splitter.boundingBox())!;
    await w.page.mouse.move(at.x + 200, at.y + at.height / 2);
    await w.page.mouse.down();
    await w.page.mouse.move(at.x + 200, at.y - 180, { steps: 4 });
    await w.page.mouse.up();
    await type(w.page, 'clear; stty size | tr " " x\n');
    await eventually('more rows, fewer columns', async () => { const [r, c] = await size(); return r >= rows + 8 && c < columns && c > 20; }, 15_000, 300);
    await type(w.page, String.raw`clear; printf '\033[41m%60s\033[0m\n' ' '; printf '\033[32mgreen words green words green words\033[0m\n'` + '\n');
    await shows(w.page, /green words/);
    // Counted in the picture itself, whatever draws it.
    await w.page.keyboard.press('Escape');
    const shot = await w.page.locator('.terminal-box:visible').screenshot();
    const counted = await colours(shot);
    await w.shot('features-terminal-colours');
    expect(counted.red).toBeGreaterThan(2000);
    expect(counted.green).toBeGreaterThan(50);
    await w.close();
  });

  it('copies and pastes by keys, by menu and by the mouse, and leaves Ctrl-C to the program', async () => {
    const w = await opened();
    await isOpen(await enter(w, 'small'));
    const { page } = w;
    const put = (text: string) => page.evaluate(async t => navigator.clipboard.writeText(t), text);
    const have = () => page.evaluate(async () => navigator.clipboard.readText());
    await type(page, 'clear; echo one-$((1+1))-word\n');
    await shows(page, /one-2-word/);
    await put('nothing');
    // A word chosen with the mouse, copied with the keys.
    await page.locator('.terminal-box:visible').dblclick({ position: { x: 40, y: 12 } });
    await page.keyboard.press('Control+Shift+C');
    await eventually('the word', async () => /one-2-word/.test(await have()));
    for (const [keys, word] of [['Control+Shift+V', 'by-keys'], ['Shift+Insert', 'by-insert']] as const) {
      await put(`echo ${word}-$((2+3))`);
      await type(page, '');
      await page.keyboard.press(keys);
      // The browser pastes when it has read the clipboard: what is typed meanwhile may come before.
      await shows(page, new RegExp(`echo ${word}-.*2\\+3`));
      await type(page, '\n');
      await shows(page, new RegExp(`${word}-5`));
    }
    await put('echo by-menu-$((2+4))');
    await page.locator('.terminal-box:visible').click({ button: 'right', position: { x: 300, y: 20 } });
    await w.shot('features-terminal-menu');
    await page.getByRole('menuitem', { name: 'Paste' }).click();
    // The screen has the keyboard again, and what is typed comes after what was pasted.
    await expect.poll(() => page.evaluate(() => document.querySelector('.MuiPopover-root') === null && document.activeElement?.closest('.xterm') !== null)).toBe(true);
    await shows(page, /echo by-menu-/);
    await type(page, '\n');
    await shows(page, /by-menu-6/);
    // The middle button pastes what is chosen, once.
    await type(page, 'echo mid-');
    await page.locator('.terminal-box:visible').dblclick({ position: { x: 40, y: 12 } });
    await page.locator('.terminal-box:visible').click({ button: 'middle', position: { x: 600, y: 100 } });
    await shows(page, /echo mid-one-2-word/);
    await type(page, '\n');
    await shows(page, /^mid-one-2-word\s*$/m);
    // Without a selection Ctrl-C interrupts: what runs and has the terminal, not the shell on its way to it.
    await type(page, "sh -c 'echo sleeping-$((40+2)); exec sleep 1000'\n");
    await shows(page, /sleeping-42/);
    await page.keyboard.press('Control+c');
    await type(page, 'echo came-$?\n');
    await shows(page, /came-130/);
    // Search in what was written.
    await page.keyboard.press('Control+Shift+F');
    await page.getByRole('searchbox', { name: 'Find' }).fill('by-menu-6');
    await w.shot('features-terminal-find');
    await page.keyboard.press('Escape');
    await w.close();
  });
});

describe('attach', () => {
  it('to a terminal, to a plain input, to output alone', async () => {
    const w = await opened();
    const { page } = w;
    await isOpen(await enter(w, 'console', 'a'));
    await page.keyboard.type('echo attached-$((6*7)); tty\n');
    await shows(page, /attached-42\s+\/dev\/\S+/);
    expect(await page.locator('.status-bar').textContent()).toContain(` -n ${NS} attach -it console`);
    // Without a terminal over there: what is typed is shown here, and goes line by line.
    await isOpen(await enter(w, 'reader', 'a'));
    await page.keyboard.type('helo');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('lo\n');
    await shows(page, /^hello\s*\nread <hello>/m);
    await w.shot('features-terminal-attach');
    const talker = await enter(w, 'talker', 'a');
    await talker.getByText('read-only: the container reads no input').waitFor();
    await shows(page, /^said \d+\s*\nsaid \d+/m);
    await w.close();
  });
});

describe('coming back', () => {
  it('a lost connection: a new session opens by itself, and says so', async () => {
    const w = await opened();
    const { page } = w;
    w.expect(/WebSocket/);
    let link: WebSocketRoute | undefined;
    await page.routeWebSocket(/./, ws => { link = ws; ws.connectToServer(); });
    await page.reload();
    await page.locator('.status-bar').waitFor();
    const terminal = await enter(w, 'small');
    await isOpen(terminal);
    await type(page, 'echo before-$((1+1))\n');
    await shows(page, /before-2/);
    await link!.close({ code: 4000, reason: 'test' });
    await shows(page, /before-2[^]*new session/);
    await isOpen(terminal);
    await type(page, 'echo after-$((1+2))\n');
    await shows(page, /before-2[^]*new session[^]*after-3/);
    await w.shot('features-terminal-reconnected');
    await w.close();
  });

  it('a container that dies and starts again, for shell and attach; one left by the user stays left', async () => {
    const w = await opened();
    const { page } = w;
    const kill = async (pod: string): Promise<void> => {
      const id = (await client.get<Pod>(POD, NS, pod)).status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
      execFileSync('docker', ['kill', id], { stdio: 'ignore' });
    };
    const shell = await enter(w, 'small');
    await isOpen(shell);
    await type(page, 'echo first-$((1+1))\n');
    await shows(page, /first-2/);
    await kill('small');
    await shows(page, /first-2[^]*new session/);
    await isOpen(shell);
    await type(page, 'echo second-$((1+2))\n');
    await shows(page, /second-3/);
    const attached = await enter(w, 'console', 'a');
    await isOpen(attached);
    await type(page, 'echo third-$((1+3))\n');
    await shows(page, /third-4/);
    await kill('console');
    await shows(page, /third-4[^]*new session/);
    await isOpen(attached);
    await type(page, 'echo fourth-$((1+4))\n');
    await shows(page, /fourth-5/);
    // Left with `exit`: it waits for Enter.
    const left = await enter(w, 'big');
    await isOpen(left);
    await type(page, 'exit 3\n');
    await left.getByText('exit code 3').waitFor();
    await w.shot('features-terminal-over');
    await page.keyboard.press('Enter');
    await isOpen(left);
    await w.close();
  });

  it('a pod deleted and made again under its name, and a pod of a deployment that is replaced', async () => {
    const w = await opened();
    const { page } = w;
    const again = await client.get<Pod>(POD, NS, 'big');
    const terminal = await enter(w, 'big');
    await isOpen(terminal);
    await type(page, 'echo first-$((1+1))\n');
    await shows(page, /first-2/);
    await client.delete(POD, NS, 'big');
    await terminal.getByText('The pod is gone.').waitFor();
    await w.shot('features-terminal-gone');
    await create(client, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: NS, name: 'big', labels: { app: 'big' } }, spec: { ...again.spec, nodeName: undefined } } as KubeObject);
    await shows(page, /first-2[^]*new session/);
    await isOpen(terminal);
    await type(page, 'echo second-$((1+2))\n');
    await shows(page, /second-3/);
    // From the deployment: the next pod is found.
    const web = await enter(w, 'web', 's', 'd');
    await isOpen(web);
    const one = (await client.list<Pod>(POD, { namespace: NS, labelSelector: 'app=web' })).items[0]!.metadata!.name!;
    await client.delete(POD, NS, one);
    await shows(page, /new session/);
    await isOpen(web);
    await type(page, 'hostname\n');
    await shows(page, /web-\S+-(?!\n)\S+\s*$/m);
    expect(await web.locator('.terminal-bar .mono').first().textContent()).not.toBe(one);
    // From the pod itself: its replacement is offered.
    const two = (await client.list<Pod>(POD, { namespace: NS, labelSelector: 'app=web' })).items.find(p => !p.metadata?.deletionTimestamp)!.metadata!.name!;
    const alone = await enter(w, two);
    await isOpen(alone);
    await client.delete(POD, NS, two);
    await alone.getByRole('button', { name: 'Go into the pod that replaces it' }).press('Enter');
    await shows(page, /new session/);
    await isOpen(alone);
    await w.close();
  });
});
