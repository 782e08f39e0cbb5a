// Paths of fields as servers write them, in both spellings: `spec.template.spec.containers[0].image`, `metadata.labels[a.b/c]` in the
// causes of an Invalid, `.spec.template.spec.containers[name="main"].image`, `.data.app.conf` in conflicts of an apply. What a part means
// shows only beside the object it speaks of: keys may have dots.

/** A key of a map or an index of a list. */
export type Step = string | number;
type Map = Record<string, unknown>;
export const isMap = (v: unknown): v is Map => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Fields that tell the elements of a list apart, as Kubernetes does for containers, ports, volumes, mounts, variables and aliases. */
export const KEYS = ['name', 'mountPath', 'devicePath', 'containerPort', 'port', 'topologyKey', 'ip'] as const;

const BRACKETS = /^\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]/;
const parsed = (text: string): unknown => { try { return JSON.parse(text) as unknown; } catch { return text; /* a bare word */ } };

/** The steps of `path` from `root`; parts that are not there are taken as they are spelled. */
export function stepsOf(path: string, root: unknown): Step[] {
  const steps: Step[] = [];
  let rest = path, at = root;
  while (rest !== '') {
    const inside = BRACKETS.exec(rest);
    let step: Step;
    if (inside) {
      rest = rest.slice(inside[0].length);
      step = Array.isArray(at) ? indexOf(at, inside[1]!) : String(parsed(inside[1]!));
    } else {
      if (rest.startsWith('.')) rest = rest.slice(1);
      const own = isMap(at) ? Object.keys(at).filter(k => k !== '' && rest.startsWith(k) && /^(?:[.[]|$)/.test(rest.slice(k.length))).sort((a, b) => b.length - a.length)[0] : undefined;
      step = own ?? /^[^.[]*/.exec(rest)![0];
      // A stray sign must not keep us here.
      if (step === '') step = rest;
      rest = rest.slice(step.length);
    }
    steps.push(step);
    at = (at as Map | undefined)?.[step];
    if (typeof at !== 'object' || at === null) at = undefined;
  }
  return steps;
}

/** `0`, `name="main",protocol="TCP"`, `="value"`, or the bare name of an element; -1 where there is none. */
function indexOf(list: readonly unknown[], inside: string): number {
  if (inside.startsWith('=')) return list.indexOf(parsed(inside.slice(1)));
  const pairs = [...inside.matchAll(/([\w-]+)=("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/g)];
  // The server knows defaults of keys that the text leaves out.
  if (pairs.length > 0) return list.findIndex(x => isMap(x) && pairs.every(([, k, v]) => x[k!] === undefined || x[k!] === parsed(v!)) && pairs.some(([, k]) => x[k!] !== undefined));
  const n = /^\d+$/.test(inside) ? Number(inside) : -1;
  if (n >= 0 && n < list.length) return n;
  const named = list.findIndex(x => isMap(x) && KEYS.some(k => String(x[k]) === inside));
  return named >= 0 ? named : n;
}

export function valueAt(root: unknown, steps: readonly Step[]): unknown {
  let at = root;
  for (const s of steps) { if (typeof at !== 'object' || at === null) return undefined; at = (at as Map)[s]; }
  return at;
}

/** The same place in another state of the object, whose lists may have other elements before it. */
export function sameIn(steps: readonly Step[], from: unknown, to: unknown): Step[] {
  const out: Step[] = [];
  let a = from, b = to;
  for (const s of steps) {
    let step = s;
    if (typeof s === 'number' && Array.isArray(a) && Array.isArray(b)) {
      const x: unknown = a[s], key = isMap(x) ? KEYS.find(k => x[k] !== undefined) : undefined;
      const found = key === undefined ? -1 : b.findIndex(y => isMap(y) && y[key] === (x as Map)[key]);
      if (found >= 0) step = found;
    }
    out.push(step);
    a = (a as Map | undefined)?.[s] ?? undefined;
    b = (b as Map | undefined)?.[step] ?? undefined;
  }
  return out;
}

/** `spec.containers[main].image`: as people read it. */
export function shownPath(steps: readonly Step[], root: unknown): string {
  let at = root, out = '';
  for (const s of steps) {
    const next = (at as Map | undefined)?.[s];
    const key = typeof s === 'number' && isMap(next) ? KEYS.find(k => next[k] !== undefined) : undefined;
    out += typeof s === 'number' ? `[${key === undefined ? s : String((next as Map)[key])}]` : out === '' ? s : `.${s}`;
    at = next ?? undefined;
  }
  return out;
}
