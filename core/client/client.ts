// What controllers, scheduler, node agents, proxies and the gateway use to speak to an API server: the same interface over
// HTTP (transport-http.ts) and in process (transport-local.ts).
import { resourcePath, type KubeList, type KubeObject, type ResourceType, type WatchEvent } from '../api/meta/object.ts';

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path without query: `/api/v1/pods`. */
  path: string;
  query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** A JSON value; transports decide whether it is serialized. It must not be mutated afterwards. */
  body?: unknown;
  /** Default `application/json`; patches name theirs. */
  contentType?: string;
  signal?: AbortSignal;
}

/** One way to an API server. Rejects with ApiError for every Status failure; objects returned are frozen or private: never mutate, clone. */
export interface Transport {
  request(r: Request): Promise<unknown>;
  /** Opens a watch. `onEvents` gets batches; the promise resolves when the stream ends (server timeout, abort), rejects on error. */
  watch(path: string, query: Readonly<Record<string, string | undefined>>, onEvents: (events: readonly WatchEvent[]) => void, signal: AbortSignal): Promise<void>;
}

export interface ListOptions { namespace?: string; labelSelector?: string; fieldSelector?: string; limit?: number; continue?: string; resourceVersion?: string; resourceVersionMatch?: string }
export interface DeleteOptions { gracePeriodSeconds?: number; propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'; preconditions?: { uid?: string; resourceVersion?: string } }
export type PatchType = 'application/json-patch+json' | 'application/merge-patch+json' | 'application/strategic-merge-patch+json';

/** Typed verbs over a transport. `fieldManager` names the writer in managedFields and events. */
export class Client {
  readonly transport: Transport;
  readonly fieldManager: string;
  constructor(transport: Transport, fieldManager: string) { this.transport = transport; this.fieldManager = fieldManager; }

  get<T extends KubeObject>(r: ResourceType, namespace: string | undefined, name: string): Promise<T> {
    return this.transport.request({ method: 'GET', path: resourcePath(r, namespace, name) }) as Promise<T>;
  }
  list<T extends KubeObject>(r: ResourceType, o: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, limit, ...rest } = o;
    return this.transport.request({ method: 'GET', path: resourcePath(r, namespace), query: { ...rest, limit: limit?.toString() } }) as Promise<KubeList<T>>;
  }
  create<T extends KubeObject>(r: ResourceType, object: T, subresource?: { name: string; of: string }): Promise<T> {
    const path = resourcePath(r, object.metadata?.namespace, subresource?.of, subresource?.name);
    return this.transport.request({ method: 'POST', path, query: { fieldManager: this.fieldManager }, body: object }) as Promise<T>;
  }
  update<T extends KubeObject>(r: ResourceType, object: T, subresource?: string): Promise<T> {
    const path = resourcePath(r, object.metadata?.namespace, object.metadata?.name ?? '', subresource);
    return this.transport.request({ method: 'PUT', path, query: { fieldManager: this.fieldManager }, body: object }) as Promise<T>;
  }
  updateStatus<T extends KubeObject>(r: ResourceType, object: T): Promise<T> { return this.update(r, object, 'status'); }
  patch<T extends KubeObject>(r: ResourceType, namespace: string | undefined, name: string, type: PatchType, patch: unknown, subresource?: string): Promise<T> {
    return this.transport.request({ method: 'PATCH', path: resourcePath(r, namespace, name, subresource), query: { fieldManager: this.fieldManager }, body: patch, contentType: type }) as Promise<T>;
  }
  /** Server-side apply of just these fields as `manager`, over whoever else had them. */
  apply<T extends KubeObject>(r: ResourceType, object: T, manager: string): Promise<T> {
    const path = resourcePath(r, object.metadata?.namespace, object.metadata?.name ?? '');
    return this.transport.request({ method: 'PATCH', path, query: { fieldManager: manager, force: 'true' }, body: object, contentType: 'application/apply-patch+yaml' }) as Promise<T>;
  }
  delete(r: ResourceType, namespace: string | undefined, name: string, options: DeleteOptions = {}): Promise<unknown> {
    return this.transport.request({ method: 'DELETE', path: resourcePath(r, namespace, name), body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } });
  }
  deleteCollection(r: ResourceType, namespace: string | undefined, o: Omit<ListOptions, 'namespace'> = {}, options: DeleteOptions = {}): Promise<unknown> {
    const { limit, ...rest } = o;
    return this.transport.request({ method: 'DELETE', path: resourcePath(r, namespace), query: { ...rest, limit: limit?.toString() }, body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } });
  }
}
