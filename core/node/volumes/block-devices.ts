// Block devices for pods: files of this machine behind loop devices. One device serves all who use a file.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { giveBack, use } from './shared-use.ts';

const run = promisify(execFile);

/** What gives files as devices; a node that can give none leaves it out. */
export interface BlockDevices {
  /** The device of a file, attached unless it is. `podDir`: the directory of the pod that uses it, `volume` its name there. Rejects with the system's words. */
  attach(file: string, podDir: string, volume: string): Promise<string>;
  /** The pod has no more use for any; with its last user a device goes. Nothing when it had none. */
  release(podDir: string): Promise<void>;
}

async function losetup(...args: string[]): Promise<string> {
  try { return (await run('losetup', args)).stdout.trim(); } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('the program losetup is missing (package util-linux)', { cause: e });
    throw new Error((e as { stderr?: string }).stderr?.trim() || (e as Error).message, { cause: e });
  }
}
const devicesOf = async (file: string): Promise<string[]> => (await losetup('--associated', file, '--output', 'NAME', '--noheadings')).split('\n').map(l => l.trim()).filter(l => l !== '');

/** As kubelet names the place in a pod's directory. */
const KIND = 'volumeDevices';

/** Loop devices of this machine; needs root. */
export const loopDevices: BlockDevices = {
  attach: (file, podDir, volume) => use(KIND, file, podDir, volume, async () => (await devicesOf(file))[0] ?? losetup('--nooverlap', '--find', '--show', file)),
  release: podDir => giveBack(KIND, podDir, detach),
};

/** Lets go of every device of a file. One that is still open goes with its last user. */
export async function detach(file: string): Promise<void> {
  for (const device of await devicesOf(file)) await losetup('--detach', device);
}
/** Devices of a file that has grown hear of it. */
export async function resized(file: string): Promise<void> {
  for (const device of await devicesOf(file)) await losetup('--set-capacity', device);
}

/** For nodes whose containers are only played: a file stands for itself. */
export const pretendDevices: BlockDevices = { attach: file => Promise.resolve(file), release: () => Promise.resolve() };
