// Running a neutral bench against one of our hosts, and figures that stand beside those of the reference.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../harness/host.ts';
import type { Figure } from './figures.ts';

export interface Row { name: string; phase?: string; errors?: number; meter?: { server_cpu_us_per_op?: number; other_cores?: number }; [metric: string]: unknown }
export interface Results { results: Row[]; mem: { after: string; procs: Record<string, { rss: number } | null> }[] }

const json = <T>(file: string): T => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as T;
/** What the reference did, as its own run of the bench wrote it. */
export const reference = (name: string): Results => json(`reference/${name}.json`);
/** Row -> metric -> how many times better than the reference is due. */
export const targets = (): Record<string, Record<string, number>> => json('targets.json');

/** Where a bench goes, and whose CPU it counts. */
export interface BenchTarget { server: string; token: string; ca: string; pid: number }
const targetOf = (host: Host): BenchTarget => ({ server: host.ready.server, token: readFileSync(join(host.data, 'pki/admin.token'), 'utf8').trim(), ca: join(host.data, 'pki/ca.crt'), pid: host.ready.pid });

/** Runs `script` against the host; resolves with what it wrote, rejects with what it said when it fails. */
export const runBench = (script: string, host: Host, more: readonly string[]): Promise<Results> => benchAt(script, targetOf(host), more);

