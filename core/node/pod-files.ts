// /etc/hosts, /etc/hostname's words and /etc/resolv.conf of a pod, written by the agent and mounted into each container.
import { readFileSync } from 'node:fs';
import type { Pod } from '../api/types/kubernetes.ts';

const MAX_HOSTNAME = 63;

/** The pod's own host name (kubelet truncates to 63 characters) and its domain, if it has one. */
export function podHostname(pod: Pod, clusterDomain: string): { hostname: string; domain: string } {
  const s = pod.spec;
  if (s?.hostnameOverride) return { hostname: s.hostnameOverride, domain: '' };
  let hostname = s?.hostname || (pod.metadata?.name ?? '');
  if (hostname.length > MAX_HOSTNAME) hostname = hostname.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '');
  return { hostname, domain: s?.subdomain ? `${s.subdomain}.${pod.metadata?.namespace ?? ''}.svc.${clusterDomain}` : '' };
}

/** The name `hostname` prints: the full name with setHostnameAsFQDN. */
export function uname(pod: Pod, clusterDomain: string): string {
  const { hostname, domain } = podHostname(pod, clusterDomain);
  return pod.spec?.setHostnameAsFQDN && domain ? `${hostname}.${domain}` : hostname;
}

/** The pod's /etc/hosts in kubelet's form; with hostNetwork the machine's own and the aliases. */
export function hostsFile(pod: Pod, ips: readonly string[], clusterDomain: string): string {
  const aliases = (pod.spec?.hostAliases ?? []).map(a => `${a.ip}\t${(a.hostnames ?? []).join('\t')}\n`).join('');
  const tail = aliases ? `\n# Entries added by HostAliases.\n${aliases}` : '';
  if (pod.spec?.hostNetwork) {
    let host = '127.0.0.1\tlocalhost\n';
    try { host = readFileSync('/etc/hosts', 'utf8'); } catch (e) { if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e; }
    return `# Kubernetes-managed hosts file (host network).\n${host}${tail}`;
  }
  const { hostname, domain } = podHostname(pod, clusterDomain);
  const own = ips.map(ip => `${ip}\t${domain ? `${hostname}.${domain}\t` : ''}${hostname}\n`).join('');
  return `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n${own}${tail}`;
}

export interface Resolv { nameservers: string[]; searches: string[]; options: string[] }

/** Parses a resolv.conf; only what pods inherit. */
export function parseResolv(text: string): Resolv {
  const r: Resolv = { nameservers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && rest[0]) r.nameservers.push(rest[0]);
    else if (word === 'search' || word === 'domain') r.searches = rest.map(s => s.replace(/(.)\.$/, '$1'));
    else if (word === 'options') r.options = rest;
  }
  return r;
}

/** resolv.conf by dnsPolicy and dnsConfig: limits 3 name servers, 32 search domains of 2048 characters, as kubelet's. */
export function resolvFile(pod: Pod, host: Resolv, clusterDns: string, clusterDomain: string): string {
  const s = pod.spec; const ns = pod.metadata?.namespace ?? '';
  const policy = s?.dnsPolicy ?? 'ClusterFirst';
  let r: Resolv;
  if (policy === 'None') r = { nameservers: [], searches: [], options: [] };
  else if (policy === 'Default' || (policy === 'ClusterFirst' && s?.hostNetwork) || !clusterDns) r = host;
  else r = { nameservers: [clusterDns], searches: [`${ns}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...host.searches.filter(x => x !== '.')], options: ['ndots:5'] };
  const extra = s?.dnsConfig;
  if (extra) {
    const options = new Map(r.options.map(o => [o.split(':')[0]!, o]));
    for (const o of extra.options ?? []) if (o.name) options.set(o.name, o.value ? `${o.name}:${o.value}` : o.name);
    r = { nameservers: [...r.nameservers, ...(extra.nameservers ?? [])], searches: [...r.searches, ...(extra.searches ?? [])], options: [...options.values()] };
  }
  const nameservers = [...new Set(r.nameservers)].slice(0, 3);
  let length = 0;
  const searches = [...new Set(r.searches)].slice(0, 32).filter(x => (length += x.length + 1) <= 2049);
  return (searches.length ? `search ${searches.join(' ')}\n` : '') + nameservers.map(n => `nameserver ${n}\n`).join('') + (r.options.length ? `options ${r.options.join(' ')}\n` : '');
}
