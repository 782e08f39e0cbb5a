// Images of containers: pull policy, one pull per image at a time, back-off after failures, events in kubelet's words.
import type { Clock } from '../../base/clock.ts';
import { Backoff, goDuration } from '../backoff.ts';
import { ImagePullError, type ImageStatus, type PullAuth, type Runtime } from '../runtime/runtime.ts';

/** Why a container waits for its image. */
export class ImageWait extends Error {
  readonly reason: string;
  /** ms until another try is worth it; undefined when only a change of the pod helps. */
  readonly retryMs: number | undefined;
  constructor(reason: string, message: string, retryMs: number | undefined) { super(message); this.reason = reason; this.retryMs = retryMs; }
}

export type ImageEvent = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

const REFERENCE = /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** The images of one node; see `ensure`. */
export class Images {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #backoff = new Backoff();
  readonly #failed = new Map<string, { at: number; reason: string; message: string }>();
  readonly #pulls = new Map<string, Promise<{ image: ImageStatus; ms: number }>>();
  /** Images this agent pulled: the only ones its collection may remove. */
  readonly pulled = new Map<string, { lastUsed: number }>();

  constructor(runtime: Runtime, clock: Clock) { this.#runtime = runtime; this.#clock = clock; }

  /** The image, pulled if policy says so. `owner` (pod uid) scopes the back-off. Throws ImageWait. */
  async ensure(owner: string, ref: string, policy: string, auths: readonly PullAuth[], event: ImageEvent, signal: AbortSignal): Promise<ImageStatus> {
    if (!REFERENCE.test(ref)) {
      const why = `Failed to apply default image tag "${ref}": couldn't parse image name "${ref}": invalid reference format${/[A-Z]/.test(ref.replace(/:[^/]*$/, '')) ? ': repository name must be lowercase' : ''}`;
      event('Warning', 'InspectFailed', why);
      throw new ImageWait('InvalidImageName', why, 60_000);
    }
    const present = await this.#runtime.imageStatus(ref);
    if (present && policy !== 'Always') {
      event('Normal', 'Pulled', `Container image "${ref}" already present on machine`);
      return this.#used(present);
    }
    if (policy === 'Never') {
      const why = `Container image "${ref}" is not present with pull policy of Never`;
      event('Warning', 'ErrImageNeverPull', why);
      throw new ImageWait('ErrImageNeverPull', why, 60_000);
    }
    const key = `${owner}_${ref}`;
    const failed = this.#failed.get(key);
    const left = failed ? this.#backoff.left(key, failed.at, this.#clock.now()) : 0;
    if (failed && left > 0) {
      event('Normal', 'BackOff', `Back-off pulling image "${ref}"`);
      throw new ImageWait('ImagePullBackOff', `Back-off pulling image "${ref}": ${failed.reason}: ${failed.message}`, left);
    }
    event('Normal', 'Pulling', `Pulling image "${ref}"`);
    const asked = this.#clock.now();
    try {
      const { image, ms } = await this.#pull(ref, auths, signal);
      const waited = this.#clock.now() - asked;
      event('Normal', 'Pulled', `Successfully pulled image "${ref}" in ${goDuration(ms)} (${goDuration(Math.max(waited, ms))} including waiting). Image size: ${image.sizeBytes} bytes.`);
      this.#failed.delete(key); this.#backoff.forget(key);
      if (!present) this.pulled.set(image.id, { lastUsed: this.#clock.now() });
      return this.#used(image);
    } catch (e) {
      if (signal.aborted) throw e;
      if (present && e instanceof ImagePullError && e.reason === 'RegistryUnavailable') {
        // A laptop is often offline: what is here is used, and the event says so. Kubernetes would wait with ErrImagePull.
        event('Warning', 'RegistryUnavailable', `Registry of image "${ref}" cannot be reached (${e.message}): using the image present on machine`);
        return this.#used(present);
      }
      const message = e instanceof Error ? e.message : String(e);
      const now = this.#clock.now();
      event('Warning', 'Failed', `Failed to pull image "${ref}": ${message}`);
      this.#backoff.next(key, now, now);
      const reason = e instanceof ImagePullError && e.reason === 'InvalidImageName' ? 'InvalidImageName' : 'ErrImagePull';
      this.#failed.set(key, { at: now, reason, message });
      throw new ImageWait(reason, message, this.#backoff.current(key));
    }
  }

  #used(image: ImageStatus): ImageStatus {
    const mine = this.pulled.get(image.id);
    if (mine) mine.lastUsed = this.#clock.now();
    return image;
  }

  /** Pulls with each credential in turn (without any when there is none); pods asking for the same image share one pull. */
  async #pull(ref: string, auths: readonly PullAuth[], signal: AbortSignal): Promise<{ image: ImageStatus; ms: number }> {
    const share = `${ref} ${JSON.stringify(auths)}`;
    let running = this.#pulls.get(share);
    if (!running) {
      running = (async () => {
        const t0 = this.#clock.now(); let last: unknown;
        // One pod's end must not cancel the pull for the others, so a shared pull is never aborted.
        for (const auth of auths.length ? auths : [undefined]) {
          try { return { image: await this.#runtime.pullImage(ref, auth, new AbortController().signal), ms: this.#clock.now() - t0 }; } catch (e) { last = e; }
        }
        throw last;
      })().finally(() => { this.#pulls.delete(share); });
      this.#pulls.set(share, running);
    }
    let onAbort = (): void => {};
    const aborted = new Promise<never>((_, reject) => { onAbort = () => reject(signal.reason as Error); signal.addEventListener('abort', onAbort, { once: true }); });
    try { return await Promise.race([running, aborted]); } finally { signal.removeEventListener('abort', onAbort); }
  }

  forget(owner: string): void {
    this.#backoff.forget(`${owner}_`);
    for (const k of this.#failed.keys()) if (k.startsWith(`${owner}_`)) this.#failed.delete(k);
  }
}
