// Scheduler extenders: somebody else who is asked over HTTP where a pod may go, which nodes are better, who has to make room, and who may
// bind it himself. Words and shapes are those of k8s.io/kube-scheduler/extender/v1, whose fields are read in any case, as Go reads them.
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from 'node:https';
import type { Pod } from '../api/types/kubernetes.ts';
import type { Clock } from '../base/clock.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** As an Extender of kubescheduler.config.k8s.io/v1; '' for verbs that are not there. */
export interface ExtenderConfig {
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly preemptVerb: string;
  readonly prioritizeVerb: string;
  readonly bindVerb: string;
  /** What its scores (0..10) count, beside the plug-ins' weights. */
  readonly weight: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly enableHTTPS: boolean;
  /** Files by path, or their content in base64. */
  readonly tls: {
    readonly insecure?: boolean; readonly serverName?: string; readonly certFile?: string; readonly keyFile?: string; readonly caFile?: string;
    readonly certData?: string; readonly keyData?: string; readonly caData?: string;
  };
  /** It knows the nodes and is told their names only. */
  readonly nodeCacheCapable: boolean;
  /** What goes wrong with it stops nobody. */
  readonly ignorable: boolean;
  /** Only pods that ask for one of these concern it; all pods where none is named. */
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
}

/** Who would have to go from a node, and how many of them against their budgets. */
export interface Victims { readonly victims: readonly PodInfo[]; readonly violations: number }
export interface Filtered { readonly nodes: readonly NodeInfo[]; readonly failed: ReadonlyMap<string, string>; readonly unresolvable: ReadonlyMap<string, string> }

/** The most an extender's score may be. */
const MOST = 10;

/** A field of an answer, whatever the case of its letters. */
function field(from: unknown, name: string): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  const key = Object.keys(from).find(k => k.toLowerCase() === name);
  return key === undefined ? undefined : (from as Record<string, unknown>)[key];
}
const texts = (v: unknown): Map<string, string> => new Map(Object.entries(typeof v === 'object' && v !== null ? v : {}).map(([k, t]) => [k, String(t)]));
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const nameOf = (n: unknown): string => String(field(field(n, 'metadata'), 'name') ?? '');

export class Extender {
  readonly config: ExtenderConfig;
  readonly #clock: Clock;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #managed: ReadonlySet<string>;

  /** Reads the files of its TLS; throws where one is missing. */
  constructor(config: ExtenderConfig, clock: Clock) {
    this.config = config;
    this.#clock = clock;
    this.#managed = new Set(config.managedResources.map(r => r.name));
    this.#agent = config.urlPrefix.startsWith('https:') ? new HttpsAgent({ keepAlive: true, ...tlsOf(config) }) : new HttpAgent({ keepAlive: true });
  }
  get name(): string { return this.config.urlPrefix; }

