// API priority and fairness: every request over the network gets a flow schema and a priority level; levels share the server's seats,
// and within a level flows take turns. This server runs on one thread, so seats alone would not help: a request that came in runs to
// its end before the next is even read. Therefore a turn of the event loop gives limited requests some milliseconds only; what comes
// after that waits in its flow's queue, and the next turn goes on with the flow whose turn it is. A quiet server pays a look-up.
import { flowSchema } from '../../api/kinds/flowcontrol/flow-schema.ts';
import { DEFAULT_FLOW_SCHEMAS, DEFAULT_PRIORITY_LEVELS, MANDATORY } from '../../api/kinds/flowcontrol/defaults.ts';
import { priorityLevelConfiguration } from '../../api/kinds/flowcontrol/priority-level-configuration.ts';
import { tooManyRequests } from '../../api/meta/status.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/kubernetes.ts';
import type { Watcher } from '../../store/store.ts';
import type { UserInfo } from '../context.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { distinguisherOf, matches, type Asked } from './classify.ts';
import { Level, type LevelShape, type Waiting } from './level.ts';

/** Upstream's sum of --max-requests-inflight and --max-mutating-requests-inflight. */
const SERVER_SEATS = 600;
/** Upstream's largest estimate of a list, and how many objects a seat stands for. */
const MAX_WIDTH = 10, OBJECTS_PER_SEAT = 100;
/** A quarter of the 60 s a request may take. */
const WAIT_MS = 15_000;
const RETRY_SECONDS = 1;
/** What limited requests may use of one turn of the event loop. */
const TURN_MS = 8;
const CACHED = 2000;

/** Why a request was refused, as upstream's metric names it. */
type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out';

/** Where a request belongs. */
export interface Class {
  readonly schema: string;
  readonly level: Level;
  readonly exempt: boolean;
  /** For the headers; '' before the objects exist. */
  readonly schemaUid: string;
  readonly levelUid: string;
}

interface Counts { dispatched: number; refused: Partial<Record<Refusal, number>> }

/** What a request holds while it runs. */
export interface Seat { release(): void }

export class FlowControl {
  readonly #env: RegistryEnv;
  readonly #levels = new Map<string, Level>();
  readonly #counts = new Map<string, Counts>();
  readonly #watchers: Watcher[] = [];
  #schemas: FlowSchema[] = [];
  #uids = new Map<string, string>();
  #stale = true;
  /** By what of the user and the request decides. */
  #cache = new Map<string, Class>();
  #exempt: Class | undefined;
  #turnBegan = -1;
  #scheduled = false;
  readonly #now: () => number;

  /** `now` in ms, monotonic. */
  constructor(env: RegistryEnv, now: () => number = () => performance.now()) {
    this.#env = env;
    this.#now = now;
    for (const kind of [flowSchema, priorityLevelConfiguration]) {
      const r = env.find(kind.group, kind.plural);
      if (r) this.#watchers.push(env.store.watch(r.prefix, env.store.revision, () => { this.#stale = true; }));
    }
  }

