// NamespaceLifecycle: nothing is created in a namespace that is not there or is going (contract 12.1).
import type { Namespace } from '../../api/types/kubernetes.ts';
import { forbiddenError, notFoundError } from '../../api/meta/status.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin } from './chain.ts';

/** 404 for a create in a namespace that is not there, 403 in one that terminates. */
export function namespaceLifecycle(env: () => Pick<RegistryEnv, 'store' | 'find'>): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    mutate(a) {
      if (a.operation !== 'CREATE' || !a.resource.spec.namespaced) return;
      const { store, find } = env();
      const namespaces = find('', 'namespaces');
      if (!namespaces) return;
      const entry = store.get(namespaces.key('', a.namespace));
      if (entry === undefined) throw notFoundError(namespaces.spec, a.namespace);
      const ns = namespaces.stateOf(entry) as Namespace;
      if (ns.status?.phase !== 'Terminating' && ns.metadata!.deletionTimestamp === undefined) return;
      throw forbiddenError(a.resource.spec, a.name, `unable to create new content in namespace ${a.namespace} because it is being terminated`, {
        details: { causes: [{ reason: 'NamespaceTerminating', message: `namespace ${a.namespace} is being terminated`, field: 'metadata.namespace' }] },
      });
    },
  };
}
