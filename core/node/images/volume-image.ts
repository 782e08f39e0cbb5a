// Images as volumes: pulled by the rules of a container's image, their files laid out by the runtime.
import { mkdir } from 'node:fs/promises';
import type { Pod } from '../../api/types/kubernetes.ts';
import type { NodeContext } from '../node-context.ts';
import { VolumeError } from '../volumes/volume.ts';
import { credentialsFor } from './credentials.ts';
import { ImageWait } from './images.ts';

/** Where the files of an image are, and its id. Throws VolumeError in kubelet's words. */
export async function volumeImage(ctx: NodeContext, pod: Pod, reference: string, policy: string, dir: string): Promise<{ path: string; id: string }> {
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void => { ctx.recorder.event(pod, type, reason, message); };
  const namespace = pod.metadata?.namespace ?? '', secrets = (pod.spec?.imagePullSecrets ?? []).flatMap(s => ctx.sources.secret(namespace, s.name ?? '') ?? []);
  try {
    const auths = credentialsFor(reference, secrets, m => { event('Warning', 'FailedToRetrieveImagePullSecret', m); });
    const image = await ctx.images.ensure(pod.metadata?.uid ?? '', reference, policy, auths, event, new AbortController().signal);
    // A runtime that runs no programs has no files either.
    if (!ctx.runtime.imageFiles) { await mkdir(dir, { recursive: true }); return { path: dir, id: image.id }; }
    return { path: await ctx.runtime.imageFiles(image.id, dir), id: image.id };
  } catch (e) { throw new VolumeError(e instanceof ImageWait ? `${e.reason}: ${e.message}` : e instanceof Error ? e.message : String(e)); }
}
