// File systems that this machine's kernel mounts for a pod: of a block device, or of a server. Kubelet's ways and words.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { mountsBelow } from './memory.ts';
import { VolumeError } from './volume.ts';

const run = promisify(execFile);
/** A server that does not answer must not hold the pod's worker for ever. */
const PATIENCE_MS = 120_000;

interface Failure { code?: number | string; stdout?: string; stderr?: string; message?: string }

/** Runs `mount`; nothing when `dir` is a mount point already. Throws VolumeError as kubelet words it. */
async function mount(source: string, dir: string, type: string, options: readonly string[]): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o750 });
  if ((await mountsBelow(dir)).includes(dir)) return;
  const args = ['-t', type, ...(options.length ? ['-o', options.join(',')] : []), source, dir];
  try { await run('mount', args, { timeout: PATIENCE_MS }); } catch (e) {
    const f = e as Failure, output = `${f.stdout ?? ''}${f.stderr ?? ''}`;
    throw new VolumeError(`mount failed: ${typeof f.code === 'number' ? `exit status ${f.code}` : f.message ?? String(e)}\nMounting command: mount\nMounting arguments: ${args.join(' ')}\nOutput: ${output}`);
  }
}

/** The export of an NFS server at `dir`. */
export const mountNfs = (server: string, path: string, dir: string, readOnly: boolean, options: readonly string[]): Promise<void> =>
  mount(`${server.includes(':') && !server.startsWith('[') ? `[${server}]` : server}:${path}`, dir, 'nfs', [...options, ...(readOnly ? ['ro'] : [])]);

/** The file system of a block device at `dir`; a device that is empty gets one first, unless it is for reading only. */
export async function mountDevice(device: string, dir: string, type: string, readOnly: boolean, options: readonly string[]): Promise<void> {
  const found = await typeOf(device);
  if (found === '' && readOnly) throw new VolumeError(`cannot mount unformatted disk ${device} as we are manipulating it in read-only mode`);
  if (found === '') {
    const args = type.startsWith('ext') ? ['-F', '-m0', device] : [device];
    try { await run(`mkfs.${type}`, args, { timeout: PATIENCE_MS }); } catch (e) {
      const f = e as Failure;
      throw new VolumeError(`format of disk "${device}" failed: type:("${type}") target:("${dir}") options:(${JSON.stringify(options)}) errcode:(${f.message ?? ''}) output:(${f.stdout ?? ''}${f.stderr ?? ''}) `);
    }
  }
  await mount(device, dir, type, [...options, 'defaults', ...(readOnly ? ['ro'] : [])]);
}

/** What is on a device: '' for nothing. */
async function typeOf(device: string): Promise<string> {
  try { return (await run('blkid', ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'value', device])).stdout.trim(); } catch (e) {
    // 2: nothing was found there.
    if ((e as Failure).code === 2) return '';
    throw new VolumeError(`blkid of ${device}: ${(e as Failure).stderr?.trim() || (e as Error).message}`);
  }
}
