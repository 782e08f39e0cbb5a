// One container's log, kept open for as long as it is wanted: reopened where it stopped after a restart of the container, a lost
// connection or a server that hung up, without losing or doubling a line.
import type { OpenStream, StreamHandlers, StreamRequest } from '../../gateway/connection.ts';
import { MAX_LINE, sortKey } from './log-ring.ts';
import { Resume } from './resume.ts';

export interface TailTarget { cluster: string; namespace: string; pod: string; container: string }
export interface TailOptions {
  previous: boolean;
  /** How much of the past the first opening asks for. */
  tailLines?: number;
  sinceSeconds?: number;
}
export type TailState = 'waiting' | 'open' | 'ended' | 'failed';
export interface TailHandlers {
  /** `at` as the server gave it. */
  line(at: string, key: string, text: string): void;
  /** A word about the container that is no output: it began again; `lost` instances before this one can no longer be read. */
  restarted(at: string, key: string, lost: number): void;
  state(state: TailState, why?: string): void;
  /** May a stream be opened now? A pod by this name could be another one while the list of pods is stale. Default yes. */
  mayOpen?(): boolean;
}
/** What is known of the container now, from its pod. */
export interface ContainerFacts {
  /** Raised by each start of the container: its id, or the number of its restarts. Undefined before it has ever run. */
  instance: string | undefined;
  running: boolean;
  /** How often it has been started again. */
  restarts?: number;
}
interface Streams { stream(r: StreamRequest, on: StreamHandlers): OpenStream }

/** Milliseconds until the next try after a failure. */
const RETRY = [500, 1000, 2000, 4000, 8000, 16_000];

export class Tail {
  #streams: Streams;
  #target: TailTarget;
  #options: TailOptions;
  #on: TailHandlers;
  #stream: OpenStream | undefined;
  #facts: ContainerFacts = { instance: undefined, running: false };
  /** Instance whose log was read to its end. */
  #done: string | undefined;
  /** Instance whose log is, or was last, being read, and how many starts came before it. */
  #reading: string | undefined;
  #readingRestarts = 0;
  /** Instance before whose start what the one before it wrote unseen has been read. */
  #rescued: string | undefined;
  #resume = new Resume();
  /** The last stream came to a proper end. */
  #clean = false;
  #rest = '';
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(streams: Streams, target: TailTarget, options: TailOptions, on: TailHandlers) {
    this.#streams = streams;
    this.#target = target;
    this.#options = options;
    this.#on = on;
  }

  /** Nothing is read and nothing will be, unless the container starts again. */
  get resting(): boolean {
    return this.#closed || (this.#stream === undefined && this.#timer === undefined && this.#done !== undefined && (this.#options.previous || this.#done === this.#facts.instance));
  }

