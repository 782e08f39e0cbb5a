// Reads the objects that say where things run.
import type { KubeObject } from '../../api/meta/object.ts';
import { internalError, notFoundError, unavailable } from '../../api/meta/status.ts';
import type { Endpoints, Node, Pod, Service } from '../../api/types/kubernetes.ts';

/** Reads stored objects; they are shared and must not be mutated. */
export interface Lookup { get(group: string, plural: string, namespace: string, name: string): object | undefined }

/** PEM: the client certificate nodes obey, and the authority that signs theirs. */
export interface KubeletClient { readonly cert: string; readonly key: string; readonly ca: string }

export interface Address { host: string; port: number }

/** Pods, services and nodes by name; the getters throw 404, `agent` also what keeps a node from being reached. */
export class Cluster {
  readonly #lookup: Lookup;
  readonly kubelet: KubeletClient;
  constructor(lookup: Lookup, kubelet: KubeletClient) { this.#lookup = lookup; this.kubelet = kubelet; }

  pod(namespace: string, name: string): Pod { return this.#get('pods', namespace, name) as Pod; }
  service(namespace: string, name: string): Service { return this.#get('services', namespace, name) as Service; }
  node(name: string): Node { return this.#get('nodes', '', name) as Node; }

  /** Addresses behind a service, by the controller that keeps them; undefined before it has. */
  endpoints(namespace: string, service: string): Endpoints | undefined { return this.#lookup.get('', 'endpoints', namespace, service) as Endpoints | undefined; }

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
    const found = this.#lookup.get('', plural, namespace, name);
    if (!found) throw notFoundError({ group: '', plural }, name);
    return found;
  }
}
