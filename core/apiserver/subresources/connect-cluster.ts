// Reads the objects that say where things run.
import type { KubeObject } from '../../api/meta/object.ts';
import { internalError, notFoundError, unavailable } from '../../api/meta/status.ts';
import type { EndpointSlice, Node, Pod, Service } from '../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { KubeletClient } from './connect.ts';

export interface Address { host: string; port: number }

export class Cluster {
  readonly #env: RegistryEnv;
  readonly kubelet: KubeletClient;
  constructor(env: RegistryEnv, kubelet: KubeletClient) { this.#env = env; this.kubelet = kubelet; }

  pod(namespace: string, name: string): Pod { return this.#get('pods', namespace, name) as Pod; }
  service(namespace: string, name: string): Service { return this.#get('services', namespace, name) as Service; }
  node(name: string): Node { return this.#get('nodes', '', name) as Node; }

  slices(namespace: string, service: string): EndpointSlice[] {
    const resource = this.#env.find('discovery.k8s.io', 'endpointslices');
    if (!resource) return [];
    return this.#env.store.range({ prefix: resource.range(namespace) }).entries
      .map(e => resource.objectOf(e) as EndpointSlice)
      .filter(s => s.metadata?.labels?.['kubernetes.io/service-name'] === service);
  }

  /** Where the agent of a node listens. Throws 500 or 503 with words for a node that does not say. */
  agent(nodeName: string): Address {
    const node = this.node(nodeName);
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port;
    if (!port) throw unavailable(`node "${nodeName}" does not say where its agent listens`);
    return { host: this.addressOf(node), port };
  }

  /** The address of a node this server should use. */
  addressOf(node: Node): string {
    const addresses = node.status?.addresses ?? [];
    for (const type of ['InternalIP', 'ExternalIP', 'InternalDNS', 'Hostname']) {
      const found = addresses.find(a => a.type === type);
      if (found?.address) return found.address;
    }
    throw internalError(`no preferred addresses found for node "${node.metadata?.name ?? ''}"`);
  }

  #get(plural: string, namespace: string, name: string): KubeObject {
    const resource = this.#env.find('', plural);
    const entry = resource && this.#env.store.get(resource.key(namespace, name));
    if (!resource || !entry) throw notFoundError({ group: '', plural }, name);
    return resource.objectOf(entry);
  }
}
