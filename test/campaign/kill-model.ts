// What writers of a kill campaign know: every write that was acknowledged, and the one per object that may or may not have happened.
import { createHash } from 'node:crypto';
import { Agent } from 'node:https';
import { send, type Answer, type Credentials } from '../harness/https.ts';

/** mulberry32: the same numbers for the same seed. */
export function random(seed: number): () => number {
  let s = seed | 0;
  return () => {
    s = (s + 0x6D2B79F5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Stored { metadata: { name: string; namespace?: string; uid: string; resourceVersion: string; creationTimestamp: string; labels?: Record<string, string> }; data?: Record<string, string> }

/** An object's content: `seq` counts its writes, the rest proves that the object is whole. */
const filling = (name: string, seq: number, times: number): Record<string, string> => {
  const body = `${name}/${seq} `.repeat((20 + (seq * 37) % 180) * times);
  return { seq: String(seq), body, sum: createHash('sha256').update(body).digest('hex') };
};

interface Known {
  /** Last acknowledged state; undefined: acknowledged as deleted, or never written. */
  acked: { seq: number; uid: string; resourceVersion: string; createdAt: string } | undefined;
  /** Sent, not answered: its write may or may not be there. `seq` undefined: a deletion. */
  pending: { seq: number | undefined } | undefined;
}

/** One client's objects: ConfigMaps in one namespace that nobody else touches. Writes one at a time until told to stop or cut off. */
export class Writer {
  readonly prefix: string;
  readonly #random: () => number;
  readonly #known = new Map<string, Known>();
  #seq = 0;
  /** Acknowledged writes so far. */
  acknowledged = 0;

  readonly #times: number;
  /** `times`: how much larger than the usual 0.1 to 2 kB its objects are. */
  constructor(prefix: string, seed: number, times = 1) { this.prefix = prefix; this.#random = random(seed); this.#times = times; }

  /** Until `stopped()` or the connection breaks; throws on an answer that no correct server gives. */
  async run(c: Credentials, namespace: string, stopped: () => boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      while (!stopped()) {
        const name = `${this.prefix}-${Math.floor(this.#random() * 12)}`;
        const known = this.#known.get(name) ?? { acked: undefined, pending: undefined };
        this.#known.set(name, known);
        const path = `/api/v1/namespaces/${namespace}/configmaps`;
        const kind = this.#random();
        const seq = ++this.#seq;
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { writer: this.prefix } }, data: filling(name, seq, this.#times) };
        let want: number;
        let ask: () => Promise<Answer>;
        if (!known.acked) { want = 201; known.pending = { seq }; ask = () => send(c, 'POST', path, { agent, body: JSON.stringify(object) }); }
        else if (kind < 0.2) { want = 200; known.pending = { seq: undefined }; ask = () => send(c, 'DELETE', `${path}/${name}`, { agent }); }
        else if (kind < 0.6) { want = 200; known.pending = { seq }; ask = () => send(c, 'PUT', `${path}/${name}`, { agent, body: JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: known.acked!.resourceVersion } }) }); }
        else { want = 200; known.pending = { seq }; ask = () => send(c, 'PATCH', `${path}/${name}`, { agent, body: JSON.stringify({ data: object.data }), headers: { 'content-type': 'application/merge-patch+json' } }); }
        let answer: Answer;
        try { answer = await ask(); } catch (e) {
          // The host is gone: nobody knows whether the write happened.
          if (isCutOff(e)) return;
          throw e;
        }
        if (answer.status !== want) throw new Error(`${this.prefix}: ${answer.status} instead of ${want} for write ${seq} of ${name}: ${answer.body.slice(0, 300)}`);
        this.#acknowledge(known, answer);
      }
    } finally { agent.destroy(); }
  }

  #acknowledge(known: Known, answer: Answer): void {
    const seq = known.pending!.seq;
    known.pending = undefined;
    this.acknowledged++;
    if (seq === undefined) { known.acked = undefined; return; }
    const o = JSON.parse(answer.body) as Stored;
    known.acked = { seq, uid: o.metadata.uid, resourceVersion: o.metadata.resourceVersion, createdAt: o.metadata.creationTimestamp };
  }

  /** Compares what is stored with what was acknowledged; adopts the outcome of writes that nobody answered. Returns what is wrong. */
  check(stored: readonly Stored[]): string[] {
    const wrong: string[] = [];
    const found = new Map(stored.filter(o => o.metadata.labels?.['writer'] === this.prefix).map(o => [o.metadata.name, o]));
    for (const [name, known] of this.#known) {
      const o = found.get(name);
      found.delete(name);
      const seq = o ? Number(o.data?.['seq']) : undefined;
      if (o && JSON.stringify(sorted(o.data ?? {})) !== JSON.stringify(sorted(filling(name, seq!, this.#times)))) wrong.push(`${name} is not whole: ${JSON.stringify(o).slice(0, 400)}`);
      const same = seq === known.acked?.seq;
      if (!same && !(known.pending && known.pending.seq === seq)) wrong.push(`${name}: write ${known.acked?.seq ?? 'none'} was acknowledged${known.pending ? `, ${known.pending.seq ?? 'a deletion'} was sent` : ''}; stored is ${seq ?? 'nothing'}`);
      if (o && known.acked && (o.metadata.uid !== known.acked.uid || o.metadata.creationTimestamp !== known.acked.createdAt)) wrong.push(`${name}: uid or age changed`);
      if (o && same && o.metadata.resourceVersion !== known.acked?.resourceVersion) wrong.push(`${name}: revision ${known.acked?.resourceVersion} became ${o.metadata.resourceVersion}`);
      known.pending = undefined;
      known.acked = o ? { seq: seq!, uid: o.metadata.uid, resourceVersion: o.metadata.resourceVersion, createdAt: o.metadata.creationTimestamp } : undefined;
    }
    for (const name of found.keys()) wrong.push(`${name} exists, but nobody wrote it`);
    return wrong;
  }
}

const sorted = (o: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(o).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Errors of a connection whose other end was killed. */
export const isCutOff = (e: unknown): boolean => ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes((e as NodeJS.ErrnoException).code ?? '') || /socket hang up|aborted/.test(String(e));
