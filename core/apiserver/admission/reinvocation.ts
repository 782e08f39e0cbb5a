// Mutation runs at most twice: when a webhook or a policy has changed an object, all mutating plug-ins see it once more, and of webhooks
// and policies those that ask for it and came before a change (apiserver/pkg/admission/reinvocation.go).
import { clone, equal } from '../../api/meta/clone.ts';
import type { KubeObject } from '../../api/meta/object.ts';

/** The two rounds of one request's mutation. */
export class Rounds {
  /** 1 while everything runs again. */
  round: 0 | 1 = 0;
  /** Somebody changed the object in a way that others must see. */
  again = false;
  readonly #repeats = new Map<string, Repeats>();

  of(plugin: string): Repeats {
    let known = this.#repeats.get(plugin);
    if (!known) this.#repeats.set(plugin, known = new Repeats(this));
    return known;
  }
}

/** What one plug-in's invocations ask for; they go by keys of the plug-in's own. */
export class Repeats {
  readonly #rounds: Rounds;
  readonly #asking = new Set<string>();
  readonly #due = new Set<string>();
  #left: KubeObject | undefined;

  constructor(rounds: Rounds) { this.#rounds = rounds; }

  get round(): 0 | 1 { return this.#rounds.round; }

  /** The plug-in's turn begins with this object: what others changed since its last is a reason to repeat. */
  begin(object: KubeObject | undefined): void { if (this.round === 1 && this.#left !== undefined && !equal(this.#left, object)) this.#repeat(); }

  /** Whether an invocation runs in this round; in the second one none runs for the first time. */
  runs(key: string): boolean { return this.round === 0 || this.#due.has(key); }

  /** An invocation is done: it `changed` the object or not, and `asks` to be repeated after changes to come. */
  done(key: string, changed: boolean, asks: boolean): void {
    if (changed) { this.#repeat(); this.#rounds.again = true; }
    if (asks) this.#asking.add(key);
  }

  /** The plug-in's turn ends with this object. */
  end(object: KubeObject | undefined): void { this.#left = this.#asking.size > 0 && object ? clone(object) : undefined; }

  #repeat(): void {
    for (const key of this.#asking) this.#due.add(key);
    this.#asking.clear();
  }
}

/** The repeats of a plug-in in a request. */
export const repeatsOf = (a: { rounds?: Rounds }, plugin: string): Repeats => (a.rounds ??= new Rounds()).of(plugin);
