// The neutral API bench against our host, beside what kube-apiserver 1.20 with etcd did on a quiet machine of the same size. The ratios that
// must be reached are due later and shown only. What fails here is an error or a gross regression: more CPU per operation than the reference
// (which the machine's other work hardly changes), or a slower row although the machine was quiet.
import { expect, it } from 'vitest';
import { startHost } from '../harness/host.ts';
import { report, type Figure } from './figures.ts';
import { besideReference, memoryAfter, reference, runBench, targets, type Row } from './reference.ts';

const MORE_IS_BETTER = new Set(['ops_s', 'ev_s']);
const UNITS: Record<string, string> = { ops_s: '/s', ev_s: 'events/s' };

it('creates, reads, lists and watches at least as well as the reference', async () => {
  const host = await startHost(['--nodes', '0']);
  const figures: Figure[] = [];
  try {
    const ours = await runBench('apibench.mjs', host, ['--phases', 'create,get,list,write,watch,delcol,mixed', '--reps', '2', '--mixedSeconds', '4', '--keep']);
    const due = targets();
    const key = (r: Row): string => `${r.phase} ${r.name.replace(/\d+s$/, '20s')}`;
    const rows = new Map(ours.results.map(r => [key(r), r]));
    const wrong: string[] = [];
    for (const ref of reference('api-real-final').results) {
      const row = rows.get(key(ref));
      if (!row) continue;
      if (row.errors) wrong.push(`${key(ref)}: ${row.errors} errors ${JSON.stringify(row['errs'] ?? '')}`);
      for (const [metric, must] of Object.entries(due[key(ref)] ?? {})) {
        const what = `${key(ref)}${metric.includes('p50') ? ', median' : metric.includes('p99') ? ', p99' : ''}`;
        const figure = besideReference(what, metric, must, UNITS[metric] ?? 'ms', ref, row, MORE_IS_BETTER.has(metric));
        if (figure) figures.push(figure); else wrong.push(`${key(ref)}: no ${metric}`);
      }
      const cpu = [ref, row].map(r => r.meter?.server_cpu_us_per_op ?? 0) as [number, number];
      if (due[key(ref)] && cpu[0] > 0 && cpu[1] > 0) figures.push({ what: `${key(ref)}, CPU per operation`, value: cpu[1], unit: 'us', limit: cpu[0], note: `${(cpu[0] / cpu[1]).toFixed(1)}x less` });
    }
    const memory = (after: string): number => memoryAfter(ours, host, after);
    figures.push({ what: 'memory of the host when the bench begins', value: memory('start'), unit: 'MB', limit: 150 },
      { what: 'memory with 21,000 objects of which 10,000 pods were listed in every way', value: memory('list'), unit: 'MB', limit: 3000, note: '600 is due' },
      { what: 'memory after the whole bench', value: memory('mixed'), unit: 'MB', limit: 3000, note: '600 is due; the reference took 3,000' });
    expect(wrong).toEqual([]);
  } finally {
    await host.dispose();
  }
  expect(report('API, beside kube-apiserver 1.20 with etcd', 2, figures)).toEqual([]);
}, 170_000);
