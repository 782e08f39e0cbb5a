// One priority level: its seats, and the queues in which flows wait for them. A flow may use only a few queues (its hand), so that a
// noisy one fills those and leaves the others to the rest; queues take turns by the work they have had (start-time fair queueing).
import { createHash } from 'node:crypto';

export interface LevelShape {
  /** Seats of the level's own. */
  readonly nominal: number;
  /** Seats it lends when it does not need them. */
  readonly lendable: number;
  /** Seats it may borrow; undefined: as many as there are. */
  readonly borrowing: number | undefined;
  /** undefined: what finds no seat is refused at once. */
  readonly queuing: { readonly queues: number; readonly handSize: number; readonly queueLengthLimit: number } | undefined;
}

/** One request that waits. */
export interface Waiting {
  readonly width: number;
  readonly flow: string;
  readonly since: number;
  run(): void;
}

class Queue {
  readonly waiting: Waiting[] = [];
  /** Virtual time at which its next request may start. */
  start = 0;
}

const HANDS = 10_000;

export class Level {
  readonly name: string;
  readonly #hands = new Map<string, number[]>();
  /** Only queues that were used; most never are. */
  readonly #queues = new Map<number, Queue>();
  shape: LevelShape;
  executing = 0;
  waiting = 0;
  #virtual = 0;
  constructor(name: string, shape: LevelShape) { this.name = name; this.shape = shape; }

  /** Takes over another shape; queues that fell away are emptied in their turn. */
  reshape(shape: LevelShape): void {
    if (shape.queuing?.queues !== this.shape.queuing?.queues || shape.queuing?.handSize !== this.shape.queuing?.handSize) this.#hands.clear();
    this.shape = shape;
  }

  /** Places `w` in the shortest queue of its flow's hand; false when the level does not queue or that queue is full. */
  enqueue(w: Waiting): boolean {
    const q = this.shape.queuing;
    if (q === undefined) return false;
    let best: Queue | undefined;
    for (const i of this.#hand(w.flow)) {
      let queue = this.#queues.get(i);
      if (!queue) this.#queues.set(i, queue = new Queue());
      if (!best || load(queue) < load(best)) best = queue;
    }
    if (!best || best.waiting.length >= q.queueLengthLimit) return false;
    if (best.waiting.length === 0) best.start = Math.max(best.start, this.#virtual);
    best.waiting.push(w);
    this.waiting++;
    return true;
  }

  /** Takes the next request out of the queue whose turn it is; undefined when none waits. */
  next(): Waiting | undefined {
    if (this.waiting === 0) return undefined;
    let best: Queue | undefined;
    for (const q of this.#queues.values()) if (q.waiting.length > 0 && (!best || q.start < best.start)) best = q;
    const w = best!.waiting.shift()!;
    this.waiting--;
    this.#virtual = best!.start;
    best!.start += w.width;
    return w;
  }

  /** Takes a request out that has waited too long; false when it no longer waits. */
  drop(w: Waiting): boolean {
    for (const q of this.#queues.values()) {
      const i = q.waiting.indexOf(w);
      if (i < 0) continue;
      q.waiting.splice(i, 1);
      this.waiting--;
      return true;
    }
    return false;
  }

  /** For dumps: the queues in use, by index. */
  queues(): { index: number; waiting: readonly Waiting[]; start: number }[] {
    return [...this.#queues].map(([index, q]) => ({ index, waiting: q.waiting, start: q.start }));
  }

  /** Numbers of the queues a flow may use: shuffle sharding from one 60-bit hash. */
  #hand(flow: string): number[] {
    let hand = this.#hands.get(flow);
    if (hand) return hand;
    if (this.#hands.size >= HANDS) this.#hands.clear();
    this.#hands.set(flow, hand = deal(flow, this.shape.queuing!.queues, this.shape.queuing!.handSize));
    return hand;
  }
}

const load = (q: Queue): number => q.waiting.length;

/** `size` different numbers below `deck`, the same for the same text. */
export function deal(text: string, deck: number, size: number): number[] {
  let hash = createHash('sha256').update(text).digest().readBigUInt64BE() >> 4n;
  const hand: number[] = [];
  for (let i = 0; i < Math.min(size, deck); i++) {
    const left = BigInt(deck - i);
    let card = Number(hash % left);
    hash /= left;
    // The card's place among those still in the deck becomes its number.
    for (const taken of [...hand].sort((a, b) => a - b)) if (card >= taken) card++;
    hand.push(card);
  }
  return hand;
}