async function benchAt(script: string, t: BenchTarget, more: readonly string[]): Promise<Results> {
  const dir = mkdtempSync(join(tmpdir(), 'pilothouse-bench-'));
  try {
    const out = join(dir, 'ours.json');
    const child = spawn('node', [join(import.meta.dirname, script), '--server', t.server, '--token', t.token, '--ca', t.ca,
      '--label', 'pilothouse', '--pids', String(t.pid), '--out', out, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const s of [child.stdout, child.stderr]) s.setEncoding('utf8').on('data', (d: string) => { said += d; });
    const code = await new Promise(resolve => { child.on('exit', resolve); });
    if (code !== 0) throw new Error(`${script} ended with ${String(code)}: ${said}`);
    return JSON.parse(readFileSync(out, 'utf8')) as Results;
  } finally { rmSync(dir, { recursive: true, force: true }); }
}

/** What the least server of all (nullserver.mjs, which syncs each write) takes here for watches of writes at their own pace, beside what it took on the reference's machine: ms by watchers. */
const LEAST: Readonly<Record<string, number>> = { 1: 1.0, 20: 1.6, 200: 1.7 };
/** How many times later than on the reference's machine anything at all is answered here, 1 at least. A machine that sleeps between writes wakes slowly, whoever serves. */
export async function slowness(watchers: readonly string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'pilothouse-null-'));
  const certified = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(dir, 'srv.key'), '-out', join(dir, 'srv.crt'), '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'], { encoding: 'utf8' });
  if (certified.status !== 0) throw new Error(certified.stderr);
  const server = spawn('node', [join(import.meta.dirname, 'nullserver.mjs'), '--certs', dir, '--port', '0', '--durable', 'fsync', '--wal', join(dir, 'wal')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise(resolve => { server.once('exit', resolve); });
  try {
    const port = await new Promise<string>(resolve => { server.stdout.setEncoding('utf8').once('data', (d: string) => { resolve(/listening (\d+)/.exec(d)?.[1] ?? ''); }); });
    const { results } = await benchAt('apibench.mjs', { server: `https://127.0.0.1:${port}`, token: 'none', ca: join(dir, 'srv.crt'), pid: server.pid! }, ['--phases', 'watch', '--reps', '2', '--watchers', watchers.join(',')]);
    return Math.max(1, ...watchers.map(k => Number(results.find(r => r.name.startsWith(`K=${k} paced`))?.['send_to_event_p50_ms'] ?? 0) / LEAST[k]!));
  } finally {
    server.kill();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Memory of the host after a phase of the bench, MB. */
export const memoryAfter = (r: Results, host: Host, after: string): number => r.mem.find(m => m.after === after)?.procs[String(host.ready.pid)]?.rss ?? 0;

/** How often a row may be measured: what else the machine did in that second must not decide. The best time counts. */
const ROUNDS = 3;
/** A round begins only this soon after the first ended, so that the suite ends in time on a machine that is never quiet. */
const ROUNDS_MS = 40_000;
/** Server CPU per operation: this many times less than the reference's, where targets.json says nothing else. */
const CPU_DUE = 4;
const BUSY = 0.4;
/** Two runs of the same differ by this much and more (15-30 % on two cores): a row that stays so near to what is due has not lost it. */
export const NOISE = 1.15;
export const RULE = `The limit is the ratio that is due, and 15 % of it, by which two runs of the same differ. A row that misses what is due is measured again, ${ROUNDS} times at most in all, and the best of its times counts; one that never met a quiet machine is shown without limit.`;
const round = (n: number): number => Number(n.toPrecision(3));

/** The key under which targets.json and rows have CPU per operation. */
export const CPU = 'cpu';

/** A metric of a row: how it is called, how many times better than the reference it must be, and whether more is better. */
export interface Due { readonly what: string; readonly metric: string; readonly must: number; readonly unit: string; readonly more?: boolean; read(r: Row): number; readonly slower?: number }

/** `due` of our rounds beside the reference, and whether it was met on a quiet machine; undefined when either has no number. */
function beside(due: Due, ref: Row, rows: readonly Row[]): { figure: Figure; met: boolean } | undefined {
  const was = due.read(ref), ratioOf = (r: Row): number => (due.more ? due.read(r) / was : was / due.read(r));
  const measured = rows.filter(r => due.read(r) > 0).sort((a, b) => ratioOf(b) - ratioOf(a));
  const isQuiet = (r: Row): boolean => (r.meter?.other_cores ?? 0) <= BUSY;
  const row = measured.find(isQuiet) ?? measured[0];
  if (!(was > 0) || !row) return undefined;
  const ratio = ratioOf(row), quiet = isQuiet(row);
  const figure = {
    what: due.what, value: due.read(row), unit: due.unit, ...(quiet ? { limit: round(due.more ? was * due.must / NOISE : was / due.must * NOISE) } : {}), ...(due.more ? { atLeast: true } : {}),
    note: `${ratio.toFixed(1)}x of the reference (${was}); ${round(due.must)}x is due${ratio < due.must ? ', on the line' : ''}${due.slower ? `, which asks for ${(due.must * due.slower).toFixed(1)}x; the least server of all answers ${due.slower.toFixed(1)} times later here than on the reference's machine` : ''}${rows.length > 1 ? `; best of ${rows.length}` : ''}${quiet ? '' : '; the machine was busy'}`,
  };
  return { figure, met: quiet && ratio >= due.must };
}

const cpuOf = (r: Row): number => r.meter?.server_cpu_us_per_op ?? 0;

/** Every due metric of `rows` beside the reference, with the rows' CPU. `again` measures rows by their keys once more; it is asked while some miss. */
export async function besideReference(o: {
  reference: readonly Row[]; rows: readonly Row[]; key(r: Row): string; due(key: string): readonly Due[];
  /** How many times less CPU is due; none where it is not measured for each row. */
  cpu?(key: string): number | undefined;
  again(keys: readonly string[]): Promise<readonly Row[]>;
  /** How many times slower than the reference's machine this one is for the waiting in the rows of these keys; asked once, when rows miss to the last. */
  slower?(keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
}): Promise<{ figures: Figure[]; wrong: string[] }> {
  const rounds = new Map<string, Row[]>(), add = (rows: readonly Row[]): void => { for (const r of rows) rounds.set(o.key(r), [...rounds.get(o.key(r)) ?? [], r]); };
  add(o.rows);
  const began = performance.now();
  let slower: ReadonlyMap<string, number> | undefined;
  for (let n = 1; ; n++) {
    const figures: Figure[] = [], wrong: string[] = [], missed: string[] = [];
    for (const ref of o.reference) {
      const key = o.key(ref), rows = rounds.get(key) ?? [], factor = slower?.get(key) ?? 1, due = o.due(key).map(d => (factor > 1 && d.unit === 'ms' ? { ...d, must: d.must / factor, slower: factor } : d));
      if (rows.length === 0) { if (due.length > 0) wrong.push(`${key}: not there`); continue; }
      for (const r of rows) if (r.errors) wrong.push(`${key}: ${r.errors} errors ${JSON.stringify(r['errs'] ?? '')}`);
      const all = o.cpu && due.length > 0 && cpuOf(ref) > 0 ? [...due, { what: `${key}, CPU per operation`, metric: CPU, must: o.cpu(key) ?? CPU_DUE, unit: 'us', read: cpuOf }] : due;
      const mine = all.map(d => beside(d, ref, rows));
      if (mine.some(f => f && !f.met)) missed.push(key);
      mine.forEach((f, i) => { if (f) figures.push(f.figure); else wrong.push(`${key}: no ${all[i]!.metric}`); });
    }
    if (missed.length === 0 || wrong.length > 0 || slower) return { figures, wrong };
    if (n === ROUNDS || performance.now() - began > ROUNDS_MS) {
      slower = await o.slower?.(missed);
      if (slower === undefined || slower.size === 0) return { figures, wrong };
      continue;
    }
    add((await o.again(missed)).filter(r => missed.includes(o.key(r))));
  }
}
