import type { V2HorizontalPodAutoscaler } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const horizontalPodAutoscaler = defineKind<V2HorizontalPodAutoscaler>({
  group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', namespaced: true,
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler', shortNames: ['hpa'], categories: ['all'],
  subresources: [STATUS],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'autoscale', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});
