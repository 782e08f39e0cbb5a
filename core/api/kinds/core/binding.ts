import type { Binding } from '../../types/kubernetes.ts';
import { defineKind } from '../kind.ts';

/** A pod's node, as a scheduler posts it: the old way to say what pods/binding says. */
export const binding = defineKind<Binding>({
  group: '', version: 'v1', kind: 'Binding', plural: 'bindings', namespaced: true,
  schema: 'io.k8s.api.core.v1.Binding',
  verbs: ['create'], virtual: true,
  validate: () => [], columns: [],
  view: { nav: 'Cluster', icon: 'binding', sections: [], actions: [] },
});
