// A kill campaign: one data directory, a host that is killed with SIGKILL again and again while clients write, and after each start a
// comparison of everything that was acknowledged with everything that is there.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../core/base/log.ts';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { recover } from '../../core/store/recover.ts';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { credentials, send, type Credentials } from '../harness/https.ts';
import { random, Writer, type Stored } from './kill-model.ts';

export interface KillOptions {
  runtime: 'simulated' | 'docker' | 'sandbox';
  kills: number;
  seed: number;
  /** Clients that write at the same time. */
  writers?: number;
  /** Objects this much larger than usual: with 200 the log is rotated and snapshots are taken between and during kills. */
  bulk?: number;
  /** Replicas of the Deployment that is being rolled out at every kill. */
  replicas?: number;
  /** Longest time from the first write to the kill, ms. */
  maxMs?: number;
  image?: string;
  command?: string[];
  env?: NodeJS.ProcessEnv;
  say?(line: string): void;
}

export interface KillReport { kills: number; killedStarting: number; acknowledged: number; rollouts: number; adopted: number; wrong: string[]; startMs: number[] }

interface Meta { name: string; uid: string; resourceVersion: string; creationTimestamp: string; generation?: number; labels?: Record<string, string>; ownerReferences?: { uid: string }[] }
interface Thing { kind?: string; metadata: Meta; spec?: Record<string, unknown>; status?: Record<string, unknown> }

const NS = 'kill';

