// A story of the walkthroughs, played with real kubectl against a running cluster. Each runs in a namespace of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually, startHost, type Host } from '../../harness/host.ts';
import type { Kube } from '../../harness/kubectl.ts';

export type RuntimeName = 'docker' | 'sandbox';

/** Image archives for the runtime that knows no Docker. */
export const ARCHIVES = '/var/cache/pilothouse-test-images';

export class Stage {
  readonly k: Kube;
  host: Host;
  readonly runtime: RuntimeName;
  readonly dir = mkdtempSync(join(tmpdir(), 'pilothouse-story-'));
  /** Names of all pods ever seen in the story's namespace. */
  readonly #seen = new Set<string>();
  #watching: { stop(): void; out(): string } | undefined;

  constructor(k: Kube, host: Host, runtime: RuntimeName) { this.k = k; this.host = host; this.runtime = runtime; }
  get ns(): string { return this.k.namespace; }

  async open(): Promise<void> {
    await this.k.run(['create', 'namespace', this.ns]);
    await eventually('default service account', async () => (await this.k.try(['get', 'serviceaccount', 'default'])).code === 0);
    this.#watch();
  }

  /** Deletes everything and answers how many pods the story had; fails on leftovers. */
  async close(): Promise<number> {
    await this.k.run(['delete', 'namespace', this.ns, '--wait=true', '--timeout=90s'], '', 100_000);
    this.#watching?.stop();
    this.#note();
    rmSync(this.dir, { recursive: true, force: true });
    if (this.runtime === 'docker') {
      await eventually('no container left', async () => (await this.sh(`docker ps -aq --filter label=io.kubernetes.pod.namespace=${this.ns}`)) === '', 20_000);
    }
    return this.#seen.size;
  }

  /** Ends a host that is the story's own by a signal, and starts it again on its data. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    this.#watching?.stop();
    await this.host.stop(signal);
    this.host = await startHost(['--runtime', this.runtime], { data: this.host.data, timeoutMs: 120_000, env: { PILOTHOUSE_IMAGE_DIRS: ARCHIVES } });
    this.#note();
    this.#watch();
  }
  #watch(): void { this.#watching = this.k.start('get pods -w --no-headers -o custom-columns=NAME:.metadata.name'); }
  #note(): void { for (const l of this.#watching?.out().split('\n') ?? []) if (/^[a-z0-9][a-z0-9.-]*$/.test(l.trim())) this.#seen.add(l.trim()); }

  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    return path;
  }

  /** kubectl create/apply of YAML text from a file, as a person does. */
  create(yaml: string): Promise<string> { return this.k.run(['create', '-f', this.file(`m${Math.random().toString(36).slice(2, 8)}.yaml`, yaml)]); }
  apply(yaml: string): Promise<string> { return this.k.run(['apply', '-f', this.file(`m${Math.random().toString(36).slice(2, 8)}.yaml`, yaml)]); }

  /** A command on the machine that hosts the node; stdout trimmed, throws on failure. */
  sh(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '', err = '';
      child.stdout.setEncoding('utf8').on('data', (d: string) => { out += d; });
      child.stderr.setEncoding('utf8').on('data', (d: string) => { err += d; });
      child.on('close', code => { if (code === 0) resolve(out.trim()); else reject(new Error(`${command} -> ${code}: ${err}${out}`)); });
    });
  }

  curl(url: string, ...more: string[]): Promise<string> { return this.sh(`curl -s -m 5 ${more.join(' ')} ${url}`); }
  async nodeIp(): Promise<string> { return this.k.run(['get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}']); }

  /** Lines of `get … --no-headers`. */
  async rows(args: string): Promise<string[]> { const r = await this.k.try([...args.split(' '), '--no-headers']); return r.stdout.trim() === '' ? [] : r.stdout.trim().split('\n'); }
  /** Waits until exactly `n` rows match `pattern` and no row fails to. */
  async podsReady(n: number, selector = '', ms = 60_000): Promise<string[]> {
    return eventually(`${n} pods Running and ready (${selector})`, async () => {
      const rows = await this.rows(`get pods${selector ? ` -l ${selector}` : ''}`);
      const good = rows.filter(r => { const m = /\s(\d+)\/(\d+)\s+Running/.exec(r); return m && m[1] === m[2]; });
      if (good.length === n && rows.length === n) return rows.map(r => r.split(/\s+/)[0]!);
      throw new Error(rows.join(' | ') || 'none');
    }, ms, 200);
  }
  async logsContain(target: string, text: string | RegExp, ms = 40_000): Promise<string> {
    return eventually(`logs of ${target} contain ${String(text)}`, async () => {
      const r = await this.k.try(['logs', ...target.split(' ')]);
      if (typeof text === 'string' ? r.stdout.includes(text) : text.test(r.stdout)) return r.stdout;
      throw new Error((r.stdout + r.stderr).slice(-300));
    }, ms, 300);
  }
  /** Waits until `get TARGET -o jsonpath` gives `value`. */
  async field(target: string, path: string, value: string | RegExp, ms = 40_000): Promise<string> {
    return eventually(`${target} ${path} is ${String(value)}`, async () => {
      const got = await this.k.run(['get', ...target.split(' '), '-o', `jsonpath=${path}`]);
      if (typeof value === 'string' ? got === value : value.test(got)) return got || '(empty)';
      throw new Error(got);
    }, ms, 200);
  }
  async events(reason: string): Promise<string[]> { return (await this.k.run(['get', 'events', '--field-selector', `reason=${reason}`, '-o', 'jsonpath={range .items[*]}{.message}{"\\n"}{end}'])).split('\n').filter(Boolean); }
}

export interface Story {
  id: string;
  title: string;
  /** Where it must play in every run of the suites. */
  runtimes: readonly RuntimeName[];
  /** Where it plays when there is time for all of them (`npm run campaign stories`), if not only there. */
  campaign?: readonly RuntimeName[];
  /** How many pods it has at least. */
  pods: number;
  /** It uses a place of the machine that its manifests name (a hostPath): never twice at the same time. */
  alone?: true;
  /** It ends and starts its host, which is its own. */
  ownHost?: true;
  /** It mostly waits and takes little of the machine: it plays beside the others. */
  waits?: true;
  play(s: Stage): Promise<void>;
}

export { eventually, expect };

export const deployment = (name: string, image: string, replicas: number, extra = '', container = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
${extra}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: ${name}
        image: ${image}
        imagePullPolicy: IfNotPresent
${container}
`;