  close(): void { for (const w of this.#watchers) w.close(); }

  /**
   * A seat for a request of class `c`, or a promise of one when it has to wait. Throws, or rejects with, 429 when there is none to be
   * had. `objects`: how many a list will look at.
   */
  admit(c: Class, user: UserInfo, asked: Asked, objects: number): Seat | Promise<Seat> {
    if (c.exempt) { this.#count(c).dispatched++; return FREE; }
    const { level } = c, width = Math.min(MAX_WIDTH, Math.max(1, Math.ceil(objects / OBJECTS_PER_SEAT)));
    if (level.waiting === 0 && this.#fits(level, width) && this.#turnHasTime()) return this.#start(c, width);
    // A level that does not queue refuses for want of seats only.
    if (level.shape.queuing === undefined && this.#fits(level, width)) return this.#start(c, width);
    return this.#wait(c, width, this.#flowOf(c, user, asked));
  }

  /** The class of a request. */
  classify(user: UserInfo, asked: Asked): Class {
    if (this.#stale) this.#read();
    // Upstream's first schema, which nobody can change, without a look at the rest.
    if (user.groups.includes('system:masters')) return this.#exempt ??= this.#find(user, asked);
    const key = `${user.name}\n${asked.verb}\n${asked.group}\n${asked.resource || asked.path}\n${asked.namespace}\n${user.groups.join('\n')}`;
    let c = this.#cache.get(key);
    if (c === undefined) {
      if (this.#cache.size >= CACHED) this.#cache.clear();
      this.#cache.set(key, c = this.#find(user, asked));
    }
    return c;
  }

  #find(user: UserInfo, asked: Asked): Class {
    const f = this.#schemas.find(s => matches(s, user, asked)) ?? this.#schemas.at(-1)!;
    const levelName = f.spec!.priorityLevelConfiguration.name;
    return { schema: f.metadata!.name!, level: this.#levels.get(levelName)!, exempt: levelName === 'exempt', schemaUid: f.metadata!.uid ?? '', levelUid: this.#uids.get(levelName) ?? '' };
  }

  /** The levels and what happens in them, for dumps and metrics. */
  get levels(): readonly Level[] { if (this.#stale) this.#read(); return [...this.#levels.values()]; }
  get counts(): ReadonlyMap<string, Readonly<Counts>> { return this.#counts; }

  #flowOf(c: Class, user: UserInfo, asked: Asked): string {
    const f = this.#schemas.find(s => s.metadata!.name === c.schema);
    return `${c.schema}/${f ? distinguisherOf(f, user, asked) : ''}`;
  }

  #count(c: Class): Counts {
    const key = `${c.level.name} ${c.schema}`;
    let n = this.#counts.get(key);
    if (!n) this.#counts.set(key, n = { dispatched: 0, refused: {} });
    return n;
  }

  /** Whether the level has seats of its own, or may borrow what others do not use. */
  #fits(level: Level, width: number): boolean {
    // One request too wide for a level still runs there, alone.
    if (level.executing === 0 || level.executing + width <= level.shape.nominal) return true;
    const borrowed = level.executing + width - level.shape.nominal;
    if (level.shape.borrowing !== undefined && borrowed > level.shape.borrowing) return false;
    let free = 0;
    for (const l of this.#levels.values()) if (l !== level) free += Math.min(l.shape.lendable, Math.max(0, l.shape.nominal - l.executing));
    return borrowed <= free;
  }

  #turnHasTime(): boolean {
    if (this.#turnBegan < 0) {
      this.#turnBegan = this.#now();
      this.#schedule();
      return true;
    }
    return this.#now() - this.#turnBegan < TURN_MS;
  }

  /** The next turn of the event loop: what came in meanwhile is read by then. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => { this.#scheduled = false; this.#turnBegan = -1; this.#dispatch(); });
  }

  #start(c: Class, width: number): Seat {
    const { level } = c;
    level.executing += width;
    this.#count(c).dispatched++;
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        level.executing -= width;
        if (level.waiting > 0) this.#dispatch();
      },
    };
  }

  #wait(c: Class, width: number, flow: string): Promise<Seat> {
    const { level } = c;
    return new Promise((resolve, reject) => {
      const refuse = (why: Refusal): void => {
        const n = this.#count(c).refused;
        n[why] = (n[why] ?? 0) + 1;
        reject(tooManyRequests('Too many requests, please try again later.', RETRY_SECONDS));
      };
      const w: Waiting = { width, flow, since: this.#env.clock.now(), run: () => { timer.cancel(); resolve(this.#start(c, width)); } };
      const timer = this.#env.clock.after(WAIT_MS, () => { if (level.drop(w)) refuse('time-out'); });
      if (!level.enqueue(w)) { timer.cancel(); refuse(level.shape.queuing ? 'queue-full' : 'concurrency-limit'); return; }
      this.#turnHasTime();
    });
  }

  /** Starts one waiting request of each level that has a seat for it; the next ones when these have shown what they take. */
  #dispatch(): void {
    for (const level of this.#levels.values()) {
      if (level.waiting === 0 || !this.#fits(level, 1)) continue;
      if (this.#turnHasTime()) level.next()!.run();
      this.#schedule();
    }
  }

  #read(): void {
    this.#stale = false;
    this.#cache = new Map();
    this.#exempt = undefined;
    const levels = new Map<string, PriorityLevelConfiguration>();
    for (const p of this.#stored<PriorityLevelConfiguration>(priorityLevelConfiguration)) levels.set(p.metadata!.name!, p);
    const schemas = this.#stored<FlowSchema>(flowSchema);
    // Before the defaults are written, and whatever becomes of them, the server behaves as with them.
    const complete = levels.size > 0 && schemas.length > 0;
    for (const [name, spec] of Object.entries(DEFAULT_PRIORITY_LEVELS)) if (!levels.has(name) && (!complete || MANDATORY.includes(name))) levels.set(name, { metadata: { name }, spec });
    for (const [name, spec] of Object.entries(DEFAULT_FLOW_SCHEMAS)) if (!schemas.some(s => s.metadata!.name === name) && (!complete || MANDATORY.includes(name))) schemas.push({ metadata: { name }, spec });
    const sum = [...levels.values()].reduce((n, p) => n + sharesOf(p), 0) || 1;
    for (const [name, p] of levels) {
      const shape = shapeOf(p, sum), known = this.#levels.get(name);
      if (known) known.reshape(shape); else this.#levels.set(name, new Level(name, shape));
    }
    for (const [name, level] of this.#levels) if (!levels.has(name) && level.executing === 0 && level.waiting === 0) this.#levels.delete(name);
    this.#uids = new Map([...levels].map(([name, p]) => [name, p.metadata!.uid ?? '']));
    this.#schemas = schemas.filter(s => levels.has(s.spec!.priorityLevelConfiguration.name))
      .sort((a, b) => a.spec!.matchingPrecedence! - b.spec!.matchingPrecedence! || (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
  }

  #stored<T>(kind: { group: string; plural: string }): T[] {
    const r = this.#env.find(kind.group, kind.plural);
    return r ? this.#env.store.range({ prefix: r.prefix }).entries.map(e => r.objectOf(e) as T) : [];
  }
}

const FREE: Seat = { release: () => undefined };
const sharesOf = (p: PriorityLevelConfiguration): number => p.spec?.limited?.nominalConcurrencyShares ?? p.spec?.exempt?.nominalConcurrencyShares ?? 0;

function shapeOf(p: PriorityLevelConfiguration, sum: number): LevelShape {
  const l = p.spec?.limited, nominal = Math.ceil(SERVER_SEATS * sharesOf(p) / sum), q = l?.limitResponse?.type === 'Queue' ? l.limitResponse.queuing : undefined;
  return {
    nominal, lendable: Math.round(nominal * (l?.lendablePercent ?? p.spec?.exempt?.lendablePercent ?? 0) / 100),
    borrowing: l?.borrowingLimitPercent === undefined ? undefined : Math.round(nominal * l.borrowingLimitPercent / 100),
    queuing: q && { queues: q.queues!, handSize: q.handSize!, queueLengthLimit: q.queueLengthLimit! },
  };
}
