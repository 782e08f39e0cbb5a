// Variables from files of a volume (fileKeyRef): `NAME='value'`, one after another; values are in single quotes, may be of several lines and
// mean exactly what they hold. Blank lines and lines that begin with # say nothing.
import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Container, FileKeySelector } from '../../api/types/kubernetes.ts';
import { ConfigError } from './env.ts';

/** The value of `key`; undefined where the text does not name it. Throws for what is not of that form, up to where the key is found. */
export function valueIn(text: string, key: string): string | undefined {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at), lineEnd = end < 0 ? text.length : end, line = text.slice(at, lineEnd).trim();
    if (line === '' || line.startsWith('#')) { at = lineEnd + 1; continue; }
    const start = at + /^\s*/.exec(text.slice(at, lineEnd))![0].length, equals = text.indexOf('=', start);
    if (equals < 0 || equals > lineEnd) throw new Error(`a line without "=": ${line}`);
    const name = text.slice(start, equals);
    if (name === '' || /\s/.test(name)) throw new Error(`not a name: "${name}"`);
    if (text[equals + 1] !== "'") throw new Error(`the value of ${name} does not begin with a single quote`);
    const close = text.indexOf("'", equals + 2);
    if (close < 0) throw new Error(`the value of ${name} has no end`);
    const next = text.indexOf('\n', close), rest = text.slice(close + 1, next < 0 ? text.length : next).trim();
    if (rest !== '' && !rest.startsWith('#')) throw new Error(`after the value of ${name}: ${rest}`);
    if (name === key) return text.slice(equals + 2, close);
    at = next < 0 ? text.length : next + 1;
  }
  return undefined;
}

/** The file's text. Throws ConfigError in kubelet's words; links must not lead out of the volume. */
async function read(ref: FileKeySelector, pathOf: (volume: string) => string | undefined): Promise<string> {
  const dir = pathOf(ref.volumeName);
  if (dir === undefined) throw new ConfigError(`cannot find the volume "${ref.volumeName}" referenced by FileKeyRef`);
  const [root, file] = await Promise.all([realpath(dir), realpath(join(dir, ref.path))]);
  if (!file.startsWith(root + sep)) throw new Error(`${ref.path} leads out of the volume`);
  return readFile(file, 'utf8');
}

/** Values of the container's variables that come from files, by what asks for them. Throws ConfigError in kubelet's words. */
export async function fileValues(c: Pick<Container, 'env'>, pathOf: (volume: string) => string | undefined): Promise<ReadonlyMap<FileKeySelector, string>> {
  const out = new Map<FileKeySelector, string>();
  for (const e of c.env ?? []) {
    const ref = e.valueFrom?.fileKeyRef;
    if (!ref) continue;
    let value: string | undefined;
    try { value = valueIn(await read(ref, pathOf), ref.key); } catch (error) { throw error instanceof ConfigError ? error : new ConfigError("couldn't parse env file", { cause: error }); }
    // An empty value counts as none, as in kubelet.
    if (value) out.set(ref, value);
    else if (!ref.optional) throw new ConfigError(`environment variable key "${ref.key}" not found in file "${ref.path}"`);
  }
  return out;
}