class Api {
  readonly #c: Credentials;
  constructor(host: Host) { this.#c = credentials(host.ready.kubeconfig); }
  get credentials(): Credentials { return this.#c; }
  async ask<T>(method: string, path: string, body?: object, type = 'application/json'): Promise<T> {
    const a = await send(this.#c, method, path, body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {});
    if (a.status >= 300 && a.status !== 409) throw new Error(`${method} ${path}: ${a.status} ${a.body.slice(0, 300)}`);
    return JSON.parse(a.body) as T;
  }
  async items<T = Thing>(path: string): Promise<T[]> { return (await this.ask<{ items: T[] }>('GET', path)).items; }
}

/** Container ids and restart counts of running containers of pods that are not being deleted. */
const containers = (pods: readonly Pod[]): Map<string, { id: string; restarts: number }> => new Map(pods
  .filter(p => p.metadata?.deletionTimestamp === undefined && p.status?.containerStatuses?.[0]?.state?.running)
  .map(p => [p.metadata!.uid!, { id: p.status!.containerStatuses![0]!.containerID!, restarts: p.status!.containerStatuses![0]!.restartCount! }]));

/** Runs it and leaves nothing behind; what is wrong is in the report, with the seed that shows it again. */
export async function killCampaign(o: KillOptions): Promise<KillReport> {
  const rnd = random(o.seed);
  const say = o.say ?? (() => undefined);
  const report: KillReport = { kills: 0, killedStarting: 0, acknowledged: 0, rollouts: 0, adopted: 0, wrong: [], startMs: [] };
  const data = mkdtempSync(join(tmpdir(), 'pilothouse-kill-'));
  const range = 1 + (process.pid + o.seed) % 90;
  const args = ['--runtime', o.runtime, '--pod-cidr', `10.${100 + range}.0.0/16`, '--service-cidr', `10.${range}.0.0/16`];
  const writers = Array.from({ length: o.writers ?? 8 }, (_, i) => new Writer(`w${i}`, o.seed * 31 + i, o.bulk));
  let host: Host | undefined;
  const wrong = (text: string): void => { report.wrong.push(`seed ${o.seed}, kill ${report.kills}: ${text}`); say(`WRONG ${report.wrong.at(-1)}`); };
  try {
    let generation = 0;
    let first: string | undefined;
    let running = new Map<string, { id: string; restarts: number }>();
    while (report.kills < o.kills) {
      // One start in five is cut off before it is done: what start-up itself writes must be as safe.
      if (report.kills > 0 && rnd() < 0.2) { await killWhileStarting([...args, '--data', data], rnd() * 400, o.env); report.killedStarting++; report.kills++; continue; }
      host = await startHost(args, { data, timeoutMs: 60_000, ...(o.env ? { env: o.env } : {}) });
      report.startMs.push(host.ready.ms);
      const api = new Api(host);
      if (generation === 0) await seed(api, o);
      await compare(api, writers, wrong);
      if (o.runtime !== 'simulated') report.adopted += await adopted(api, running, wrong);
      if (generation > 0) { await finished(api, o.replicas ?? 4, wrong); report.rollouts++; }
      if (o.runtime !== 'simulated') first = await stays(api, first, wrong);
      running = containers(await api.items<Pod>(`/api/v1/namespaces/${NS}/pods`));

      let over = false;
      const work = Promise.all(writers.map(w => w.run(api.credentials, NS, () => over)));
      work.catch(() => undefined);
      await api.ask('PATCH', `/apis/apps/v1/namespaces/${NS}/deployments/web`, { spec: { template: { metadata: { annotations: { generation: String(++generation) } } } } }, 'application/merge-patch+json');
      await new Promise(resolve => { setTimeout(resolve, rnd() * (o.maxMs ?? 500)); });
      await host.stop('SIGKILL');
      over = true;
      try { await work; } catch (e) { wrong(e instanceof Error ? e.message : String(e)); }
      host = undefined;
      report.kills++;
      say(`kill ${report.kills}: ${writers.reduce((n, w) => n + w.acknowledged, 0)} writes acknowledged`);
    }
    host = await startHost(args, { data, ...(o.env ? { env: o.env } : {}) });
    const api = new Api(host);
    await compare(api, writers, wrong);
    if (o.runtime !== 'simulated') report.adopted += await adopted(api, running, wrong);
    await finished(api, o.replicas ?? 4, wrong);
    report.rollouts++;
    if (o.runtime !== 'simulated') await stays(api, first, wrong);
    await wholeStore(api, wrong);
    await host.stop();
    storeReads(data, wrong);
  } finally {
    report.acknowledged = writers.reduce((n, w) => n + w.acknowledged, 0);
    if (host?.child.exitCode === null && host.child.signalCode === null) await host.stop('SIGKILL');
    host = await startHost(args, { data, ...(o.env ? { env: o.env } : {}) }).catch(() => undefined);
    if (host) await host.dispose(); else rmSync(data, { recursive: true, force: true });
  }
  return report;
}

async function seed(api: Api, o: KillOptions): Promise<void> {
  await api.ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS } });
  await eventually('default ServiceAccount', async () => (await api.items(`/api/v1/namespaces/${NS}/serviceaccounts`)).length > 0, 10_000, 20);
  await api.ask('POST', `/apis/apps/v1/namespaces/${NS}/deployments`, {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' },
    spec: { replicas: o.replicas ?? 4, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: o.image ?? 'alpine', imagePullPolicy: 'IfNotPresent', command: o.command ?? ['sleep', '100000'] }] } } },
  });
  // A pod that no rollout replaces: it has to be the same one from the first kill to the last.
  await api.ask('POST', `/api/v1/namespaces/${NS}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stays' }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: o.image ?? 'alpine', imagePullPolicy: 'IfNotPresent', command: o.command ?? ['sleep', '100000'] }] } });
  await api.ask('POST', `/api/v1/namespaces/${NS}/services`, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await finished(api, o.replicas ?? 4, text => { throw new Error(text); });
  await eventually('stays runs', async () => (await api.ask<Pod>('GET', `/api/v1/namespaces/${NS}/pods/stays`)).status?.phase === 'Running', 30_000, 30);
}

async function compare(api: Api, writers: readonly Writer[], wrong: (t: string) => void): Promise<void> {
  const stored = await api.items<Stored>(`/api/v1/namespaces/${NS}/configmaps`);
  for (const w of writers) for (const t of w.check(stored)) wrong(t);
}

/** Containers that ran before the kill and whose pod is still wanted run on: same id, same restart count. Returns how many. */
async function adopted(api: Api, before: ReadonlyMap<string, { id: string; restarts: number }>, wrong: (t: string) => void): Promise<number> {
  if (before.size === 0) return 0;
  const now = containers(await api.items<Pod>(`/api/v1/namespaces/${NS}/pods`));
  let n = 0;
  for (const [uid, c] of before) {
    const after = now.get(uid);
    if (!after) continue;
    n++;
    if (after.id !== c.id || after.restarts !== c.restarts) wrong(`pod ${uid}: container ${c.id} (${c.restarts} restarts) became ${after.id} (${after.restarts})`);
  }
  if (n === 0) wrong('no container was adopted');
  return n;
}

/** The pod that nobody replaces still has the container it began with, after all that was to be done after a start is done. */
async function stays(api: Api, first: string | undefined, wrong: (t: string) => void): Promise<string> {
  const p = await api.ask<Pod>('GET', `/api/v1/namespaces/${NS}/pods/stays`);
  const c = p.status?.containerStatuses?.[0];
  const now = `${p.metadata?.uid} ${p.status?.podIP} ${c?.containerID} ${c?.restartCount} ${c?.state?.running?.startedAt}`;
  if (first !== undefined && now !== first) wrong(`the pod that stays was ${first} and is ${now}`);
  return now;
}

/** The rollout comes to its end: every replica of the newest template, nothing else left. */
async function finished(api: Api, replicas: number, wrong: (t: string) => void): Promise<void> {
  const base = `/apis/apps/v1/namespaces/${NS}`;
  let last = '';
  try {
    await eventually('rollout finished', async () => {
      const d = await api.ask<Thing>('GET', `${base}/deployments/web`);
      const sets = (await api.items(`${base}/replicasets`)).filter(r => Number(r.spec?.['replicas']) > 0);
      const pods = (await api.items<Pod>(`/api/v1/namespaces/${NS}/pods`)).filter(p => p.metadata?.labels?.['app'] === 'web');
      last = JSON.stringify({ generation: d.metadata.generation, status: d.status, sets: sets.map(s => [s.metadata.name, s.spec?.['replicas'], s.status]), pods: pods.map(p => [p.metadata?.name, p.status?.phase, p.metadata?.deletionTimestamp, p.status?.containerStatuses?.[0]?.state]) });
      return d.status?.['observedGeneration'] === d.metadata.generation && d.status?.['updatedReplicas'] === replicas && d.status?.['availableReplicas'] === replicas && d.status?.['replicas'] === replicas
        && sets.length === 1 && pods.length === replicas;
    }, 30_000, 30);
  } catch { wrong(`rollout did not finish: ${last.slice(0, 2000)}`); }
}

/** Every object of every kind that is stored (what is made up on request cannot be watched) is whole, every uid is there once, every cluster IP belongs to one Service. */
async function wholeStore(api: Api, wrong: (t: string) => void): Promise<void> {
  const paths: string[] = [];
  const add = async (base: string): Promise<void> => {
    const list = await api.ask<{ resources: { name: string; verbs: string[] }[] }>('GET', base);
    for (const r of list.resources) if (!r.name.includes('/') && r.verbs.includes('watch')) paths.push(`${base}/${r.name}`);
  };
  await add('/api/v1');
  for (const g of (await api.ask<{ groups: { name: string; preferredVersion: { groupVersion: string } }[] }>('GET', '/apis')).groups) if (g.name !== 'events.k8s.io') await add(`/apis/${g.preferredVersion.groupVersion}`);
  const uids = new Map<string, string>();
  const addresses = new Map<string, string>();
  for (const path of paths) for (const o of await api.items(path)) {
    const at = `${path} ${o.metadata.name}`;
    if (!o.metadata.uid || !o.metadata.creationTimestamp || !o.metadata.resourceVersion) wrong(`${at} is not whole`);
    if (uids.has(o.metadata.uid)) wrong(`${at} and ${uids.get(o.metadata.uid)} share a uid`);
    uids.set(o.metadata.uid, at);
    const ip = path === '/api/v1/services' ? String(o.spec?.['clusterIP'] ?? 'None') : 'None';
    if (ip === 'None') continue;
    if (addresses.has(ip)) wrong(`${at} and ${addresses.get(ip)} share ${ip}`);
    addresses.set(ip, at);
  }
  if (uids.size < 20) wrong(`only ${uids.size} objects found`);
}

/** Reads the files themselves: each value is one whole object that lies under its own name. */
function storeReads(data: string, wrong: (t: string) => void): void {
  const live = new Map<string, Buffer>();
  const take = (c: { type: string; key: string; value?: Buffer | undefined }): void => { if (c.type === 'put' && c.value) live.set(c.key, c.value); else live.delete(c.key); };
  recover(join(data, 'store'), silentLog, { load: take, loaded() { /* nothing to note */ }, replay: take });
  for (const [key, value] of live) {
    try {
      const name = (JSON.parse(value.toString()) as Thing).metadata.name;
      if (!key.endsWith(`/${name}`)) wrong(`${name} lies under ${key}`);
    } catch (e) { wrong(`${key} is no object: ${String(e)}`); }
  }
}

/** Starts a host and kills it `ms` after its process began, ready or not. */
async function killWhileStarting(args: string[], ms: number, env?: NodeJS.ProcessEnv): Promise<void> {
  const bundle = process.env.PILOTHOUSE_BUNDLE ?? join(import.meta.dirname, '../../dist/pilothouse.mjs');
  const child = spawn('node', [bundle, 'up', '--listen', '127.0.0.1:0', '--no-ui', ...args], { stdio: 'ignore', env: { ...process.env, PILOTHOUSE_DNS_UPSTREAM: 'none', ...env } });
  const exited = new Promise(resolve => { child.on('exit', resolve); });
  await new Promise(resolve => { setTimeout(resolve, ms); });
  child.kill('SIGKILL');
  await exited;
}
