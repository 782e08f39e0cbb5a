import { expect, it } from 'vitest';
import { Repeats } from './logs.ts';

const line = (time: string, text: string, stream: 'stdout' | 'stderr' = 'stdout') => ({ time: `2026-01-01T00:00:${time}Z`, stream, data: Buffer.from(text) });
it('entries of a file that is read again are known; parts of a line, other streams and a clock that was set are not', () => {
  const r = new Repeats();
  const give = (...l: Parameters<typeof line>): boolean => !r.seen(line(...l));
  expect([give('01.000000001', 'a\n'), give('01.000000002', 'b\n'), give('01.000000003', 'part'), give('01.000000003', 'of a line\n')]).toEqual([true, true, true, true]);
  expect([give('01.000000001', 'a\n'), give('01.000000002', 'b\n'), give('01.000000003', 'part'), give('01.000000003', 'of a line\n')]).toEqual([false, false, false, false]);
  expect([give('01.000000002', 'beside\n', 'stderr'), give('01.000000004', 'c\n'), give('00.500000000', 'the clock was set\n'), give('00.600000000', 'on\n')]).toEqual([true, true, true, true]);
});
