// Docker's event stream, filtered to this node's containers, kept open. After every (re)connection the true state is compared with
// what is remembered, so that nothing that happened while the stream was down is lost.
import type Docker from 'dockerode';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { systemClock, type Clock } from '../../../base/clock.ts';
import type { Log } from '../../../base/log.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { LABEL } from './naming.ts';

interface Known { sandbox: boolean; sandboxId: string; podUid: string }
interface DockerEvent { Action?: string; Actor?: { ID?: string; Attributes?: Record<string, string> } }

export class EventStream {
  readonly #docker: Docker;
  readonly #labels: string[];
  readonly #emit: (e: RuntimeEvent) => void;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #running = new Map<string, Known>();
  #stream: (Readable & { destroy(): void }) | undefined;
  #closed = false;

  constructor(docker: Docker, labels: string[], emit: (e: RuntimeEvent) => void, log: Log, clock: Clock = systemClock) {
    this.#docker = docker; this.#labels = labels; this.#emit = emit; this.#log = log; this.#clock = clock;
  }

  /** Opens the stream; throws if the daemon does not answer now, and reconnects by itself after that. */
  async open(): Promise<void> {
    const stream = await this.#docker.getEvents({ filters: JSON.stringify({ type: ['container'], label: this.#labels, event: ['start', 'die', 'oom'] }) as unknown as Record<string, string[]> }) as unknown as Readable & { destroy(): void };
    if (this.#closed) { stream.destroy(); return; }
    this.#stream = stream;
    let ended = false;
    const again = (why: string): void => {
      if (ended) return;
      ended = true;
      if (this.#closed) return;
      this.#log.warn('Docker event stream ended, reconnecting', { why });
      this.#retry(250);
    };
    const lines = createInterface({ input: stream });
    lines.on('line', line => { if (line !== '') this.#event(JSON.parse(line) as DockerEvent); });
    stream.on('error', e => { again(e.message); });
    stream.on('close', () => { again('closed'); });
    stream.on('end', () => { again('end'); });
    await this.#resync();
  }

  close(): void { this.#closed = true; this.#stream?.destroy(); }

  #retry(wait: number): void {
    this.#clock.after(wait, () => {
      if (this.#closed) return;
      this.open().catch((error: unknown) => {
        this.#log.warn('Docker does not answer', { error });
        this.#retry(Math.min(wait * 2, 10_000));
      });
    });
  }

  async #resync(): Promise<void> {
    const now = await this.#docker.listContainers({ filters: JSON.stringify({ label: this.#labels, status: ['running', 'paused'] }) as unknown as Record<string, string[]> });
    const alive = new Set(now.map(c => c.Id));
    for (const [id, known] of this.#running) if (!alive.has(id)) this.#died(id, known);
    for (const c of now) if (!this.#running.has(c.Id)) this.#started(c.Id, c.Labels, true);
  }

  #event(e: DockerEvent): void {
    const id = e.Actor?.ID ?? '';
    const labels = e.Actor?.Attributes ?? {};
    if (e.Action === 'start') this.#started(id, labels, false);
    else if (e.Action === 'die') this.#died(id, this.#running.get(id) ?? known(id, labels));
    else if (e.Action === 'oom') { const k = known(id, labels); this.#emit({ type: 'container-oom', sandboxId: k.sandboxId, containerId: id, podUid: k.podUid }); }
  }

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

function known(id: string, labels: Record<string, string>): Known {
  const sandbox = labels[LABEL.type] === 'podsandbox';
  return { sandbox, sandboxId: sandbox ? id : labels[LABEL.sandbox] ?? '', podUid: labels[LABEL.podUid] ?? '' };
}
