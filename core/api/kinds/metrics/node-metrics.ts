import type { V1beta1NodeMetrics } from '../../types/kubernetes.ts';
import { nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

/** What nodes use, measured when asked for; never stored. */
export const nodeMetrics = defineKind<V1beta1NodeMetrics>({
  group: 'metrics.k8s.io', version: 'v1beta1', kind: 'NodeMetrics', plural: 'nodes', namespaced: false,
  schema: 'io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics',
  verbs: ['get', 'list'], virtual: true,
  validate: () => [],
  columns: [
    nameColumn,
    text('cpu', 'Processors in use.', m => m.usage?.['cpu'] ?? ''), text('memory', 'Memory in use.', m => m.usage?.['memory'] ?? ''),
    text('Window', 'The time over which was measured.', m => m.window ?? ''),
  ],
  view: { nav: 'Cluster', icon: 'node', sections: [], actions: ['yaml'] },
});
