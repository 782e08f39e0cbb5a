import { invalid, type FieldError } from '../../meta/field-error.ts';
import { labelKey } from '../../meta/names.ts';
import { bareFinalizer } from '../../meta/object-meta.ts';
import type { Namespace } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';

/** Every namespace carries its name as a label, so that selectors can name it (contract trap 25). */
function labelName(ns: Namespace): void {
  const m = ns.metadata;
  if (!m?.name) return;
  m.labels = { ...m.labels, 'kubernetes.io/metadata.name': m.name };
}

/** A finalizer's name: qualified, or one of Kubernetes' own. */
export const finalizerErrors = (name: string, path: string): FieldError[] => [...labelKey(name).map(m => invalid(path, name, m)), ...bareFinalizer(name, path)];

function validateStatusUpdate(ns: Namespace): FieldError[] {
  const going = ns.metadata?.deletionTimestamp !== undefined, phase = ns.status?.phase ?? '', only = going ? 'Terminating' : 'Active';
  return phase === only ? [] : [invalid('status.Phase', phase, `may only be '${only}' if \`deletionTimestamp\` is ${going ? 'not ' : ''}empty`)];
}

export const namespace = defineKind<Namespace>({
  group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false,
  schema: 'io.k8s.api.core.v1.Namespace', shortNames: ['ns'],
  subresources: [STATUS, { name: 'finalize', verbs: ['update'] }],
  nameRule: 'dns-label', verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  setDefaults(ns) { labelName(ns); if (ns.status) ns.status.phase ||= 'Active'; },
  prepareForCreate(ns) {
    labelName(ns);
    const finalizers = ns.spec?.finalizers ?? [];
    ns.spec = { ...ns.spec, finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] };
    ns.status = { phase: 'Active' };
  },
  prepareForUpdate(next, prev) {
    if (prev.spec?.finalizers) next.spec = { ...next.spec, finalizers: prev.spec.finalizers };
    else if (next.spec) delete next.spec.finalizers;
    keepStatus(next, prev);
  },
  validate: () => [],
  validateCreate: ns => (ns.spec?.finalizers ?? []).flatMap(f => finalizerErrors(f, 'spec.finalizers')),
  validateStatusUpdate,
  fields: { 'status.phase': ns => ns.status?.phase ?? '' },
  controller: 'namespace',
  columns: [nameColumn, { name: 'Status', type: 'string', draw: 'state', description: 'Active or Terminating.', value: ns => ns.status?.phase ?? '' }, ageColumn],
  view: {
    nav: 'Cluster', icon: 'namespace', sections: ['conditions', 'events', 'labels'], actions: ['yaml', 'delete'],
    health(ns) {
      if (ns.status?.phase !== 'Terminating') return { level: 'good', word: ns.status?.phase ?? 'Active' };
      const stuck = ns.status.conditions?.find(c => c.status === 'True' && c.type !== 'NamespaceContentRemaining' && c.message);
      return { level: stuck ? 'warning' : 'busy', word: 'Terminating', ...(stuck?.message ? { reason: stuck.message } : {}) };
    },
  },
});
