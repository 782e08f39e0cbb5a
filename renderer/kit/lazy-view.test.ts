import { describe, expect, it, vi } from 'vitest';
import { persistently } from './lazy-view.ts';

describe('code loaded later', () => {
  it('is asked for again when the browser drops it, each time after a longer pause', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const waits: number[] = [];
    let calls = 0;
    const load = async (): Promise<string> => { if (++calls < 4) throw new TypeError('Failed to fetch dynamically imported module'); return 'view'; };
    expect(await persistently(load, async ms => { waits.push(ms); })).toBe('view');
    expect([calls, waits]).toEqual([4, [100, 400, 1500]]);
    warn.mockRestore();
  });
  it('fails with the last reason', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await expect(persistently(() => Promise.reject(new Error('gone')), async () => undefined)).rejects.toThrow('gone');
    expect(warn).toHaveBeenCalledTimes(3);
    warn.mockRestore();
  });
});
