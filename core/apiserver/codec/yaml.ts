// YAML as kubectl and the API server read it: version 1.1 scalars (on/yes are true, 0777 is octal, 1_000 is a number), merge
// keys, dates and sexagesimals stay strings, and only the first document counts.
import { isMap, isPair, isScalar, parseAllDocuments, stringify, visit } from 'yaml';
import { integer, type Int64 } from './int64.ts';
import { MAX_DEPTH } from './json.ts';

/** Not YAML, in the words of Go's parser where they are the same. */
export class YamlError extends Error {
  constructor(message: string) { super(message); this.name = 'YamlError'; }
}

export interface YamlResult { value: unknown; /** Duplicate keys in Go's words. */ duplicates: string[] }

/** Block style, keys sorted; a string that a reader of version 1.1 would take for something else (`y`, `0777`, a date) is quoted, as Go does. */
export const writeYaml = (value: unknown): string => stringify(value, { version: '1.1', sortMapEntries: true, aliasDuplicateObjects: false });

/** Throws YamlError (`yaml: line 3: …`). */
export function readYaml(text: string): YamlResult {
  const docs = parseAllDocuments(text, {
    version: '1.1', merge: true, uniqueKeys: false, strict: true, logLevel: 'silent', intAsBigInt: true,
    customTags: tags => [
      ...tags.filter(t => typeof t !== 'object' || (t.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in t && t.format === 'TIME'))),
      { tag: 'tag:yaml.org,2002:int', default: true, test: /^[-+]?0o[0-7_]+$/, format: 'OCT', resolve: (s: string) => BigInt(s.replace(/_/g, '').replace(/^([-+]?)/, '')) },
    ],
  });
  const first = 'empty' in docs ? undefined : docs[0];
  if (!first) return { value: null, duplicates: [] };
  const problem = first.errors[0];
  if (problem) {
    const line = problem.linePos?.[0].line;
    throw new YamlError(`yaml: ${line ? `line ${line}: ` : ''}${(problem.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`);
  }
  const duplicates: string[] = [];
  visit(first, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const pair of map.items) {
        const key = isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : undefined;
        if (key === undefined || key === '<<') continue;
        if (seen.has(key)) {
          const at = isScalar(pair.key) && pair.key.range ? text.slice(0, pair.key.range[0]).split('\n').length : 0;
          duplicates.push(`line ${at}: key ${JSON.stringify(key)} already set in map`);
        }
        seen.add(key);
      }
    },
  });
  let value: unknown;
  try { value = isMap(first.contents) || first.contents ? first.toJS({ maxAliasCount: 1000 }) : null; } catch (e) {
    throw new YamlError(`yaml: ${(e as Error).message}`);
  }
  return { value: toJson(value, 0), duplicates: duplicates.length ? [`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`] : [] };
}

/** What JSON can hold: integers as numbers (exact), binary as base64, no infinities. */
function toJson(v: unknown, depth: number): unknown {
  if (typeof v === 'bigint') return integer(v.toString()) satisfies number | Int64;
  if (typeof v === 'number' && !Number.isFinite(v)) throw new YamlError(`json: unsupported value: ${Number.isNaN(v) ? 'NaN' : v > 0 ? '+Inf' : '-Inf'}`);
  if (typeof v !== 'object' || v === null) return v;
  if (depth > MAX_DEPTH) throw new YamlError('yaml: exceeded max depth');
  if (v instanceof Uint8Array) return Buffer.from(v).toString('base64');
  if (Array.isArray(v)) return v.map(x => toJson(x, depth + 1));
  const out: Record<string, unknown> = {};
  for (const [k, x] of Object.entries(v)) {
    const value = toJson(x, depth + 1);
    if (k === '__proto__') Object.defineProperty(out, k, { value, enumerable: true, configurable: true, writable: true });
    else out[k] = value;
  }
  return out;
}
