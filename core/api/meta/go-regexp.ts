// Regular expressions as Go writes them (RE2), in JavaScript's.

/** The same expression for JavaScript, as far as it can say it. Throws SyntaxError for one nobody can read. */
export function goRegExp(text: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(text);
  const body = (inline ? text.slice(inline[0].length) : text).replace(/\(\?P</g, '(?<').replace(/\\z/g, '$').replace(/\\A/g, '^').replace(/\\Q(.*?)\\E/g, (_, t: string) => t.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .replace(/\[\[:(\w+):\]\]/g, (all, name: string) => (POSIX[name] ? `[${POSIX[name]}]` : all)).replace(/\[:(\w+):\]/g, (all, name: string) => POSIX[name] ?? all);
  const flags = inline?.[1] ?? '';
  try { return new RegExp(body, `${flags}u`); } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
    return new RegExp(body, flags);
  }
}
const POSIX: Readonly<Record<string, string>> = { alnum: 'a-zA-Z0-9', alpha: 'a-zA-Z', digit: '0-9', lower: 'a-z', upper: 'A-Z', space: '\\s', punct: '!-/:-@[-`{-~', xdigit: '0-9A-Fa-f', word: '\\w' };
