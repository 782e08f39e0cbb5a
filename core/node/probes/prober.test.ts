import { expect, it } from 'vitest';
import type { Container } from '../../api/types/kubernetes.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Prober } from './prober.ts';

/** A prober of one container whose exec probes answer what `answers` holds, by their first word. */
function prober(container: Partial<Container>) {
  const clock = new FakeClock(0);
  const answers: Record<string, number> = {};
  const asked: string[] = []; const events: string[] = [];
  const runtime = { exec: (_id: string, [word = '']: readonly string[]) => { asked.push(`${word}@${clock.now() / 1000}`); return answers[word] === undefined ? new Promise<number>(() => { /* hangs */ }) : Promise.resolve(answers[word]); } } as unknown as Runtime;
  const target = { runtime, containerId: 'c', sandboxId: 's', podIP: '', container: { name: 'c', ...container }, through: 'network' as const, clock };
  let changes = 0;
  const p = new Prober(target, 0, { changed: () => { changes++; }, event: (_t, reason, message) => { events.push(`${reason}: ${message}`); } });
  return { p, clock, answers, asked, events, changes: () => changes, seconds: async (n: number) => { await clock.advance(n * 1000); } };
}
const exec = (word: string) => ({ exec: { command: [word] } });

it('readiness: delay, period, and as many successes and failures in a row as are asked for', async () => {
  const t = prober({ readinessProbe: { ...exec('r'), initialDelaySeconds: 3, periodSeconds: 2, successThreshold: 2, failureThreshold: 3 } });
  t.answers['r'] = 0;
  await t.seconds(2.9); expect(t.asked).toEqual([]);
  await t.seconds(0.2); expect(t.asked).toEqual(['r@3']); expect(t.p.ready).toBe(false);
  await t.seconds(2); expect(t.p.ready).toBe(true);
  t.answers['r'] = 1; await t.seconds(4); expect(t.p.ready).toBe(true);
  t.answers['r'] = 0; await t.seconds(2);
  t.answers['r'] = 1; await t.seconds(4); expect(t.p.ready).toBe(true);
  await t.seconds(2); expect(t.p.ready).toBe(false);
  expect(t.p.failed).toBeUndefined();
  expect(t.asked).toEqual([3, 5, 7, 9, 11, 13, 15, 17].map(n => `r@${n}`));
});

it('startup holds the others back; then they have delays of their own', async () => {
  const t = prober({ startupProbe: { ...exec('s'), periodSeconds: 5, failureThreshold: 4 }, livenessProbe: { ...exec('l'), initialDelaySeconds: 2, periodSeconds: 1 }, readinessProbe: { ...exec('r'), periodSeconds: 1 } });
  Object.assign(t.answers, { s: 1, l: 0, r: 0 });
  await t.seconds(14);
  expect(t.asked).toEqual(['s@0', 's@5', 's@10']);
  expect([t.p.started, t.p.ready]).toEqual([false, false]);
  t.answers['s'] = 0; await t.seconds(1);
  expect(t.p.started).toBe(true);
  await t.seconds(2);
  expect(t.asked.filter(a => a.startsWith('s'))).toHaveLength(4);
  expect(t.p.ready).toBe(true);
  expect(t.asked.some(a => a.startsWith('l'))).toBe(true);
});

it('startup and liveness that fail too often want the container killed, once', async () => {
  const s = prober({ startupProbe: { ...exec('s'), periodSeconds: 1, failureThreshold: 3 } });
  s.answers['s'] = 1;
  await s.seconds(1.5); expect(s.p.failed).toBeUndefined();
  await s.seconds(10); expect(s.p.failed).toBe('startup');
  expect(s.asked).toHaveLength(3);
  expect(s.events).toEqual(Array.from({ length: 3 }, () => 'Unhealthy: Startup probe failed: '));
  const l = prober({ livenessProbe: { ...exec('l'), periodSeconds: 1, failureThreshold: 2 } });
  l.answers['l'] = 7;
  await l.seconds(10);
  expect([l.p.failed, l.asked.length, l.changes()]).toEqual(['liveness', 2, 1]);
});

it('a probe that takes too long has failed', async () => {
  const t = prober({ livenessProbe: { ...exec('hang'), periodSeconds: 10, timeoutSeconds: 2, failureThreshold: 1 } });
  await t.seconds(1.9); expect(t.p.failed).toBeUndefined();
  await t.seconds(0.2); expect(t.p.failed).toBe('liveness');
  expect(t.events).toEqual(['Unhealthy: Liveness probe failed: command timed out: "hang" timed out after 2s']);
});
