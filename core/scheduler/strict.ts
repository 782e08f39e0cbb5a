// What a configuration file may hold, as Kubernetes' strict decoder sees it: fields nobody knows and values of another sort.

/** A field's sort: a scalar, a list of one sort (`[sort]`), an object of fields, or `any`. Text also stands for durations and bytes. */
export type Shape = 'text' | 'whole' | 'number' | 'bool' | 'any' | readonly [Shape] | { readonly [field: string]: Shape };

export type Fields = Readonly<Record<string, unknown>>;
export const isFields = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v);

/** What is wrong: paths of unknown fields, and sentences about values of another sort than their field's. */
export interface Strange { readonly unknown: string[]; readonly mistyped: string[] }

const SORTS: Readonly<Record<string, (v: unknown) => boolean>> = {
  text: v => typeof v === 'string', whole: v => Number.isInteger(v), number: v => typeof v === 'number', bool: v => typeof v === 'boolean', any: () => true,
};
const WORDS: Readonly<Record<string, string>> = { text: 'a text', whole: 'a whole number', number: 'a number', bool: 'true or false' };

/** Walks the value; null is as good as nothing at all everywhere. `at` is the path so far, without a dot at its end. */
export function strange(value: unknown, shape: Shape, at = '', found: Strange = { unknown: [], mistyped: [] }): Strange {
  if (value === undefined || value === null) return found;
  if (typeof shape === 'string') {
    if (!SORTS[shape]!(value)) found.mistyped.push(`${at}: Invalid value: ${JSON.stringify(value)}: must be ${WORDS[shape]!}`);
  } else if (isList(shape)) {
    if (Array.isArray(value)) value.forEach((v, i) => strange(v, shape[0], `${at}[${i}]`, found));
    else found.mistyped.push(`${at}: Invalid value: ${JSON.stringify(value)}: must be a list`);
  } else if (isFields(value)) {
    for (const [k, v] of Object.entries(value)) {
      const path = at ? `${at}.${k}` : k;
      if (Object.hasOwn(shape, k)) strange(v, shape[k]!, path, found); else found.unknown.push(path);
    }
  } else found.mistyped.push(`${at}: Invalid value: ${JSON.stringify(value)}: must be an object`);
  return found;
}
const isList = (s: Shape): s is readonly [Shape] => Array.isArray(s);

/** `strict decoding error: unknown field "a", unknown field "b"`, undefined where there is none. */
export const unknownText = (paths: readonly string[]): string | undefined => (paths.length ? `strict decoding error: ${paths.map(p => `unknown field ${JSON.stringify(p)}`).join(', ')}` : undefined);
