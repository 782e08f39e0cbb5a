// Copy and paste as each platform has them, without taking Ctrl-C from the program in the container.
import type { Terminal } from '@xterm/xterm';

/**
 * xterm asks before it handles a key; false leaves the key to the browser, whose own paste then reaches xterm's text field.
 * macOS: Cmd-C, Cmd-V. Windows: Ctrl-C copies a selection, Ctrl-V pastes. Everywhere: Ctrl-Shift-C, Ctrl-Shift-V, Shift-Insert.
 */
export function copyKeys(e: KeyboardEvent, term: Pick<Terminal, 'hasSelection' | 'getSelection' | 'clearSelection'>, platform: string, find: () => void): boolean {
  if (e.type !== 'keydown') return true;
  const key = e.key.toLowerCase();
  if (e.ctrlKey && e.key === '`') return false;
  if ((e.ctrlKey || e.metaKey) && key === 'k' && e.metaKey) return false;
  if (e.ctrlKey && e.shiftKey && key === 'f') { e.preventDefault(); find(); return false; }
  const copies = (e.ctrlKey && e.shiftKey && key === 'c') || (platform === 'darwin' && e.metaKey && key === 'c') || (platform === 'win32' && e.ctrlKey && !e.shiftKey && key === 'c' && term.hasSelection());
  if (copies) {
    e.preventDefault();
    if (term.hasSelection()) {
      void navigator.clipboard.writeText(term.getSelection()).catch((why: unknown) => console.warn('not copied', why));
      if (platform === 'win32') term.clearSelection();
    }
    return false;
  }
  const pastes = (e.ctrlKey && e.shiftKey && key === 'v') || (e.shiftKey && e.key === 'Insert') || (platform === 'darwin' && e.metaKey && key === 'v') || (platform === 'win32' && e.ctrlKey && !e.altKey && key === 'v');
  return !pastes;
}
