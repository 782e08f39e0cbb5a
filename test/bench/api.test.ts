// The neutral API bench against our host, beside what kube-apiserver 1.20 with etcd did on a quiet machine of the same size. What fails
// here is an error, a row below the ratio that is due, or memory.
import { expect, it } from 'vitest';
import { startHost } from '../harness/host.ts';
import { report } from './figures.ts';
import { besideReference, CPU, memoryAfter, reference, RULE, runBench, slowness, targets, type Row } from './reference.ts';

const UNITS: Record<string, string> = { ops_s: '/s', ev_s: 'events/s' };
const MEMORY = 600;

it('creates, reads, lists and watches as many times better than the reference as is due', async () => {
  const host = await startHost(['--nodes', '0']);
  try {
    const bench = (phases: readonly string[], ...more: string[]): ReturnType<typeof runBench> => runBench('apibench.mjs', host, ['--phases', phases.join(','), '--reps', '2', '--mixedSeconds', '4', '--keep', ...more]);
    const ours = await bench(['create', 'get', 'list', 'write', 'watch', 'delcol', 'mixed']);
    /** Of a phase only the parts that rows are named after. */
    const part = (missed: readonly string[], flag: string, sign: string): string[] => {
      const found = new Set(missed.flatMap(k => new RegExp(` ${sign}=(\\d+) `).exec(k)?.[1] ?? []));
      return found.size > 0 ? [flag, [...found].sort((a, b) => Number(a) - Number(b)).join(',')] : [];
    };
    const due = targets(), key = (r: Row): string => `${r.phase} ${r.name.replace(/\d+s$/, '20s')}`;
    const { figures, wrong } = await besideReference({
      reference: reference('api-real-final').results, rows: ours.results, key, cpu: k => due[k]?.[CPU],
      due: k => Object.entries(due[k] ?? {}).filter(([metric]) => metric !== CPU).map(([metric, must]) => ({
        what: `${k}${metric.includes('p50') ? ', median' : metric.includes('p99') ? ', p99' : ''}`, metric, must, unit: UNITS[metric] ?? 'ms', more: metric in UNITS, read: (r: Row) => Number(r[metric]),
      })),
      slower: async missed => {
        const paced = missed.filter(k => k.includes(' paced ')), watchers = (k: string): string => /K=(\d+)/.exec(k)![1]!;
        const factor = paced.length > 0 ? await slowness([...new Set(paced.map(watchers))]) : 1;
        return new Map(paced.map(k => [k, factor]));
      },
      again: async missed => (await bench([...new Set(missed.map(k => k.split(' ')[0]!))], ...part(missed, '--list', 'N'), ...part(missed, '--watchers', 'K'))).results,
    });
    const memory = (after: string): number => memoryAfter(ours, host, after);
    figures.push({ what: 'memory of the host when the bench begins', value: memory('start'), unit: 'MB', limit: 150 },
      { what: 'memory with 33,000 objects of which 10,000 pods were listed in every way', value: memory('list'), unit: 'MB', limit: MEMORY },
      { what: 'memory after the whole bench', value: memory('mixed'), unit: 'MB', limit: MEMORY, note: 'the reference took 3,000' });
    expect(wrong).toEqual([]);
    expect(report('API, beside kube-apiserver 1.20 with etcd', 2, figures, RULE)).toEqual([]);
  } finally { await host.dispose(); }
}, 300_000);
