import { describe, expect, it } from 'vitest';
import { conflict } from '../api/meta/status.ts';
import { FakeClock } from '../base/clock.ts';
import { createLog, silentLog } from '../base/log.ts';
import { slowStart } from './batch.ts';
import { isEnabled, unknownControllers } from './enabled.ts';
import { controllers } from './index.ts';
import { Expectations } from './expectations.ts';
import { createLoop } from './loop.ts';

describe('loop', () => {
  it('tries a failing key again with back-off, whatever was thrown, and tells conflicts apart from faults', async () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const loop = createLoop(clock, createLog('warn', l => lines.push(l)));
    const tried: string[] = [];
    loop.run(async key => {
      tried.push(key);
      if (tried.length === 1) throw conflict({ group: '', plural: 'pods' }, 'x');
      if (tried.length === 2) throw new TypeError('a bug');
    }, 2);
    loop.queue.add('a');
    await clock.advance(100);
    expect(tried).toEqual(['a', 'a', 'a']);
    expect(lines.length).toBe(1);
    expect(lines[0]).toContain('a bug');
    await loop.stop();
  });

  it('comes back after the time it was asked for, and lets work in progress end when stopped', async () => {
    const clock = new FakeClock();
    const loop = createLoop(clock, silentLog);
    let times = 0;
    const gate = Promise.withResolvers<void>();
    loop.run(async () => { if (++times === 2) await gate.promise; return { requeueAfter: 1000 }; }, 1);
    loop.queue.add('a');
    await clock.advance(999);
    expect(times).toBe(1);
    await clock.advance(1);
    expect(times).toBe(2);
    const first = await Promise.race([loop.stop().then(() => 'stopped'), clock.advance(1).then(() => 'still at work')]);
    expect(first).toBe('still at work');
    gate.resolve();
    await loop.stop();
  });
});

describe('slowStart', () => {
  it('doubles its batches and begins none after a failure', async () => {
    const begun: number[] = [];
    const { succeeded, error } = await slowStart(20, async i => { begun.push(i); if (i === 4) throw new Error('quota'); });
    expect(begun.length).toBe(1 + 2 + 4);
    expect(succeeded).toBe(6);
    expect(error?.message).toBe('quota');
    expect(await slowStart(0, async () => {})).toEqual({ succeeded: 0 });
  });
});

describe('Expectations', () => {
  it('hold until everything was seen, or for five minutes', async () => {
    const clock = new FakeClock();
    const e = new Expectations(clock);
    expect(e.satisfied('rs')).toBe(true);
    e.expectCreations('rs', 2);
    e.creationObserved('rs');
    expect(e.satisfied('rs')).toBe(false);
    e.creationObserved('rs');
    expect(e.satisfied('rs')).toBe(true);
    e.expectDeletions('rs', ['p1', 'p2']);
    e.deletionObserved('rs', 'p1');
    e.deletionObserved('rs', 'p1');
    expect(e.satisfied('rs')).toBe(false);
    await clock.advance(5 * 60_000 + 1);
    expect(e.satisfied('rs')).toBe(true);
  });
});

describe('--controllers', () => {
  it('takes names, aliases, * and -name, the first mention deciding', () => {
    expect(isEnabled('job-controller', 'job', ['*'])).toBe(true);
    expect(isEnabled('job-controller', 'job', ['*', '-job'])).toBe(false);
    expect(isEnabled('job-controller', 'job', ['-job-controller', '*'])).toBe(false);
    expect(isEnabled('job-controller', 'job', ['job'])).toBe(true);
    expect(isEnabled('job-controller', 'job', ['cronjob'])).toBe(false);
    expect(unknownControllers([{ name: 'job-controller', alias: 'job' }], ['*', '-job', 'joob', '-nope'])).toEqual(['joob', '-nope']);
    // What kubeadm writes.
    expect(unknownControllers(controllers, ['*', 'bootstrapsigner', 'tokencleaner', '-horizontal-pod-autoscaler-controller'])).toEqual([]);
  });
});
