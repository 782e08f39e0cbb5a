import { describe, expect, it } from 'vitest';
import { LineInput } from './line-input.ts';

function rig() {
  const did = { echo: '', sent: [] as string[], eof: 0 };
  return { did, input: new LineInput({ echo: t => { did.echo += t; }, send: t => did.sent.push(t), eof: () => { did.eof++; } }) };
}

describe('LineInput', () => {
  it('echoes, lets a line be mended, and sends it whole', () => {
    const { did, input } = rig();
    for (const key of ['l', 's', 'x', '\u007f', ' ', '-', 'l']) input.take(key);
    expect(did.sent).toEqual([]);
    input.take('\u001b[A');
    input.take('\r');
    expect(did.sent).toEqual(['ls -l\n']);
    expect(did.echo).toBe('lsx\b \b -l\r\n');
  });
  it('takes a paste of several lines, and Ctrl-D as the end', () => {
    const { did, input } = rig();
    input.take('\u001b[200~one\r\ntwo\rthr\u001b[201~');
    input.take('\u0015');
    input.take('\u0004');
    expect(did.sent).toEqual(['one\n', 'two\n']);
    expect(did.eof).toBe(1);
  });
});
