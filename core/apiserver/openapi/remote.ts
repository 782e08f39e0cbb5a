// OpenAPI documents of aggregated servers, read when somebody asks and kept until something changed there.
import { documentOf, type Document } from '../discovery/answer.ts';
import { v3OfV2 } from './convert.ts';
import type { RemoteApis, RemoteVersion } from '../aggregation/remote-discovery.ts';

interface Spec { paths?: Record<string, unknown>; definitions?: Record<string, unknown> }

export class RemoteDocuments {
  readonly #apis: RemoteApis;
  readonly #v3 = new WeakMap<RemoteVersion, Promise<Document | undefined>>();
  readonly #v2 = new WeakMap<RemoteVersion, Promise<Spec | undefined>>();
  constructor(apis: RemoteApis) { this.#apis = apis; }

  /** The v3 documents of all that can be reached, by `apis/GROUP/VERSION`. */
  async v3(): Promise<{ root: string; document: Document }[]> {
    const all = await Promise.all(this.#reachable().map(async v => {
      const root = `apis/${v.group}/${v.version}`;
      const document = await kept(this.#v3, v, async () => {
        const a = await this.#apis.read(v.group, v.version, `/openapi/v3/${root}`, 'application/json');
        if (a.status === 200 && isObject(a.body)) return documentOf('application/json', a.body);
        if (a.status !== 404) return undefined;
        // One that knows only the older form says in it what it has.
        const old = await this.#apis.read(v.group, v.version, '/openapi/v2', 'application/json');
        return old.status === 200 && isObject(old.body) ? documentOf('application/json', Buffer.from(JSON.stringify(v3OfV2(JSON.parse(old.body.toString()) as Record<string, unknown>)))) : undefined;
      });
      return document && { root, document };
    }));
    return all.filter(x => x !== undefined);
  }

  /** The v2 documents of all that can be reached. */
  async v2(): Promise<Spec[]> {
    const all = await Promise.all(this.#reachable().map(v => kept(this.#v2, v, async () => {
      const a = await this.#apis.read(v.group, v.version, '/openapi/v2', 'application/json');
      if (a.status !== 200 || !isObject(a.body)) return undefined;
      const spec = JSON.parse(a.body.toString()) as Spec, own = `/apis/${v.group}/`;
      return { paths: Object.fromEntries(Object.entries(spec.paths ?? {}).filter(([p]) => p.startsWith(own))), definitions: spec.definitions ?? {} };
    })));
    return all.filter(x => x !== undefined);
  }

  #reachable(): RemoteVersion[] { return this.#apis.versions.filter(v => !v.stale && v.group !== ''); }
}

/** Adds what is not there yet. */
export function addRemotePaths(spec: Record<string, unknown>, others: readonly Spec[]): void {
  for (const o of others) for (const part of ['paths', 'definitions'] as const) spec[part] = { ...o[part], ...(spec[part] as object) };
}

function kept<T>(cache: WeakMap<RemoteVersion, Promise<T | undefined>>, v: RemoteVersion, read: () => Promise<T | undefined>): Promise<T | undefined> {
  let p = cache.get(v);
  // A server that does not answer is left out; the others' documents are as good without it.
  if (!p) cache.set(v, p = read().catch(() => undefined));
  return p;
}

function isObject(body: Buffer): boolean {
  try { const v: unknown = JSON.parse(body.toString()); return typeof v === 'object' && v !== null; } catch { return false; }
}
