// Which deeds can be done to some objects.
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { ActionSpec, App } from './feature.ts';

export function actionsFor(app: App, kind: KindSpec, objects: readonly KubeObject[]): ActionSpec[] {
  if (objects.length === 0) return [];
  const order: readonly string[] = kind.view.actions;
  // As the kind lists them; what is a feature's own comes after those, what destroys comes last.
  const place = (a: ActionSpec): number => { if (a.danger) return 1000; const at = order.indexOf(a.id); return at < 0 ? 500 : at; };
  return app.actions.filter(a => (objects.length === 1 || a.bulk) && (a.applies ? a.applies(kind, objects) : order.includes(a.id))).sort((a, b) => place(a) - place(b));
}