  isInterested({ spec }: Pod): boolean {
    if (this.#managed.size === 0) return true;
    return [...spec?.containers ?? [], ...spec?.initContainers ?? []].some(c => [...Object.keys(c.resources?.requests ?? {}), ...Object.keys(c.resources?.limits ?? {})].some(r => this.#managed.has(r)));
  }

  /** The nodes that are left, and why others are not; rejects with what went wrong. */
  async filter(pod: Pod, nodes: readonly NodeInfo[]): Promise<Filtered> {
    const answer = await this.#send(this.config.filterVerb, this.#args(pod, nodes)), error = field(answer, 'error');
    if (error) throw new Error(String(error));
    const known = new Map(nodes.map(n => [n.name, n])), names = this.config.nodeCacheCapable ? field(answer, 'nodenames') : undefined;
    const left: NodeInfo[] = [];
    for (const name of Array.isArray(names) ? names.map(String) : list(field(field(answer, 'nodes'), 'items')).map(nameOf)) {
      const node = known.get(name);
      if (node) left.push(node);
      else throw new Error(`extender ${JSON.stringify(this.name)} claims a filtered node ${JSON.stringify(name)} which is not found in the input node list`);
    }
    return { nodes: left, failed: texts(field(answer, 'failednodes')), unresolvable: texts(field(answer, 'failedandunresolvablenodes')) };
  }

  /** Node name -> what to add to the plug-ins' scores, weighted already. */
  async prioritize(pod: Pod, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>> {
    const answer = await this.#send(this.config.prioritizeVerb, this.#args(pod, nodes));
    return new Map(list(answer).map(h => [String(field(h, 'host')), Number(field(h, 'score') ?? 0) * this.config.weight * (100 / MOST)]));
  }

  /** Of nodes where room could be made those where it may be, and who has to go there. */
  async preempt(pod: Pod, candidates: ReadonlyMap<NodeInfo, Victims>): Promise<Map<NodeInfo, Victims>> {
    const told = (of: (p: PodInfo) => unknown): Record<string, unknown> =>
      Object.fromEntries([...candidates].map(([n, v]) => [n.name, { Pods: v.victims.map(of), NumPDBViolations: v.violations }]));
    const known = this.config.nodeCacheCapable;
    const answer = await this.#send(this.config.preemptVerb, { Pod: pod, NodeNameToVictims: known ? null : told(p => p.pod), NodeNameToMetaVictims: known ? told(p => ({ UID: p.uid })) : null });
    const byName = new Map([...candidates.keys()].map(n => [n.name, n])), out = new Map<NodeInfo, Victims>();
    for (const [name, v] of Object.entries(field(answer, 'nodenametometavictims') ?? {})) {
      const node = byName.get(name);
      if (!node) throw new Error(`nodeinfo not found for node name ${JSON.stringify(name)}`);
      const victims = list(field(v, 'pods')).map(p => {
        const uid = String(field(p, 'uid')), found = [...node.pods.values()].find(q => q.uid === uid);
        if (!found) throw new Error(`extender: ${this.name} claims to preempt pod (UID: ${uid}) on node: ${name}, but the pod is not found on that node`);
        return found;
      });
      if (victims.length === 0) {
        if (this.config.ignorable) continue;
        throw new Error(`expected at least one victim pod on node ${JSON.stringify(name)}`);
      }
      out.set(node, { victims, violations: Number(field(v, 'numpdbviolations') ?? 0) });
    }
    return out;
  }

  async bind({ pod, namespace, uid }: PodInfo, node: string): Promise<void> {
    const error = field(await this.#send(this.config.bindVerb, { PodName: pod.metadata?.name, PodNamespace: namespace, PodUID: uid, Node: node }), 'error');
    if (error) throw new Error(String(error));
  }

  #args(pod: Pod, nodes: readonly NodeInfo[]): object {
    return { Pod: pod, Nodes: this.config.nodeCacheCapable ? null : { metadata: {}, items: nodes.map(n => n.node) }, NodeNames: this.config.nodeCacheCapable ? nodes.map(n => n.name) : null };
  }

  /** POSTs and reads JSON; rejects with Go's words for what went wrong. */
  #send(verb: string, args: object): Promise<unknown> {
    const url = `${this.config.urlPrefix.replace(/\/+$/, '')}/${verb}`, body = JSON.stringify(args);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`Post ${JSON.stringify(url)}: ${why}`));
      const req = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, res => {
        const parts: Buffer[] = [];
        res.on('data', (d: Buffer) => parts.push(d));
        res.on('error', e => fail(e.message));
        res.on('end', () => {
          if (res.statusCode !== 200) { reject(new Error(`failed ${verb} with extender at URL ${url}, code ${res.statusCode}`)); return; }
          try { resolve(JSON.parse(Buffer.concat(parts).toString())); } catch (e) { reject(e as Error); }
        });
      });
      const timer = this.#clock.after(this.config.timeout, () => { req.destroy(); fail('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'); });
      req.on('error', (e: NodeJS.ErrnoException) => fail(e.code === 'ECONNREFUSED' ? `dial tcp ${req.host}:${new URL(url).port}: connect: connection refused` : e.message));
      req.on('close', () => timer.cancel());
      req.end(body);
    });
  }
}

function tlsOf({ tls, enableHTTPS }: ExtenderConfig): AgentOptions {
  const of = (data: string | undefined, file: string | undefined): Buffer | undefined => (data ? Buffer.from(data, 'base64') : file ? readFileSync(file) : undefined);
  const ca = of(tls.caData, tls.caFile), cert = of(tls.certData, tls.certFile), key = of(tls.keyData, tls.keyFile);
  return {
    ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(tls.serverName ? { servername: tls.serverName } : {}),
    // Kubernetes' own rule: who turns HTTPS on and names no authority trusts whoever answers.
    rejectUnauthorized: !(tls.insecure || (enableHTTPS && !ca)),
  };
}
