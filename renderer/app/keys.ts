// The grammar of keys, the same everywhere: `g` and a letter jumps, one letter does a deed to what is chosen, Esc steps back one level.
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import { actionsFor } from './actions.ts';
import type { App } from './feature.ts';
import { pageOf } from './workspace.ts';

/** `g` then this. */
export const JUMPS: Readonly<Record<string, string>> = {
  p: 'Pod', d: 'Deployment', r: 'ReplicaSet', t: 'StatefulSet', m: 'DaemonSet', j: 'Job', s: 'Service', i: 'Ingress', c: 'ConfigMap', x: 'Secret', v: 'PersistentVolumeClaim', n: 'Node', a: 'Namespace', e: 'Event',
};
export interface KeyHooks { palette(start?: string): void; sheet(): void; leader(on: boolean): void }

/** Installs the window's keys; returns the way to take them out. */
export function installKeys(app: App, hooks: KeyHooks): () => void {
  let leader: ReturnType<typeof setTimeout> | undefined;
  const endLeader = (): void => { clearTimeout(leader); leader = undefined; hooks.leader(false); };
  const onKey = (e: KeyboardEvent): void => {
    const mod = e.ctrlKey || e.metaKey;
    const { workspace } = app;
    if (mod && e.key.toLowerCase() === 'k') { e.preventDefault(); hooks.palette(); return; }
    if (e.ctrlKey && e.key === '`') { e.preventDefault(); workspace.layout({ dockOpen: !workspace.get().layout.dockOpen }); return; }
    if (mod && e.key.toLowerCase() === 'b') { e.preventDefault(); workspace.layout({ treeOpen: !workspace.get().layout.treeOpen }); return; }
    if (mod || e.altKey || e.defaultPrevented || app.dialog.get() || inText(e.target) || document.querySelector('.MuiPopover-root, .MuiDialog-root')) return;
    if (leader !== undefined) {
      endLeader();
      const kind = e.key === 'o' ? undefined : app.kinds.find(k => k.kind === JUMPS[e.key] && !k.storedAs);
      if (e.key === 'o') workspace.show('overview'); else if (kind) workspace.show(pageOf(kind));
      if (kind || e.key === 'o') e.preventDefault();
      return;
    }
    switch (e.key) {
      case 'g': leader = setTimeout(endLeader, 1500); hooks.leader(true); break;
      case '/': document.getElementById('list-filter')?.focus(); break;
      case 'n': document.getElementById('namespace-picker')?.click(); break;
      case '?': hooks.sheet(); break;
      case 'Escape': stepBack(app); break;
      default: {
        const f = app.focus.get();
        const action = f && actionsFor(app, f.kind as KindSpec, f.objects).find(a => a.key === e.key || (e.key === 'Delete' && a.key === 'd'));
        if (!f || !action) return;
        action.run({ app, ...f });
      }
    }
    e.preventDefault();
  };
  window.addEventListener('keydown', onKey);
  return () => { window.removeEventListener('keydown', onKey); clearTimeout(leader); };
}

/** One level at a time: the drawer, then the dock. */
function stepBack(app: App): void {
  const w = app.workspace.get();
  if (w.drawer) { app.workspace.closeDrawer(); document.querySelector<HTMLElement>('.table')?.focus(); } else if (w.layout.dockOpen) app.workspace.layout({ dockOpen: false });
}

/** Typing belongs to fields, editors and terminals. */
const inText = (target: EventTarget | null): boolean => target instanceof HTMLElement && (target.isContentEditable || target.closest('input:not([type=checkbox]), textarea, select, .monaco-editor, .xterm') !== null);
