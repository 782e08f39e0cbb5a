// The seven variables per service that Docker links once made, and KUBERNETES_*: which services a container sees.
import type { Service } from '../../api/types/kubernetes.ts';

/** Variables of the services of the pod's namespace (only with enableServiceLinks) and of `kubernetes` in `default` (always). */
export function serviceVariables(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const chosen = new Map<string, Service>();
  for (const s of services) {
    const m = s.metadata;
    const ip = s.spec?.clusterIP;
    if (!ip || ip === 'None' || s.spec?.type === 'ExternalName') continue;
    const master = m?.namespace === 'default' && m.name === 'kubernetes';
    if (master && !chosen.has('kubernetes')) chosen.set('kubernetes', s);
    else if (m?.namespace === namespace && links) chosen.set(m.name ?? '', s);
  }
  const out = new Map<string, string>();
  for (const name of [...chosen.keys()].sort()) {
    const { clusterIP: ip, ports = [] } = chosen.get(name)!.spec!;
    const first = ports[0];
    if (!ip || !first) continue;
    const p = name.toUpperCase().replaceAll('-', '_');
    out.set(`${p}_SERVICE_HOST`, ip);
    out.set(`${p}_SERVICE_PORT`, String(first.port));
    for (const port of ports) if (port.name) out.set(`${p}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
    ports.forEach((port, i) => {
      const proto = (port.protocol ?? 'TCP');
      const url = `${proto.toLowerCase()}://${ip.includes(':') ? `[${ip}]` : ip}:${port.port}`;
      const q = `${p}_PORT_${port.port}_${proto.toUpperCase()}`;
      if (i === 0) out.set(`${p}_PORT`, url);
      out.set(q, url);
      out.set(`${q}_PROTO`, proto.toLowerCase());
      out.set(`${q}_PORT`, String(port.port));
      out.set(`${q}_ADDR`, ip);
    });
  }
  return out;
}
