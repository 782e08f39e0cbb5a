// One cheap pass over JSON text: how many object keys it has, and whether it has numbers that JSON.parse would change.

export interface Scan {
  /** Keys written in the text; more than the parsed value has means duplicates. */
  keys: number;
  /** A number written with a point, an exponent or 16 digits and more follows some key or bracket. */
  oddNumbers: boolean;
}

const QUOTE = 34, BACKSLASH = 92, COLON = 58;
const ODD = /[:,[]\s*-?(?:\d{16}|\d*[.eE])/;
const DIGIT_RUN = /\d{16}|\d[.eE]/;

/** `text` must be valid JSON. */
export function scanJson(text: string): Scan {
  let keys = 0, at = 0, odd = false;
  for (;;) {
    const open = text.indexOf('"', at);
    if (open < 0) break;
    let close = text.indexOf('"', open + 1);
    while (text.charCodeAt(close - 1) === BACKSLASH) {
      let back = close - 1;
      while (text.charCodeAt(back - 1) === BACKSLASH) back--;
      if ((close - back) % 2 === 0) break;
      close = text.indexOf('"', close + 1);
    }
    at = close + 1;
    let c = text.charCodeAt(at);
    while (c <= 32) c = text.charCodeAt(++at);
    if (c === COLON) {
      keys++;
      at++;
      c = text.charCodeAt(at);
      while (c <= 32) c = text.charCodeAt(++at);
      // A value that is a number, or a list that may hold some, is looked at as far as the next quote.
      if (!odd && (c === 45 || (c >= 48 && c <= 57) || c === 91)) odd = hasOddNumber(text, at);
    }
  }
  return { keys, oddNumbers: odd };
}

function hasOddNumber(text: string, at: number): boolean {
  if (text.charCodeAt(at) === 91) {
    const next = text.charCodeAt(at + 1);
    // A list of strings or objects is the common case and has nothing to look at.
    if (next === QUOTE || next === 123 || next === 93) return false;
    const end = text.indexOf('"', at);
    return ODD.test(text.slice(at, end < 0 ? undefined : end));
  }
  let i = at, c = text.charCodeAt(i);
  while ((c >= 48 && c <= 57) || c === 45 || c === 43 || c === 46 || c === 101 || c === 69) c = text.charCodeAt(++i);
  return DIGIT_RUN.test(text.slice(at, i));
}
