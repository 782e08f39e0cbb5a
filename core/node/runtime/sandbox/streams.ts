// Exec, attach and dial: the launcher's frames joined to the caller's streams.
import { spawn, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { systemClock } from '../../../base/clock.ts';
import { FrameReader, type Frame } from '../frames.ts';
import { relayStream } from '../relay.ts';
import type { LogLine, StreamOptions } from '../runtime.ts';
import { FRAME, HEADER_BYTES, connectCtl, encodeFrame, firstWords } from './launcher.ts';

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
    const code = await pump(child.stdout as AsyncIterable<Buffer>, child.stdin, o, o.stdin !== undefined || !o.tty);
    const said = code === undefined ? await trouble : '';
    if (said !== '' && !o.signal.aborted) throw new Error(said);
    return code ?? 137;
  } finally {
    o.signal.removeEventListener('abort', abort);
    child.stdin.destroy(); child.stdout.destroy();
    await rm(settingsFile, { force: true });
  }
}

/** How long a launcher may take to notice that somebody listens. */
const NOTICED_MS = 30;
type Said = () => AsyncIterable<LogLine>;

/** Joins a running container's streams until it exits or the signal aborts. `endsInput`: the end of `o.stdin` is the end of the program's
 *  input (stdinOnce); else that stays open for the next who attaches. `said` reads what its log has: that comes first, then what is new. */
export async function attachThrough(dir: string, o: StreamOptions, endsInput: boolean, said?: Said): Promise<void> {
  let socket: Socket;
  try { socket = await connectCtl(dir); } catch (error) {
    // It has ended meanwhile: its log is all there will be.
    if (!said || !['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await giveBoth(o, await whole(said, o.tty));
    return;
  }
  const abort = (): void => { socket.destroy(); };
  o.signal.addEventListener('abort', abort, { once: true });
  if (o.signal.aborted) abort();
  socket.on('error', () => { /* the container has ended: reading ends too */ });
  try {
    socket.write(encodeFrame(FRAME.subscribe));
    await pump(said ? replayed(socket, o, said) : socket, socket, o, endsInput && o.stdin !== undefined);
  } finally { o.signal.removeEventListener('abort', abort); socket.destroy(); }
}

interface Both { stdout: Buffer; stderr: Buffer }

async function whole(said: Said, tty: boolean): Promise<Both> {
  const out: Buffer[] = []; const err: Buffer[] = [];
  for await (const l of said()) (l.stream === 'stderr' && !tty ? err : out).push(l.data);
  return { stdout: Buffer.concat(out), stderr: Buffer.concat(err) };
}
async function giveBoth(o: StreamOptions, b: Both): Promise<void> {
  if (b.stdout.length) await give(o.stdout, b.stdout);
  if (b.stderr.length) await give(o.stderr, b.stderr);
}

/** What of `live` is not the end of `log` already. */
export function beyond(log: Buffer, live: Buffer): Buffer {
  for (let k = Math.min(log.length, live.length); k > 0; k--) if (log.subarray(log.length - k).equals(live.subarray(0, k))) return live.subarray(k);
  return live;
}

// Listening begins before the log is read, so nothing falls between. What came before the reading is in the log; what came while it
// was read may be, and is given once.
async function* replayed(socket: Socket, o: StreamOptions, said: Said): AsyncGenerator<Buffer> {
  const reader = new FrameReader(HEADER_BYTES);
  const frames: Frame[] = [];
  const collect = (chunk: Buffer): void => { frames.push(...reader.push(chunk)); };
  socket.on('data', collect);
  await new Promise<void>(resolve => { systemClock.after(NOTICED_MS, resolve); });
  const over = frames.splice(0).find(f => f.type === FRAME.exit);
  const log = await whole(said, o.tty);
  socket.pause().off('data', collect);
  yield both(log);
  if (over) { yield encodeFrame(over.type, over.payload); return; }
  let live = false;
  const during = (type: number): Buffer => Buffer.concat(frames.filter(f => f.type === type).map(f => f.payload));
  const fresh = { stdout: beyond(log.stdout, during(FRAME.stdout)), stderr: beyond(log.stderr, during(FRAME.stderr)) };
  if (fresh.stdout.length + fresh.stderr.length > 0) { live = true; yield both(fresh); }
  const end = async (f: Frame): Promise<Buffer> => {
    // A last line without an end is in the log only when the program has gone.
    const all = live ? log : await whole(said, o.tty);
    return Buffer.concat([both({ stdout: all.stdout.subarray(log.stdout.length), stderr: all.stderr.subarray(log.stderr.length) }), encodeFrame(f.type, f.payload)]);
  };
  const ended = frames.find(f => f.type === FRAME.exit);
  if (ended) { yield await end(ended); return; }
  for await (const chunk of socket as AsyncIterable<Buffer>) for (const f of reader.push(chunk)) {
    if (f.type === FRAME.exit) { yield await end(f); return; }
    live = true;
    yield encodeFrame(f.type, f.payload);
  }
}

const both = (b: Both): Buffer => Buffer.concat([b.stdout.length ? encodeFrame(FRAME.stdout, b.stdout) : Buffer.alloc(0), b.stderr.length ? encodeFrame(FRAME.stderr, b.stderr) : Buffer.alloc(0)]);

// Returns the exit code, undefined if the far side went without one.
async function pump(from: AsyncIterable<Buffer>, to: Writable, o: StreamOptions, endsInput: boolean): Promise<number | undefined> {
  const onInput = (chunk: Buffer | string): void => { if (to.writable && !to.write(encodeFrame(FRAME.stdin, Buffer.from(chunk)))) { o.stdin?.pause(); to.once('drain', () => o.stdin?.resume()); } };
  const onEnd = (): void => { if (endsInput && to.writable) to.write(encodeFrame(FRAME.stdinEnd)); };
  if (o.stdin) o.stdin.on('data', onInput).once('end', onEnd).once('error', onEnd);
  else onEnd();
  o.onResize?.((width, height) => { const size = Buffer.alloc(4); size.writeUInt16BE(width, 0); size.writeUInt16BE(height, 2); if (to.writable) to.write(encodeFrame(FRAME.size, size)); });
  const reader = new FrameReader(HEADER_BYTES);
  try {
    for await (const chunk of from) for (const f of reader.push(chunk)) {
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
  return relayStream(child);
}
