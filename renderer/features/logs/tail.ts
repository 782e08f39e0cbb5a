// One container's log, kept open for as long as it is wanted: reopened where it stopped after a restart of the container, a lost
// connection or a server that hung up, without losing or doubling a line.
import type { OpenStream, StreamHandlers, StreamRequest } from '../../gateway/connection.ts';
import { MAX_LINE, sortKey } from './log-ring.ts';

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
  state(state: TailState, why?: string): void;
}
/** What is known of the container now, from its pod. */
export interface ContainerFacts {
  /** Raised by each start of the container: its id, or the number of its restarts. Undefined before it has ever run. */
  instance: string | undefined;
  running: boolean;
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
  #reading: string | undefined;
  #last = '';
  #lastAt = '';
  #sameAsLast = 0;
  /** After reopening: lines up to this time were seen before, and of those at this very time so many. */
  #resume = '';
  #skip = 0;
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

  /** Told whenever the pod changed: opens, or opens again for a new instance. */
  update(facts: ContainerFacts): void {
    this.#facts = facts;
    if (this.#closed || this.#stream || this.#timer !== undefined) return;
    if (facts.instance === undefined) { this.#on.state('waiting'); return; }
    if (this.#done !== undefined && (this.#options.previous || this.#done === facts.instance)) return;
    this.#open();
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
    this.#stream?.close();
    this.#stream = undefined;
  }

  #open(): void {
    const again = this.#last !== '';
    this.#reading = this.#facts.instance;
    this.#rest = '';
    this.#resume = this.#last;
    this.#skip = this.#sameAsLast;
    this.#clean = false;
    const past = again ? { sinceTime: `${this.#last.slice(0, 19)}Z` } : { tailLines: this.#options.tailLines, sinceSeconds: this.#options.sinceSeconds };
    const { previous } = this.#options;
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
        this.#flush();
        if (error) this.#failed(error); else this.#ended();
      },
    });
    this.#stream = stream;
    this.#on.state('open');
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
    if (error.code === 400) { this.#on.state(this.#options.previous ? 'failed' : 'waiting', error.message); this.#done = this.#options.previous ? this.#reading : this.#done; if (!this.#options.previous) this.#later(); return; }
    if (error.code === 404 || error.code === 403) { this.#done = this.#reading; this.#on.state('failed', error.message); return; }
    this.#on.state('failed', error.message);
    this.#later();
  }

  #later(): void {
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
    if (this.#rest.length > MAX_LINE) this.#flush();
  }
  #flush(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  }
  #line(raw: string): void {
    const space = raw.indexOf(' ');
    const stamp = space < 0 ? raw : raw.slice(0, space);
    let key = sortKey(stamp);
    const text = key === '' ? raw : space < 0 ? '' : raw.slice(space + 1);
    let at = stamp;
    // A piece of a line that was cut: it belongs to the time before it.
    if (key === '') {
      // Words without a time among what was seen before were seen as well.
      if (this.#resume !== '') return;
      key = this.#last;
      at = this.#lastAt;
    } else {
      if (this.#resume !== '') {
        if (key < this.#resume) return;
        if (key === this.#resume && this.#skip > 0) { this.#skip--; return; }
        if (key > this.#resume) this.#resume = '';
      }
      if (key === this.#last) this.#sameAsLast++;
      else if (key > this.#last) { this.#last = key; this.#lastAt = at; this.#sameAsLast = 1; }
    }
    const clean = text.endsWith('\r') ? text.slice(0, -1) : text;
    this.#on.line(at, key, clean.length > MAX_LINE ? clean.slice(0, MAX_LINE) : clean);
  }
}

const defined = <T extends object>(o: T): Partial<T> => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Partial<T>;
