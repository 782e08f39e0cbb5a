// Opening an editor tab, and making room for it.
import type { App } from '../../app/feature.ts';
import { wantFocus } from '../../kit/focus.ts';

/** An editor needs room: pixels of dock that are at least given to it. */
const ROOM = 440;

export function openEditor(app: App, tab: { id?: string; title: string; props: unknown }): void {
  wantFocus(app.workspace.openDock({ view: 'yaml', icon: 'yaml', ...tab }));
  if (app.workspace.get().layout.dock < ROOM) app.workspace.layout({ dock: Math.min(ROOM, Math.round(window.innerHeight * 0.6)) });
}
