// The files of an image as a directory of this machine: a container that never runs is exported once per image.
import type Docker from 'dockerode';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { idempotent } from './errors.ts';

/** What the daemon itself puts into every container. */
const ADDED = ['.dockerenv', 'dev', 'proc', 'sys', 'etc/hosts', 'etc/hostname', 'etc/mtab', 'etc/resolv.conf'];

export const imageFilesDir = (stateDir: string, id: string): string => join(stateDir, 'image-files', id.replace(':', '-'));

/** Resolves with the directory, which is the image's until that is removed. Throws in Docker's or tar's words. */
export async function exportImage(docker: Docker, stateDir: string, id: string, labels: Record<string, string>): Promise<string> {
  const target = imageFilesDir(stateDir, id);
  if (existsSync(target)) return target;
  const fresh = join(stateDir, 'image-files', `new-${randomBytes(6).toString('hex')}`);
  await mkdir(fresh, { recursive: true, mode: 0o755 });
  const container = await docker.createContainer({ Image: id, Cmd: ['none'], Labels: labels, NetworkDisabled: true });
  try {
    const tar = spawn('tar', ['-x', '-p', '-C', fresh, ...ADDED.flatMap(p => ['--exclude', p, '--exclude', `./${p}`])], { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    tar.stderr.setEncoding('utf8').on('data', (d: string) => { said += d; });
    const ended = new Promise<number | null>((resolve, reject) => { tar.once('error', reject); tar.once('close', resolve); });
    const fed = pipeline(await container.export(), tar.stdin);
    const [code] = await Promise.all([ended, fed]);
    if (code !== 0) throw new Error(`tar: ${said.trim() || `exit code ${String(code)}`}`);
    // Left empty by what is left out.
    await rmdir(join(fresh, 'etc')).catch((e: unknown) => { if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR', 'EEXIST'].includes((e as NodeJS.ErrnoException).code ?? '')) throw e; });
    try { await rename(fresh, target); } catch (e) { if (!existsSync(target)) throw e; }
  } finally {
    await idempotent(() => container.remove({ force: true, v: true }));
    await rm(fresh, { recursive: true, force: true });
  }
  return target;
}
