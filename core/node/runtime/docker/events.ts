// Docker's event stream, filtered to this node's containers, kept open. After a loss the daemon is asked for the events since the last
// one heard, and, because it forgets them when it restarts, the true state is compared with what is remembered.
import type Docker from 'dockerode';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { systemClock, type Clock } from '../../../base/clock.ts';
import type { Log } from '../../../base/log.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { LABEL } from './naming.ts';

const RETRY_MS = 250;
const RETRY_MAX_MS = 10_000;
/** What containerd says of memory and of ends comes on two ways: an 'oom' that was overtaken by its 'die' is waited for this long. */
const OOM_MS = 150;
const KILLED = '137';

interface Known { sandbox: boolean; sandboxId: string; podUid: string }
interface DockerEvent { Action?: string; Actor?: { ID?: string; Attributes?: Record<string, string> } }

export class EventStream {
  readonly #docker: Docker;
  readonly #labels: string[];
  readonly #emit: (e: RuntimeEvent) => void;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #running = new Map<string, Known>();
  /** Containers that ran out of memory: Docker itself does not know it of those whose 'oom' came late. */
  readonly #oom = new Set<string>();
  /** Ends that wait for an 'oom'. */
  readonly #held = new Map<string, () => void>();
  #stream: (Readable & { destroy(): void }) | undefined;
  #closed = false;
  /** Nanoseconds since the epoch of the newest event heard, by the daemon's clock. */
  #heard: bigint | undefined;

  constructor(docker: Docker, labels: string[], emit: (e: RuntimeEvent) => void, log: Log, clock: Clock = systemClock) {
    this.#docker = docker; this.#labels = labels; this.#emit = emit; this.#log = log; this.#clock = clock;
  }

  /** Opens the stream; throws if the daemon does not answer now, and reconnects by itself after that. */
  async open(): Promise<void> {
    const again = this.#stream !== undefined;
    const filters = JSON.stringify({ type: ['container'], label: this.#labels, event: ['start', 'die', 'oom'] }) as unknown as Record<string, string[]>;
    const stream = await this.#docker.getEvents({ filters, ...(this.#heard === undefined ? {} : { since: seconds(this.#heard + 1n) as unknown as number }) }) as unknown as Readable & { destroy(): void };
    if (this.#closed) { stream.destroy(); return; }
    this.#stream = stream;
    let ended = false;
    const over = (why: string): void => {
      if (ended) return;
      ended = true;
      if (this.#closed) return;
      this.#log.warn('Docker event stream ended, reconnecting', { why });
      this.#retry(RETRY_MS);
    };
    const lines = createInterface({ input: stream });
    lines.on('line', line => { if (line !== '') this.#line(line); });
    // It says the stream's errors once more.
    lines.on('error', e => { over((e as Error).message); });
    stream.on('error', e => { over(e.message); });
    stream.on('close', () => { over('closed'); });
    stream.on('end', () => { over('end'); });
    try { await this.#resync(again); } catch (error) {
      // Whoever called tries again, with a stream of its own.
      ended = true;
      stream.destroy();
      throw error;
    }
  }

  close(): void { this.#closed = true; this.#stream?.destroy(); }

  #retry(wait: number): void {
    this.#clock.after(wait, () => {
      if (this.#closed) return;
      this.open().catch((error: unknown) => {
        this.#log.warn('Docker does not answer', { error });
        this.#retry(Math.min(wait * 2, RETRY_MAX_MS));
      });
    });
  }

  /** `again`: not the first time; then every container that is dead is told as dead, for it may have lived and died unheard. */
  async #resync(again: boolean): Promise<void> {
    // What starts while the list is made is not in it, and not dead.
    const before = new Map(this.#running);
    const all = await this.#docker.listContainers({ all: true, filters: JSON.stringify({ label: this.#labels }) as unknown as Record<string, string[]> });
    const there = new Set(all.map(c => c.Id));
    for (const [id, k] of before) if (!there.has(id) && this.#running.has(id)) this.#died(id, k);
    for (const c of all) {
      if (c.State === 'running' || c.State === 'paused') { if (!this.#running.has(c.Id)) this.#started(c.Id, c.Labels, true); }
      else if (before.has(c.Id) || (again && (c.State === 'exited' || c.State === 'dead'))) this.#died(c.Id, known(c.Id, c.Labels));
    }
  }

  #line(line: string): void {
    let event: DockerEvent;
    try { event = JSON.parse(line) as DockerEvent; } catch (error) {
      // A connection that breaks inside a line: the event comes whole with the next one.
      this.#log.debug('Docker event cut off', { line, error });
      return;
    }
    // A number of nanoseconds does not fit a JavaScript number.
    const at = /"timeNano":(\d+)/.exec(line)?.[1];
    if (at !== undefined) this.#heard = BigInt(at);
    this.#event(event);
  }

  #event(e: DockerEvent): void {
    const id = e.Actor?.ID ?? '';
    const labels = e.Actor?.Attributes ?? {};
    if (e.Action === 'start') this.#started(id, labels, false);
    else if (e.Action === 'die') {
      const tell = (): void => { this.#held.delete(id); this.#died(id, this.#running.get(id) ?? known(id, labels)); };
      if (labels['exitCode'] !== KILLED || this.#oom.has(id)) { tell(); return; }
      const timer = this.#clock.after(OOM_MS, tell);
      this.#held.set(id, () => { timer.cancel(); tell(); });
    } else if (e.Action === 'oom') {
      this.#oom.add(id);
      const k = known(id, labels); this.#emit({ type: 'container-oom', sandboxId: k.sandboxId, containerId: id, podUid: k.podUid });
      this.#held.get(id)?.();
    }
  }

  /** Whether an 'oom' was heard of it since it was last made or started. */
  ranOutOfMemory(id: string): boolean { return this.#oom.has(id); }
  forget(id: string): void { this.#oom.delete(id); }

  #started(id: string, labels: Record<string, string>, quiet: boolean): void {
    const k = known(id, labels);
    this.#running.set(id, k);
    if (!quiet && !k.sandbox) this.#emit({ type: 'container-started', sandboxId: k.sandboxId, containerId: id, podUid: k.podUid });
  }

  #died(id: string, k: Known): void {
    this.#running.delete(id);
    this.#emit(k.sandbox ? { type: 'sandbox-died', sandboxId: id, podUid: k.podUid } : { type: 'container-died', sandboxId: k.sandboxId, containerId: id, podUid: k.podUid });
  }
}

/** Docker's form of a time: seconds, a point, nanoseconds. */
const seconds = (nanos: bigint): string => `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;

function known(id: string, labels: Record<string, string>): Known {
  const sandbox = labels[LABEL.type] === 'podsandbox';
  return { sandbox, sandboxId: sandbox ? id : labels[LABEL.sandbox] ?? '', podUid: labels[LABEL.podUid] ?? '' };
}
