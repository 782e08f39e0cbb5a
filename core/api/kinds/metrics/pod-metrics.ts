import { addQuantity } from '../../meta/quantity.ts';
import type { V1beta1PodMetrics } from '../../types/kubernetes.ts';
import { nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

const sum = (m: V1beta1PodMetrics, resource: string): string => (m.containers ?? []).reduce<string | undefined>((all, c) => addQuantity(all, c.usage?.[resource]), undefined) ?? '';

/** What the containers of pods use, measured when asked for; never stored. */
export const podMetrics = defineKind<V1beta1PodMetrics>({
  group: 'metrics.k8s.io', version: 'v1beta1', kind: 'PodMetrics', plural: 'pods', namespaced: true,
  schema: 'io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics',
  verbs: ['get', 'list'], virtual: true,
  validate: () => [],
  columns: [
    nameColumn,
    text('cpu', 'Processors in use.', m => sum(m, 'cpu')), text('memory', 'Memory in use.', m => sum(m, 'memory')),
    text('Window', 'The time over which was measured.', m => m.window ?? ''),
  ],
  view: { nav: 'Workloads', icon: 'pod', sections: [], actions: ['yaml'] },
});
