// Publishes the cluster's CA in every namespace as ConfigMap `kube-root-ca.crt`, which pods' tokens are mounted with.
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { namespace as namespaceKind } from '../../api/kinds/core/namespace.ts';
import { isAlreadyExists, statusOf } from '../../api/meta/status.ts';
import type { ConfigMap, Namespace } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { namespaceTerminating } from '../terminating.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const TEXT = 'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. '
  + 'No other usage is guaranteed across distributions of Kubernetes clusters.';

export const rootCaController: Controller = {
  name: 'root-ca-certificate-publisher-controller', account: 'root-ca-cert-publisher', alias: 'root-ca-cert-publisher', queue: 'root_ca_cert_publisher', workers: 1,
  start(ctx, keys) {
    const namespaces = ctx.informers.for<Namespace>(namespaceKind);
    const maps = ctx.informers.for<ConfigMap>(configMapKind);
    const wake = (ns: Namespace): void => keys.add(ns.metadata?.name ?? '');
    const wakeOf = (cm: ConfigMap): void => { if (cm.metadata?.name === NAME) keys.add(cm.metadata.namespace ?? ''); };
    namespaces.on({ add: wake, update: wake });
    maps.on({ update: wakeOf, delete: wakeOf });
    const synced = ctx.figures.counter('root_ca_cert_publisher_sync_total', 'Namespaces looked at, by the answer.', ['code']);
    const publish = async (name: string): Promise<void> => {
      const ca = ctx.config.rootCa;
      const ns = namespaces.lister.get(undefined, name);
      if (ca === undefined || !ns || ns.metadata?.deletionTimestamp !== undefined) return;
      const data = { 'ca.crt': ca };
      const found = maps.lister.get(name, NAME);
      if (!found) {
        try {
          await ctx.client.create<ConfigMap>(configMapKind, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME, namespace: name, annotations: { [DESCRIPTION]: TEXT } }, data });
        } catch (error) {
          if (!isAlreadyExists(error) && !namespaceTerminating(error)) throw error;
        }
        return;
      }
      const same = Boolean(found.metadata?.annotations?.[DESCRIPTION]) && found.data?.['ca.crt'] === ca && Object.keys(found.data).length === 1;
      if (!same)
        await ctx.client.update<ConfigMap>(configMapKind, { ...found, metadata: { ...found.metadata, annotations: { ...found.metadata?.annotations, [DESCRIPTION]: found.metadata?.annotations?.[DESCRIPTION] || TEXT } }, data });
    };
    return async name => {
      try { await publish(name); } catch (error) { synced.add([String(statusOf(error).code ?? 500)]); throw error; }
      synced.add(['200']);
    };
  },
};
