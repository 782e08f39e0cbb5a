// New endpoints beside older ones. A pod without readiness probe is ready the moment its process runs, which is before it listens: what
// is sent to it then is refused. Where others can serve meanwhile, a new TCP endpoint gets connections once it takes one, or after a second.
import { connect } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Backend, ServicePort } from './service-table.ts';

const LONGEST_MS = 1_000;
const AGAIN_MS = 20;

/** Whether the port takes a connection, which ends at once. */
export function answers(b: Backend): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: b.ip, port: b.port });
    const end = (took: boolean): void => { socket.destroy(); resolve(took); };
    socket.setTimeout(LONGEST_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

const id = (b: Backend): string => `${b.ip}:${b.port}`;
interface Row { readonly admitted: Set<string>; readonly asked: Map<string, Timer> }

export class Joining {
  readonly #rows = new Map<string, Row>();
  readonly #clock: Clock;
  readonly #answers: (b: Backend) => Promise<boolean>;
  readonly #joined: (service: string) => void;
  /** `joined` gets the `ns/name` of a service whose rows are to be passed through `admit` again. */
  constructor(clock: Clock, joined: (service: string) => void, ask = answers) { this.#clock = clock; this.#joined = joined; this.#answers = ask; }

  /** Rows of one service without the endpoints that have to wait; those are asked from now on. */
  admit(before: readonly ServicePort[], after: readonly ServicePort[]): ServicePort[] {
    for (const p of before) if (!after.some(a => a.key === p.key)) this.#forget(p.key);
    return after.map(p => (p.protocol === 'tcp' ? this.#row(p) : p));
  }

  #row(p: ServicePort): ServicePort {
    let row = this.#rows.get(p.key);
    if (!row) this.#rows.set(p.key, row = { admitted: new Set(), asked: new Map() });
    const now = new Map([...p.backends, ...(p.from ?? []).flatMap(x => x.backends), ...(p.at ?? []).flatMap(x => x.backends)].map(b => [id(b), b]));
    for (const known of row.admitted) if (!now.has(known)) row.admitted.delete(known);
    for (const [asked, timer] of row.asked) if (!now.has(asked)) { timer.cancel(); row.asked.delete(asked); }
    // Nobody else: better refused than rejected.
    if (row.admitted.size === 0) {
      for (const timer of row.asked.values()) timer.cancel();
      row.asked.clear();
      for (const b of now.keys()) row.admitted.add(b);
      return p;
    }
    const waiting = [...now.values()].filter(b => !row.admitted.has(id(b)));
    if (waiting.length === 0) return p;
    for (const b of waiting) if (!row.asked.has(id(b))) this.#ask(p.key, row, b, this.#clock.now() + LONGEST_MS);
    const only = (list: Backend[]): Backend[] => { const those = list.filter(b => row.admitted.has(id(b))); return those.length > 0 ? those : list; };
    const each = <T extends { backends: Backend[] }>(list: T[]): T[] => list.map(x => ({ ...x, backends: only(x.backends) }));
    return { ...p, backends: only(p.backends), ...(p.from ? { from: each(p.from) } : {}), ...(p.at ? { at: each(p.at) } : {}) };
  }

  #ask(key: string, row: Row, b: Backend, until: number): void {
    const admit = (): void => {
      if (!row.asked.delete(id(b))) return;
      row.admitted.add(id(b));
      this.#joined(key.slice(0, key.lastIndexOf(':')));
    };
    // The end of patience, however long a single answer takes.
    row.asked.set(id(b), this.#clock.after(until - this.#clock.now(), admit));
    const mine = row.asked.get(id(b));
    const ask = async (): Promise<void> => {
      const took = await this.#answers(b);
      if (row.asked.get(id(b)) !== mine) return;
      if (took) { mine!.cancel(); admit(); return; }
      this.#clock.after(AGAIN_MS, () => { if (row.asked.get(id(b)) === mine) void ask(); });
    };
    void ask();
  }

  #forget(key: string): void {
    for (const timer of this.#rows.get(key)?.asked.values() ?? []) timer.cancel();
    this.#rows.delete(key);
  }
  close(): void { for (const key of this.#rows.keys()) this.#forget(key); }
}
