// Back-pressure: output is sent as long as the window has credit and waits otherwise.
import { CREDIT } from '../contract/frames.ts';

/** Counts characters on their way to a window. */
export class Credit {
  #left = CREDIT;
  #waiting: (() => void)[] = [];

  get exhausted(): boolean { return this.#left <= 0; }
  spend(chars: number): void { this.#left -= chars; }
  /** The window has drawn `chars`; never grows beyond the initial credit, whatever the window claims. */
  earn(chars: number): void {
    this.#left = Math.min(CREDIT, this.#left + chars);
    if (this.#left <= 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
  /** Resolves when there is credit, or when the signal aborts. */
  available(signal: AbortSignal): Promise<void> {
    if (!this.exhausted || signal.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const go = (): void => { signal.removeEventListener('abort', go); resolve(); };
      this.#waiting.push(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }
}
