import type { ComponentStatus } from '../../types/kubernetes.ts';
import { nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

const healthy = (c: ComponentStatus): { status: string; message?: string; error?: string } | undefined => (c.conditions ?? []).find(x => x.type === 'Healthy');

/** What the server knows of the parts of the control plane; asked for, never stored. */
export const componentStatus = defineKind<ComponentStatus>({
  group: '', version: 'v1', kind: 'ComponentStatus', plural: 'componentstatuses', namespaced: false,
  schema: 'io.k8s.api.core.v1.ComponentStatus', shortNames: ['cs'],
  verbs: ['get', 'list'], virtual: true,
  deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
  validate: () => [],
  columns: [
    nameColumn,
    text('Status', 'Whether it is healthy.', c => { const s = healthy(c)?.status; return s === 'True' ? 'Healthy' : s === 'False' ? 'Unhealthy' : 'Unknown'; }, { draw: 'state' }),
    text('Message', 'What it said.', c => healthy(c)?.message ?? ''),
    text('Error', 'What went wrong.', c => healthy(c)?.error ?? ''),
  ],
  view: { nav: 'Cluster', icon: 'overview', sections: ['spec'], actions: ['yaml'] },
});
