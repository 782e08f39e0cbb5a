// Groups and versions other servers answer for: which they are, where they are reached, whether they can be. Objects are APIServices
// that name a Service; this server authenticates and authorizes, and passes the request on as a front proxy.
import { apiService } from '../../api/kinds/apiregistration/api-service.ts';
import { ApiError, isConflict, isNotFound, unavailable } from '../../api/meta/status.ts';
import type { APIService, APIServiceCondition } from '../../api/types/kubernetes.ts';
import type { Timer } from '../../base/clock.ts';
import type { Client, Request } from '../../client/client.ts';
import { errorOf } from '../../client/transport-http.ts';
import type { Watcher } from '../../store/store.ts';
import type { UserInfo } from '../context.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import { refusal } from '../webhook-client.ts';
import { serviceAddress, serviceNamed, slicesOf, Unreachable, type Address } from '../service-address.ts';
import type { Target } from '../subresources/connect-forward.ts';
import { ask, type Reply } from './ask.ts';
import { readVersion, type RemoteVersion } from './remote-discovery.ts';
import { goWords } from '../../base/go-words.ts';

/** How this server shows other servers who it is: a certificate of an authority they trust for just that. PEM. */
export interface FrontProxy {
  readonly cert: string;
  readonly key: string;
  /** That authority: whoever it signed for may also be a front proxy of this server. */
  readonly ca?: string;
}

/** How often servers are asked again whether they are there, and how often one that was not. */
const RECHECK_MS = 30_000, RETRY_MS = 2_000;
/** What client-go makes of a server that answers 503 without a word. */
const UNABLE = 'the server is currently unable to handle the request';
const ASKING: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };

/** One APIService that leads to a Service. */
interface Remote { object: APIService; version: RemoteVersion; timer: Timer | undefined; running: boolean; again: boolean }

const conditionOf = (a: APIService): APIServiceCondition | undefined => a.status?.conditions?.find(c => c.type === 'Available');

export class Aggregator {
  readonly #env: RegistryEnv;
  readonly #client: Client;
  readonly #front: FrontProxy;
  /** By `group/version`. */
  readonly #remotes = new Map<string, Remote>();
  readonly #watchers: Watcher[] = [];
  #around: Watcher[] = [];
  #versions: readonly RemoteVersion[] = [];
  #closed = false;

