import { expect, test } from 'vitest';
import { NetworkGate, networkGate } from './network-gate.ts';

/** Work that ends when told. */
function held(log: string[], name: string): { work: () => Promise<void>; end: () => void } {
  const done = Promise.withResolvers<void>();
  return { work: async () => { log.push(name); await done.promise; log.push(`${name} done`); }, end: done.resolve };
}
const settle = async (): Promise<void> => { for (let i = 0; i < 10; i++) await Promise.resolve(); };

test('containers join together, leave one by one, and never both', async () => {
  const gate = new NetworkGate(), log: string[] = [];
  const [a, b, c, d, e] = ['join a', 'join b', 'leave c', 'leave d', 'join e'].map(n => held(log, n)) as [ReturnType<typeof held>, ReturnType<typeof held>, ReturnType<typeof held>, ReturnType<typeof held>, ReturnType<typeof held>];
  const all = [gate.join(a.work), gate.join(b.work), gate.leave(c.work), gate.leave(d.work), gate.join(e.work)];
  await settle();
  expect(log).toEqual(['join a', 'join b']);
  a.end(); await settle();
  expect(log.at(-1)).toBe('join a done');
  b.end(); await settle();
  expect(log.at(-1)).toBe('leave c');
  c.end(); await settle();
  expect(log.at(-1)).toBe('leave d');
  d.end(); await settle();
  expect(log.at(-1)).toBe('join e');
  e.end();
  await Promise.all(all);
});

test('work that fails lets the next one in', async () => {
  const gate = new NetworkGate();
  await expect(gate.leave(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(gate.join(() => Promise.resolve(1))).resolves.toBe(1);
});

test('only daemons with the defect are held back, and the nodes of one host together', () => {
  expect(networkGate('c', '20.10.24+dfsg1')).toBe(networkGate('c', '20.10.24+dfsg1'));
  expect(networkGate('c', '20.10.24+dfsg1')).toBeInstanceOf(NetworkGate);
  expect(networkGate('c', '28.2.2')).not.toBeInstanceOf(NetworkGate);
});
