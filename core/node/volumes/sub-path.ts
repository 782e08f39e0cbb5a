import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { ConfigError } from '../env/env.ts';

/** The host path of `sub` inside a volume; made when missing, unless `make` says no. Links must not lead out of the volume. */
export async function subPath(volumeDir: string, sub: string, containerName: string, make = true): Promise<string> {
  const failed = (why: string): ConfigError => new ConfigError(`failed to prepare subPath for volumeMount of container "${containerName}": ${why}`);
  const target = resolve(volumeDir, sub);
  if (sub.startsWith('/') || (target !== resolve(volumeDir) && !target.startsWith(resolve(volumeDir) + sep))) throw failed(`subpath "${sub}" not within volume path`);
  const root = await realpath(volumeDir);
  // The nearest part that exists must already lie inside, before anything is made below it.
  for (let at = target; ; at = dirname(at)) {
    let real: string;
    try { real = await realpath(at); } catch (e) { if ((e as NodeJS.ErrnoException).code === 'ENOENT' && at !== dirname(at)) continue; throw failed((e as Error).message); }
    if (real !== root && !real.startsWith(root + sep)) throw failed(`subpath "${sub}" not within volume path`);
    break;
  }
  const exists = await stat(target).then(() => true, () => false);
  if (!exists) {
    if (!make) throw failed(`subpath "${sub}" does not exist`);
    // What is made has the rights of the volume, so that whoever may write there may write here.
    const { mode } = await stat(root);
    const first = await mkdir(target, { recursive: true });
    for (let at = target; first !== undefined && at.length >= first.length; at = dirname(at)) await chmod(at, mode & 0o7777);
  }
  return join(await realpath(target));
}
