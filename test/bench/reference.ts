// Running a neutral bench against one of our hosts, and figures that stand beside those of the reference.
import { spawn } from 'node:child_process';
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

/** Runs `script` against the host; resolves with what it wrote, rejects with what it said when it fails. */
export async function runBench(script: string, host: Host, more: readonly string[]): Promise<Results> {
  const dir = mkdtempSync(join(tmpdir(), 'pilothouse-bench-'));
  try {
    const out = join(dir, 'ours.json');
    const child = spawn('node', [join(import.meta.dirname, script), '--server', host.ready.server, '--token', readFileSync(join(host.data, 'pki/admin.token'), 'utf8').trim(), '--ca', join(host.data, 'pki/ca.crt'),
      '--label', 'pilothouse', '--pids', String(host.ready.pid), '--out', out, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const s of [child.stdout, child.stderr]) s.setEncoding('utf8').on('data', (d: string) => { said += d; });
    const code = await new Promise(resolve => { child.on('exit', resolve); });
    if (code !== 0) throw new Error(`${script} ended with ${String(code)}: ${said}`);
    return JSON.parse(readFileSync(out, 'utf8')) as Results;
  } finally { rmSync(dir, { recursive: true, force: true }); }
}

/** Memory of the host after a phase of the bench, MB. */
export const memoryAfter = (r: Results, host: Host, after: string): number => r.mem.find(m => m.after === after)?.procs[String(host.ready.pid)]?.rss ?? 0;

/** Identical runs of the reference differ by up to 30 %: less than that is a tie. */
const TIE = 1.3;
const round = (n: number): number => Number(n.toPrecision(3));

/** A metric of ours beside the reference's. Only on a quiet machine the reference (or a tie with it) is also the limit; undefined when either has no number. */
export function besideReference(what: string, metric: string, must: number, unit: string, ref: Row, row: Row, moreIsBetter: boolean): Figure | undefined {
  const was = Number(ref[metric]), is = Number(row[metric]);
  if (!(was > 0 && is > 0)) return undefined;
  const ratio = moreIsBetter ? is / was : was / is;
  const quiet = (row.meter?.other_cores ?? 0) <= 0.4;
  return {
    what, value: is, unit, ...(quiet ? { limit: round(moreIsBetter ? was / TIE : was * TIE) } : {}), ...(moreIsBetter ? { atLeast: true } : {}),
    note: `${ratio.toFixed(1)}x of the reference (${was}); ${must}x is due${ratio < must ? ', not yet' : ''}${quiet ? '' : '; the machine was busy'}`,
  };
}
