import type { Terminal } from '@xterm/xterm';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../gateway/connection.ts';
import { TerminalSession, type Place } from './session.ts';

/** A session attached to a terminal; what goes to the container is in `sent`. */
function attached() {
  const sent: string[] = [];
  let key: (d: string) => void = () => undefined;
  const off = { dispose: () => undefined };
  const term = { options: {}, cols: 80, rows: 24, onData: (f: typeof key) => { key = f; return off; }, onBinary: () => off, onResize: () => off, paste: (text: string) => key(text), write: () => undefined };
  const connection = { stream: () => ({ input: (d: string) => sent.push(d), ack: () => undefined, close: () => undefined }) };
  const place: Place = { cluster: 'c', namespace: 'n', pod: 'p', container: 'm', mode: 'attach', tty: true, stdin: true, instance: '1' };
  const session = new TerminalSession(connection as unknown as Connection, term as unknown as Terminal, place, () => undefined);
  return { session, sent, type: (d: string) => key(d) };
}

describe('pasting', () => {
  it('comes before what is typed while the clipboard is read', async () => {
    const { session, sent, type } = attached();
    const clipboard = Promise.withResolvers<string>();
    const pasted = session.paste(clipboard.promise);
    type('\r');
    type('x');
    expect(sent).toEqual([]);
    clipboard.resolve('echo hi');
    await pasted;
    type('y');
    expect(sent).toEqual(['echo hi', '\r', 'x', 'y']);
  });
  it('that fails loses no key', async () => {
    const { session, sent, type } = attached();
    const pasted = session.paste(Promise.reject(new Error('no right')));
    type('a');
    await expect(pasted).rejects.toThrow('no right');
    expect(sent).toEqual(['a']);
  });
});
