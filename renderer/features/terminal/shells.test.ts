import { describe, expect, it } from 'vitest';
import { endText, fellAway, isMissing } from './shells.ts';
import { freeTitle } from './title.ts';

describe('shells', () => {
  it('goes on to the next shell only when this one is not there', () => {
    const refused = (message: string) => ({ error: { code: 500, reason: 'InternalError', message } });
    expect(isMissing({ exit: 127 }, 100, false)).toBe(true);
    expect(isMissing(refused('OCI runtime exec failed: exec: "bash": executable file not found in $PATH'), 100, false)).toBe(true);
    expect(isMissing(refused('container is not running'), 100, false)).toBe(false);
    expect(isMissing({ exit: 127 }, 100, true)).toBe(false);
    expect(isMissing({ exit: 127 }, 60_000, false)).toBe(false);
    expect(isMissing({ exit: 0 }, 100, false)).toBe(false);
  });
  it('says how a session ended', () => {
    expect(endText({ exit: 0 }).key).toBe('terminal.end.done');
    expect(endText({ exit: 3 })).toMatchObject({ key: 'terminal.end.exit', values: { exit: 3 } });
    expect(endText({ exit: 137 }).key).toBe('terminal.end.killed');
    expect(endText({ error: { code: 0, reason: 'Disconnected', message: '' } }).key).toBe('terminal.end.disconnected');
  });
  it('begins again by itself only when the session fell away', () => {
    expect(fellAway({ exit: 137 })).toBe(true);
    expect(fellAway({ error: { code: 500, reason: 'InternalError', message: 'lost' } })).toBe(true);
    expect(fellAway({ exit: 0 })).toBe(false);
    expect(fellAway({ exit: 1 })).toBe(false);
  });
  it('numbers tabs of the same name', () => {
    expect(freeTitle('web', [])).toBe('web');
    expect(freeTitle('web', ['web', 'web 3'])).toBe('web 2');
  });
});
