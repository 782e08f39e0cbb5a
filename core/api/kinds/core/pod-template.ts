import type { PodTemplate } from '../../types/kubernetes.ts';
import { labelsText, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultPodTemplate, validatePodTemplate } from '../parts/pod-template.ts';

export const podTemplate = defineKind<PodTemplate>({
  group: '', version: 'v1', kind: 'PodTemplate', plural: 'podtemplates', namespaced: true,
  schema: 'io.k8s.api.core.v1.PodTemplate',
  generation: true,
  setDefaults(t) { defaultPodTemplate(t.template); },
  validate: t => validatePodTemplate(t.template ?? {}, 'template'),
  columns: [
    nameColumn,
    text('Containers', 'Names of each container in the template.', t => (t.template?.spec?.containers ?? []).map(c => c.name).join(',')),
    text('Images', 'Images referenced by each container in the template.', t => (t.template?.spec?.containers ?? []).map(c => c.image ?? '').join(','), { draw: 'code' }),
    text('Pod Labels', 'Labels of the pods made from it.', t => labelsText(t.template?.metadata?.labels), { draw: 'labels' }),
  ],
  view: { nav: 'Workloads', icon: 'template', sections: ['podTemplate', 'owners', 'labels'], actions: ['yaml', 'delete'] },
});
