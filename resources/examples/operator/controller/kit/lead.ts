// Of several copies of a controller one works; the others wait for its lease to end.
import type { Elector } from './elector.ts';
import type { Log } from './log.ts';

export interface LeadOptions {
  elector: Elector;
  /** How long the lease lasts without renewal, seconds: the same as the elector's. */
  seconds: number;
  log: Log;
  /** This copy leads from now on. */
  started(): void;
  /** It led, and another may lead now: end at once, whatever is half done. */
  lost(): void;
}

/** Tries for the lease until `stop` is called, which gives it up. Renews it well before its end, and counts it as lost before others do. */
export function lead(options: LeadOptions): { stop(): Promise<void> } {
  const { elector, seconds, log } = options;
  let leads = false, renewed = performance.now(), under: Promise<void> | undefined;
  const attempt = async (): Promise<void> => {
    const asked = performance.now();
    try {
      if (!await elector.attempt()) return;
      renewed = asked;
      if (!leads) { leads = true; options.started(); }
    } catch (e) { log.error('Lease', e); }
  };
  const turn = (): void => {
    // Counted by the clock, not by answers: a server that does not answer renews nothing.
    if (leads && performance.now() - renewed > seconds * 666) { leads = false; options.lost(); }
    under ??= attempt().finally(() => { under = undefined; });
  };
  turn();
  const timer = setInterval(turn, Math.max(200, seconds * 1000 / 7));
  return {
    async stop() {
      clearInterval(timer);
      await under;
      if (leads) await elector.release().catch((e: unknown) => { log.error('Lease', e); });
    },
  };
}
