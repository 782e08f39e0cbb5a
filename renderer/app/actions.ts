// Deeds on objects: one list feeds the row buttons, the menu, the drawer, the keys and the palette.
import type { Action, KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { IconName } from '../kit/Icon.tsx';
import type { App } from './context.ts';

export interface ActionContext { app: App; cluster: string; kind: KindSpec; objects: readonly KubeObject[] }
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

export function actionsFor(app: App, kind: KindSpec, objects: readonly KubeObject[]): ActionSpec[] {
  if (objects.length === 0) return [];
  return app.actions.filter(a => (objects.length === 1 || a.bulk) && (a.applies ? a.applies(kind, objects) : (kind.view.actions as readonly string[]).includes(a.id)));
}
