import { describe, expect, it } from 'vitest';
import { readJson } from './json.ts';
import { scanJson } from './scan.ts';

describe('scanJson', () => {
  it.each([
    ['{}', 0, false], ['{"a":"b:c\\"d\\\\","e" : {"f":[1,2]}}', 3, false], ['{"a":"\\\\"}', 1, false], ['["a","b"]', 0, false],
    ['{"a":1.0}', 1, true], ['{"a":1e3}', 1, true], ['{"a":12345678901234567}', 1, true], ['{"a":[1,2.5]}', 1, true], ['{"a":-9007199254740993,"b":1}', 2, true],
  ])('%s', (text, keys, oddNumbers) => expect(scanJson(text)).toEqual({ keys, oddNumbers }));

  it('counts like the strict reader on made-up documents', () => {
    // A small generator with a fixed seed: strings with every kind of escape, nested at random.
    let seed = 7;
    const random = (n: number): number => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed % n; };
    const string = (): string => JSON.stringify(Array.from({ length: random(6) }, () => 'a"\\\n:{}[],é\u{1F600}'.split('')[random(10)]).join(''));
    let keys = 0;
    const value = (depth: number): string => {
      const kind = depth > 4 ? random(3) : random(5);
      if (kind === 0) return string();
      if (kind === 1) return String(random(1000));
      if (kind === 2) return 'null';
      if (kind === 3) return `[ ${Array.from({ length: random(4) }, () => value(depth + 1)).join(' , ')}]`;
      return `{${Array.from({ length: random(4) }, () => { keys++; return `${string()} :\n${value(depth + 1)}`; }).join(',')}}`;
    };
    for (let i = 0; i < 500; i++) {
      keys = 0;
      const text = value(0);
      expect(scanJson(text).keys, text).toBe(keys);
      expect(JSON.stringify(readJson(text).value)).toBe(JSON.stringify(JSON.parse(text)));
    }
  });
});
