import { expect, it } from 'vitest';
import type { RoleBinding } from '../api/types/kubernetes.ts';
import { defaultPolicy } from '../apiserver/authz/rbac/default-policy.ts';
import { controllers } from '../controllers/index.ts';

it('every controller acts as an account that has a default role', () => {
  const bound = new Set(defaultPolicy().flatMap(d => (d.object as RoleBinding).subjects ?? []).filter(s => s.kind === 'ServiceAccount' && s.namespace === 'kube-system').map(s => s.name));
  expect(controllers.filter(c => c.account !== null && !bound.has(c.account ?? c.name)).map(c => c.name)).toEqual([]);
  expect(controllers.filter(c => c.account === null).map(c => c.alias)).toEqual(['serviceaccount-token']);
});
