import { describe, expect, it } from 'vitest';
import { FakeClock } from './clock.ts';
import { WorkQueue } from './queue.ts';

describe('WorkQueue', () => {
  it('hands a key to one worker at a time and once more when it was added meanwhile', async () => {
    const q = new WorkQueue(new FakeClock());
    q.add('a'); q.add('a');
    expect(await q.get()).toBe('a');
    q.add('a');
    expect(q.length).toBe(0);
    q.done('a');
    expect(q.length).toBe(1);
  });

  it('doubles the wait of a failing key from 5 ms and starts anew once it is forgotten', async () => {
    const clock = new FakeClock();
    const q = new WorkQueue(clock);
    for (const wait of [5, 10, 20]) {
      q.addRateLimited('a');
      await clock.advance(wait - 1);
      expect(q.length).toBe(0);
      await clock.advance(1);
      expect(await q.get()).toBe('a');
      q.done('a');
    }
    q.forget('a');
    q.addRateLimited('a');
    await clock.advance(5);
    expect(q.length).toBe(1);
  });

  it('keeps the earliest of several waits and wakes a waiting worker on close', async () => {
    const clock = new FakeClock();
    const q = new WorkQueue(clock);
    q.addAfter('a', 100); q.addAfter('a', 10); q.addAfter('a', 50);
    await clock.advance(10);
    expect(await q.get()).toBe('a');
    q.done('a');
    const next = q.get();
    q.close();
    expect(await next).toBeUndefined();
  });
});
