// Whether this machine can run the sandbox runtime: asked before it is chosen, answered in one sentence.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cgroupVersion } from '../cgroup.ts';
import { hasLauncher } from './launcher.ts';

const exec = promisify(execFile);

/** Tries the real thing: new namespaces with an overlay mount in them below `stateDir` (the system's temporary folder by default). */
export async function probeSandbox(stateDir: string = tmpdir()): Promise<{ ok: boolean; why: string }> {
  const no = (why: string): { ok: boolean; why: string } => ({ ok: false, why });
  if (process.platform !== 'linux') return no('containers without Docker need Linux');
  if (process.getuid?.() !== 0) return no('containers without Docker need root');
  if (!hasLauncher()) return no(`there is no launcher for ${process.arch} processors yet`);
  if (cgroupVersion === 0) return no('no cgroups are mounted on /sys/fs/cgroup');
  for (const [program, args] of [['ip', ['-V']], ['nft', ['-v']], ['tar', ['--version']], ['unshare', ['-V']]] as const) {
    try { await exec(program, [...args]); } catch { return no(`the program ${program} is missing`); }
  }
  await mkdir(stateDir, { recursive: true });
  const dir = await mkdtemp(join(stateDir, 'probe-'));
  try {
    await Promise.all(['l', 'u', 'w', 'm'].map(d => mkdir(join(dir, d))));
    await exec('unshare', ['-mnpiuf', 'mount', '-t', 'overlay', 'overlay', '-o', 'lowerdir=l,upperdir=u,workdir=w', 'm'], { cwd: dir });
  } catch (error) {
    return no(`namespaces or overlayfs are not allowed here: ${(error as { stderr?: string }).stderr?.trim() || (error as Error).message}`);
  } finally { await rm(dir, { recursive: true, force: true }); }
  try { await exec('nft', ['list', 'tables']); } catch { return no('nftables is not allowed here'); }
  return { ok: true, why: `namespaces, overlayfs, nftables and cgroup v${cgroupVersion} work` };
}
