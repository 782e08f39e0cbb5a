import type { ServiceAccount } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const serviceAccount = defineKind<ServiceAccount>({
  group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true,
  schema: 'io.k8s.api.core.v1.ServiceAccount', shortNames: ['sa'],
  subresources: [{ name: 'token', verbs: ['create'], responseKind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } }],
  controller: 'serviceaccount',
  validate: () => [],
  columns: [nameColumn, count('Secrets', 'Number of secrets pods of this account may use.', s => s.secrets?.length ?? 0), ageColumn],
  view: { nav: 'Access', icon: 'account', sections: ['owners', 'events', 'labels'], actions: ['yaml', 'delete'] },
});
