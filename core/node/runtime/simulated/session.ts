// exec and attach of simulated containers: one command, or a small shell that reads lines from stdin.
import { setImmediate as settled } from 'node:timers/promises';
import type { Clock } from '../../../base/clock.ts';
import type { StreamOptions } from '../runtime.ts';
import { life, type World } from './program.ts';

const SHELL = /^(?:\/usr)?(?:\/bin\/)?(?:sh|bash|ash)$/;

/** Waits on the clock, or until the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) { resolve(); return; }
    const timer = clock.after(ms, done);
    function done(): void { timer.cancel(); signal.removeEventListener('abort', done); resolve(); }
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Runs `argv`; resolves with its exit code when its output is written. */
export async function execSimulated(argv: readonly string[], world: World, o: StreamOptions, clock: Clock): Promise<number> {
  if (argv[0] !== undefined && SHELL.test(argv[0]) && !argv.some(a => /^-[a-z]*c$/.test(a))) return shell(world, o, clock);
  if (argv[0] === 'cat' && argv.length === 1 && o.stdin) { for await (const chunk of o.stdin) await write(o, 'stdout', chunk as Buffer); return 0; }
  return play(argv, world, o, clock);
}

async function play(argv: readonly string[], world: World, o: StreamOptions, clock: Clock): Promise<number> {
  const start = clock.now();
  const l = life(argv, { ...world, now: start }, 'exec');
  for (const out of l.output) {
    if (out.at > clock.now() - start) await pause(clock, out.at - (clock.now() - start), o.signal);
    if (o.signal.aborted) return 137;
    await write(o, out.stream, out.text);
  }
  for (let n = 0; l.every && !o.signal.aborted; n++) {
    const base = l.every.from + n * l.every.period;
    const lines = l.every.text ? [{ at: 0, stream: 'stdout' as const, text: l.every.text(n) }] : l.every.lines;
    for (const line of lines) { await pause(clock, base + line.at - (clock.now() - start), o.signal); if (!o.signal.aborted) await write(o, line.stream, line.text); }
    if (lines.length === 0) await pause(clock, l.every.period, o.signal);
  }
  const end = l.end;
  if (end && end.at > clock.now() - start) await pause(clock, end.at - (clock.now() - start), o.signal);
  return o.signal.aborted || !end ? 137 : end.exitCode;
}

async function write(o: StreamOptions, stream: 'stdout' | 'stderr', data: string | Buffer): Promise<void> {
  const to = stream === 'stderr' && !o.tty ? o.stderr : o.stdout;
  if (!to || to.destroyed) return;
  const bytes = o.tty && typeof data === 'string' ? data.replaceAll(/\r?\n/g, '\r\n') : data;
  if (!to.write(bytes)) await Promise.race([new Promise(resolve => { to.once('drain', resolve); to.once('close', resolve); }), settled()]);
}

async function shell(world: World, o: StreamOptions, clock: Clock): Promise<number> {
  const prompt = async (): Promise<void> => { if (o.tty) await write(o, 'stdout', '/ # '); };
  await prompt();
  if (!o.stdin) return 0;
  let line = ''; let code = 0;
  const stop = (): void => { o.stdin?.destroy(); };
  o.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of o.stdin) {
      for (const c of (chunk as Buffer).toString()) {
        if (c === '\u0004' && line === '') return code;
        if (c === '\u0003') { line = ''; await write(o, 'stdout', '^C\n'); await prompt(); continue; }
        if (c === '\u007f' || c === '\b') { if (line) { line = line.slice(0, -1); await write(o, 'stdout', '\b \b'); } continue; }
        if (c !== '\r' && c !== '\n') { line += c; if (o.tty) await write(o, 'stdout', c); continue; }
        if (o.tty) await write(o, 'stdout', '\n');
        const text = line.trim(); line = '';
        const exit = /^exit(?:\s+(\d+))?$/.exec(text);
        if (exit) return exit[1] === undefined ? code : Number(exit[1]) & 255;
        if (text) code = await play(['sh', '-c', text], world, o, clock);
        await prompt();
      }
    }
  } catch (e) { if (!o.signal.aborted) throw e; }
  finally { o.signal.removeEventListener('abort', stop); }
  if (line.trim()) code = await play(['sh', '-c', line], world, o, clock);
  return code;
}
