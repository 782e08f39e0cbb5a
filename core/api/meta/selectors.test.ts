import { describe, expect, test } from 'vitest';
import { pod } from '../kinds/core/pod.ts';
import { parseFieldSelector } from './fields.ts';
import { everything, nothing, parseSelector, selectorFrom, selectorFromMap } from './labels.ts';

const A = { chapter: '3', version: '0.1' }, B = { chapter: '2', version: '0.1' }, C = { chapter: '2', version: '0.2', author_info: 'x' };
const found = (s: string): string => ([['A', A], ['B', B], ['C', C]] as const).filter(([, l]) => parseSelector(s).matches(l)).map(([n]) => n).join('');
const fails = (s: string): string => {
  try { parseSelector(s); return 'no error'; } catch (e) { return (e as Error).message; }
};

describe('label selectors', () => {
  test('the laws of walkthrough W14', () => {
    expect(found('chapter=2,version!=0.1')).toBe('C');
    expect(found('version=0.1')).toBe('AB');
    expect(found('version==0.1')).toBe('AB');
    expect(found('chapter in (3,4),version')).toBe('A');
    expect(found('version notin (0.2),!author_info')).toBe('AB');
  });
  test('negations match what lacks the key', () => {
    expect(parseSelector('x!=1').matches({})).toBe(true);
    expect(parseSelector('x notin (1)').matches(undefined)).toBe(true);
    expect(parseSelector('x=').matches({ x: '' })).toBe(true);
    expect(parseSelector('x in (,a)').matches({ x: '' })).toBe(true);
  });
  test('numbers compare as numbers', () => {
    expect(parseSelector('n>9').matches({ n: '10' })).toBe(true);
    expect(parseSelector('n<9').matches({ n: '10' })).toBe(false);
    expect(parseSelector('n>9').matches({ n: 'x' })).toBe(false);
  });
  test('what cannot be parsed says so in Kubernetes\' words', () => {
    expect(fails('a in b')).toBe("unable to parse requirement: found 'b' expected: '('");
    expect(fails('a,')).toBe("found '', expected: identifier after ','");
    expect(fails('=x')).toBe("found '=', expected: !, identifier, or 'end of string'");
    expect(fails('a b')).toBe("unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
    expect(fails('a in ()')).toBe("unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
    expect(fails('-a=1')).toContain('unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of');
    expect(fails('a=b!')).toContain("found '!', expected: ',' or 'end of string'");
  });
  test('text is canonical and parses back', () => {
    const s = selectorFrom({ matchLabels: { b: '1', a: '2' }, matchExpressions: [{ key: 'c', operator: 'In', values: ['y', 'x'] }, { key: 'd', operator: 'DoesNotExist' }] });
    expect(String(s)).toBe('a=2,b=1,c in (x,y),!d');
    expect(String(parseSelector(String(s)))).toBe(String(s));
    expect(s.matches({ a: '2', b: '1', c: 'x' })).toBe(true);
    expect(s.matches({ a: '2', b: '1', c: 'x', d: '' })).toBe(false);
  });
  test('null selects nothing, empty everything', () => {
    expect(selectorFrom(undefined)).toBe(nothing);
    expect(selectorFrom({}).matches({ x: '1' })).toBe(true);
    expect(everything.everything).toBe(true);
    expect(nothing.matches({})).toBe(false);
    expect(String(selectorFromMap({ app: 'web' }))).toBe('app=web');
  });
  test('a key of the prototype is no label', () => expect(parseSelector('constructor').matches({})).toBe(false));
});

describe('field selectors', () => {
  const p = { metadata: { name: 'a', namespace: 'n' }, spec: { containers: [], nodeName: 'x,y' }, status: { phase: 'Running' } };
  test('equality, inequality, escapes', () => {
    expect(parseFieldSelector('metadata.name=a,status.phase!=Pending', pod).matches(p)).toBe(true);
    expect(parseFieldSelector('spec.nodeName==x\\,y', pod).matches(p)).toBe(true);
    expect(parseFieldSelector('metadata.name!=a', pod).matches(p)).toBe(false);
    expect(parseFieldSelector('spec.nodeName=x\\,y', pod).pinned('spec.nodeName')).toBe('x,y');
    expect(String(parseFieldSelector('spec.nodeName=x\\,y', pod))).toBe('spec.nodeName=x\\,y');
  });
  test('unknown fields', () => {
    expect(() => parseFieldSelector('spec.foo=1', {})).toThrow('"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"');
    expect(() => parseFieldSelector('spec.foo=1', pod)).toThrow('field label not supported: spec.foo');
    expect(() => parseFieldSelector('nonsense', pod)).toThrow("invalid selector: 'nonsense'; can't understand 'nonsense'");
  });
});
