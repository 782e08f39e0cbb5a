// The window: sandboxed, isolated, showing our own page and nothing else.
import { BrowserWindow, session, shell, type Protocol } from 'electron';
import { readFile } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { loadState, saveState } from './window-state.ts';

export const ORIGIN = 'pilothouse://app';
export const CSP = ["default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "font-src 'self' data:", "img-src 'self' data:", "connect-src 'self'", "worker-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"].join('; ');
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.ttf': 'font/ttf', '.woff2': 'font/woff2' };

/** Serves `dir` at pilothouse://app/ with the strict policy; nothing outside of it can be reached. */
export function serveAssets(protocol: Protocol, dir: string): void {
  const root = resolve(dir);
  protocol.handle('pilothouse', async request => {
    const { host, pathname } = new URL(request.url);
    const file = resolve(join(root, pathname === '/' ? 'index.html' : decodeURIComponent(pathname)));
    if (host !== 'app' || !file.startsWith(root + sep)) return new Response('not found', { status: 404 });
    try {
      return new Response(new Uint8Array(await readFile(file)), { headers: { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': CSP, 'x-content-type-options': 'nosniff' } });
    } catch { return new Response('not found', { status: 404 }); /* whatever the reason, the page gets no more than that */ }
  });
}

/** Opens the main window where it was last time. `stateFile` keeps its place. */
export function openWindow(preload: string, stateFile: string): BrowserWindow {
  const state = loadState(stateFile);
  const window = new BrowserWindow({
    ...state.bounds, minWidth: 900, minHeight: 560, show: false, title: 'Pilothouse', autoHideMenuBar: true,
    webPreferences: { preload, sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, spellcheck: false },
  });
  if (state.maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('close', () => saveState(stateFile, { bounds: window.getNormalBounds(), maximized: window.isMaximized() }));
  // Links go to the system's browser; the window itself never leaves our page.
  window.webContents.setWindowOpenHandler(({ url }) => { if (/^https?:/.test(url)) void shell.openExternal(url); return { action: 'deny' }; });
  window.webContents.on('will-navigate', (event, url) => { if (!url.startsWith(`${ORIGIN}/`)) event.preventDefault(); });
  session.defaultSession.setPermissionRequestHandler((_w, permission, allow) => allow(permission === 'clipboard-sanitized-write' || permission === 'clipboard-read'));
  void window.loadURL(`${ORIGIN}/`);
  return window;
}
