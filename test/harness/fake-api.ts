// A tiny API server for controllers' tests: objects in maps, watches, optimistic concurrency, graceful pod deletion, finalizers,
// status and the few other subresources workers write to. No validation, no defaults. What the real server does beyond is tested there.
import { alsoServed } from '../../core/api/kinds/also-served.ts';
import { kinds } from '../../core/api/kinds/index.ts';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import { parseSelector } from '../../core/api/meta/labels.ts';
import { apiVersionOf, type KubeList, type KubeObject, type ResourceType, type Unstructured, type WatchEvent } from '../../core/api/meta/object.ts';
import { alreadyExists, conflict, methodNotAllowed, noSuchResource, notFoundError } from '../../core/api/meta/status.ts';
import type { Clock } from '../../core/base/clock.ts';
import type { Request, Transport } from '../../core/client/client.ts';

interface Address { resource: KindSpec; namespace: string | undefined; name: string | undefined; subresource: string | undefined }
interface Watch { resource: ResourceType; send(events: WatchEvent[]): void }

export class FakeApi implements Transport {
  readonly clock: Clock;
  /** Every write that reached the store: `POST pods default/x`. */
  readonly writes: string[] = [];
  /** Runs before a request; a throw is the server's refusal. */
  intercept: (r: Request) => void = () => {};
  /** What servers behind this one answer to a GET, by path: `/apis/custom.metrics.k8s.io`. */
  readonly beyond = new Map<string, unknown>();
  readonly #objects = new Map<string, Map<string, Unstructured>>();
  readonly #watches = new Set<Watch>();
  #revision = 0;
  #serial = 0;

  constructor(clock: Clock) { this.clock = clock; }

