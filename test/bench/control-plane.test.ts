// The neutral control-plane bench against our host (it plays the kubelets of 100 nodes itself), beside what Kubernetes 1.20 did with its
// client limits lifted. What fails is an error, or a row below the ratio that is due.
import { expect, it } from 'vitest';
import { startHost } from '../harness/host.ts';
import { report } from './figures.ts';
import { besideReference, memoryAfter, reference, RULE, runBench, targets, type Row } from './reference.ts';

const WORDS: Record<string, string> = { dep_ready_ms: 'all Ready', bound_ms: 'all placed', delete_ms: 'deleted', pods_per_s: 'placed', ms: 'done', bound_p50_ms: 'placed, median', ready_p50_ms: 'Ready, median' };
/** Flags that leave a part out; the single pods always run. */
const PARTS: Record<string, string> = { deployment: '--replicas', scheduler: '--direct', rolling: '--roll' };
const MEMORY = 600;

it('brings up, rolls and deletes workloads on 100 nodes as many times faster than the reference as is due', async () => {
  const host = await startHost(['--nodes', '0']);
  try {
    const bench = (...more: string[]): ReturnType<typeof runBench> => runBench('cpbench.mjs', host, ['--reps', '2', '--timeout', '60', ...more]);
    const ours = await bench(), due = targets();
    const { figures, wrong } = await besideReference({
      reference: reference('cp-real-fastqps').results, rows: ours.results, key: r => r.name,
      due: name => Object.entries(due[name] ?? {}).map(([metric, must]) => ({
        what: `${name.replace(' (median)', '')}: ${WORDS[metric] ?? metric}`, metric, must, unit: metric === 'pods_per_s' ? 'pods/s' : 'ms', more: metric === 'pods_per_s', read: (r: Row) => Number(r[metric]),
      })),
      again: async missed => (await bench(...Object.entries(PARTS).flatMap(([part, flag]) => (missed.some(k => k.startsWith(part)) ? [] : [flag, '0'])))).results,
    });
    figures.push({ what: 'memory of the host, most', value: Math.max(...ours.mem.map(m => memoryAfter(ours, host, m.after))), unit: 'MB', limit: MEMORY });
    expect(wrong).toEqual([]);
    expect(report('Control plane, beside Kubernetes 1.20 with its client limits lifted', 3, figures, RULE)).toEqual([]);
  } finally { await host.dispose(); }
}, 280_000);
