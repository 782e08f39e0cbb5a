import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { ConfigError } from '../env/env.ts';

/** The host path of `sub` inside a volume; made when missing, unless `make` says no. Links must not lead out of the volume. */
export async function subPath(volumeDir: string, sub: string, mount: { name: string; container: string }, make = true): Promise<string> {
  // What is on the machine is not told: kubelet's words, and no more.
  const failed = (): ConfigError => new ConfigError(`failed to prepare subPath for volumeMount "${mount.name}" of container "${mount.container}"`);
  const target = resolve(volumeDir, sub);
  if (sub.startsWith('/')) throw new ConfigError(`error SubPath "${sub}" must not be an absolute path`);
  if (sub.split('/').includes('..')) throw new ConfigError(`unable to provision SubPath "${sub}": must not contain '..'`);
  const root = await realpath(volumeDir);
  // The nearest part that exists must already lie inside, before anything is made below it.
  for (let at = target; ; at = dirname(at)) {
    let real: string;
    try { real = await realpath(at); } catch (e) { if ((e as NodeJS.ErrnoException).code === 'ENOENT' && at !== dirname(at)) continue; throw failed(); }
    if (real !== root && !real.startsWith(root + sep)) throw failed();
    break;
  }
  const exists = await stat(target).then(() => true, () => false);
  if (!exists) {
    if (!make) throw failed();
    // What is made has the rights of the volume, so that whoever may write there may write here.
    const { mode } = await stat(root);
    try {
      const first = await mkdir(target, { recursive: true });
      for (let at = target; first !== undefined && at.length >= first.length; at = dirname(at)) await chmod(at, mode & 0o7777);
    } catch (e) { throw new ConfigError(`failed to create subPath directory for volumeMount "${mount.name}" of container "${mount.container}"`, { cause: e }); }
  }
  return join(await realpath(target));
}
