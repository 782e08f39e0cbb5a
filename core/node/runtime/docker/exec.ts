// Commands in a running container, and its main process' own streams, over Docker's hijacked connections.
import type Docker from 'dockerode';
import { finished } from 'node:stream/promises';
import type { Duplex, Writable } from 'node:stream';
import type { StreamOptions } from '../runtime.ts';
import { dockerMessage, dockerStatus } from './errors.ts';
import { StreamReader } from './logs.ts';

/** Runs a command; resolves with its exit code. A program that cannot be run is 126 or 127 with Docker's words on stderr. */
export async function execIn(docker: Docker, id: string, command: readonly string[], o: StreamOptions): Promise<number> {
  const exec = await docker.getContainer(id).exec({ Cmd: [...command], AttachStdin: o.stdin !== undefined, AttachStdout: true, AttachStderr: true, Tty: o.tty });
  let socket: Duplex;
  try {
    socket = await exec.start({ hijack: true, stdin: o.stdin !== undefined, Tty: o.tty });
  } catch (error) {
    const words = dockerMessage(error);
    if (dockerStatus(error) !== 400 && !/OCI runtime exec failed|executable file not found/.test(words)) throw error;
    (o.stderr ?? o.stdout)?.write(`${words}\n`);
    return 126;
  }
  o.onResize?.((w, h) => { exec.resize({ w, h }).catch(() => { /* the process may have ended between a resize and now */ }); });
  await pump(socket, o, true);
  if (o.signal.aborted) return 137;
  const info = await exec.inspect();
  return info.ExitCode ?? 137;
}

/** Joins the main process' streams until it exits or the signal aborts; with `replay` from its first word. */
export async function attachTo(docker: Docker, id: string, o: StreamOptions & { replay?: boolean }): Promise<void> {
  const container = docker.getContainer(id);
  // Where stdin stays open for the next one who attaches, Docker takes the end of ours for the end of the output too: it is not told.
  const { StdinOnce } = (await container.inspect()).Config;
  const socket = await container.attach({ stream: true, logs: o.replay ?? false, hijack: true, stdin: o.stdin !== undefined, stdout: true, stderr: true }) as Duplex;
  o.onResize?.((w, h) => { container.resize({ w, h }).catch(() => { /* the process may have ended between a resize and now */ }); });
  await pump(socket, o, false, StdinOnce);
}

// Resolves when the far side has sent everything. Writes wait for a slow reader.
async function pump(socket: Duplex, o: StreamOptions, exec: boolean, endInput = true): Promise<void> {
  const abort = (): void => { socket.destroy(); };
  if (o.signal.aborted) { abort(); return; }
  o.signal.addEventListener('abort', abort, { once: true });
  const onInput = (chunk: Buffer): void => { if (socket.writable && !socket.write(chunk)) { o.stdin?.pause(); socket.once('drain', () => o.stdin?.resume()); } };
  const onEnd = (): void => { if (endInput && socket.writable) socket.end(); };
  o.stdin?.on('data', onInput);
  o.stdin?.once('end', onEnd);
  o.stdin?.once('error', onEnd);
  const frames = o.tty ? undefined : new StreamReader();
  let first = true;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      // A program that is not there is reported unframed on stdout's wire.
      if (first && exec && frames && chunk.length > 3 && chunk.toString('latin1', 0, 3) === 'OCI') { await write(o.stderr ?? o.stdout, chunk); continue; }
      first = false;
      if (!frames) await write(o.stdout, chunk);
      else for (const f of frames.push(chunk)) {
        const failed = exec && f.stream === 'stdout' && f.payload.toString('latin1', 0, 23) === 'OCI runtime exec failed';
        await write(failed || f.stream === 'stderr' ? o.stderr : o.stdout, f.payload);
      }
    }
  } catch (error) {
    if (!o.signal.aborted && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  } finally {
    o.signal.removeEventListener('abort', abort);
    o.stdin?.off('data', onInput).off('end', onEnd);
    socket.destroy();
  }
}

async function write(to: Writable | undefined, data: Buffer): Promise<void> {
  if (!to || to.destroyed || to.writableEnded) return;
  if (to.write(data)) return;
  await Promise.race([new Promise<void>(resolve => { to.once('drain', resolve); }), finished(to).catch(() => { /* its owner sees the error */ })]);
}
