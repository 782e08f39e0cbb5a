// The command line: `pilothouse up|kubeconfig|version|reset`. Progress goes to stderr, answers to stdout.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import type { ServeUi } from './cluster.ts';
import { kubeconfigText, mergeKubeconfig, userKubeconfig, type Access } from './kubeconfig.ts';
import { parseUp } from './options.ts';
import { AlreadyRunning, defaultDataDir, runningPid } from './paths.ts';
import { CannotRun, UsageError } from './refusal.ts';
import { GIT_VERSION, VERSION } from './version.ts';

const USAGE = `pilothouse up [FLAGS]                 runs the cluster in the foreground until SIGTERM or Ctrl-C
  --data DIR                          where it keeps its data (default: the platform's own place)
  --listen 127.0.0.1:6443             address of the API server; port 0 picks a free one, here and below
  --ui 127.0.0.1:7717 | --no-ui       address of the user interface
  --runtime auto|docker|sandbox|simulated
  --nodes N                           1 unless said otherwise; 0: the control plane alone
  --kubeconfig FILE                   where the kubeconfig goes (default: into the data directory)
  --pod-cidr C, --service-cidr C      of a new cluster; 10.244.0.0/16 and 10.96.0.0/16 unless said otherwise
  --no-scheduler                      nobody places pods
  --scheduler-config-file FILE        profiles of the scheduler (kubescheduler.config.k8s.io/v1), as kube-scheduler takes it with --config
  --controllers LIST                  as kube-controller-manager takes it: *, NAME, -NAME, separated by commas
  --disable-admission-plugins LIST    as kube-apiserver takes it
  --enable-admission-plugins LIST     likewise, for those that are off by default (AlwaysPullImages, PodNodeSelector...)
  --admission-control-config-file FILE
                                      what the ResourceQuota plug-in limits where no quota does (apiserver.config.k8s.io/v1), as kube-apiserver takes it
  --audit-policy-file FILE, --audit-log-path FILE
                                      keeps an audit log by a policy (audit.k8s.io/v1), as kube-apiserver does; - is standard output
  --audit-log-maxsize MB, --audit-log-maxbackup N, --audit-log-maxage DAYS
                                      when a new log file is begun (100 MB), and how long old ones are kept (for ever)
  --leave-running                     pods run on when the host ends, and are adopted by the next one
  --open                              opens the user interface in the browser
  -v, --verbose                       says more on stderr
pilothouse kubeconfig [--merge]       prints the kubeconfig, or makes it part of yours and current
pilothouse version
pilothouse reset                      removes the data and what is left of the pods
kubeconfig and reset take --data DIR as well.
`;

async function up(args: string[], serveUi: ServeUi | undefined): Promise<number> {
  // When this process began.
  const started = performance.timeOrigin;
  const options = parseUp(args);
  const log = createLog(options.verbose ? 'debug' : 'warn', line => process.stderr.write(line));
  const say = (text: string): void => { process.stderr.write(`${text}\n`); };
  // An error nobody caught is a defect; it is shown with its stack, and the host goes on serving what still works.
  process.on('unhandledRejection', e => log.error('unhandled rejection', { error: e instanceof Error ? e.stack ?? e.message : String(e) }));
  process.on('uncaughtException', e => log.error('uncaught exception', { error: e.stack ?? e.message }));
  const { startCluster } = await import('./cluster.ts');
  const cluster = await startCluster(options, { clock: systemClock, log, say, ...(serveUi ? { serveUi } : {}) });
  let ending = false;
  const ended = new Promise<number>(resolve => {
    const end = (signal: string): void => {
      if (ending) return;
      ending = true;
      say(`${signal}: stopping`);
      // What does not stop in time must not hold the terminal: under 5 s in all.
      systemClock.after(4_700, () => { say('some parts did not stop in time'); process.exit(1); });
      cluster.close({ leaveRunning: options.leaveRunning }).then(() => resolve(0), e => { log.error('stopping', { error: e }); resolve(1); });
    };
    for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(s, () => end(s));
  });
  process.stdout.write(`${JSON.stringify({ ready: true, server: cluster.server, kubeconfig: cluster.kubeconfig, ui: cluster.ui ?? null, pid: process.pid, ms: Math.round(systemClock.now() - started) })}\n`);
  if (options.open && cluster.ui) openBrowser(cluster.ui, say);
  return ended;
}

