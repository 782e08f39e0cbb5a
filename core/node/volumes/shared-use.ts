// Things of this machine that pods use together (loop devices, shared mounts): who uses them is written below /run, which forgets when the
// kernel forgets them too; so pods of several nodes, and of agents that come and go, count as one. And each pod's directory says what it uses.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = '/run/pilothouse';
const name = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** One after another in this process: two that made the same thing at once would make it twice. */
let turn: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => { /* told to who asked */ });
  return mine;
}

async function link(path: string, to: string): Promise<void> {
  await rm(path, { force: true });
  await symlink(to, path);
}

/** `podDir` uses `what`; `make` runs as one who is alone with it. */
export const use = <T>(kind: string, what: string, podDir: string, volume: string, make: () => Promise<T>): Promise<T> => inTurn(async () => {
  // The pod's own note comes first: what nobody knows of would stay.
  await mkdir(join(podDir, kind), { recursive: true });
  await link(join(podDir, kind, volume), what);
  const users = join(ROOT, kind, name(what));
  await mkdir(users, { recursive: true, mode: 0o700 });
  await link(join(users, name(podDir)), podDir);
  return make();
});

/** Whether any pod is written down as a user. */
export const inUse = (kind: string, what: string): boolean => existsSync(join(ROOT, kind, name(what)));

/** The pod gives back all of a kind; `end` runs for what it was the last user of. */
export async function giveBack(kind: string, podDir: string, end: (what: string) => Promise<void>): Promise<void> {
  let notes: string[];
  try { notes = await readdir(join(podDir, kind)); } catch (e) { if ((e as NodeJS.ErrnoException).code === 'ENOENT') return; throw e; }
  for (const volume of notes) await inTurn(async () => {
    const what = await readlink(join(podDir, kind, volume)), users = join(ROOT, kind, name(what));
    if (existsSync(users)) {
      await rm(join(users, name(podDir)), { force: true });
      if (await count(users) === 0) { await end(what); await rmdir(users); }
    }
    await rm(join(podDir, kind, volume), { force: true });
  });
}

/** Those whose pod is still there; what others left is cleared away. */
async function count(users: string): Promise<number> {
  let n = 0;
  for (const entry of await readdir(users)) {
    if (existsSync(await readlink(join(users, entry)))) n++;
    else await rm(join(users, entry), { force: true });
  }
  return n;
}
