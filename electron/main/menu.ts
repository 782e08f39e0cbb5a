// The application menu and the tray's, as data made from the cluster's state.
import type { MenuItemConstructorOptions } from 'electron';
import type { HostState } from './cluster-host.ts';

export interface Commands { show(): void; startCluster(): void; stopCluster(): void; quit(): void; copyKubeconfig(): void }

const word = (s: HostState): string => ({ starting: `Cluster is starting${s.text ? `: ${s.text}` : ''}`, running: `Cluster runs at ${s.text}`, stopping: 'Cluster is stopping', stopped: 'Cluster is stopped', failed: `Cluster failed: ${s.text}` })[s.phase];

function clusterItems(s: HostState, c: Commands): MenuItemConstructorOptions[] {
  return [
    { label: word(s), enabled: false },
    { label: 'Start cluster', enabled: s.phase === 'stopped' || s.phase === 'failed', click: () => c.startCluster() },
    { label: 'Stop cluster', enabled: s.phase === 'running', click: () => c.stopCluster() },
    { label: 'Copy kubeconfig path', enabled: s.phase === 'running', click: () => c.copyKubeconfig() },
  ];
}

export const trayMenu = (s: HostState, c: Commands): MenuItemConstructorOptions[] =>
  [{ label: 'Show Pilothouse', click: () => c.show() }, { type: 'separator' }, ...clusterItems(s, c), { type: 'separator' }, { label: 'Quit', click: () => c.quit() }];

export const applicationMenu = (s: HostState, c: Commands, mac: boolean): MenuItemConstructorOptions[] => [
  ...(mac ? [{ role: 'appMenu' as const }] : []),
  { label: 'Cluster', submenu: [...clusterItems(s, c), ...(mac ? [] : [{ type: 'separator' as const }, { label: 'Quit', accelerator: 'CmdOrCtrl+Q', click: () => c.quit() }])] },
  { role: 'editMenu' },
  { label: 'View', submenu: [{ role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }, { type: 'separator' }, { role: 'togglefullscreen' }, { role: 'toggleDevTools' }] },
  { role: 'windowMenu' },
];
