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
    if (e.ctrlKey && e.key === '`') { e.preventDefault(); workspace.layout({ dockOpen: !workspace.get().layout.dockOpen }); keepFocus(); return; }
    if (mod && e.key === '\\') { e.preventDefault(); workspace.splitDock(); return; }
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
  // Also out of editors and terminals, which take every other key for themselves.
  const onPanes = (e: KeyboardEvent): void => {
    if (e.key !== 'F6' || e.ctrlKey || e.altKey || e.metaKey || document.querySelector('.MuiPopover-root, .MuiDialog-root')) return;
    e.preventDefault();
    e.stopPropagation();
    nextPane(e.shiftKey ? -1 : 1);
  };
  window.addEventListener('keydown', onKey);
  window.addEventListener('keydown', onPanes, true);
  return () => { window.removeEventListener('keydown', onKey); window.removeEventListener('keydown', onPanes, true); clearTimeout(leader); };
}

/** One level at a time: from inside the dock that, else the drawer, then the dock. */
function stepBack(app: App): void {
  const w = app.workspace.get();
  const inDock = w.layout.dockOpen && document.activeElement?.closest('.dock') !== null && document.activeElement !== null;
  if (w.drawer && !inDock) app.workspace.closeDrawer(); else if (w.layout.dockOpen) app.workspace.layout({ dockOpen: false });
  // What had the focus may be gone: the rows, or whatever the page has, take it.
  setTimeout(() => { if (document.activeElement === document.body || document.activeElement?.closest('[hidden]')) mainTarget()?.focus(); }, 0);
}

/** After the dock was shown it has the focus; after it was hidden the page has. */
function keepFocus(): void {
  setTimeout(() => {
    const tab = document.querySelector<HTMLElement>('.dock-hold:not([hidden]) .dock-tab [tabindex="0"]') ?? document.querySelector<HTMLElement>('.dock-hold:not([hidden]) .dock-tabs button:not([disabled])');
    if (tab) tab.focus(); else if (document.activeElement === document.body || document.activeElement?.closest('[hidden]')) mainTarget()?.focus();
  }, 0);
}

const mainTarget = (): HTMLElement | null => document.querySelector<HTMLElement>('.table') ?? document.querySelector<HTMLElement>('main.main button, main.main a[href], main.main [tabindex="0"]');
/** The parts of the frame that are in sight, each by what in it takes the focus. */
function panes(): { part: Element; target: HTMLElement }[] {
  const first = (part: Element): HTMLElement | null => part.querySelector<HTMLElement>('[aria-current="page"], button:not([disabled]):not([tabindex="-1"]), [tabindex="0"]');
  const of = (selector: string, target: (part: Element) => HTMLElement | null = first): { part: Element; target: HTMLElement }[] => {
    const part = document.querySelector(selector);
    const t = part && target(part);
    return part && t ? [{ part, target: t }] : [];
  };
  return [...of('.rail'), ...of('.tree'), ...of('main.main', mainTarget), ...of('.drawer'), ...of('.dock-hold:not([hidden]) .dock', p => p.querySelector<HTMLElement>('.dock-tab [tabindex="0"]') ?? first(p)), ...of('.status-bar')];
}
function nextPane(by: 1 | -1): void {
  const list = panes();
  const at = list.findIndex(p => p.part.contains(document.activeElement));
  const next = at < 0 ? list.findIndex(p => p.part.matches('main.main')) : (at + by + list.length) % list.length;
  list[next]?.target.focus();
}

/** Typing belongs to fields, editors and terminals. */
const inText = (target: EventTarget | null): boolean => target instanceof HTMLElement && (target.isContentEditable || target.closest('input:not([type=checkbox]), textarea, select, .monaco-editor, .xterm') !== null);
