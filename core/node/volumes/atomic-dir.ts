// Files that change all at once: a dated directory holds the content, `..data` points at it, visible names are links through
// `..data`. Readers see either the old set or the new one (the layout kubelet gives configMap and secret volumes).
import { chmod, mkdir, readFile, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface PayloadFile { data: Buffer; mode: number }
export type Payload = ReadonlyMap<string, PayloadFile>;

const DATA = '..data';

async function current(dir: string): Promise<string | undefined> {
  try { return await readlink(join(dir, DATA)); } catch (e) { if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined; throw e; }
}

async function same(dir: string, payload: Payload): Promise<boolean> {
  const seen = new Set<string>();
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) if (!entry.isDirectory()) seen.add(join(entry.parentPath, entry.name).slice(dir.length + 1));
  if (seen.size !== payload.size) return false;
  for (const [path, file] of payload) {
    if (!seen.has(path)) return false;
    if (((await stat(join(dir, path))).mode & 0o777) !== (file.mode & 0o777) || !(await readFile(join(dir, path))).equals(file.data)) return false;
  }
  return true;
}

/** Makes `dir` show exactly `payload`; true when something changed. `stamp` makes the dated directory's name. `own` sets owners of what was written. */
export async function writeAtomically(dir: string, payload: Payload, stamp: string, own?: (path: string) => Promise<void>): Promise<boolean> {
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const old = await current(dir);
  if (old !== undefined && await same(join(dir, old), payload)) return false;
  const fresh = `..${stamp}`;
  const target = join(dir, fresh);
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { mode: 0o755 });
  for (const [path, file] of payload) {
    await mkdir(dirname(join(target, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(target, path), file.data, { mode: file.mode });
    await chmod(join(target, path), file.mode);
  }
  await own?.(target);
  await rm(join(dir, '..data_tmp'), { force: true });
  await symlink(fresh, join(dir, '..data_tmp'));
  await rename(join(dir, '..data_tmp'), join(dir, DATA));
  const visible = new Set([...payload.keys()].map(p => p.split('/')[0]!));
  for (const name of await readdir(dir)) {
    if (!name.startsWith('..') && !visible.delete(name)) await rm(join(dir, name), { force: true, recursive: true });
    else if (/^\.\.\d/.test(name) && name !== fresh) await rm(join(dir, name), { recursive: true, force: true });
  }
  for (const name of visible) await symlink(join(DATA, name), join(dir, name));
  return true;
}

/** A file name for the dated directory: `2026_01_02_03_04_05.000000123`. */
export const stampOf = (ms: number, n: number): string => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')}.${String(n % 1_000_000_000).padStart(9, '0')}`;
