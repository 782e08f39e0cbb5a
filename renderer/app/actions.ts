// Which deeds can be done to some objects.
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { ActionSpec, App } from './feature.ts';

export function actionsFor(app: App, kind: KindSpec, objects: readonly KubeObject[]): ActionSpec[] {
  if (objects.length === 0) return [];
  return app.actions.filter(a => (objects.length === 1 || a.bulk) && (a.applies ? a.applies(kind, objects) : (kind.view.actions as readonly string[]).includes(a.id)));
}
