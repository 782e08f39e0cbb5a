// Exec, attach and dial: the launcher's frames joined to the caller's streams.
import { spawn, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { StreamOptions } from '../runtime.ts';
import { FRAME, FrameReader, connectCtl, encodeFrame, firstWords } from './launcher.ts';

type Launched = ChildProcess & { stdin: Writable; stdout: Readable };
// Node types a fourth pipe away from the plain three: they are there all the same.
function start(program: string, args: string[]): Launched { return spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore', 'pipe'], env: {} }) as Launched; }

/** Runs `launcher exec` on a settings file, which it removes; resolves with the exit code. */
export async function execThrough(program: string, settingsFile: string, o: StreamOptions): Promise<number> {
  const child = start(program, ['exec', settingsFile]);
  const trouble = firstWords(child);
  child.stdin.on('error', () => { /* it has ended: its exit frame says how */ });
  const abort = (): void => { child.kill('SIGKILL'); };
  o.signal.addEventListener('abort', abort, { once: true });
  if (o.signal.aborted) abort();
  try {
    const code = await pump(child.stdout, child.stdin, o);
    const said = code === undefined ? await trouble : '';
    if (said !== '' && !o.signal.aborted) throw new Error(said);
    return code ?? 137;
  } finally {
    o.signal.removeEventListener('abort', abort);
    child.stdin.destroy(); child.stdout.destroy();
    await rm(settingsFile, { force: true });
  }
}

/** Joins a running container's streams until it exits or the signal aborts. */
export async function attachThrough(dir: string, o: StreamOptions): Promise<void> {
  const socket = await connectCtl(dir);
  const abort = (): void => { socket.destroy(); };
  o.signal.addEventListener('abort', abort, { once: true });
  if (o.signal.aborted) abort();
  socket.on('error', () => { /* the container has ended: reading ends too */ });
  try { socket.write(encodeFrame(FRAME.subscribe)); await pump(socket, socket, o); } finally { o.signal.removeEventListener('abort', abort); socket.destroy(); }
}

// Returns the exit code, undefined if the far side went without one.
async function pump(from: Readable, to: Writable, o: StreamOptions): Promise<number | undefined> {
  const onInput = (chunk: Buffer | string): void => { if (to.writable && !to.write(encodeFrame(FRAME.stdin, Buffer.from(chunk)))) { o.stdin?.pause(); to.once('drain', () => o.stdin?.resume()); } };
  const onEnd = (): void => { if (to.writable) to.write(encodeFrame(FRAME.stdinEnd)); };
  if (o.stdin) o.stdin.on('data', onInput).once('end', onEnd).once('error', onEnd);
  else if (!o.tty) onEnd();
  o.onResize?.((width, height) => { const size = Buffer.alloc(4); size.writeUInt16BE(width, 0); size.writeUInt16BE(height, 2); if (to.writable) to.write(encodeFrame(FRAME.size, size)); });
  const reader = new FrameReader();
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) for (const f of reader.push(chunk)) {
      if (f.type === FRAME.stdout) await give(o.stdout, f.payload);
      else if (f.type === FRAME.stderr) await give(o.stderr ?? (o.tty ? o.stdout : undefined), f.payload);
      else if (f.type === FRAME.exit) return f.payload[0] ?? 0;
    }
  } catch (error) { if (!o.signal.aborted && !['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error; }
  finally { o.stdin?.off('data', onInput).off('end', onEnd).off('error', onEnd); }
  return undefined;
}

async function give(to: Writable | undefined, data: Buffer): Promise<void> {
  if (!to || to.destroyed || to.writableEnded || to.write(data)) return;
  await new Promise<void>(resolve => { to.once('drain', resolve).once('close', resolve).once('error', () => { resolve(); }); });
}

/** A connection to a port on the loopback of a process' network namespace. Throws with ECONNREFUSED when nobody listens. */
export async function dialThrough(program: string, pid: number, port: number): Promise<Duplex> {
  const child = start(program, ['dial', String(pid), String(port)]);
  const said = await firstWords(child);
  if (!said.startsWith('ok')) throw Object.assign(new Error(said === 'refused' ? `connect ECONNREFUSED 127.0.0.1:${port}` : `no connection to port ${port}: ${said}`), { code: 'ECONNREFUSED' });
  child.stdin.on('error', () => { /* the far side closed: reading ends too */ });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.once('close', () => { child.kill('SIGKILL'); });
  return stream;
}
