// Where the proxies of pods, services and nodes lead: `[http:|https:]name[:port]`.
import { isIP } from 'node:net';
import { badRequest, unavailable } from '../../api/meta/status.ts';
import type { ConnectRequest } from '../http/server.ts';
import type { Address, Cluster } from './connect-cluster.ts';
import type { Target } from './connect-forward.ts';

interface Named { scheme: 'http' | 'https'; name: string; port: string }

/** `https:web:8443`, `http:web:`, `web:80`, `web`. Throws 400 for anything else. */
export function parseTarget(text: string): Named {
  const parts = text.split(':');
  const bad = badRequest(`invalid proxy target ${JSON.stringify(text)}: want [http:|https:]name[:port]`);
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' };
  if (parts.length === 2 && parts[0] !== '') return { scheme: 'http', name: parts[0]!, port: parts[1]! };
  if (parts.length !== 3 || parts[1] === '' || !['http', 'https', ''].includes(parts[0]!)) throw bad;
  return { scheme: parts[0] === 'https' ? 'https' : 'http', name: parts[1]!, port: parts[2]! };
}

/** Where a proxy request goes. Throws 400 for a bad target, 404 for a missing object, 503 when nothing serves it. */
export function proxyTarget(cluster: Cluster, r: ConnectRequest): Target {
  const n = parseTarget(r.name);
  const prefix = r.resource === 'nodes' ? `/api/v1/nodes/${r.name}/proxy` : `/api/v1/namespaces/${r.namespace}/${r.resource}/${r.name}/proxy`;
  const path = `${r.rest || '/'}${r.search ? `?${r.search}` : ''}`;
  if (r.resource === 'nodes') {
    const agent = cluster.agent(n.name);
    if (n.port === '' || Number(n.port) === agent.port) return { ...agent, tls: true, kubelet: cluster.kubelet, path, prefix };
    return { host: cluster.addressOf(cluster.node(n.name)), port: portNumber(n.port), tls: n.scheme === 'https', path, prefix };
  }
  const at = r.resource === 'pods' ? podAddress(cluster, r.namespace, n) : serviceAddress(cluster, r.namespace, n);
  return { ...at, tls: n.scheme === 'https', path, prefix };
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw badRequest(`invalid port ${JSON.stringify(text)}`);
  return port;
}

function podAddress(cluster: Cluster, namespace: string, n: Named): Address {
  const pod = cluster.pod(namespace, n.name);
  const ip = pod.status?.podIP;
  if (!ip || isIP(ip) === 0) throw badRequest('address not allowed');
  const ports = (pod.spec?.containers ?? []).flatMap(c => c.ports ?? []);
  const named = ports.find(p => p.name === n.port && n.port !== '');
  const port = n.port === '' ? (ports[0]?.containerPort ?? 80) : (named?.containerPort ?? portNumber(n.port));
  return { host: ip, port };
}

/** A ready endpoint of the service, each time another one. */
function serviceAddress(cluster: Cluster, namespace: string, n: Named): Address {
  const service = cluster.service(namespace, n.name);
  const ports = service.spec?.ports ?? [];
  let portName = n.port;
  if (/^\d+$/.test(n.port)) {
    const found = ports.find(p => p.port === Number(n.port));
    if (!found) throw unavailable(`no service port ${n.port} found for service "${n.name}"`);
    portName = found.name ?? '';
  } else if (n.port === '' && ports.length === 1) portName = ports[0]!.name ?? '';
  const candidates: Address[] = [];
  for (const subset of cluster.endpoints(namespace, n.name)?.subsets ?? []) {
    const port = subset.ports?.find(p => (p.name ?? '') === portName)?.port;
    if (port) for (const a of subset.addresses ?? []) candidates.push({ host: a.ip, port });
  }
  const chosen = candidates[Math.floor(Math.random() * candidates.length)];
  if (!chosen) throw unavailable(`no endpoints available for service "${r(n)}"`);
  return chosen;
}

/** The name as the client wrote it, without a scheme it did not give. */
const r = (n: Named): string => (n.scheme === 'https' ? `https:${n.name}:${n.port}` : n.port ? `${n.name}:${n.port}` : n.name);
