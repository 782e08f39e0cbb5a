// Docker's errors: an HTTP status and a sentence.
import { ContainerError, ImagePullError } from '../runtime.ts';

/** The HTTP status of a Docker API error, undefined for any other error. */
export function dockerStatus(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** The daemon's own sentence, without the client's wrapping. */
export function dockerMessage(error: unknown): string {
  if (error instanceof Error && 'json' in error) {
    const json = error.json as { message?: unknown } | null | undefined;
    if (json && typeof json.message === 'string') return json.message;
  }
  // The client puts its own words before those of an answer that came as a stream.
  return (error instanceof Error ? error.message : String(error)).replace(/^\(HTTP code \d+\) [^-]* - /, '').trim();
}

/** Runs a Docker call whose failure means that a container cannot be made or run. */
export async function asContainerError<T>(reason: ContainerError['reason'], call: () => Promise<T>): Promise<T> {
  try { return await call(); } catch (error) {
    if (error instanceof ContainerError) throw error;
    throw new ContainerError(reason, dockerMessage(error));
  }
}

/** Runs a call, taking "no such container", "already so" (304) and "removal in progress" (409) for success. */
export async function idempotent(call: () => Promise<unknown>): Promise<void> {
  try { await call(); } catch (error) {
    const status = dockerStatus(error);
    if (status === 404 || status === 304) return;
    if (status === 409 && /is not running|already in progress/.test(dockerMessage(error))) return;
    throw error;
  }
}

/**
 * The reason kubectl shows for a failed pull. An unreachable registry is ErrImagePull, as with every runtime in use today;
 * RegistryUnavailable is a registry that answers 503.
 */
export function pullError(ref: string, error: unknown): ImagePullError {
  const words = dockerMessage(error);
  if (/invalid reference format|invalid repository name|repository name must be lowercase/i.test(words)) return new ImagePullError('InvalidImageName', `couldn't parse image name "${ref}": ${words}`);
  if (/503|service unavailable/i.test(words)) return new ImagePullError('RegistryUnavailable', words);
  return new ImagePullError('ErrImagePull', words);
}
