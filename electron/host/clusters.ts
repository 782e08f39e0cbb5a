// The clusters this host knows: its own, and every context of the user's kubeconfig files, read again when one of them changes.
// Credentials stay here: a window sees names and servers only.
import { unwatchFile, watchFile } from 'node:fs';
import type { Access } from '../../core/boot/kubeconfig.ts';
import type { Log } from '../../core/base/log.ts';
import { connectionOf, kubeconfigPaths, loadKubeconfig, type Kubeconfig } from '../../core/client/kubeconfig.ts';
import { openPortForward } from '../../core/client/port-forward.ts';
import { HttpTransport, type HttpTransportOptions } from '../../core/client/transport-http.ts';
import type { ClusterInfo } from '../contract/frames.ts';
import { httpStream } from '../gateway/http-stream.ts';
import type { ClusterSource, Upstream } from '../gateway/seam.ts';
import { openTerminal } from './terminal.ts';

export const EMBEDDED = 'embedded';
const POLL_MS = 2000;

interface Known { info: ClusterInfo; connection(): HttpTransportOptions }

export class Clusters implements ClusterSource {
  readonly #embedded: Known;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #upstreams = new Map<string, Upstream>();
  readonly #paths: readonly string[];
  /** Kubeconfigs added for this session, by name. */
  readonly #added = new Map<string, string>();
  #known: Known[];

  constructor(access: Access, kubeconfigPath: string, log: Log, paths: readonly string[] = kubeconfigPaths()) {
    this.#log = log;
    this.#paths = paths;
    this.#embedded = {
      info: { id: EMBEDDED, name: 'local', origin: 'embedded', server: access.server, context: 'pilothouse', kubeconfig: kubeconfigPath },
      connection: () => ({ server: access.server, ca: access.ca, cert: access.cert, key: access.key, userAgent: 'pilothouse' }),
    };
    this.#known = this.#read();
    for (const p of paths) watchFile(p, { interval: POLL_MS, persistent: false }, () => this.#reload());
  }

  list(): readonly ClusterInfo[] { return this.#known.map(k => k.info); }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  /** Adds the contexts of a kubeconfig given as text; answers with their names. Throws with what is wrong in it. */
  add(name: string, text: string): string[] {
    const contexts = loadKubeconfig(text).contexts.map(c => c.name);
    this.#added.set(name, text);
    this.#reload();
    return contexts;
  }

  upstream(id: string): Upstream {
    const have = this.#upstreams.get(id);
    if (have) return have;
    const known = this.#known.find(k => k.info.id === id);
    if (!known) throw new Error(`there is no cluster "${id}" (any more)`);
    const c = known.connection();
    const made: Upstream = {
      transport: new HttpTransport(c),
      stream: (path, query, signal) => httpStream({ server: c.server, ca: c.ca, cert: c.cert, key: c.key, token: typeof c.token === 'function' ? c.token() : c.token, rejectUnauthorized: !c.insecureSkipTlsVerify }, path, query, signal),
      forward: (namespace, pod) => openPortForward(c, namespace, pod),
      terminal: (r, on, signal) => openTerminal(c, r, on, signal),
    };
    this.#upstreams.set(id, made);
    return made;
  }

  close(): void { for (const p of this.#paths) unwatchFile(p); }

  #reload(): void {
    this.#known = this.#read();
    // Credentials may have changed with the file: connections are made anew when next asked for.
    this.#upstreams.clear();
    for (const l of this.#listeners) l();
  }

  #read(): Known[] {
    const known = [this.#embedded];
    const sources: (readonly [string, string | readonly string[]])[] = [['kubeconfig', this.#paths], ...this.#added];
    for (const [name, source] of sources) {
      let k: Kubeconfig;
      try { k = loadKubeconfig(source); } catch (e) { this.#log.warn('kubeconfig cannot be read; its clusters are left out', { name, error: e }); continue; }
      for (const c of k.contexts) {
        const server = k.clusters.get(c.cluster)?.server ?? '';
        // Our own cluster, merged into the user's kubeconfig, is not shown twice.
        if (server === this.#embedded.info.server) continue;
        known.push({ info: { id: `${name}:${c.name}`, name: c.name, origin: 'kubeconfig', server, context: c.name, namespace: c.namespace || 'default' }, connection: () => connectionOf(k, c.name) });
      }
    }
    return known;
  }
}
