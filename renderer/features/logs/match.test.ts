import { describe, expect, it } from 'vitest';
import { matcherOf } from './match.ts';

describe('matcherOf', () => {
  it('reads words, exclusions, patterns and capitals', () => {
    const lines = ['GET /a 200', 'get /b 500', 'POST /a 500'];
    const found = (q: string): string[] => lines.filter(l => matcherOf(q).test?.(l) ?? true);
    expect(found('')).toEqual(lines);
    expect(found('get')).toEqual(['GET /a 200', 'get /b 500']);
    expect(found('GET')).toEqual(['GET /a 200']);
    expect(found('500 -post')).toEqual(['get /b 500']);
    expect(found('/5\\d\\d$/')).toEqual(['get /b 500', 'POST /a 500']);
    expect(found('-/5\\d\\d$/')).toEqual(['GET /a 200']);
    expect(matcherOf('/(/').error).toBeDefined();
  });
});
