// autoscaling/v1: another view of the v2 object (convert.ts); both share one store.
import type { HorizontalPodAutoscaler } from '../../types/kubernetes.ts';
import { STATUS, defineKind, type Column } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { fromV2, toV2, V1_STATUS_ANNOTATIONS } from './convert.ts';
import { horizontalPodAutoscaler as v2 } from './horizontal-pod-autoscaler.ts';

export const horizontalPodAutoscalerV1 = defineKind<HorizontalPodAutoscaler>({
  group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', namespaced: true,
  schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler', shortNames: ['hpa'], categories: ['all'],
  subresources: [STATUS],
  storedAs: { group: 'autoscaling', plural: 'horizontalpodautoscalers' }, convert: { fromStored: fromV2, toStored: toV2 },
  setDefaults(h) { if (h.spec) h.spec.minReplicas ??= 1; },
  prepareForCreate(h) { h.status = { currentReplicas: 0, desiredReplicas: 0 }; },
  prepareForUpdate(next, prev) {
    keepStatus(next, prev);
    // Parts of the status stand in annotations here; they are no more the writer's than the rest of it.
    for (const name of V1_STATUS_ANNOTATIONS) {
      const was = prev.metadata?.annotations?.[name];
      if (was !== undefined) (next.metadata!.annotations ??= {})[name] = was;
      else delete next.metadata?.annotations?.[name];
    }
  },
  validate: h => v2.validate(toV2(h)).filter(e => !e.field.startsWith('metadata.'))
    .map(e => (/^spec\.metrics\[0\]\.resource\.target\.averageUtilization$/.test(e.field) && h.spec?.targetCPUUtilizationPercentage !== undefined ? { ...e, field: 'spec.targetCPUUtilizationPercentage' } : e)),
  validateStatusUpdate: (next, prev) => v2.validateStatusUpdate!(toV2(next), toV2(prev)),
  columns: v2.columns.map((c): Column<HorizontalPodAutoscaler> => {
    const { sort, ...rest } = c;
    return { ...rest, value: (h, now) => c.value(toV2(h), now), ...(sort ? { sort: (h: HorizontalPodAutoscaler) => sort(toV2(h)) } : {}) };
  }),
  view: { nav: 'Workloads', icon: 'autoscale', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
