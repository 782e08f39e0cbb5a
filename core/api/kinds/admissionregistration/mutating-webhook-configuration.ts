import type { MutatingWebhookConfiguration } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultWebhook, GROUP, webhookErrors } from './rules.ts';

export const mutatingWebhookConfiguration = defineKind<MutatingWebhookConfiguration>({
  group: GROUP, version: 'v1', kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations', namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration', categories: ['api-extensions'],
  generation: true, unconditionalUpdate: false,
  setDefaults(c) { for (const w of c.webhooks ?? []) { defaultWebhook(w); w.reinvocationPolicy ??= 'Never'; } },
  validate: c => webhookErrors(c.webhooks, true),
  columns: [nameColumn, count('Webhooks', 'How many webhooks the configuration names.', c => c.webhooks?.length ?? 0), ageColumn],
  view: { nav: 'Cluster', icon: 'custom', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
