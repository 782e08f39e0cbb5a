// A feature is a folder under renderer/features plus one line in features/index.ts: actions on objects, views in the dock, pages, commands.
import type { ComponentType } from 'react';
import type { ActionSpec } from './actions.ts';
import type { App } from './context.ts';

/** A dock view gets back the `props` it was opened with, also after a restart, and must check them. */
export interface DockViewProps { id: string; props: unknown; active: boolean }
export interface Command { id: string; title: string; hint?: string; icon: string; keys?: string; run(app: App): void }

export interface Feature {
  id: string;
  actions?: readonly ActionSpec[];
  /** Keyed by DockTab.view. Use React.lazy for what is heavy. */
  dockViews?: Readonly<Record<string, ComponentType<DockViewProps>>>;
  /** Keyed by the part of the page id after `feature:`. */
  pages?: Readonly<Record<string, ComponentType<{ cluster: string }>>>;
  /** What the palette offers besides kinds, objects and actions; titles are translated already. */
  commands?(app: App): readonly Command[];
}
