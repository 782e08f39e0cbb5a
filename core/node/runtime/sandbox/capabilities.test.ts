import { expect, it } from 'vitest';
import { capabilityMask } from './capabilities.ts';
import { cgroupVersion } from '../cgroup.ts';

const all = (1n << 41n) - 1n;
it.runIf(cgroupVersion === 1)('is Docker\'s default', () => { expect(capabilityMask(all, false, [], [])).toBe('a80425fb'); });
it('adds and drops, with and without the prefix, in any case', () => {
  expect(capabilityMask(all, false, ['CAP_NET_ADMIN'], ['ALL'])).toBe((1n << 12n).toString(16));
  expect(capabilityMask(all, false, [], ['all'])).toBe('0');
  expect(BigInt(`0x${capabilityMask(all, false, ['ALL'], ['kill'])}`)).toBe(all & ~(1n << 5n));
});
it('gives a privileged one all that this process has, and no more', () => { expect(capabilityMask(all & ~(1n << 24n), true, [], [])).toBe((all & ~(1n << 24n)).toString(16)); });
it('refuses a name there is not', () => { expect(() => capabilityMask(all, false, ['FLY'], [])).toThrow('unknown capability "FLY"'); });
