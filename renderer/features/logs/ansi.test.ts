import { describe, expect, it } from 'vitest';
import { plain, spans } from './ansi.ts';

describe('ansi', () => {
  it('colours what SGR colours and drops the rest', () => {
    expect(spans('a\u001b[31mred\u001b[1m bold\u001b[0m z')).toEqual([{ text: 'a', className: '' }, { text: 'red', className: 'ansi-red' }, { text: ' bold', className: 'ansi-red ansi-bold' }, { text: ' z', className: '' }]);
    expect(spans('\u001b[38;5;196mx\u001b[39my')).toEqual([{ text: 'x', className: 'ansi-red' }, { text: 'y', className: '' }]);
    expect(plain('\u001b]0;title\u0007\u001b[2Kok\u001b[31m!')).toBe('ok!');
  });
});
