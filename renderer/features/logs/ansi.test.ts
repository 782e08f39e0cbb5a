import { describe, expect, it } from 'vitest';
import { marked, plain, spans } from './ansi.ts';

describe('ANSI colours', () => {
  it('makes spans of colours and drops what moves a cursor', () => {
    const line = '\u001b[2K\u001b[32mok\u001b[0m done \u001b[1;31mbad\u001b[39m still bold\u001b[0m';
    expect(plain(line)).toBe('ok done bad still bold');
    expect(spans(line)).toEqual([{ text: 'ok', className: 'ansi-green' }, { text: ' done ', className: '' }, { text: 'bad', className: 'ansi-red ansi-bold' }, { text: ' still bold', className: 'ansi-bold' }]);
  });
  it('knows grounds, inverse, 256 and true colours', () => {
    expect(spans('\u001b[41;37ma\u001b[49mb\u001b[7mc\u001b[27md\u001b[0m').map(s => s.className)).toEqual(['ansi-white ansi-on-red', 'ansi-white', 'ansi-white ansi-inverse', 'ansi-white']);
    expect(spans('\u001b[38;5;196mred\u001b[48;2;0;0;255mon blue').map(s => s.className)).toEqual(['ansi-red', 'ansi-red ansi-on-blue']);
  });
  it('marks what was searched across borders of colours, and keeps them', () => {
    const parts = marked(spans('a \u001b[31mre\u001b[32md\u001b[0m b red'), /red/g);
    expect(parts.filter(p => p.mark)).toEqual([{ text: 're', className: 'ansi-red', mark: true }, { text: 'd', className: 'ansi-green', mark: true }, { text: 'red', className: '', mark: true }]);
    expect(parts.map(p => p.text).join('')).toBe('a red b red');
  });
});
