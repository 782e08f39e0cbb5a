// What the palette offers for a text: kinds, objects, verbs with objects, commands; best first.

export interface Candidate {
  id: string;
  group: 'kind' | 'object' | 'action' | 'command' | 'namespace' | 'cluster';
  title: string;
  /** Other words it answers to: short names, namespace. */
  also?: readonly string[];
  detail?: string;
  icon: string;
  keys?: string;
  /** Raised for what is likely: recently used, in the open list. */
  bonus?: number;
}
export interface Ranked<C extends Candidate> { candidate: C; score: number; /** Positions of the title that matched. */ hits: readonly number[] }

/**
 * How well `query` (lower case) fits `text`: 0 no match. Whole > beginning > word beginning > contained > letters in order; shorter
 * texts win, so that `po` means Pods before anything that merely contains it.
 */
export function fit(query: string, text: string): { score: number; hits: number[] } {
  const lower = text.toLowerCase();
  const range = (from: number): number[] => Array.from({ length: query.length }, (_, i) => from + i);
  if (query === '') return { score: 1, hits: [] };
  if (lower === query) return { score: 1000, hits: range(0) };
  const brevity = Math.max(0, 40 - text.length) / 2;
  if (lower.startsWith(query)) return { score: 800 + brevity, hits: range(0) };
  const at = lower.indexOf(query);
  if (at > 0) return { score: (/[\s/\-._]/.test(lower[at - 1]!) ? 600 : 400) + brevity, hits: range(at) };
  const hits: number[] = [];
  let from = 0;
  let jumps = 0;
  for (const c of query) {
    if (c === ' ') continue;
    const i = lower.indexOf(c, from);
    if (i < 0) return { score: 0, hits: [] };
    if (hits.length > 0 && i !== from) jumps++;
    hits.push(i);
    from = i + 1;
  }
  // Letters scattered over a long name match anything: few jumps over a short stretch still read as meant.
  return jumps > 3 || hits.at(-1)! - hits[0]! > query.length * 4 ? { score: 0, hits: [] } : { score: 200 - jumps * 40 + brevity, hits };
}

/** Every word must fit somewhere; at most `limit`, ties in the order given. */
export function rank<C extends Candidate>(input: string, candidates: Iterable<C>, limit = 60): Ranked<C>[] {
  const words = input.trim().toLowerCase().split(/\s+/).filter(w => w !== '');
  const out: Ranked<C>[] = [];
  for (const candidate of candidates) {
    let score = candidate.bonus ?? 0;
    const hits: number[] = [];
    let all = true;
    for (const word of words) {
      const title = fit(word, candidate.title);
      const also = Math.max(0, ...(candidate.also ?? []).map(a => fit(word, a).score * (a.toLowerCase() === word ? 1 : 0.7)));
      const best = Math.max(title.score, also);
      if (best <= 0) { all = false; break; }
      score += best;
      if (title.score >= also) hits.push(...title.hits);
    }
    if (all) out.push({ candidate, score, hits });
  }
  return out.map((r, i) => ({ r, i })).sort((a, b) => b.r.score - a.r.score || a.i - b.i).slice(0, limit).map(x => x.r);
}

export interface VerbQuery { verb: string; rest: string }
/** `restart deploy/web` -> the verb and what it is for; undefined when the first word is no verb. A beginning of three letters will do. */
export function splitVerb(input: string, verbs: readonly string[]): VerbQuery | undefined {
  const match = /^\s*(\S+)(?:\s+(.*))?$/.exec(input);
  if (!match) return undefined;
  const word = match[1]!.toLowerCase();
  const verb = verbs.find(v => v.toLowerCase() === word) ?? (word.length >= 3 ? verbs.find(v => v.toLowerCase().startsWith(word)) : undefined);
  if (verb === undefined || (match[2] === undefined && !/\s$/.test(input) && verb.toLowerCase() !== word)) return undefined;
  return { verb, rest: (match[2] ?? '').trim() };
}

/** `deploy/web` -> kind word and name; a text without slash is a name. */
export function splitReference(text: string): { kind?: string; name: string } {
  const slash = text.indexOf('/');
  return slash <= 0 ? { name: text } : { kind: text.slice(0, slash).toLowerCase(), name: text.slice(slash + 1) };
}
