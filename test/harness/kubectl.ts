// The kubectl binaries of this machine and a way to run them as a person would.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Kubectl { binary: string; minor: number }

/** One binary per minor version: `kubectl` on PATH, and any `kubectl.1.NN` beside it. Oldest first. */
export function kubectls(): Kubectl[] {
  const onPath = spawnSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).stdout.trim();
  if (!onPath) throw new Error('no kubectl on this machine; test/harness/provision.sh installs one');
  const dir = dirname(realpathSync(onPath));
  const found = new Map<number, string>();
  const versioned = existsSync(dir) ? readdirSync(dir).filter(f => /^kubectl\.1\.\d+$/.test(f)).map(f => join(dir, f)) : [];
  for (const binary of [...versioned, onPath]) {
    const r = spawnSync(binary, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
    const minor = Number(/"minor":\s*"(\d+)/.exec(r.stdout ?? '')?.[1]);
    if (minor && !found.has(minor)) found.set(minor, binary);
  }
  return [...found].map(([minor, binary]) => ({ minor, binary })).sort((a, b) => a.minor - b.minor);
}

export interface Outcome { code: number; stdout: string; stderr: string }

/** kubectl bound to a kubeconfig and a namespace. */
export class Kube {
  readonly binary: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  constructor(binary: string, kubeconfig: string, namespace = 'default') { this.binary = binary; this.kubeconfig = kubeconfig; this.namespace = namespace; }

  in(namespace: string): Kube { return new Kube(this.binary, this.kubeconfig, namespace); }
  #args(args: readonly string[]): string[] { return ['--kubeconfig', this.kubeconfig, ...(args.some(a => a === '-n' || a.startsWith('--namespace')) ? [] : ['-n', this.namespace]), ...args]; }

  /** Runs to the end whatever the exit code. */
  try(args: readonly string[], stdin = '', timeoutMs = 60_000, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.binary, this.#args(args), { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, KUBECACHEDIR: `/tmp/pilothouse-kubecache-${process.pid}`, ...env } });
      let stdout = '', stderr = '';
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      child.stdout.setEncoding('utf8').on('data', (d: string) => { stdout += d; });
      child.stderr.setEncoding('utf8').on('data', (d: string) => { stderr += d; });
      child.on('error', reject);
      child.on('close', code => { clearTimeout(timer); resolve({ code: code ?? -1, stdout, stderr }); });
      child.stdin.on('error', () => child.kill());
      child.stdin.end(stdin);
    });
  }

  /** stdout, trimmed; throws with kubectl's words on a non-zero exit. Arguments are split at spaces unless given as an array. */
  async run(args: string | readonly string[], stdin = '', timeoutMs = 60_000): Promise<string> {
    const list = typeof args === 'string' ? args.split(' ') : args;
    const r = await this.try(list, stdin, timeoutMs);
    if (r.code !== 0) throw new Error(`kubectl ${list.join(' ')} -> ${r.code}\n${r.stderr}${r.stdout}`);
    return r.stdout.trim();
  }

  /** Expects failure; returns stderr and stdout together. */
  async fails(args: string | readonly string[], stdin = ''): Promise<string> {
    const list = typeof args === 'string' ? args.split(' ') : args;
    const r = await this.try(list, stdin);
    if (r.code === 0) throw new Error(`kubectl ${list.join(' ')} should have failed but said: ${r.stdout}`);
    return `${r.stderr}${r.stdout}`;
  }

  async json<T = Record<string, unknown>>(args: string): Promise<T> { return JSON.parse(await this.run(`${args} -o json`)) as T; }

  /** In the background: `-f`, `-w`, `port-forward`. */
  start(args: string): { child: ChildProcess; out(): string; stop(): void } {
    const child = spawn(this.binary, this.#args(args.split(' ')), { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const s of [child.stdout, child.stderr]) s!.setEncoding('utf8').on('data', (d: string) => { out += d; });
    return { child, out: () => out, stop: () => { child.kill(); } };
  }
}
