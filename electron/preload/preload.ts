// The window's one door: `window.pilothouse.connect()` gives the page its MessagePort to the host, once.
import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('pilothouse', {
  /** Asks for the connection; it arrives as a `message` event of the page with one port. */
  connect(): void {
    ipcRenderer.once('port', event => { window.postMessage('pilothouse-port', location.origin, event.ports); });
    ipcRenderer.send('connect');
  },
});
