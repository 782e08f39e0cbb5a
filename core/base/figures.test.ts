import { expect, test } from 'vitest';
import { exponential, Figures } from './figures.ts';

test('counters and histograms keep a series for each set of labels', () => {
  const f = new Figures(), c = f.counter('c_total', 'c', ['a', 'b']), h = f.histogram('h_seconds', 'h', ['a'], [1, 2]);
  c.add(['x', 'y']); c.add(['x', 'y'], 2); c.add(['z', '']);
  for (const v of [0.5, 1, 1.5, 9]) h.observe(['x'], v);
  expect(c.read()).toEqual([[{ a: 'x', b: 'y' }, 3], [{ a: 'z', b: '' }, 1]]);
  expect(h.read()).toEqual([[{ a: 'x', le: '1' }, 2, '_bucket'], [{ a: 'x', le: '2' }, 3, '_bucket'], [{ a: 'x', le: '+Inf' }, 4, '_bucket'], [{ a: 'x' }, 12, '_sum'], [{ a: 'x' }, 4, '_count']]);
  f.observed({ name: 'g', help: 'g', type: 'gauge', read: () => [[{}, 7]] });
  expect(f.all().map(x => [x.name, x.type])).toEqual([['c_total', 'counter'], ['h_seconds', 'histogram'], ['g', 'gauge']]);
  expect(f.counter('c_total', 'c', ['a', 'b'])).toBe(c);
  expect(exponential(0.001, 2, 4)).toEqual([0.001, 0.002, 0.004, 0.008]);
});
