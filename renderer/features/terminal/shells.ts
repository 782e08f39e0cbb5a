// Which shell a container has is found out by trying: nothing is needed in it but the shell itself.
import type { WireError } from '../../../electron/contract/frames.ts';

/** Tried in this order. BusyBox and minimal images have no bash; some have only ash or a shell at a place of its own. */
export const SHELLS: readonly (readonly string[])[] = [['bash'], ['sh'], ['ash'], ['/busybox/sh']];

/** Milliseconds within which a shell that is not there fails. */
const SOON = 20_000;

export interface End { exit?: number; error?: WireError }

/** Did this attempt fail because the program is not in the container? A shell the user has left ends otherwise, or later. */
export function isMissing(end: End, afterMs: number, proved: boolean): boolean {
  if (proved || afterMs > SOON) return false;
  if (end.exit === 126 || end.exit === 127) return true;
  return end.error !== undefined && /executable file not found|no such file or directory|not found in \$?PATH|command not found|stat .*: no such/i.test(end.error.message);
}

/** Did the session fall away, rather than be left? Then it may begin again by itself when its container does. */
export const fellAway = (end: End): boolean => end.error !== undefined || end.exit === 137 || end.exit === 143;

/** How a session ended, as a catalogue key and its values. */
export function endText(end: End): { key: string; values: Record<string, string | number>; level: 'quiet' | 'warning' | 'bad' } {
  if (end.error?.reason === 'Disconnected') return { key: 'terminal.end.disconnected', values: {}, level: 'warning' };
  if (end.error?.code === 404) return { key: 'terminal.end.gone', values: { message: end.error.message }, level: 'warning' };
  if (end.error) return { key: 'terminal.end.failed', values: { message: end.error.message }, level: 'bad' };
  if (end.exit === 137 || end.exit === 143) return { key: 'terminal.end.killed', values: { exit: end.exit }, level: 'warning' };
  return end.exit ? { key: 'terminal.end.exit', values: { exit: end.exit }, level: 'quiet' } : { key: 'terminal.end.done', values: {}, level: 'quiet' };
}
