// The label that names the control plane's node. A node may not give it to itself: who installs the cluster does, as everywhere.
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { isNotFound } from '../api/meta/status.ts';
import type { Node } from '../api/types/kubernetes.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { InformerFactory } from '../client/informer.ts';

const ROLE = 'node-role.kubernetes.io/control-plane';

export const hasControlPlaneRole = (n: Node | undefined): boolean => n?.metadata?.labels?.[ROLE] !== undefined;

/** Labels the node of this name whenever it appears; whoever takes the label off later has his way until the next start. `client` is an administrator's. */
export function keepControlPlaneRole(informers: InformerFactory, client: Client, name: string, log: Log): void {
  const label = async (): Promise<void> => {
    try { await client.patch(nodeKind, undefined, name, 'application/merge-patch+json', { metadata: { labels: { [ROLE]: '' } } }); } catch (error) {
      if (!isNotFound(error)) log.error('the control plane\'s node could not be labelled', { node: name, error });
    }
  };
  informers.for<Node>(nodeKind).on({ add: n => { if (n.metadata?.name === name && !hasControlPlaneRole(n)) void label(); } });
}
