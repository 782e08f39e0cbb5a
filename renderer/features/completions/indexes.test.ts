import { describe, expect, it } from 'vitest';
import type { Job, Pod } from '../../../core/api/types/kubernetes.ts';
import { failuresOf, gridOf, MOST_CELLS, rangesOf } from './indexes.ts';

const job = (spec: object, status: object): Job => ({ spec, status }) as unknown as Job;
const pod = (name: string, index: number | undefined, phase: string, more: object = {}): Pod =>
  ({ metadata: { name, annotations: index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': String(index) } }, status: { phase, ...more } }) as unknown as Pod;
const exit = (exitCode: number, reason = 'Error'): object => ({ containerStatuses: [{ state: { terminated: { exitCode, reason } } }] });

describe('completion grid', () => {
  it('reads ranges of indexes, and leaves out what is none', () => {
    expect(rangesOf('1,3-5,7')).toEqual([[1, 1], [3, 5], [7, 7]]);
    expect(rangesOf('')).toEqual([]);
    expect(rangesOf('x,2')).toEqual([[2, 2]]);
  });
  it('of an indexed job has each index with its state, its failures and a pod', () => {
    const g = gridOf(job({ completionMode: 'Indexed', completions: 6 }, { completedIndexes: '0,2-3', failedIndexes: '4' }), [pod('a', 1, 'Running'), pod('b', 4, 'Failed'), pod('c', 4, 'Failed'), pod('d', 1, 'Failed'), pod('x', undefined, 'Running')]);
    expect(g.cells.map(c => c.state)).toEqual(['succeeded', 'running', 'succeeded', 'succeeded', 'failed', 'waiting']);
    expect(g.cells.map(c => c.failures)).toEqual([0, 1, 0, 0, 2, 0]);
    expect([g.cells[1]!.pod, g.cells[4]!.pod]).toEqual(['a', 'b']);
    expect(g.counts).toEqual({ succeeded: 3, failed: 1, running: 1, waiting: 1 });
  });
  it('stays small however many indexes there are, and the gravest shows', () => {
    const g = gridOf(job({ completionMode: 'Indexed', completions: 100_000 }, { completedIndexes: '0-49999', failedIndexes: '777' }), []);
    expect(g.cells.length).toBeLessThanOrEqual(MOST_CELLS);
    expect(g.cells.filter(c => c.state === 'failed')).toEqual([expect.objectContaining({ from: 600, to: 799 })]);
    expect(g.counts).toEqual({ succeeded: 50_000, failed: 1, running: 0, waiting: 49_999 });
    expect(g.cells.at(-1)!.to).toBe(99_999);
  });
  it('of a job without indexes is counted: done, running, to come', () => {
    expect(gridOf(job({ completions: 5 }, { succeeded: 2, active: 2, failed: 1 }), []).cells.map(c => c.state)).toEqual(['succeeded', 'succeeded', 'running', 'running', 'waiting']);
    // A work queue has no number of its own.
    expect(gridOf(job({ parallelism: 3 }, { succeeded: 1, active: 2 }), [])).toMatchObject({ total: 3, counts: { succeeded: 1, running: 2, waiting: 0 } });
    expect(gridOf(job({ completions: 0 }, {}), []).cells).toEqual([]);
  });
});

describe('failures', () => {
  it('the same end of several pods is one, the most frequent first', () => {
    expect(failuresOf([pod('a', 0, 'Failed', exit(3)), pod('b', 1, 'Failed', exit(1)), pod('c', 2, 'Failed', exit(1)), pod('d', 3, 'Failed', exit(137, 'OOMKilled')), pod('e', 4, 'Failed', { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] }), pod('f', 5, 'Succeeded')]).map(f => `${f.count} ${f.code} ${f.pod}`))
      .toEqual(['2 exit 1 b', '1 exit 3 a', '1 OOMKilled, exit 137 d', '1 EvictionByEvictionAPI e']);
  });
});
