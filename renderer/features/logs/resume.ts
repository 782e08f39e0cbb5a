// Where a log stopped, so that it can be opened again there: servers only know whole seconds and may give two streams of one
// container slightly out of order, therefore the last lines are asked for once more and those already seen are left out one by one.

/** Seconds asked for again before the last line. */
const BACK = 1;
/** Lines remembered at most; more than this within two seconds is more than a node can write. */
const REMEMBERED = 100_000;

export class Resume {
  /** Sort key and timestamp of the newest line. */
  last = '';
  lastAt = '';
  /** Raw lines of the last seconds, oldest first. */
  #recent: { key: string; raw: string }[] = [];
  /** What was seen before this opening and may come again, with how often. */
  #again: Map<string, number> | undefined;
  /** Key of the very first line: what lies before it was not asked for. */
  #start = '';
  /** Lines before this were read in an earlier opening. */
  #floor = '';
  #until = '';

  /** A new opening begins; answers the `sinceTime` to ask for, undefined at the very first. */
  begin(): string | undefined {
    if (this.last === '') return undefined;
    const from = new Date(Date.parse(`${this.last.slice(0, 19)}Z`) - BACK * 1000).toISOString().slice(0, 19);
    this.#floor = from;
    this.#until = this.last;
    this.#again = new Map();
    for (const { raw } of this.#recent) this.#again.set(raw, (this.#again.get(raw) ?? 0) + 1);
    return `${from}Z`;
  }

  /** Is this a line not seen before? `key` is '' for a piece without a time of its own. */
  fresh(key: string, at: string, raw: string): boolean {
    if (this.#start === '') this.#start = key;
    if (this.#again) {
      if (key !== '' && (key < this.#floor || key < this.#start)) return false;
      const times = this.#again.get(raw) ?? 0;
      if (times > 0) { this.#again.set(raw, times - 1); return false; }
      // Past the seconds that overlap: nothing seen before can come any more.
      if (key.slice(0, 19) > this.#until.slice(0, 19)) this.#again = undefined;
    }
    if (key > this.last) {
      const turned = key.slice(0, 19) !== this.last.slice(0, 19);
      this.last = key;
      this.lastAt = at;
      if (turned) this.#forget();
    }
    this.#recent.push({ key: key === '' ? this.last : key, raw });
    if (this.#recent.length > REMEMBERED) this.#recent.splice(0, REMEMBERED / 2);
    return true;
  }

  #forget(): void {
    const from = new Date(Date.parse(`${this.last.slice(0, 19)}Z`) - BACK * 1000).toISOString().slice(0, 19);
    this.#recent = this.#recent.filter(r => r.key >= from);
  }
}
