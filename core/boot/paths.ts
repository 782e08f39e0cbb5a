// Where a cluster's data lives, and the lock that lets one host at a time use it.
import { chmodSync, existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { CannotRun } from './refusal.ts';

/** The platform's own place for application data. */
export function defaultDataDir(env: NodeJS.ProcessEnv = process.env): string {
  const home = homedir();
  if (env.PILOTHOUSE_DATA) return env.PILOTHOUSE_DATA;
  if (platform() === 'darwin') return join(home, 'Library', 'Application Support', 'Pilothouse');
  if (platform() === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'Pilothouse');
  return join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'pilothouse');
}

/** Creates the directory with mode 0700, also when it was there with a wider one. */
export function ensurePrivateDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (platform() !== 'win32') chmodSync(dir, 0o700);
}

/** Another host uses this data directory. */
export class AlreadyRunning extends CannotRun {
  readonly pid: number;
  constructor(dir: string, pid: number) {
    super(`Pilothouse is already running on ${dir} (pid ${pid}). Stop it, or give another directory with --data.`);
    this.name = 'AlreadyRunning';
    this.pid = pid;
  }
}

/** When process `pid` started (kernel ticks), so that a reused pid is not taken for the old owner; '' where /proc is missing, and
 *  'dead' for one that has ended but not been reaped: signals still reach it. */
function startTicks(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : fields[19] ?? '';
  } catch { return ''; }
}

/** Whether the process a lock names is alive. */
function owner(file: string): number | undefined {
  try {
    const { pid, ticks } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; ticks: string };
    process.kill(pid, 0);
    return ticks === startTicks(pid) ? pid : undefined;
  } catch (e) {
    // EPERM: alive, but somebody else's.
    return (e as NodeJS.ErrnoException).code === 'EPERM' ? (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid : undefined;
  }
}

const lockFile = (dir: string): string => join(dir, 'host.pid');

/** The pid of the host that holds `dir`, if one does. */
export const runningPid = (dir: string): number | undefined => (existsSync(lockFile(dir)) ? owner(lockFile(dir)) : undefined);

/** Takes the directory for this process. Throws AlreadyRunning; a lock left by a dead process is replaced. */
export function lockDataDir(dir: string): { release(): void } {
  const file = lockFile(dir);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, JSON.stringify({ pid: process.pid, ticks: startTicks(process.pid) }), { flag: 'wx', mode: 0o600 });
      return { release: () => { if (owner(file) === process.pid) unlinkSync(file); } };
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 4) throw e;
      const pid = owner(file);
      if (pid !== undefined) throw new AlreadyRunning(dir, pid);
      unlinkSync(file);
    }
  }
}
