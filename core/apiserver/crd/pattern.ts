// Patterns of schemas: RE2's, as everywhere in Kubernetes. V8's engine takes the plain ones on short texts, where it is much faster;
// whatever could make it backtrack without end goes to the engine that cannot.
import { compileRegex } from '../cel/regex.ts';

export interface Pattern { test(text: string): boolean }

/** Longer texts go through the linear engine: V8's can be polynomial on them. */
const SHORT = 512;
/** Both engines read these alike: literals, classes, groups without repetition around them, single quantifiers. */
const PLAIN = /^(?:[^\\()*+?{}|[\]]|\\[.\-/\\dwsDWSbB*+?()[\]{}|^$]|\[\^?(?:[^\\[\]]|\\[.\-/\\dws\]^])+\]|\((?:\?:)?|\)(?![*+{])|[*+?](?![+?])|\{\d+(?:,\d*)?\}(?![+?])|\|)*$/;

/** Throws CelError with RE2's text for a pattern it refuses. */
export function compilePattern(text: string): Pattern {
  const linear = compileRegex(text);
  if (!PLAIN.test(text)) return linear;
  let quick: RegExp;
  try { quick = new RegExp(text, 'u'); } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
    return linear;
  }
  return { test: value => (value.length <= SHORT ? quick.test(value) : linear.test(value)) };
}
