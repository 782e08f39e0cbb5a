// The chain without a socket, for workers in this process: requests take and give decoded objects, which are shared (contract: never
// mutate). Authentication is the caller's word; everything after it is the same.
import { randomUUID } from 'node:crypto';
import type { KubeObject, WatchEvent } from '../api/meta/object.ts';
import { ApiError, methodNotAllowed, noSuchResource, statusOf, type Status } from '../api/meta/status.ts';
import type { Request, Transport } from '../client/client.ts';
import type { StoreEvent } from '../store/store.ts';
import type { Aggregator } from './aggregation/aggregator.ts';
import type { AuditRecord, Auditor } from './audit/audit.ts';
import { accessOf, demand, type Access } from './authz/authorizer.ts';
import type { RequestContext, Result, UserInfo } from './context.ts';
import { CONNECT, dispatch, verbOf, type Resources } from './dispatch.ts';
import type { PathHandler } from './http/server.ts';
import { resourceRequest, type Query } from './http/request-info.ts';
import type { RegistryEnv, SubresourceEnv } from './registry/env.ts';
import type { Resource } from './registry/resource.ts';
import { bookmark, openWatch, seen, type LiveWatch } from './registry/watch.ts';

const BOOKMARK_MS = 60_000;
/** How the log begins to tell that a worker of this process was refused. */
export const REFUSED = 'a worker of this host was refused';

export class LocalTransport implements Transport {
  readonly #env: RegistryEnv & SubresourceEnv;
  readonly #resources: Resources;
  readonly #paths: PathHandler;
  readonly #user: UserInfo;
  readonly #auditor: Auditor | undefined;
  readonly #remote: () => Pick<Aggregator, 'has' | 'request'> | undefined;

  /** `remote` answers for the groups of other servers, once there is one. */
  constructor(env: RegistryEnv & SubresourceEnv, resources: Resources, paths: PathHandler, user: UserInfo, auditor?: Auditor, remote: () => Pick<Aggregator, 'has' | 'request'> | undefined = () => undefined) {
    this.#remote = remote; this.#auditor = auditor; this.#env = env; this.#resources = resources; this.#paths = paths; this.#user = user;
  }

