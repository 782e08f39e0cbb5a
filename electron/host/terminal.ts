// Exec and attach for the gateway, over core/client's WebSocket session: nothing but Node is needed on the machine.
import type { Readable } from 'node:stream';
import { exec } from '../../core/client/exec.ts';
import type { HttpTransportOptions } from '../../core/client/transport-http.ts';
import type { TerminalHandlers, TerminalRequest, TerminalSession } from '../gateway/seam.ts';

/**
 * Resolves once the server has accepted; rejects with its ApiError otherwise. `on.end` comes after the last byte of output has
 * been handed over, however long the reader paused. Aborting `signal` ends the session.
 */
export async function openTerminal(connection: HttpTransportOptions, r: TerminalRequest, on: TerminalHandlers, signal: AbortSignal): Promise<TerminalSession> {
  const session = await exec(connection, {
    namespace: r.namespace, pod: r.pod, container: r.container, tty: r.tty, stdin: r.stdin, signal,
    ...(r.mode === 'exec' ? { command: r.command } : {}),
  });
  const drained = [read(session.stdout, b => on.data('stdout', b)), read(session.stderr, b => on.data('stderr', b))];
  session.exit.then(
    async exit => { await Promise.all(drained); on.end({ exit }); },
    async (error: unknown) => { await Promise.all(drained); on.end({ error: error instanceof Error ? error : new Error(String(error)) }); },
  );
  // A write after the command has ended is told by `end`, not here.
  session.stdin.on('error', () => session.stdin.destroy());
  return {
    write: data => { if (session.stdin.writable) session.stdin.write(data); },
    closeInput: () => { session.stdin.end(); },
    resize: (cols, rows) => session.resize(cols, rows),
    pause: () => { session.stdout.pause(); session.stderr.pause(); },
    resume: () => { session.stdout.resume(); session.stderr.resume(); },
    close: () => session.close(),
  };
}

/** Resolves when the stream is over, cleanly or not: how it ended is the session's to tell. */
function read(stream: Readable, take: (bytes: Uint8Array) => void): Promise<void> {
  return new Promise(resolve => {
    stream.on('data', take);
    stream.once('close', resolve);
    stream.once('end', resolve);
    stream.once('error', () => resolve());
  });
}
