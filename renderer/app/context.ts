// What every part of the window may use; made once in main.tsx.
import { createContext, useContext, type ReactNode } from 'react';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { Store } from '../base/store.ts';
import type { Connection } from '../gateway/connection.ts';
import type { Stores } from '../gateway/stores.ts';
import type { ActionSpec } from './actions.ts';
import type { Feature } from './feature.ts';
import type { WorkspaceStore } from './workspace.ts';

export interface Notice { id: number; level: 'good' | 'bad' | 'busy'; text: string; kubectl?: string }

export interface App {
  readonly connection: Connection;
  readonly stores: Stores;
  readonly workspace: WorkspaceStore;
  /** Kinds the window knows, in the order of the tree. */
  readonly kinds: readonly KindSpec[];
  readonly actions: readonly ActionSpec[];
  readonly features: readonly Feature[];
  /** The dialog on top, if any; `openDialog` replaces it. */
  readonly dialog: Store<ReactNode>;
  openDialog(render: (close: () => void) => ReactNode): void;
  readonly notices: Store<readonly Notice[]>;
  notify(n: Omit<Notice, 'id'>): void;
  /** The kubectl command of the last deed, shown in the status bar. */
  readonly lastCommand: Store<string | undefined>;
  /** Objects the keys act on now: the selection of the list, or what the drawer shows. */
  readonly focus: Store<Focus | undefined>;
}
export interface Focus { cluster: string; kind: KindSpec; objects: readonly import('../../core/api/meta/object.ts').KubeObject[] }

export const AppContext = createContext<App | undefined>(undefined);
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('useApp outside of the app');
  return app;
}
