// The words of a feature: a folder under renderer/features plus one line in features/index.ts gives actions on objects, views in
// the dock, pages and commands. App is what all of them may use; start.tsx makes it.
import type { ComponentType, ReactNode } from 'react';
import type { Action, KindSpec, Section } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { Store } from '../base/store.ts';
import type { Connection } from '../gateway/connection.ts';
import type { ClusterKinds } from '../gateway/cluster-kinds.ts';
import type { Stores } from '../gateway/stores.ts';
import type { IconName } from '../kit/Icon.tsx';
import type { SectionProps } from '../kinds/sections/section.tsx';
import type { FocusStore } from './subject.ts';
import type { WorkspaceStore } from './workspace.ts';

export interface Notice { id: number; level: 'good' | 'bad' | 'busy'; text: string; kubectl?: string }

export interface App {
  readonly connection: Connection;
  readonly stores: Stores;
  readonly workspace: WorkspaceStore;
  /** Kinds every cluster is taken to have, in the order of the tree. */
  readonly kinds: readonly KindSpec[];
  /** Those and a cluster's own. */
  readonly clusterKinds: ClusterKinds;
  readonly actions: readonly ActionSpec[];
  readonly features: readonly Feature[];
  /** The dialog on top, if any; `openDialog` replaces it. */
  readonly dialog: Store<ReactNode>;
  openDialog(render: (close: () => void) => ReactNode): void;
  readonly notices: Store<readonly Notice[]>;
  notify(n: Omit<Notice, 'id'>): void;
  /** The kubectl command of the last deed, shown in the status bar. */
  readonly lastCommand: Store<string | undefined>;
  readonly focus: FocusStore;
}

export interface ActionContext { app: App; cluster: string; kind: KindSpec; objects: readonly KubeObject[] }
/** A deed on objects. One list feeds the row buttons, the menu, the drawer, the keys and the palette. */
export interface ActionSpec {
  /** Also the catalogue key `actions.<id>` and the verb the palette reads. A word of KindSpec's `view.actions`, or a feature's own. */
  id: Action | (string & {});
  icon: IconName;
  /** One key, pressed in a list or the drawer. */
  key?: string;
  /** May be done to several objects at once. */
  bulk: boolean;
  danger?: boolean;
  /** Shown as a button on the row. */
  quick?: boolean;
  /** Default: the kind's view lists the id. */
  applies?(kind: KindSpec, objects: readonly KubeObject[]): boolean;
  /** The command that does the same; shown and copied, never run. */
  kubectl?(c: ActionContext): string;
  run(c: ActionContext): void;
}

/** A dock view gets back the `props` it was opened with, also after a restart, and must check them. */
export interface DockViewProps { id: string; props: unknown; active: boolean }
export interface Command { id: string; title: string; hint?: string; icon: string; keys?: string; run(app: App): void }

export interface Feature {
  id: string;
  actions?: readonly ActionSpec[];
  /** Keyed by DockTab.view. Use React.lazy for what is heavy. */
  dockViews?: Readonly<Record<string, ComponentType<DockViewProps>>>;
  /** Parts of the drawer, keyed by the word a kind's view lists. Loaded lazily. */
  sections?: Readonly<Partial<Record<Section, ComponentType<SectionProps>>>>;
  /** Keyed by the part of the page id after `feature:`. */
  pages?: Readonly<Record<string, ComponentType<{ cluster: string }>>>;
  /** What the palette offers besides kinds, objects and actions; titles are translated already. */
  commands?(app: App): readonly Command[];
  /** Takes files that were dropped on the window where no part of it takes them itself. */
  drop?(app: App, data: DataTransfer): void;
}
