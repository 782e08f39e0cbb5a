import { describe, expect, it, vi } from 'vitest';
import { LogRing, type LogLine } from './log-ring.ts';
import { matcherOf } from './match.ts';
import { Hits, ShownLines } from './view-model.ts';

const line = (id: number, text: string, source = 0): LogLine => ({ id, source, at: '', key: String(id).padStart(6, '0'), text });

describe('ShownLines', () => {
  it('leaves out hidden sources and what does not match, as lines come', () => {
    const ring = new LogRing();
    const shown = new ShownLines(ring, new Set([1]), matcherOf('er'));
    ring.add([line(1, 'error'), line(2, 'fine'), line(3, 'error', 1)]);
    expect(shown.update().map(l => l.id)).toEqual([1]);
    ring.add([line(4, 'error again')]);
    expect(shown.update().map(l => l.id)).toEqual([1, 4]);
  });
  it('starts anew when older lines were let go', () => {
    const ring = new LogRing(10);
    const shown = new ShownLines(ring, new Set(), undefined);
    for (let i = 1; i <= 40; i++) ring.add([line(i, `line ${i}`)]);
    expect(shown.update().map(l => l.id)).toEqual(ring.lines.map(l => l.id));
    expect(ring.dropped).toBe(40 - ring.lines.length);
  });
});

describe('Hits', () => {
  it('looks only at what was appended', () => {
    const matcher = matcherOf('x');
    const test = vi.fn(matcher.test!);
    const hits = new Hits({ ...matcher, test });
    const lines = Array.from({ length: 1000 }, (_, i) => line(i, i % 100 === 0 ? 'x' : 'y'));
    expect(hits.of(lines)).toHaveLength(10);
    test.mockClear();
    expect(hits.of([...lines, line(1000, 'x')])).toHaveLength(11);
    expect(test).toHaveBeenCalledTimes(1);
  });
  it('starts anew when lines came in between or were let go', () => {
    const hits = new Hits(matcherOf('x'));
    expect(hits.of([line(1, 'x'), line(2, 'y')])).toEqual([0]);
    expect(hits.of([line(2, 'y'), line(3, 'x')])).toEqual([1]);
    expect(hits.of([line(2, 'y'), line(4, 'x'), line(3, 'x')])).toEqual([1, 2]);
  });
});