  all<T extends KubeObject>(r: ResourceType, namespace?: string): T[] {
    return [...this.#of(r).values()].filter(o => !namespace || o.metadata?.namespace === namespace) as KubeObject[] as T[];
  }
  get<T extends KubeObject>(r: ResourceType, key: string): T | undefined { return this.#of(r).get(key) as T | undefined; }

  /** Creates as a client would, synchronously. */
  put<T extends KubeObject>(r: ResourceType, object: T): T {
    return this.#create({ resource: r as KindSpec, namespace: object.metadata?.namespace, name: undefined, subresource: undefined }, object as KubeObject as Unstructured) as KubeObject as T;
  }
  /** Changes an object as its owner (kubelet, user) would; `change` gets a private copy. */
  change<T extends KubeObject>(r: ResourceType, key: string, change: (o: T) => void): T {
    const next = structuredClone(this.#of(r).get(key)) as Unstructured | undefined;
    if (!next) throw notFoundError(r, key);
    change(next as KubeObject as T);
    return this.#write(r, key, next) as KubeObject as T;
  }
  /** Removes at once, whatever the finalizers. */
  remove(r: ResourceType, key: string): void { this.#drop(r, key); }

  async request(r: Request): Promise<unknown> {
    // A server answers later: workers must not rely on synchronous answers.
    await Promise.resolve();
    this.intercept(r);
    if (r.method === 'GET' && this.beyond.has(r.path)) return this.beyond.get(r.path);
    const a = parse(r.path);
    if (a.subresource === 'scale') return this.#scale(a, r);
    if (r.method === 'GET') return a.name === undefined ? this.#list(a, r.query?.['labelSelector']) : this.#find(a);
    if (r.method === 'POST') return a.subresource === 'binding' ? this.#bind(a, r.body as Unstructured) : this.#create(a, r.body as Unstructured);
    if (r.method === 'DELETE') return a.name === undefined ? this.#deleteAll(a) : this.#delete(a, r.body as Unstructured | undefined);
    const old = this.#find(a);
    const wanted = r.method === 'PUT' ? r.body as Unstructured : merge(old, this.#patch(r)) as Unstructured;
    return this.#update(a, old, structuredClone(wanted));
  }

  watch(path: string, query: Readonly<Record<string, string | undefined>>, onEvents: (events: readonly WatchEvent[]) => void, signal: AbortSignal): Promise<void> {
    const a = parse(path);
    const w: Watch = { resource: a.resource, send: events => { if (!signal.aborted) onEvents(events); } };
    this.#watches.add(w);
    if (query['resourceVersion'] !== undefined && Number(query['resourceVersion']) < this.#revision)
      w.send([...this.#of(a.resource).values()].filter(o => Number(o.metadata?.resourceVersion) > Number(query['resourceVersion'])).map(object => ({ type: 'MODIFIED', object })));
    return new Promise(resolve => { signal.addEventListener('abort', () => { this.#watches.delete(w); resolve(); }, { once: true }); });
  }

  #patch(r: Request): unknown {
    if (r.contentType === 'application/json-patch+json') throw methodNotAllowed();
    return r.body;
  }
  #of(r: ResourceType): Map<string, Unstructured> {
    const id = `${r.group}/${r.plural}`;
    let map = this.#objects.get(id);
    if (!map) this.#objects.set(id, map = new Map());
    return map;
  }
  #find(a: Address): Unstructured {
    const found = this.#of(a.resource).get(keyOf(a));
    if (!found) throw notFoundError(a.resource, a.name ?? '');
    return found;
  }
  #list(a: Address, labelSelector?: string | readonly string[]): KubeList {
    const selector = parseSelector(labelSelector as string | undefined), items = this.all(a.resource, a.namespace).filter(o => selector.matches(o.metadata?.labels));
    return { kind: `${a.resource.kind}List`, apiVersion: apiVersionOf(a.resource), metadata: { resourceVersion: String(this.#revision) }, items };
  }
  #scale(a: Address, r: Request): unknown {
    const { scale } = a.resource, old = this.#find(a);
    if (!scale) throw noSuchResource();
    if (r.method === 'GET') {
      const { name, namespace, uid, resourceVersion } = old.metadata!;
      return { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, namespace, uid, resourceVersion }, spec: { replicas: scale.specReplicas(old) }, status: { replicas: scale.statusReplicas(old), selector: scale.selector(old) } };
    }
    this.writes.push(`PUT/scale ${a.resource.plural} ${keyOf(a)}`);
    this.change(a.resource, keyOf(a), o => scale.setSpecReplicas(o, (r.body as { spec: { replicas: number } }).spec.replicas));
    return r.body;
  }
  #emit(resource: ResourceType, type: WatchEvent['type'], object: Unstructured): void {
    for (const w of this.#watches) if (w.resource.plural === resource.plural && w.resource.group === resource.group) w.send([{ type, object }]);
  }
  #create(a: Address, body: Unstructured): Unstructured {
    const object = structuredClone(body);
    const m = object.metadata = { ...object.metadata };
    m.name ??= `${m.generateName}${(this.#serial++).toString(36).padStart(5, '0')}`;
    if (a.resource.namespaced) m.namespace ??= a.namespace;
    const key = keyOf({ ...a, namespace: m.namespace, name: m.name });
    if (this.#of(a.resource).has(key)) throw alreadyExists(a.resource, m.name);
    m.uid ??= `uid-${this.#serial++}`;
    m.generation = 1;
    m.creationTimestamp ??= `${new Date(this.clock.now()).toISOString().slice(0, 19)}Z`;
    object.apiVersion ??= apiVersionOf(a.resource);
    object.kind ??= a.resource.kind;
    if (a.resource.plural === 'pods' && !object['status']) object['status'] = { phase: 'Pending' };
    m.resourceVersion = String(++this.#revision);
    this.#of(a.resource).set(key, freeze(object));
    this.writes.push(`POST ${a.resource.plural} ${key}`);
    this.#emit(a.resource, 'ADDED', object);
    return object;
  }
  #update(a: Address, old: Unstructured, next: Unstructured): Unstructured {
    const m = next.metadata = { ...next.metadata };
    if (m.resourceVersion !== undefined && m.resourceVersion !== old.metadata?.resourceVersion) throw conflict(a.resource, a.name ?? '');
    if (m.uid !== undefined && m.uid !== old.metadata?.uid) throw conflict(a.resource, a.name ?? '', 'the UID in the precondition does not match');
    if (a.subresource === 'status' || a.subresource === 'approval') { const status = next['status']; next = { ...old, metadata: { ...old.metadata }, status }; }
    else if (a.subresource === 'finalize') next = { ...old, metadata: { ...old.metadata }, spec: next['spec'] };
    else if ('status' in old) next['status'] = old['status'];
    this.writes.push(`${a.subresource ? `PUT/${a.subresource}` : 'PUT'} ${a.resource.plural} ${keyOf(a)}`);
    if (!a.subresource && JSON.stringify(next['spec']) !== JSON.stringify(old['spec'])) next.metadata!.generation = (old.metadata?.generation ?? 0) + 1;
    return this.#write(a.resource, keyOf(a), next);
  }
  #write(r: ResourceType, key: string, next: Unstructured): Unstructured {
    next.metadata = { ...next.metadata, resourceVersion: String(++this.#revision) };
    const spec = next['spec'] as { finalizers?: string[] } | undefined;
    const held = (next.metadata.finalizers?.length ?? 0) > 0 || (r.plural === 'namespaces' && (spec?.finalizers?.length ?? 0) > 0);
    if (next.metadata.deletionTimestamp !== undefined && !held && !next.metadata.deletionGracePeriodSeconds) {
      this.#of(r).set(key, next);
      this.#drop(r, key);
      return next;
    }
    this.#of(r).set(key, freeze(next));
    this.#emit(r, 'MODIFIED', next);
    return next;
  }
  #drop(r: ResourceType, key: string): void {
    const last = this.#of(r).get(key);
    if (!last) return;
    this.#of(r).delete(key);
    this.#emit(r, 'DELETED', freeze({ ...last, metadata: { ...last.metadata, resourceVersion: String(++this.#revision) } }));
  }
  #delete(a: Address, options: Unstructured | undefined): Unstructured {
    const old = this.#find(a);
    const pre = options?.['preconditions'] as { uid?: string; resourceVersion?: string } | undefined;
    if (pre?.uid !== undefined && pre.uid !== old.metadata?.uid) throw conflict(a.resource, a.name ?? '', 'the UID in the precondition does not match');
    this.writes.push(`DELETE ${a.resource.plural} ${keyOf(a)}`);
    const finalizers = new Set(old.metadata?.finalizers);
    if (options?.['propagationPolicy'] === 'Foreground') finalizers.add('foregroundDeletion');
    if (options?.['propagationPolicy'] === 'Orphan') finalizers.add('orphan');
    const pod = old as { spec?: { nodeName?: string; terminationGracePeriodSeconds?: number; finalizers?: string[] }; status?: { phase?: string } };
    const runs = a.resource.plural === 'pods' && pod.spec?.nodeName && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';
    const grace = runs ? (options?.['gracePeriodSeconds'] as number | undefined) ?? pod.spec?.terminationGracePeriodSeconds ?? 30 : 0;
    const held = finalizers.size > 0 || (a.resource.plural === 'namespaces' && (pod.spec?.finalizers?.length ?? 0) > 0);
    if (!held && grace === 0) { this.#drop(a.resource, keyOf(a)); return old; }
    const deletionTimestamp = old.metadata?.deletionTimestamp ?? `${new Date(this.clock.now() + grace * 1000).toISOString().slice(0, 19)}Z`;
    const metadata = { ...old.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace, ...(finalizers.size ? { finalizers: [...finalizers] } : {}) };
    const status = a.resource.plural === 'namespaces' ? { ...(old['status'] as object | undefined), phase: 'Terminating' } : old['status'];
    return this.#write(a.resource, keyOf(a), { ...old, metadata, ...(status ? { status } : {}) });
  }
  #deleteAll(a: Address): unknown {
    for (const o of this.all(a.resource, a.namespace)) this.#delete({ ...a, namespace: o.metadata?.namespace, name: o.metadata?.name }, undefined);
    return { kind: 'Status', status: 'Success' };
  }
  #bind(a: Address, body: Unstructured): unknown {
    const target = body['target'] as { name: string };
    this.writes.push(`BIND ${keyOf(a)} ${target.name}`);
    this.change<KubeObject & { spec?: { nodeName?: string }; status?: { conditions?: unknown[] } }>(a.resource, keyOf(a), pod => {
      if (pod.spec?.nodeName) throw conflict(a.resource, a.name ?? '', `pod ${a.name} is already assigned to node "${pod.spec.nodeName}"`);
      pod.spec = { ...pod.spec, nodeName: target.name };
      pod.status = { ...pod.status, conditions: [{ type: 'PodScheduled', status: 'True' }] };
    });
    return { kind: 'Status', status: 'Success' };
  }
}

/** A caller's mistake shows as a throw where it is made, not as another object's odd value. */
function freeze(o: Unstructured): Unstructured {
  for (const v of Object.values(o)) if (typeof v === 'object' && v !== null && !Object.isFrozen(v)) freeze(v as Unstructured);
  return Object.freeze(o);
}

const keyOf = (a: Pick<Address, 'namespace' | 'name' | 'resource'>): string => (a.resource.namespaced ? `${a.namespace}/${a.name}` : a.name ?? '');

function parse(path: string): Address {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const core = parts[0] === 'api';
  const group = core ? '' : parts[1] ?? '';
  let rest = parts.slice(core ? 2 : 3);
  let namespace: string | undefined;
  // `namespaces/x/pods` is scoped; `namespaces/x/finalize` and `/status` belong to the namespace itself.
  if (rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'finalize' && rest[2] !== 'status') { namespace = rest[1]; rest = rest.slice(2); }
  const resource = [...kinds, ...alsoServed].find(k => k.group === group && k.plural === rest[0]);
  if (!resource) throw noSuchResource();
  return { resource, namespace, name: rest[1], subresource: rest[2] };
}

/** RFC 7396, and of strategic merge the one directive that workers use. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return structuredClone(patch);
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [k, v] of Object.entries(patch)) {
    const [, list] = /^\$deleteFromPrimitiveList\/(.+)$/.exec(k) ?? [];
    if (list !== undefined) result[list] = (result[list] as unknown[] | undefined)?.filter(x => !(v as unknown[]).includes(x));
    else if (v === null) delete result[k];
    else if (v !== undefined) result[k] = merge(result[k], v);
  }
  return result;
}
