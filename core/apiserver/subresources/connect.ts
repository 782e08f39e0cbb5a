// Subresources that are connections (contract 9.3-9.5, 10): pods/log, exec, attach, portforward, and the proxies of pods, services
// and nodes. This server finds the place and passes bytes on; the node speaks the protocols.
import { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import { badRequest, methodNotAllowed, noSuchResource } from '../../api/meta/status.ts';
import type { ConnectHandler, ConnectRequest } from '../http/server.ts';
import { Cluster, type KubeletClient, type Lookup } from './connect-cluster.ts';
import { forwardRequest, forwardUpgrade, type Target } from './connect-forward.ts';
import { webSocketLogs } from './connect-logs.ts';
import { kubeletTarget } from './connect-pods.ts';
import { proxyTarget } from './connect-proxy.ts';

/** `lookup` reads this server's objects; see ApiServerOptions.connect. */
export function createConnect(lookup: Lookup, kubelet: KubeletClient): ConnectHandler & {
  /** Cuts every upgraded connection: they are no longer the HTTP server's to close. */
  close(): void;
} {
  const open = new Set<Duplex>();
  const cluster = new Cluster(lookup, kubelet);
  const agent = new Agent({ keepAlive: true, ...kubelet });
  const target = (r: ConnectRequest): Target | undefined => {
    if (r.subresource === 'proxy') return proxyTarget(cluster, r);
    if (r.resource !== 'pods') throw noSuchResource();
    return kubeletTarget(cluster, r);
  };
  return {
    async serve(req, res, r) {
      if (r.subresource === 'exec' || r.subresource === 'attach' || r.subresource === 'portforward') {
        if (req.method !== 'GET' && req.method !== 'POST') throw methodNotAllowed();
        // A wrong name is the more useful answer than a missing header.
        target(r);
        throw badRequest('Upgrade request required');
      }
      const t = target(r);
      if (!t) { res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 0 }).end(); return; }
      await forwardRequest(req, res, t, t.kubelet ? agent : undefined);
    },
    async upgrade(req, socket, head, r, begun) {
      const t = target(r);
      if (r.subresource === 'log') {
        open.add(socket);
        try { await webSocketLogs(req, socket, head, t, agent, begun); } finally { open.delete(socket); }
        return;
      }
      if (!t) throw noSuchResource();
      open.add(socket);
      try { await forwardUpgrade(req, socket, head, t, begun); } finally { open.delete(socket); }
    },
    close() {
      for (const s of open) s.destroy();
      agent.destroy();
    },
  };
}
