// A one-resource API server in memory for this room's tests: lists in pages, watches with history, and breaks when told.
import type { KubeObject, WatchEvent } from '../../core/api/meta/object.ts';
import type { Request, Transport } from '../../core/client/client.ts';
import type { ClusterInfo } from '../contract/frames.ts';
import type { ClusterSource, Upstream } from './seam.ts';

export class FakeCluster implements ClusterSource {
  readonly info: ClusterInfo = { id: 'fake', name: 'fake', origin: 'kubeconfig', server: 'https://fake' };
  objects = new Map<string, KubeObject>();
  history: { version: number; event: WatchEvent<KubeObject> }[] = [];
  version = 10;
  compacted = 0;
  /** Every call rejects with it while set. */
  down: Error | undefined;
  lists = 0;
  opens = 0;
  requests: Request[] = [];
  logChunks: Uint8Array[] = [];
  logReads = 0;
  #watchers = new Set<{ push(e: WatchEvent<KubeObject>): void; end(error?: Error): void }>();

  put(name: string, extra: object = {}): void {
    this.version++;
    const known = this.objects.has(name);
    const object = { metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: String(this.version), managedFields: [{ manager: 'x' }] }, ...extra };
    this.objects.set(name, object);
    this.#tell({ type: known ? 'MODIFIED' : 'ADDED', object });
  }
  remove(name: string): void {
    const object = this.objects.get(name);
    if (!object) return;
    this.version++;
    this.objects.delete(name);
    this.#tell({ type: 'DELETED', object: { metadata: { ...object.metadata, resourceVersion: String(this.version) } } });
  }
  #tell(event: WatchEvent<KubeObject>): void {
    this.history.push({ version: this.version, event });
    if (!this.down) for (const w of this.#watchers) w.push(event);
  }
  /** Cuts every watch; with `error` as a broken connection. */
  cut(error?: Error): void { for (const w of this.#watchers) w.end(error); }

  readonly transport: Transport = {
    request: async r => {
      if (this.down) throw this.down;
      this.requests.push(r);
      if (r.path.endsWith('/fail')) throw Object.assign(new Error('no'), { status: { code: 404, reason: 'NotFound', message: 'pods "x" not found' } });
      if (!r.path.endsWith('pods')) return { ok: true };
      this.lists++;
      const all = [...this.objects.values()];
      const from = Number(r.query?.continue ?? 0);
      const limit = Number(r.query?.limit ?? all.length);
      const next = from + limit;
      return { metadata: { resourceVersion: String(this.version), ...(next < all.length ? { continue: String(next) } : {}) }, items: all.slice(from, next) };
    },
    watch: (_path, query, onEvents, signal) => new Promise((done, fail) => {
      if (this.down) { fail(this.down); return; }
      this.opens++;
      const since = Number(query.resourceVersion);
      if (since < this.compacted) {
        onEvents([{ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old resource version' } as KubeObject }]);
        done();
        return;
      }
      const watcher = {
        push: (e: WatchEvent<KubeObject>) => onEvents([e]),
        end: (error?: Error) => { this.#watchers.delete(watcher); if (error) fail(error); else done(); },
      };
      this.#watchers.add(watcher);
      signal.addEventListener('abort', () => watcher.end(new Error('aborted')));
      const missed = this.history.filter(h => h.version > since).map(h => h.event);
      if (missed.length > 0) onEvents(missed);
    }),
  };

  list(): readonly ClusterInfo[] { return [this.info]; }
  onChange(): () => void { return () => undefined; }
  upstream(): Upstream {
    const read = async function* (this: FakeCluster): AsyncIterable<Uint8Array> {
      for (const chunk of this.logChunks) { this.logReads++; yield chunk; }
    };
    return { transport: this.transport, stream: () => read.call(this), forward: () => Promise.reject(new Error('not here')), terminal: () => Promise.reject(new Error('not here')) };
  }
}
