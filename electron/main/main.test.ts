// Main against a stand-in of Electron: that the window is closed to the world, the host is started and stopped, and only our page is let in.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as stub from '../../test/harness/electron-stub.ts';
import { serveAssets } from './window.ts';
import { loadState, saveState } from './window-state.ts';

const dir = mkdtempSync(join(tmpdir(), 'pilothouse-main-'));
const called = (what: string): unknown[][] => stub.calls.filter(c => c.what === what).map(c => c.args);

beforeAll(async () => {
  process.env.PILOTHOUSE_DATA = dir;
  await import('./main.ts');
  await vi.waitFor(() => expect(called('loadURL')).toHaveLength(1));
});
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe('main', () => {
  it('opens a sandboxed, isolated window on our own scheme', () => {
    const [options] = called('BrowserWindow')[0] as [Electron.BrowserWindowConstructorOptions];
    expect(options.webPreferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true });
    expect(called('loadURL')[0]).toEqual(['pilothouse://app/']);
  });

  it('starts the cluster in a process of its own and shows its state in tray and menu', () => {
    expect(called('host.postMessage')[0]![0]).toEqual({ t: 'start', args: [] });
    stub.children[0]!.emit('message', { t: 'progress', text: 'runtime: docker' });
    expect(JSON.stringify(called('tray.setContextMenu').at(-1))).toContain('Cluster is starting: runtime: docker');
    stub.children[0]!.emit('message', { t: 'ready', server: 'https://127.0.0.1:6443', kubeconfig: 'k', runtime: 'docker' });
    const menu = called('tray.setContextMenu').at(-1)![0] as { label?: string; enabled?: boolean }[];
    expect(menu.find(m => m.label === 'Stop cluster')?.enabled).toBe(true);
    expect(menu.find(m => m.label === 'Start cluster')?.enabled).toBe(false);
  });

  it('starts and stops the cluster from the tray', async () => {
    const item = (label: string): { enabled?: boolean; click(): void } => (called('tray.setContextMenu').at(-1)![0] as { label?: string; enabled?: boolean; click(): void }[]).find(m => m.label === label)!;
    item('Stop cluster').click();
    expect(called('host.postMessage').at(-1)![0]).toEqual({ t: 'stop' });
    stub.children[0]!.emit('message', { t: 'stopped' });
    await vi.waitFor(() => expect(item('Start cluster').enabled).toBe(true));
    expect(JSON.stringify(called('tray.setContextMenu').at(-1))).toContain('Cluster is stopped');
    item('Start cluster').click();
    expect(called('host.postMessage').at(-1)![0]).toEqual({ t: 'start', args: [] });
    stub.children[0]!.emit('message', { t: 'ready', server: 'https://127.0.0.1:6443', kubeconfig: 'k', runtime: 'docker' });
    expect(JSON.stringify(called('setApplicationMenu').at(-1))).toContain('Cluster runs at https://127.0.0.1:6443');
  });

  it('shows the one window when it is started a second time', () => {
    const before = called('focus').length;
    stub.app.emit('second-instance');
    expect(called('focus')).toHaveLength(before + 1);
    expect(stub.windows).toHaveLength(1);
  });

  it('asks for files with the system’s dialog and hands over their names and texts', async () => {
    writeFileSync(join(dir, 'a.yaml'), 'kind: A');
    const dialog = vi.spyOn(stub.dialog, 'showOpenDialog');
    dialog.mockResolvedValueOnce({ canceled: false, filePaths: [join(dir, 'a.yaml')] }).mockResolvedValueOnce({ canceled: true, filePaths: [] }).mockResolvedValueOnce({ canceled: false, filePaths: [join(dir, 'gone.yaml')] });
    const ask = async (id: number): Promise<unknown> => {
      stub.children[0]!.emit('message', { t: 'ask', id, what: 'openFiles', extensions: ['yaml'] });
      return vi.waitFor(() => { const m = called('host.postMessage').at(-1)![0] as { id?: number }; expect(m.id).toBe(id); return m; });
    };
    expect(await ask(1)).toEqual({ t: 'answer', id: 1, result: [{ name: 'a.yaml', text: 'kind: A' }] });
    expect(await ask(2)).toEqual({ t: 'answer', id: 2, result: null });
    expect(await ask(3)).toMatchObject({ t: 'answer', id: 3, error: expect.stringContaining('ENOENT') as string });
    expect(dialog.mock.calls[0]).toEqual([{ properties: ['openFile', 'multiSelections'], filters: [{ name: 'yaml', extensions: ['yaml'] }] }]);
  });

  it('remembers where the window was', () => {
    stub.windows[0]!.emit('close');
    expect(loadState(join(dir, 'window.json'))).toEqual({ bounds: { x: 5, y: 6, width: 1000, height: 700 }, maximized: true });
  });

  it('gives the page one function and no more', async () => {
    await import('../preload/preload.ts');
    const [name, api] = called('exposeInMainWorld').at(-1) as [string, Record<string, unknown>];
    expect([name, Object.entries(api).map(([k, v]) => `${k}: ${typeof v}`)]).toEqual(['pilothouse', ['connect: function']]);
  });

  it('connects our page by a port pair and nobody else', () => {
    const before = called('webContents.postMessage').length;
    stub.ipcMain.emit('connect', { senderFrame: { url: 'https://example.test/' }, sender: stub.windows[0]!.webContents });
    expect(called('webContents.postMessage')).toHaveLength(before);
    stub.ipcMain.emit('connect', { senderFrame: { url: 'pilothouse://app/' }, sender: stub.windows[0]!.webContents });
    expect(called('webContents.postMessage').at(-1)![0]).toBe('port');
    expect(called('host.postMessage').at(-1)![0]).toEqual({ t: 'window' });
  });

  it('keeps the window on our page: links go to the browser, other schemes nowhere', () => {
    const w = stub.windows[0]!.webContents;
    expect(w.openHandler!({ url: 'https://kubernetes.io/' })).toEqual({ action: 'deny' });
    w.openHandler!({ url: 'file:///etc/passwd' });
    expect(called('openExternal')).toEqual([['https://kubernetes.io/']]);
    const prevented = vi.fn();
    w.emit('will-navigate', { preventDefault: prevented }, 'https://example.test/');
    expect(prevented).toHaveBeenCalledOnce();
  });

  it('stops the cluster before it quits', async () => {
    stub.app.quit();
    await vi.waitFor(() => expect(called('host.postMessage').at(-1)![0]).toEqual({ t: 'stop' }));
    stub.children[0]!.emit('message', { t: 'stopped' });
    await vi.waitFor(() => expect(called('host.kill')).toHaveLength(1));
  });
});

