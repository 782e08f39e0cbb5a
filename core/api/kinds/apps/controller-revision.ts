import { semanticEqual } from '../../meta/equal.ts';
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import { controllerOf, groupOf } from '../../meta/owner.ts';
import type { ControllerRevision } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { nonNegative } from '../parts/workload.ts';

function validate(r: ControllerRevision): FieldError[] {
  return [...(r.data === undefined || r.data === null ? [required('data', 'data is mandatory')] : []), ...nonNegative(r.revision, 'revision')];
}

/** `daemonset.apps/web`. */
function controllerText(r: ControllerRevision): string {
  const ref = controllerOf(r);
  if (!ref) return '<none>';
  const group = groupOf(ref.apiVersion);
  return `${ref.kind.toLowerCase()}${group ? `.${group}` : ''}/${ref.name}`;
}

export const controllerRevision = defineKind<ControllerRevision>({
  group: 'apps', version: 'v1', kind: 'ControllerRevision', plural: 'controllerrevisions', namespaced: true,
  schema: 'io.k8s.api.apps.v1.ControllerRevision',
  validate,
  validateUpdate: (next, prev) => (semanticEqual(next.data, prev.data) ? [] : [invalid('data', next.data, IMMUTABLE)]),
  columns: [nameColumn, text('Controller', 'What this is a revision of.', controllerText), count('Revision', 'Number of the revision.', r => r.revision ?? 0), ageColumn],
  view: { nav: 'Workloads', icon: 'revision', sections: ['owners', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
