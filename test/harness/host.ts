// Starts the real thing for a test: the bundled host as a process of its own, on a data directory and ports of its own.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusals } from './refusals.ts';

export interface Ready { ready: true; server: string; kubeconfig: string; ui: string | null; pid: number; ms: number }

export interface Host {
  ready: Ready;
  data: string;
  child: ChildProcess;
  /** Everything it said on stderr so far. */
  stderr(): string;
  /** SIGTERM (or another signal); resolves with the exit code. The data directory stays. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Stops it if need be, runs `pilothouse reset`, removes the data directory. Rejects when one of its workers tried what it may not. */
  dispose(): Promise<void>;
}

/** What is tested: this checkout's bundle, or the one $PILOTHOUSE_BUNDLE names (a packaged app's). */
const BUNDLE = process.env.PILOTHOUSE_BUNDLE ?? join(import.meta.dirname, '../../dist/pilothouse.mjs');
let built = process.env.PILOTHOUSE_BUNDLE !== undefined;

const ROOT = join(import.meta.dirname, '../..');
const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
/** When the youngest file of a folder, or the file itself, was changed last; 0 when there is none. */
const youngest = (path: string): number => (!statSync(path).isDirectory() ? changedAt(path)
  : readdirSync(path, { recursive: true, withFileTypes: true }).filter(e => e.isFile()).reduce((t, e) => Math.max(t, changedAt(join(e.parentPath, e.name))), 0));
/** Whether something among `sources`, paths from the root of the checkout, is younger than what was made of them. */
export const isStale = (made: string, sources: readonly string[]): boolean => { const at = changedAt(made); return sources.some(s => youngest(join(ROOT, s)) >= at); };

/** Bundles the host when a source is younger than the bundle: one test process of a run does it, the others find it done. */
export function buildHost(): void {
  if (built) return;
  built = true;
  if (!isStale(BUNDLE, ['core', 'electron', 'scripts/build.mjs', 'package-lock.json'])) return;
  const r = spawnSync('node', [join(import.meta.dirname, '../../scripts/build.mjs'), '--host'], { encoding: 'utf8', cwd: ROOT });
  if (r.status !== 0) throw new Error(`building the host failed:\n${r.stdout}${r.stderr}`);
}

/** Where test processes say which address ranges they have: a file per pair, with their pid. */
const TAKEN = join(tmpdir(), 'pilothouse-test-ranges');
const alive = (pid: number): boolean => { try { process.kill(pid, 0); return true; } catch (e) { return (e as NodeJS.ErrnoException).code === 'EPERM'; } };
/** Takes pair `n` unless another process that still runs has it (or, `mine` false, this one). */
function take(n: number, mine: boolean): boolean {
  const file = join(TAKEN, String(n));
  try { writeFileSync(file, String(process.pid), { flag: 'wx' }); return true; } catch { /* somebody has it, or had it */ }
  try {
    const owner = Number(readFileSync(file, 'utf8'));
    if (owner === process.pid ? !mine : alive(owner)) return false;
    rmSync(file);
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch { return false; }
}
let ranges = 0;
/** The address ranges of one more of this test process' clusters, so that hosts of several test processes never meet. They are its own until it ends; who starts more than
 * a hundred begins again with its first. */
function nextRanges(): string[] {
  mkdirSync(TAKEN, { recursive: true });
  for (let tries = 0; tries < 200; tries++) {
    const n = (process.pid + ranges++) % 100;
    if (take(n, tries >= 100)) return ['--pod-cidr', `10.${100 + n}.0.0/16`, '--service-cidr', `10.${n}.0.0/16`];
  }
  throw new Error(`all address ranges for tests are taken: see ${TAKEN}`);
}

/** `pilothouse up ARGS` on port 0; resolves when it says that it is ready. */
export async function startHost(args: readonly string[] = [], options: { data?: string; timeoutMs?: number; env?: NodeJS.ProcessEnv } = {}): Promise<Host> {
  buildHost();
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'pilothouse-test-'));
  const own = (flag: string, ...rest: string[]): string[] => (args.includes(flag) ? [] : [flag, ...rest]);
  const child = spawn('node', [BUNDLE, 'up', ...own('--data', data), ...own('--listen', '127.0.0.1:0'), ...(args.includes('--ui') || args.includes('--no-ui') ? [] : ['--no-ui']), ...(args.includes('--pod-cidr') || existsSync(join(data, 'cluster.json')) ? [] : nextRanges()), ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PILOTHOUSE_DNS_UPSTREAM: 'none', ...options.env } });
  let out = '', err = '';
  const exited = new Promise<number | null>(resolve => { child.on('exit', resolve); });
  child.stderr.setEncoding('utf8').on('data', (d: string) => { err += d; });
  const ready = await new Promise<Ready>((resolve, reject) => {
    const timer = setTimeout(() => { child.kill('SIGKILL'); reject(new Error(`not ready in time:\n${err}`)); }, options.timeoutMs ?? 60_000);
    child.stdout.setEncoding('utf8').on('data', (d: string) => {
      out += d;
      const line = /^\{.*\}$/m.exec(out);
      if (line) { clearTimeout(timer); resolve(JSON.parse(line[0]) as Ready); }
    });
    void exited.then(code => { clearTimeout(timer); reject(new Error(`host exited with ${code}:\n${err}`)); });
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  };
  return {
    ready, data, child, stderr: () => err, stop,
    async dispose() {
      await stop();
      const r = spawnSync('node', [BUNDLE, 'reset', '--data', data], { encoding: 'utf8' });
      if (r.status !== 0) throw new Error(`reset failed: ${r.stderr}`);
      rmSync(data, { recursive: true, force: true });
      refusals(err);
    },
  };
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/** Asks until the answer is truthy; fails with `what` and the last answer after `ms`. */
export async function eventually<T>(what: string, check: () => T | Promise<T>, ms = 30_000, every = 100): Promise<Truthy<T>> {
  const end = Date.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const v = await check();
      if (v) return v as Truthy<T>;
      last = v;
    } catch (e) { last = e; }
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
    await new Promise(resolve => { setTimeout(resolve, every); });
  }
}

export const read = (path: string): string => readFileSync(path, 'utf8');