  /** Told whenever the pod changed: opens, or opens again for a new instance. */
  update(facts: ContainerFacts): void {
    this.#facts = facts;
    if (this.#closed || this.#stream || this.#timer !== undefined) return;
    if (facts.instance === undefined) { this.#on.state('waiting'); return; }
    if (this.#done !== undefined && (this.#options.previous || this.#done === facts.instance)) return;
    if (!(this.#on.mayOpen?.() ?? true)) return;
    this.#next(facts.instance, facts.restarts ?? 0);
  }

  /** Tries again at once, for instance because the host is back. */
  retry(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.update(this.#facts);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stream?.close();
    this.#stream = undefined;
  }

  /** Opens an instance; one that was lost while it was read, or came and went unseen, is read to its end first. */
  #next(instance: string, restarts: number): void {
    const another = this.#reading !== undefined && this.#reading !== instance && !this.#options.previous;
    if (!another) { this.#reading = instance; this.#readingRestarts = restarts; this.#open(false); return; }
    const unread = this.#done !== this.#reading, passed = restarts - this.#readingRestarts;
    if ((unread || passed > 1) && this.#rescued !== instance) { this.#rescued = instance; this.#open(true); return; }
    // The server keeps one instance before the present one; what lies between it and ours is gone.
    this.#on.restarted(this.#resume.lastAt, this.#resume.last, Math.max(0, passed - 1 - (unread ? 0 : 1)));
    this.#reading = instance;
    this.#readingRestarts = restarts;
    this.#open(false);
  }

  #open(rescue: boolean): void {
    this.#rest = '';
    this.#clean = false;
    const since = this.#resume.begin();
    const past = since === undefined ? { tailLines: this.#options.tailLines, sinceSeconds: this.#options.sinceSeconds } : { sinceTime: since };
    const previous = this.#options.previous || rescue;
    // A previous container writes no more.
    const request: StreamRequest = { t: 'logs', ...this.#target, follow: !previous, previous, timestamps: true, ...defined(past) };
    let stream: OpenStream | undefined;
    const mine = (): boolean => !this.#closed && (stream === undefined || this.#stream === stream);
    stream = this.#streams.stream(request, {
      data: (_s, text) => {
        if (!mine()) return;
        this.#failures = 0;
        this.#take(text);
        this.#stream?.ack(text.length);
      },
      end: ({ error }) => {
        if (!mine()) return;
        this.#stream = undefined;
        // A line cut by a loss comes again, whole; at a proper end it is one without a line break.
        if (!error && this.#rest !== '') this.#line(this.#rest);
        this.#rest = '';
        if (rescue) this.#afterRescue(error); else if (error) this.#failed(error); else this.#ended();
      },
    });
    this.#stream = stream;
    this.#on.state('open');
  }

  #afterRescue(error: { code: number } | undefined): void {
    // A loss of the connection is tried again; whatever else the server answers, that instance is not to be had.
    if (error && error.code !== 400 && error.code !== 404) { this.#rescued = undefined; this.#on.state('waiting'); this.#later(); return; }
    if (!this.#closed) this.update(this.#facts);
  }

  #ended(): void {
    if (this.#options.previous || !this.#facts.running || this.#facts.instance !== this.#reading) this.#done = this.#reading;
    this.#clean = true;
    this.#on.state('ended');
    // Still running as far as we know: either the pod's new state is on its way, or the server hung up.
    if (this.#done === undefined || this.#done !== this.#reading) this.#later();
    else this.update(this.#facts);
  }

  #failed(error: { code: number; reason: string; message: string }): void {
    // Not started yet, or no previous instance: the pod's next change opens it.
    if (error.code === 400) { this.#done = this.#options.previous ? this.#reading : this.#done; this.#on.state(this.#options.previous ? 'failed' : 'waiting', error.message); if (!this.#options.previous) this.#later(); return; }
    if (error.code === 404 || error.code === 403) { this.#done = this.#reading; this.#on.state('failed', error.message); return; }
    this.#on.state('failed', error.message);
    this.#later();
  }

  #later(): void {
    if (this.#closed) return;
    const wait = RETRY[Math.min(this.#failures++, RETRY.length - 1)]!;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Ended in the meantime: nothing more will come from this instance.
      if (this.#clean && !this.#facts.running && this.#facts.instance === this.#reading) { this.#done = this.#reading; this.#on.state('ended'); return; }
      this.update(this.#facts);
    }, wait);
  }

  #take(text: string): void {
    const pieces = (this.#rest + text).split('\n');
    this.#rest = pieces.pop()!;
    for (const p of pieces) this.#line(p);
    // Pieces of one size, so that the same line read twice is cut at the same places.
    while (this.#rest.length > MAX_LINE) { this.#piece(this.#rest.slice(0, MAX_LINE)); this.#rest = this.#rest.slice(MAX_LINE); }
  }
  #line(raw: string): void {
    const whole = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    for (let i = 0; i === 0 || i < whole.length; i += MAX_LINE) this.#piece(whole.slice(i, i + MAX_LINE));
  }
  #piece(raw: string): void {
    const space = raw.indexOf(' ');
    const stamp = space < 0 ? raw : raw.slice(0, space);
    const key = sortKey(stamp);
    if (!this.#resume.fresh(key, stamp, raw)) return;
    // A piece without a time is the rest of a line that was cut: it belongs to the time before it.
    if (key === '') this.#on.line(this.#resume.lastAt, this.#resume.last, raw);
    else this.#on.line(stamp, key, space < 0 ? '' : raw.slice(space + 1));
  }
}

const defined = <T extends object>(o: T): Partial<T> => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Partial<T>;
