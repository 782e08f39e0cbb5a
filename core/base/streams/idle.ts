// The end of connections on which nothing moves.
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** Streaming connections on which no byte moved either way for this long end, as the kubelet's (4 h). */
export const IDLE_MS = 4 * 3600_000;
/** A peer that is gone without a word is asked after this much silence; one that does not answer is found within seconds then. */
export const KEEP_ALIVE_MS = 30_000;

const LOOKS = 8;

/** Destroys the socket when no byte has moved on it for `ms`, or somewhat later: it costs nothing per byte, as it is looked at LOOKS times within that. */
export function endWhenIdle(socket: Socket, ms: number, clock: Clock): void {
  let moved = socket.bytesRead + socket.bytesWritten, since = clock.now();
  const look = (): void => {
    const now = socket.bytesRead + socket.bytesWritten;
    if (now !== moved) { moved = now; since = clock.now(); }
    if (clock.now() - since >= ms) { socket.destroy(); return; }
    timer = clock.after(ms / LOOKS, look);
  };
  let timer = clock.after(ms / LOOKS, look);
  socket.once('close', () => timer.cancel());
}