  async request(q: Request): Promise<unknown> {
    q.signal?.throwIfAborted();
    const query = q.query ? (defined(q.query)) : {};
    const r = resourceRequest(q.path);
    if (r === undefined) {
      this.#demand({ user: this.#user, verb: q.method.toLowerCase(), path: q.path });
      const a = await this.#paths(q.method, q.path, { accept: 'application/json' }, new URLSearchParams(Object.entries(query).flatMap(([k, v]) => [v ?? []].flat().map((x): [string, string] => [k, String(x)]))));
      if (a === undefined) throw noSuchResource();
      const text = a.body.toString();
      return (a.headers['content-type'] ?? '').includes('json') ? JSON.parse(text) as unknown : text;
    }
    if (this.#auditor) return this.#recorded(this.#auditor, q, r, query);
    return value(await this.#dispatch(q, r, query));
  }

  /** The same with an event in the audit log, as if it had come over the network. */
  async #recorded(auditor: Auditor, q: Request, r: NonNullable<ReturnType<typeof resourceRequest>>, query: Query): Promise<unknown> {
    const record = this.#record(auditor, q.method, q.path, r, query);
    record?.request(q.body as object | undefined);
    try {
      const result = await this.#dispatch(q, r, query, record), answer = value(result);
      if ((answer as Status | undefined)?.kind === 'Status') record?.said(answer as Status);
      record?.response(() => answer as object);
      record?.complete('code' in result ? result.code : 200);
      return answer;
    } catch (error) {
      refused(record, error);
      throw error;
    }
  }

  #record(auditor: Auditor, method: string, url: string, r: NonNullable<ReturnType<typeof resourceRequest>>, query: Query): AuditRecord | undefined {
    const verb = verbOf(method, r, query);
    if (verb === undefined) return undefined;
    const access = accessOf(this.#user, verb, r, query), record = auditor.open(access, randomUUID(), () => ({ url, userAgent: '', sourceIPs: ['127.0.0.1'] }));
    record?.received();
    record?.authorized(this.#env.authorizer, access);
    return record;
  }

  async #dispatch(q: Request, r: NonNullable<ReturnType<typeof resourceRequest>>, query: Query, record?: AuditRecord): Promise<Result> {
    const verb = verbOf(q.method, r, query);
    if (verb === undefined || CONNECT.includes(r.subresource)) throw methodNotAllowed();
    this.#demand(accessOf(this.#user, verb, r, query));
    const remote = this.#remote();
    if (remote?.has(r.group, r.version)) return { type: 'object', code: 200, object: await remote.request(r.group, r.version, { ...q, query }, this.#user) as object };
    const ctx: RequestContext = { method: q.method, user: this.#user, query, body: { value: q.body, contentType: q.contentType ?? 'application/json' }, userAgent: '', warnings: [], ...(record ? { audit: record.annotations } : {}) };
    return dispatch(this.#env, this.#resources.at(r), r, verb, ctx);
  }

  /** Throws the 403. A worker that tries what it may not is a fault of ours, so the log says it whatever the worker makes of it. */
  #demand(access: Access): void {
    try { demand(this.#env.authorizer, access); } catch (error) {
      if (error instanceof ApiError) this.#env.log.warn(REFUSED, { error });
      throw error;
    }
  }

  async watch(path: string, query: Readonly<Record<string, string | undefined>>, onEvents: (events: readonly WatchEvent[]) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const r = resourceRequest(path);
    if (r === undefined) throw noSuchResource();
    const asked = { ...defined(query), watch: '1' }, record = this.#auditor && this.#record(this.#auditor, 'GET', path, r, asked);
    const result = await this.#dispatch({ method: 'GET', path }, r, asked, record).catch((error: unknown) => { refused(record, error); throw error; });
    if (result.type !== 'watch') throw methodNotAllowed();
    record?.started(200);
    const { resource, watch: w } = result;
    const initial: WatchEvent[] = w.initial.map(e => ({ type: 'ADDED', object: resource.objectOf(e) }));
    if (w.initialBookmark !== undefined) initial.push({ type: 'BOOKMARK', object: bookmark(resource, w.initialBookmark, true) });
    if (initial.length > 0) onEvents(initial);
    await new Promise<void>((resolve, reject) => {
      let watcher: LiveWatch | undefined;
      const { clock } = this.#env;
      const timers = [clock.after(w.timeoutMs, () => end())];
      const end = (error?: unknown): void => {
        watcher?.close();
        for (const t of timers) t.cancel();
        signal.removeEventListener('abort', aborted);
        unsubscribe?.();
        record?.complete(200);
        if (error === undefined) resolve(); else reject(error instanceof Error ? error : new Error(String(error)));
      };
      const aborted = (): void => end();
      const unsubscribe = resource.onRetired?.(aborted);
      signal.addEventListener('abort', aborted);
      const mark = (): void => {
        if (!watcher?.behind) onEvents([{ type: 'BOOKMARK', object: bookmark(resource, this.#env.store.revision, false) }]);
        timers[1] = clock.after(BOOKMARK_MS, mark);
      };
      if (w.bookmarks) timers.push(clock.after(BOOKMARK_MS, mark));
      try {
        watcher = openWatch(this.#env, resource, w, events => {
          if (signal.aborted) return;
          const out: WatchEvent[] = [];
          try { for (const e of events) { const event = eventOf(resource, seen(resource, w, e), e); if (event) out.push(event); } } catch (error) { onEvents([{ type: 'ERROR', object: statusOf(error) as KubeObject }]); end(); return; }
          if (out.length > 0) onEvents(out);
        });
        if (signal.aborted) end();
      } catch (error) { end(error); }
    });
  }
}

function refused(record: AuditRecord | undefined, error: unknown): void {
  const status = statusOf(error);
  record?.said(status);
  record?.complete(status.code);
}

function eventOf(resource: Resource, s: ReturnType<typeof seen>, e: StoreEvent): WatchEvent | undefined {
  return s && { type: s.type, object: resource.objectAt(s.entry, e.revision) };
}

function value(result: Result): unknown {
  switch (result.type) {
    case 'entry': return result.resource.objectOf(result.entry);
    case 'object': return result.object;
    case 'list': return { kind: result.resource.spec.listKind, apiVersion: result.resource.apiVersion, metadata: result.meta, items: result.entries.map(e => result.resource.objectOf(e)) };
    case 'objects': return { kind: result.resource.spec.listKind, apiVersion: result.resource.apiVersion, metadata: result.meta, items: result.objects };
    case 'watch': throw methodNotAllowed();
  }
}

/** Without the parameters that are undefined. */
function defined(query: Query): Query {
  const out: Record<string, string | readonly string[]> = {};
  for (const k in query) { const v = query[k]; if (v !== undefined) out[k] = v; }
  return out;
}
