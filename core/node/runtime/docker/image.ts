// Images of the daemon.
import type Docker from 'dockerode';
import { Readable } from 'node:stream';
import type { ImageStatus, PullAuth } from '../runtime.ts';
import { imageStatus as toStatus } from './convert.ts';
import { dockerMessage, dockerStatus, pullError } from './errors.ts';
import { PAUSE_IMAGE, pauseArchive } from './pause-image.ts';

/** The image by tag, digest or id; undefined when the daemon has none. */
export async function findImage(docker: Docker, ref: string): Promise<ImageStatus | undefined> {
  try { return toStatus(await docker.getImage(ref).inspect()); } catch (error) {
    const status = dockerStatus(error);
    if (status === 404 || status === 400) return undefined;
    throw error;
  }
}

interface Progress { id?: string; error?: string; errorDetail?: { message?: string }; status?: string }

/** Pulls an image. A reference without tag or digest means `latest`. Throws ImagePullError in Docker's words. */
export async function pull(docker: Docker, ref: string, auth: PullAuth | undefined, signal: AbortSignal): Promise<ImageStatus> {
  const full = /@|:[^/]*$/.test(ref) ? ref : `${ref}:latest`;
  const authconfig = auth && { username: auth.username ?? '', password: auth.password ?? '', ...(auth.identityToken ? { identitytoken: auth.identityToken } : {}), ...(auth.registryToken ? { registrytoken: auth.registryToken } : {}), serveraddress: full.split('/')[0] ?? '' };
  try {
    const stream = await docker.pull(full, { ...(authconfig ? { authconfig } : {}), abortSignal: signal } as object) as NodeJS.ReadableStream & { destroy(): void };
    const abort = (): void => { stream.destroy(); };
    signal.addEventListener('abort', abort, { once: true });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(stream, (error: Error | null, output: Progress[]) => {
        const failed = (output ?? []).find(p => p.error !== undefined);
        if (error) reject(error); else if (failed) reject(new Error(failed.errorDetail?.message ?? failed.error)); else resolve();
      });
    }).finally(() => { signal.removeEventListener('abort', abort); });
  } catch (error) { throw pullError(ref, error); }
  const status = await findImage(docker, full);
  if (!status) throw pullError(ref, new Error(`image ${ref} is not there after its pull`));
  return status;
}

/** Makes sure that the pause image is there and returns its name. */
export async function ensurePause(docker: Docker): Promise<string> {
  if (await findImage(docker, PAUSE_IMAGE)) return PAUSE_IMAGE;
  const { Architecture } = await docker.info() as { Architecture: string };
  const archive = pauseArchive(Architecture);
  if (!archive) throw new Error(`no pause program for ${Architecture}: load an image named ${PAUSE_IMAGE} into Docker`);
  const answer = await docker.loadImage(Readable.from([archive]), { quiet: true });
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  if (!await findImage(docker, PAUSE_IMAGE)) throw new Error(`Docker did not take the pause image: ${dockerMessage(text)}`);
  return PAUSE_IMAGE;
}