  constructor(env: RegistryEnv, client: Client, front: FrontProxy) {
    this.#env = env; this.#client = client; this.#front = front;
    const r = env.find(apiService.group, apiService.plural);
    if (!r) return;
    for (const e of env.store.range({ prefix: r.prefix }).entries) this.#take(r.objectOf(e) as APIService);
    this.#watchers.push(env.store.watch(r.prefix, env.store.revision, events => {
      for (const e of events) if (e.type === 'DELETE') this.#forget(r.objectOf(e.entry) as APIService); else this.#take(r.objectOf(e.entry) as APIService);
    }));
  }

  close(): void {
    this.#closed = true;
    for (const w of [...this.#watchers, ...this.#around]) w.close();
    for (const r of this.#remotes.values()) r.timer?.cancel();
  }

  /** What other servers serve, for discovery: another array when something of it changed. */
  get versions(): readonly RemoteVersion[] { return this.#versions; }

  /** Whether a group and version is another server's; the quick question of every request. */
  has(group: string, version: string): boolean { return this.#remotes.size > 0 && this.#remotes.has(`${group}/${version}`); }

  /** Where a request goes, as whom; undefined when the server behind cannot be reached. */
  target(group: string, version: string, path: string, user: UserInfo): Target | undefined {
    const remote = this.#remotes.get(`${group}/${version}`);
    return remote && conditionOf(remote.object)?.status === 'True' ? this.#target(remote.object, path, user) : undefined;
  }

  /** Hands on what a worker of this process asks, as that worker. Rejects with what the server behind answers, or 503 when it cannot be reached. */
  async request(group: string, version: string, q: Request, user: UserInfo): Promise<unknown> {
    const search = new URLSearchParams(Object.entries(q.query ?? {}).flatMap(([k, v]) => [v ?? []].flat().map((x): [string, string] => [k, String(x)]))).toString();
    const target = this.target(group, version, search ? `${q.path}?${search}` : q.path, user);
    if (!target) throw unavailable(UNABLE);
    let answer: Reply;
    try {
      answer = await ask(target, 'application/json', { method: q.method, body: q.body === undefined ? undefined : JSON.stringify(q.body), contentType: q.contentType });
    } catch (error) {
      throw unavailable(`error trying to reach service: ${error instanceof Error ? goWords(error, `${target.host}:${target.port}`) : String(error)}`);
    }
    const text = answer.body.toString();
    if (answer.status < 200 || answer.status >= 300) throw new ApiError({ ...errorOf(answer.status, text).status, message: refusal(answer.status, text) });
    return answer.contentType.includes('json') ? JSON.parse(text) as unknown : text;
  }

  /** Asks the server behind a group and version, as this server itself. Rejects when it cannot be reached. */
  read(group: string, version: string, path: string, accept: string): Promise<Reply> {
    const remote = this.#remotes.get(`${group}/${version}`), target = remote && this.#target(remote.object, path, ASKING);
    return target ? ask(target, accept) : Promise.reject(new Error('no address'));
  }

  #target(a: APIService, path: string, user: UserInfo): Target | undefined {
    const spec = a.spec!, s = spec.service!;
    let at: Address;
    try { at = serviceAddress(this.#env, s.namespace!, s.name!, s.port ?? 443); } catch (e) { if (e instanceof Unreachable) return undefined; throw e; }
    return {
      ...at, tls: true, path, front: {
        ...this.#front, servername: `${s.name!}.${s.namespace!}.svc`, insecure: spec.insecureSkipTLSVerify ?? false,
        ca: spec.caBundle ? Buffer.from(spec.caBundle, 'base64').toString() : undefined, headers: identityHeaders(user),
      },
    };
  }

  #take(a: APIService): void {
    const key = `${a.spec?.group ?? ''}/${a.spec?.version ?? ''}`, known = this.#remotes.get(key);
    if (!a.spec?.service) { if (known) this.#forget(a); return; }
    if (known) {
      const same = JSON.stringify(known.object.spec) === JSON.stringify(a.spec);
      known.object = a;
      this.#show(known);
      if (same) return;
      this.#check(known);
      return;
    }
    const remote: Remote = { object: a, version: { group: a.spec.group ?? '', version: a.spec.version ?? '', groupPriority: a.spec.groupPriorityMinimum, versionPriority: a.spec.versionPriority, stale: true, resources: [] }, timer: undefined, running: false, again: false };
    this.#remotes.set(key, remote);
    this.#lookAround();
    this.#show(remote);
    this.#check(remote);
  }

  #forget(a: APIService): void {
    const key = `${a.spec?.group ?? ''}/${a.spec?.version ?? ''}`;
    this.#remotes.get(key)?.timer?.cancel();
    this.#remotes.delete(key);
    this.#versions = [...this.#remotes.values()].map(r => r.version);
    this.#lookAround();
  }

  /** Services and their endpoints are watched only as long as somebody is behind one. */
  #lookAround(): void {
    if (this.#remotes.size === 0) { for (const w of this.#around.splice(0)) w.close(); return; }
    if (this.#around.length > 0) return;
    for (const r of [this.#env.find('', 'services'), this.#env.find('discovery.k8s.io', 'endpointslices')]) {
      if (!r) continue;
      this.#around.push(this.#env.store.watch(r.prefix, this.#env.store.revision, events => {
        const touched = new Set(events.map(e => { const m = r.objectOf(e.entry).metadata!; return `${m.namespace}/${m.labels?.['kubernetes.io/service-name'] ?? m.name}`; }));
        for (const x of this.#remotes.values()) if (touched.has(`${x.object.spec!.service!.namespace}/${x.object.spec!.service!.name}`)) this.#check(x);
      }));
    }
  }

  #show(r: Remote, resources = r.version.resources): void {
    const spec = r.object.spec!, stale = conditionOf(r.object)?.status !== 'True';
    r.version = { ...r.version, groupPriority: spec.groupPriorityMinimum, versionPriority: spec.versionPriority, stale, resources };
    this.#versions = [...this.#remotes.values()].map(x => x.version);
  }

  #check(r: Remote): void {
    if (this.#closed) return;
    if (r.running) { r.again = true; return; }
    r.running = true;
    r.timer?.cancel();
    void this.#examine(r).catch((error: unknown) => this.#env.log.warn('an aggregated server could not be judged', { error })).finally(() => {
      r.running = false;
      if (this.#closed || this.#remotes.get(`${r.version.group}/${r.version.version}`) !== r) return;
      const wait = conditionOf(r.object)?.status === 'True' ? RECHECK_MS : RETRY_MS;
      if (r.again) { r.again = false; this.#check(r); } else r.timer = this.#env.clock.after(wait, () => this.#check(r));
    });
  }

  async #examine(r: Remote): Promise<void> {
    const found = await this.#judge(r);
    const a = r.object, is = conditionOf(a);
    if (is && is.status === found.status && is.reason === found.reason && is.message === found.message) return;
    const condition: APIServiceCondition = { type: 'Available', ...found, lastTransitionTime: is?.status === found.status ? is.lastTransitionTime! : timestamp(this.#env.clock.now()) };
    try {
      await this.#client.updateStatus(apiService, { ...a, status: { conditions: [...(a.status?.conditions ?? []).filter(c => c.type !== 'Available'), condition] } });
    } catch (e) { if (isConflict(e)) r.again = true; else if (!isNotFound(e)) throw e; }
  }

  /** Upstream's checks, in upstream's order and words. */
  async #judge(r: Remote): Promise<{ status: string; reason: string; message: string }> {
    const spec = r.object.spec!, { namespace = '', name = '', port = 443 } = spec.service!;
    const no = (reason: string, message: string): { status: string; reason: string; message: string } => ({ status: 'False', reason, message });
    const service = serviceNamed(this.#env, namespace, name), where = `service/${name} in ${JSON.stringify(namespace)}`;
    if (!service) return no('ServiceNotFound', `${where} is not present`);
    if ((service.spec?.type ?? 'ClusterIP') === 'ClusterIP') {
      const p = service.spec?.ports?.find(x => x.port === port);
      if (!p) return no('ServicePortError', `${where} is not listening on port ${port}`);
      const slices = slicesOf(this.#env, namespace, name);
      if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${where}`);
      if (!slices.some(s => s.endpoints?.some(e => e.conditions?.ready !== false) && s.ports?.some(x => (x.name ?? '') === (p.name ?? '') && x.port !== undefined))) {
        return no('MissingEndpoints', `endpointslices for ${where} have no addresses with port name ${JSON.stringify(p.name ?? '')}`);
      }
    }
    const path = spec.group ? `/apis/${spec.group}/${spec.version ?? ''}` : `/api/${spec.version ?? ''}`;
    const target = this.#target(r.object, path, ASKING), url = target ? `https://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}${path}` : path;
    if (!target) return no('FailedDiscoveryCheck', `no address for ${where}`);
    try {
      const answer = await ask({ ...target, front: { ...target.front!, insecure: true } }, 'application/json');
      if (answer.status < 200 || answer.status >= 300) return no('FailedDiscoveryCheck', `failing or missing response from ${url}: bad status from ${url}: ${answer.status}`);
      const resources = readVersion(answer.body, spec.group ?? '', spec.version ?? '');
      if (resources) this.#show(r, resources);
    } catch (error) {
      return no('FailedDiscoveryCheck', `failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${error instanceof Error ? goWords(error, `${target.host}:${target.port}`) : String(error)}`);
    }
    return { status: 'True', reason: 'Passed', message: 'all checks passed' };
  }
}

/** What tells the server behind who asks (upstream's default header names). */
function identityHeaders(user: UserInfo): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = { 'X-Remote-User': user.name };
  if (user.uid) out['X-Remote-Uid'] = user.uid;
  if (user.groups.length > 0) out['X-Remote-Group'] = [...user.groups];
  for (const [key, values] of Object.entries(user.extra ?? {})) out[`X-Remote-Extra-${encodeURIComponent(key.toLowerCase()).replaceAll('*', '%2A').replace(/['()]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`] = [...values];
  return out;
}
