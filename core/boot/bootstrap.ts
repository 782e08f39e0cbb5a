// Objects every cluster has from its first second. Written through the API like anybody else's; what is there already stays.
import { configMap } from '../api/kinds/core/config-map.ts';
import { endpoints } from '../api/kinds/core/endpoints.ts';
import { namespace } from '../api/kinds/core/namespace.ts';
import { service } from '../api/kinds/core/service.ts';
import { endpointSlice } from '../api/kinds/discovery/endpoint-slice.ts';
import { serviceCidr } from '../api/kinds/networking/service-cidr.ts';
import { priorityClass } from '../api/kinds/scheduling/priority-class.ts';
import { isDefaultClass, storageClass } from '../api/kinds/storage/storage-class.ts';
import type { KubeObject, ResourceType } from '../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../api/meta/status.ts';
import type { ServiceCIDR, StorageClass } from '../api/types/kubernetes.ts';
import type { Client } from '../client/client.ts';
import { LOCAL_PROVISIONER } from '../controllers/volume-provisioner/directories.ts';

export interface BootstrapConfig {
  /** `10.96.0.0/16`. */
  serviceCidr: string;
  /** First and tenth address of the service range. */
  apiServiceIp: string; dnsIp: string;
  /** Where the API server and the cluster's DNS listen, as pods reach them. */
  apiHost: string; apiPort: number;
  clusterCa: string;
  /** Signs the certificate by which aggregated servers know this one. */
  frontProxyCa: string;
  /** Server address in the public cluster-info. */
  server: string;
}

async function ensure(client: Client, r: ResourceType, object: KubeObject): Promise<void> {
  // Asking first: a Service that is there already would be refused for its own address, not for its name.
  try { await client.get(r, object.metadata?.namespace, object.metadata!.name!); return; } catch (e) { if (!isNotFound(e)) throw e; }
  try { await client.create(r, object); } catch (e) { if (!isAlreadyExists(e)) throw e; }
}

/** Creates it, or writes it anew where ours differs (addresses change from start to start). */
async function put(client: Client, r: ResourceType, object: KubeObject): Promise<void> {
  const { namespace: ns, name } = object.metadata!;
  try {
    const have = await client.get<KubeObject>(r, ns, name!);
    await client.update(r, { ...have, ...object, metadata: { ...have.metadata, ...object.metadata } });
  } catch (e) {
    if (!isNotFound(e)) throw e;
    await client.create(r, object);
  }
}

/** The four namespaces come first: everything else lives in one of them. */
export async function bootstrapNamespaces(client: Client): Promise<void> {
  await Promise.all(['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(name => ensure(client, namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
}

/** What every cluster has besides namespaces. Leaves what is there already as it is; rejects with the first ApiError. */
export async function bootstrapObjects(client: Client, c: BootstrapConfig): Promise<void> {
  const kubernetes = { namespace: 'default', name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } };
  const dns = { namespace: 'kube-system', name: 'kube-dns', labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' } };
  const apiPorts = [{ name: 'https', port: c.apiPort, protocol: 'TCP' }];
  const dnsPorts = [{ name: 'dns', port: 53, protocol: 'UDP' }, { name: 'dns-tcp', port: 53, protocol: 'TCP' }];
  const slice = (name: string, ns: string, svc: string, address: string, ports: object[]): KubeObject => ({
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, namespace: ns, labels: { 'kubernetes.io/service-name': svc, 'endpointslice.kubernetes.io/managed-by': 'pilothouse' } },
    addressType: 'IPv4', endpoints: [{ addresses: [address], conditions: { ready: true } }], ports,
  } as KubeObject);
  await Promise.all([
    ensure(client, service, { apiVersion: 'v1', kind: 'Service', metadata: kubernetes, spec: { type: 'ClusterIP', clusterIP: c.apiServiceIp, ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: c.apiPort }] } } as KubeObject),
    put(client, endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata: { ...kubernetes, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, subsets: [{ addresses: [{ ip: c.apiHost }], ports: apiPorts }] } as KubeObject),
    put(client, endpointSlice, slice('kubernetes', 'default', 'kubernetes', c.apiHost, apiPorts)),
    ensure(client, service, { apiVersion: 'v1', kind: 'Service', metadata: dns, spec: { type: 'ClusterIP', clusterIP: c.dnsIp, ports: dnsPorts.map(p => ({ ...p, targetPort: 53 })) } } as KubeObject),
    put(client, endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata: { ...dns, labels: { ...dns.labels, 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, subsets: [{ addresses: [{ ip: c.apiHost }], ports: dnsPorts }] } as KubeObject),
    put(client, endpointSlice, slice('kube-dns', 'kube-system', 'kube-dns', c.apiHost, dnsPorts)),
    put(client, configMap, {
      apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
      data: {
        'client-ca-file': c.clusterCa, 'requestheader-client-ca-file': c.frontProxyCa, 'requestheader-allowed-names': '["front-proxy-client"]', 'requestheader-username-headers': '["X-Remote-User"]',
        'requestheader-uid-headers': '["X-Remote-Uid"]', 'requestheader-group-headers': '["X-Remote-Group"]', 'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      },
    } as KubeObject),
    put(client, configMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'kube-public', name: 'cluster-info' }, data: { kubeconfig: clusterInfo(c) } } as KubeObject),
    ensureServiceCidr(client, c.serviceCidr),
    ensureDefaultClass(client),
    ...[['system-cluster-critical', 2_000_000_000], ['system-node-critical', 2_000_001_000]].map(([name, value]) =>
      ensure(client, priorityClass, { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: name as string }, value, globalDefault: false, preemptionPolicy: 'PreemptLowerPriority', description: 'Used for system critical pods.' } as KubeObject)),
  ]);
}

/** The range services have their addresses from, as an object: the one of this cluster's start, ready. */
async function ensureServiceCidr(client: Client, cidr: string): Promise<void> {
  const r = serviceCidr as ResourceType, name = 'kubernetes';
  await ensure(client, r, { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name, finalizers: ['networking.k8s.io/service-cidr-finalizer'] }, spec: { cidrs: [cidr] } } as KubeObject);
  const made = await client.get<ServiceCIDR>(r, undefined, name);
  if (made.status?.conditions?.some(c => c.type === 'Ready')) return;
  const lastTransitionTime = made.metadata!.creationTimestamp!;
  await client.updateStatus(r, { ...made, status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime, reason: '', message: 'Kubernetes Service CIDR is ready' }] } } as KubeObject);
}

/** `standard`, the class of claims that name none, unless somebody has chosen another default. */
async function ensureDefaultClass(client: Client): Promise<void> {
  const have = await client.list<StorageClass>(storageClass);
  if (have.items.some(isDefaultClass)) return;
  await ensure(client, storageClass, {
    apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: LOCAL_PROVISIONER, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true,
  } as KubeObject);
}

const clusterInfo = (c: BootstrapConfig): string =>
  `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ${Buffer.from(c.clusterCa).toString('base64')}\n    server: ${c.server}\n  name: ""\ncontexts: null\ncurrent-context: ""\nkind: Config\npreferences: {}\nusers: null\n`;
