import type { ValidatingWebhookConfiguration } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultWebhook, GROUP, webhookErrors } from './rules.ts';

export const validatingWebhookConfiguration = defineKind<ValidatingWebhookConfiguration>({
  group: GROUP, version: 'v1', kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations', namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration', categories: ['api-extensions'],
  generation: true, unconditionalUpdate: false,
  setDefaults(c) { for (const w of c.webhooks ?? []) defaultWebhook(w); },
  validate: c => webhookErrors(c.webhooks, false),
  columns: [nameColumn, count('Webhooks', 'How many webhooks the configuration names.', c => c.webhooks?.length ?? 0), ageColumn],
  view: { nav: 'Cluster', icon: 'custom', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
