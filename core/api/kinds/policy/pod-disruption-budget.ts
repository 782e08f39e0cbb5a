import type { PodDisruptionBudget } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  group: 'policy', version: 'v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', namespaced: true,
  schema: 'io.k8s.api.policy.v1.PodDisruptionBudget', shortNames: ['pdb'],
  subresources: [STATUS],
  generation: true, unconditionalUpdate: false,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Config', icon: 'budget', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});
