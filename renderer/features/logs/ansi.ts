// Colours of terminal output as spans; other control sequences are dropped. Only SGR is a colour; everything else moves a cursor
// that a log does not have.

export interface Span { text: string; className: string }

// oxlint-disable-next-line no-control-regex -- the escape character is what this is about
const ESCAPE = /\u001b(?:\[([0-9;:?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

/** The text without any control sequence. */
export const plain = (text: string): string => (text.includes('\u001b') ? text.replace(ESCAPE, '') : text);

/**
 * Spans whose class names are `ansi-red`, `ansi-on-red` (ground), `ansi-bold`… Colours of 256 and true colour come as the nearest of
 * the eight: those have a legible tone in every theme.
 */
export function spans(text: string): Span[] {
  if (!text.includes('\u001b')) return [{ text, className: '' }];
  const out: Span[] = [];
  let state: { colour?: string; ground?: string; inverse?: boolean; bold?: boolean; dim?: boolean; italic?: boolean; underline?: boolean } = {};
  let from = 0;
  const push = (piece: string): void => {
    if (piece === '') return;
    const names = [state.colour && `ansi-${state.colour}`, state.ground && `ansi-on-${state.ground}`, state.inverse && 'ansi-inverse', state.bold && 'ansi-bold', state.dim && 'ansi-dim', state.italic && 'ansi-italic', state.underline && 'ansi-underline'];
    out.push({ text: piece, className: names.filter(Boolean).join(' ') });
  };
  for (const m of text.matchAll(ESCAPE)) {
    push(text.slice(from, m.index));
    from = m.index + m[0].length;
    if (m[2] !== 'm') continue;
    const codes = (m[1] ?? '').split(/[;:]/).map(Number);
    for (let i = 0; i < codes.length; i++) {
      const c = codes[i]!;
      if (c === 0) state = {};
      else if (c === 1) state.bold = true;
      else if (c === 2) state.dim = true;
      else if (c === 3) state.italic = true;
      else if (c === 4) state.underline = true;
      else if (c === 7) state.inverse = true;
      else if (c === 22) { state.bold = false; state.dim = false; } else if (c === 23) state.italic = false;
      else if (c === 24) state.underline = false;
      else if (c === 27) state.inverse = false;
      else if (c === 39) state.colour = undefined;
      else if (c === 49) state.ground = undefined;
      else if (c >= 40 && c <= 47) state.ground = NAMES[c - 40];
      else if (c >= 100 && c <= 107) state.ground = NAMES[c - 100];
      else if (c >= 30 && c <= 37) state.colour = NAMES[c - 30];
      else if (c >= 90 && c <= 97) state.colour = NAMES[c - 90];
      else if (c === 38 || c === 48) {
        const colour = codes[i + 1] === 5 ? of256(codes[i + 2] ?? 7) : nearest(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0);
        if (c === 38) state.colour = colour; else state.ground = colour;
        i += codes[i + 1] === 5 ? 2 : 4;
      }
    }
  }
  push(text.slice(from));
  return out;
}

/** The spans with what matches cut out as spans of their own, marked; `highlight` is global and reads the text without sequences. */
export function marked(parts: readonly Span[], highlight: RegExp): (Span & { mark: boolean })[] {
  const text = parts.map(p => p.text).join('');
  const borders: [number, number][] = [];
  for (const m of text.matchAll(highlight)) if (m[0] !== '') borders.push([m.index, m.index + m[0].length]);
  const out: (Span & { mark: boolean })[] = [];
  let at = 0, b = 0;
  for (const p of parts) {
    const end = at + p.text.length;
    for (let from = at; from < end;) {
      while (b < borders.length && borders[b]![1] <= from) b++;
      const next = borders[b];
      const inside = next !== undefined && next[0] <= from;
      const to = Math.min(end, next === undefined ? end : inside ? next[1] : next[0]);
      out.push({ text: text.slice(from, to), className: p.className, mark: inside });
      from = to;
    }
    at = end;
  }
  return out;
}

function of256(n: number): string {
  if (n < 16) return NAMES[n % 8]!;
  if (n >= 232) return n < 244 ? 'black' : 'white';
  const v = n - 16;
  return nearest(Math.floor(v / 36) * 51, (Math.floor(v / 6) % 6) * 51, (v % 6) * 51);
}
const nearest = (r: number, g: number, b: number): string => NAMES[(r > 100 ? 1 : 0) + (g > 100 ? 2 : 0) + (b > 100 ? 4 : 0)]!;
