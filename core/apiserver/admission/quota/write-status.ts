// How a quota's status is written: as any client's would be, in the name Kubernetes' own controller has.
import type { ResourceQuota } from '../../../api/types/kubernetes.ts';
import type { RequestContext } from '../../context.ts';
import type { RegistryEnv } from '../../registry/env.ts';
import { writeOptions } from '../../registry/options.ts';
import { change } from '../../registry/update.ts';
import type { QuotaEnv } from './resource-quota.ts';

const MANAGER = 'kube-controller-manager';

export function quotaEnv(env: RegistryEnv): QuotaEnv {
  return {
    store: env.store, clock: env.clock, log: env.log, find: env.find,
    async writeStatus(namespace, name, produce) {
      const resource = env.find('', 'resourcequotas');
      if (!resource) return;
      const ctx: RequestContext = {
        method: 'PUT', user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }, query: { fieldManager: MANAGER },
        body: { value: undefined, contentType: undefined }, userAgent: MANAGER, warnings: [],
      };
      await change(env, ctx, { resource, namespace, name, subresource: 'status', options: writeOptions(ctx, 'UpdateOptions'), produce: prev => produce(prev as ResourceQuota) });
    },
  };
}
