// Electron's main process: one instance, one window, menu, tray; the cluster lives in a process of its own.
import { app, BrowserWindow, clipboard, ipcMain, Menu, nativeImage, protocol, Tray } from 'electron';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultDataDir } from '../../core/boot/paths.ts';
import { ClusterHost } from './cluster-host.ts';
import { applicationMenu, trayMenu, type Commands } from './menu.ts';
import { openWindow, ORIGIN, serveAssets } from './window.ts';

const here = dirname(fileURLToPath(import.meta.url));
const data = defaultDataDir();

protocol.registerSchemesAsPrivileged([{ scheme: 'pilothouse', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);

if (!app.requestSingleInstanceLock()) app.quit();
else void run();

async function run(): Promise<void> {
  let window: BrowserWindow | undefined;
  let tray: Tray | undefined;
  let quitting = false;
  const show = (): void => {
    if (!window || window.isDestroyed()) {
      window = openWindow(join(here, 'preload.cjs'), join(data, 'window.json'));
      window.on('closed', () => { window = undefined; });
    } else { if (window.isMinimized()) window.restore(); window.show(); window.focus(); }
  };
  const host = new ClusterHost(join(here, 'host.mjs'), [], () => draw());
  const commands: Commands = {
    show, startCluster: () => host.start(), stopCluster: () => { void host.stop(); }, quit: () => app.quit(), copyKubeconfig: () => clipboard.writeText(join(data, 'kubeconfig')),
  };
  const draw = (): void => {
    Menu.setApplicationMenu(Menu.buildFromTemplate(applicationMenu(host.state, commands, process.platform === 'darwin')));
    tray?.setContextMenu(Menu.buildFromTemplate(trayMenu(host.state, commands)));
    tray?.setToolTip(`Pilothouse: ${host.state.phase}`);
  };

  app.on('second-instance', show);
  app.on('activate', show);
  // Closing the window leaves the cluster to the tray; quitting stops it.
  app.on('window-all-closed', () => { if (!tray) app.quit(); });
  app.on('before-quit', event => {
    if (quitting) return;
    quitting = true;
    event.preventDefault();
    void host.stop().finally(() => { host.kill(); app.quit(); });
  });
  app.on('web-contents-created', (_e, contents) => contents.on('will-attach-webview', e => e.preventDefault()));
  // Only our own page gets a connection.
  ipcMain.on('connect', event => { if (event.senderFrame?.url.startsWith(`${ORIGIN}/`)) host.connect(event.sender); });

  await app.whenReady();
  serveAssets(protocol, join(here, '..', 'renderer'));
  tray = new Tray(nativeImage.createFromPath(join(here, '..', '..', 'resources', 'icons', 'tray.png')));
  tray.on('click', show);
  host.start();
  draw();
  show();
}
