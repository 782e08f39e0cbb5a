// Why a command is not done: errors whose message is all that people need.

export interface Address { host: string; port: number }

/** A mistake on the command line: what, and what to do. */
export class UsageError extends Error {}
/** What was asked for is right, but this machine cannot do it now: the message says why, and nobody needs a stack. */
export class CannotRun extends Error {}

const LISTENING: Readonly<Record<string, string>> = { EADDRINUSE: 'is taken by another program', EADDRNOTAVAIL: 'is no address of this machine', EACCES: 'may not be listened on by this user' };
/** Turns a listener's failure into words: `--listen 127.0.0.1:6443 is taken by another program; …`. */
export async function listening<T>(flag: string, at: Address, work: Promise<T>): Promise<T> {
  try { return await work; } catch (e) {
    const why = LISTENING[(e as NodeJS.ErrnoException).code ?? ''];
    throw why === undefined ? e : new CannotRun(`${flag} ${at.host}:${at.port} ${why}. Choose another; port 0 picks a free one.`);
  }
}
