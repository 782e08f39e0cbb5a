// What the search box of a log asks for: words (all of them), -word (none of them), /regex/. Case is ignored unless the text has capitals.

export interface Matcher {
  /** Undefined when the box is empty. */
  test?(text: string): boolean;
  /** Finds what to highlight; global. */
  highlight?: RegExp;
  /** Why the text cannot be read as a pattern. */
  error?: string;
}

const escape = (s: string): string => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export function matcherOf(query: string): Matcher {
  const text = query.trim();
  if (text === '') return {};
  const flags = /[A-Z]/.test(text) ? '' : 'i';
  const pattern = /^(-?)\/(.+?)\/?(i?)$/.exec(text);
  if (pattern && text.replace(/^-/, '').startsWith('/')) {
    try {
      const re = new RegExp(pattern[2]!, pattern[3] || flags);
      const inverted = pattern[1] === '-';
      return { test: line => re.test(line) !== inverted, ...(inverted ? {} : { highlight: new RegExp(re.source, `${re.flags}g`) }) };
    } catch (e) { return { error: e instanceof Error ? e.message : String(e) }; }
  }
  const words = text.split(/\s+/);
  const wanted = words.filter(w => !w.startsWith('-') || w === '-').map(w => new RegExp(escape(w), flags));
  const unwanted = words.filter(w => w.startsWith('-') && w !== '-').map(w => new RegExp(escape(w.slice(1)), flags));
  return {
    test: line => wanted.every(w => w.test(line)) && !unwanted.some(w => w.test(line)),
    ...(wanted.length > 0 ? { highlight: new RegExp(wanted.map(w => w.source).join('|'), `${flags}g`) } : {}),
  };
}
