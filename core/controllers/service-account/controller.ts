// Every namespace gets its `default` ServiceAccount, and gets it back when it is deleted.
import { namespace as namespaceKind } from '../../api/kinds/core/namespace.ts';
import { serviceAccount as serviceAccountKind } from '../../api/kinds/core/service-account.ts';
import { isAlreadyExists } from '../../api/meta/status.ts';
import type { Namespace, ServiceAccount } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { namespaceTerminating } from '../terminating.ts';

const NAME = 'default';

export const serviceAccountController: Controller = {
  name: 'serviceaccount-controller', account: 'service-account-controller', alias: 'serviceaccount', workers: 1,
  start(ctx, keys) {
    const namespaces = ctx.informers.for<Namespace>(namespaceKind);
    const accounts = ctx.informers.for<ServiceAccount>(serviceAccountKind);
    const wake = (ns: Namespace): void => keys.add(ns.metadata?.name ?? '');
    namespaces.on({ add: wake, update: wake });
    accounts.on({ delete: sa => { if (sa.metadata?.name === NAME) keys.add(sa.metadata.namespace ?? ''); } });
    return async name => {
      const ns = namespaces.lister.get(undefined, name);
      if (!ns || ns.metadata?.deletionTimestamp !== undefined || accounts.lister.get(name, NAME)) return;
      try {
        await ctx.client.create<ServiceAccount>(serviceAccountKind, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: name } });
      } catch (error) {
        if (!isAlreadyExists(error) && !namespaceTerminating(error)) throw error;
      }
    };
  },
};