describe('assets', () => {
  it('are served with the strict policy; nothing outside the folder is', async () => {
    mkdirSync(join(dir, 'renderer'));
    writeFileSync(join(dir, 'renderer/index.html'), 'page');
    writeFileSync(join(dir, 'secret'), 'no');
    serveAssets(stub.protocol, join(dir, 'renderer'));
    const get = stub.handlers.get('pilothouse')!;
    const page = await get(new Request('pilothouse://app/'));
    expect(await page.text()).toBe('page');
    const csp = page.headers.get('content-security-policy')!;
    expect(csp).toContain("script-src 'self'");
    expect(csp.match(/unsafe/g)).toHaveLength(1);
    for (const url of ['pilothouse://app/%2e%2e/secret', 'pilothouse://app/..%2fsecret', 'pilothouse://other/index.html', 'pilothouse://app/nothing']) expect((await get(new Request(url))).status, url).toBe(404);
  });
});

describe('window state', () => {
  it('is remembered, and absurd or broken state is forgotten', () => {
    const file = join(dir, 'w/window.json');
    saveState(file, { bounds: { x: 1, y: 2, width: 900, height: 600 }, maximized: true });
    expect(loadState(file)).toEqual({ bounds: { x: 1, y: 2, width: 900, height: 600 }, maximized: true });
    writeFileSync(file, '{"bounds":{"width":-1,"height":1e9}}');
    expect(loadState(file).bounds.width).toBe(1280);
    writeFileSync(file, 'not json');
    expect(loadState(file).bounds).toEqual({ width: 1280, height: 820 });
    expect(readFileSync(file, 'utf8')).toBe('not json');
  });
});
