// Stands in for Electron where its runtime is not: records what main does with it. Typed against Electron's own types, so that a call
// the real one does not have cannot pass here.
import { EventEmitter } from 'node:events';
import type * as E from 'electron';

/** What happened, in order, for tests to read. */
export const calls: { what: string; args: unknown[] }[] = [];
const note = (what: string, ...args: unknown[]): void => { calls.push({ what, args }); };

class App extends EventEmitter {
  requestSingleInstanceLock(): boolean { return true; }
  whenReady(): Promise<void> { return Promise.resolve(); }
  quit(): void { note('app.quit'); this.emit('before-quit', { preventDefault: () => note('before-quit prevented') }); }
}
export const app = new App() as unknown as E.App;

class WebContents extends EventEmitter {
  openHandler: ((d: { url: string }) => { action: string }) | undefined;
  setWindowOpenHandler(h: WebContents['openHandler']): void { this.openHandler = h; }
  postMessage(channel: string, message: unknown, ports: unknown[]): void { note('webContents.postMessage', channel, message, ports); }
}
class Window extends EventEmitter {
  webContents = new WebContents();
  readonly options: E.BrowserWindowConstructorOptions;
  constructor(options: E.BrowserWindowConstructorOptions) { super(); this.options = options; note('BrowserWindow', options); windows.push(this); }
  loadURL(url: string): Promise<void> { note('loadURL', url); return Promise.resolve(); }
  maximize(): void { note('maximize'); }
  show(): void { note('show'); }
  focus(): void { note('focus'); }
  isMinimized(): boolean { return false; }
  isMaximized(): boolean { return true; }
  isDestroyed(): boolean { return false; }
  getNormalBounds(): E.Rectangle { return { x: 5, y: 6, width: 1000, height: 700 }; }
}
export const windows: Window[] = [];
export const BrowserWindow = Window as unknown as typeof E.BrowserWindow;

export class Port extends EventEmitter { postMessage(m: unknown): void { note('port.postMessage', m); } }
export const MessageChannelMain = class { port1 = new Port(); port2 = new Port(); } as unknown as typeof E.MessageChannelMain;

export class Child extends EventEmitter {
  postMessage(message: unknown, ports?: unknown[]): void { note('host.postMessage', message, ports); this.emit('told', message); }
  kill(): boolean { note('host.kill'); return true; }
}
export const children: Child[] = [];
export const utilityProcess = { fork: (script: string) => { note('fork', script); const c = new Child(); children.push(c); return c; } } as unknown as typeof E.utilityProcess;

export const ipcMain = new EventEmitter() as unknown as E.IpcMain;
export const ipcRenderer = Object.assign(new EventEmitter(), { send: (channel: string) => note('ipcRenderer.send', channel) }) as unknown as E.IpcRenderer;
export const contextBridge = { exposeInMainWorld: (name: string, api: unknown) => note('exposeInMainWorld', name, api) } as unknown as E.ContextBridge;
export const handlers = new Map<string, (r: Request) => Promise<Response>>();
export const protocol = { registerSchemesAsPrivileged: (s: unknown) => note('schemes', s), handle: (scheme: string, h: (r: Request) => Promise<Response>) => { handlers.set(scheme, h); } } as unknown as E.Protocol;
export const Menu = { setApplicationMenu: (m: unknown) => note('setApplicationMenu', m), buildFromTemplate: (t: unknown) => t } as unknown as typeof E.Menu;
export const Tray = class extends EventEmitter { setContextMenu(m: unknown): void { note('tray.setContextMenu', m); } setToolTip(t: string): void { note('tray.setToolTip', t); } } as unknown as typeof E.Tray;
export const nativeImage = { createFromPath: (p: string) => ({ p }) } as unknown as typeof E.nativeImage;
export const clipboard = { writeText: (t: string) => note('clipboard', t) } as unknown as E.Clipboard;
export const dialog = { showOpenDialog: () => Promise.resolve({ canceled: true, filePaths: [] }) } as unknown as E.Dialog;
export const shell = { openExternal: (url: string) => { note('openExternal', url); return Promise.resolve(); } } as unknown as E.Shell;
export const session = { defaultSession: { setPermissionRequestHandler: (h: unknown) => note('permissions', h) } } as unknown as typeof E.session;