function openBrowser(url: string, say: (text: string) => void): void {
  const [command, ...args] = process.platform === 'darwin' ? ['open', url] : process.platform === 'win32' ? ['cmd', '/c', 'start', '', url] : ['xdg-open', url];
  spawn(command!, args, { stdio: 'ignore', detached: true }).on('error', () => say(`Open ${url} in your browser.`)).unref();
}

/** What the data directory knows of its cluster's address; written by `up`. */
function access(data: string): Access {
  const file = join(data, 'access.json');
  if (!existsSync(file)) throw new UsageError(`There is no cluster in ${data} yet. Start one with: pilothouse up`);
  return JSON.parse(readFileSync(file, 'utf8')) as Access;
}

function dataOption(args: string[], extra: Record<string, { type: 'boolean' }> = {}): { data: string; flags: Record<string, unknown> } {
  try {
    const { values } = parseArgs({ args, options: { data: { type: 'string' }, ...extra }, allowPositionals: false });
    return { data: resolve(typeof values.data === 'string' ? values.data : defaultDataDir()), flags: values };
  } catch (e) { throw new UsageError((e as Error).message); }
}

function nothing(args: string[]): void {
  if (args.length) throw new UsageError(`nothing may follow this command, not "${args[0]}" either`);
}

async function command(argv: string[], serveUi: ServeUi | undefined): Promise<number> {
  const [verb, ...args] = argv;
  const words = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length);
  if (verb === 'help' || [verb, ...words].some(a => a === '--help' || a === '-h')) { process.stdout.write(USAGE); return 0; }
  switch (verb) {
    case 'up': return up(args, serveUi);
    case 'kubeconfig': {
      const { data, flags } = dataOption(args, { merge: { type: 'boolean' } });
      const a = access(data);
      if (flags.merge) {
        mergeKubeconfig(userKubeconfig(), a);
        process.stderr.write(`${userKubeconfig()}: context "pilothouse" is there and current.\n`);
      } else process.stdout.write(kubeconfigText(a));
      return 0;
    }
    case 'version': case '--version': nothing(args); process.stdout.write(`Pilothouse ${VERSION} (Kubernetes API ${GIT_VERSION})\n`); return 0;
    case 'reset': {
      const { data } = dataOption(args);
      if (!existsSync(data)) { process.stderr.write(`${data}: nothing there\n`); return 0; }
      const pid = runningPid(data);
      if (pid !== undefined) throw new AlreadyRunning(data, pid);
      if (!existsSync(join(data, 'cluster.json'))) throw new UsageError(`${data} is not a Pilothouse data directory: it is left alone.`);
      const { removeLeftovers } = await import('./cluster.ts');
      await removeLeftovers(data, createLog('warn', line => process.stderr.write(line)));
      rmSync(data, { recursive: true, force: true });
      process.stderr.write(`${data}: removed, with the containers of its pods\n`);
      return 0;
    }
    case undefined: process.stderr.write(USAGE); return 2;
    default: throw new UsageError(`unknown command "${verb}"\n${USAGE}`);
  }
}

/** Runs one command and ends the process with its exit code: 0 done, 1 failed, 2 wrong use. `serveUi` puts the user interface in front of a cluster. */
export async function runCli(argv: string[], serveUi?: ServeUi): Promise<never> {
  try {
    // Nothing that is left (a keep-alive socket, a child's pipe) may hold the process once it has ended cleanly.
    process.exit(await command(argv, serveUi));
  } catch (e) {
    if (e instanceof UsageError) { process.stderr.write(`pilothouse: ${e.message}\n`); process.exit(2); }
    process.stderr.write(`pilothouse: ${e instanceof CannotRun ? e.message : e instanceof Error ? e.stack ?? e.message : String(e)}\n`);
    process.exit(1);
  }
}
