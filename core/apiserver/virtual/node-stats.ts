// What node agents measure, read from their /stats/summary when somebody asks, and kept for a while: a rate needs time between two
// readings, and nobody pays for figures that are not asked for.
import { request } from 'node:https';
import type { Clock } from '../../base/clock.ts';
import { Cluster, type KubeletClient, type Lookup } from '../subresources/connect-cluster.ts';

export interface Figures { readonly cpu?: { readonly usageNanoCores?: number }; readonly memory?: { readonly workingSetBytes?: number } }
interface Summary { node?: Figures & { startTime?: string }; pods?: { podRef: { uid: string }; containers?: (Figures & { name: string })[] }[] }

/** One reading of a node. */
export interface Measured {
  /** RFC 3339, whole seconds. */
  readonly time: string;
  /** How long the interval was that rates are over, in ms. */
  readonly windowMs: number;
  readonly node: Figures;
  /** Containers that run, by the uid of their pod. */
  readonly pods: ReadonlyMap<string, readonly (Figures & { name: string })[]>;
}

export interface NodeStats {
  /** Readings by node; a node that does not answer is left out. Never rejects. */
  of(nodes: readonly string[]): Promise<ReadonlyMap<string, Measured>>;
}

const FRESH_MS = 10_000, PATIENCE_MS = 5000;

/** Asks agents with the certificate they obey; a reading serves everybody for ten seconds. */
export function createNodeStats(lookup: Lookup, kubelet: KubeletClient, clock: Clock): NodeStats {
  const cluster = new Cluster(lookup, kubelet);
  const known = new Map<string, { at: number; reading: Promise<Measured | undefined> }>();
  const read = (node: string, before: number | undefined): Promise<Measured | undefined> => new Promise(resolve => {
    const { host, port } = cluster.agent(node);
    const req = request({ host, port, path: '/stats/summary?only_cpu_and_memory=true', cert: kubelet.cert, key: kubelet.key, ca: kubelet.ca, agent: false, timeout: PATIENCE_MS }, res => {
      const parts: Buffer[] = [];
      res.on('data', (b: Buffer) => parts.push(b));
      res.on('error', () => resolve(undefined));
      res.on('end', () => resolve(res.statusCode === 200 ? measuredFrom(Buffer.concat(parts).toString(), clock.now(), before) : undefined));
    });
    req.on('timeout', () => req.destroy());
    req.on('error', () => resolve(undefined));
    req.end();
  });
  const measure = async (node: string): Promise<Measured | undefined> => {
    const now = clock.now(), last = known.get(node);
    if (last && now - last.at < FRESH_MS) return last.reading;
    const reading = read(node, last?.at).catch(() => undefined);
    known.set(node, { at: now, reading });
    const got = await reading;
    // Who could not be read is asked again the next time.
    if (!got && known.get(node)?.reading === reading) known.delete(node);
    return got;
  };
  return {
    async of(nodes) {
      const out = new Map<string, Measured>();
      await Promise.all(nodes.map(async n => { const m = await measure(n); if (m) out.set(n, m); }));
      return out;
    },
  };
}

/** undefined for an answer that is none. `before` is when the node was last read, in ms. */
function measuredFrom(text: string, now: number, before: number | undefined): Measured | undefined {
  let s: Summary;
  try { s = JSON.parse(text) as Summary; } catch { return undefined; }
  if (!s.node) return undefined;
  const since = before ?? (s.node.startTime === undefined ? now : Date.parse(s.node.startTime));
  return {
    time: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'), windowMs: Math.max(1, Math.min(now - since, 3_600_000)), node: s.node,
    pods: new Map((s.pods ?? []).map(p => [p.podRef.uid, p.containers ?? []])),
  };
}
