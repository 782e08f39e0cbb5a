import { describe, expect, it } from 'vitest';
import { parseToHost, parseToWindow } from '../contract/frames.ts';
import { list, object, optional, record, ShapeError, text, whole } from '../contract/shape.ts';

describe('shapes', () => {
  it('names the place of what is wrong', () => {
    const s = object({ a: list(object({ b: whole })) });
    expect(() => s({ a: [{ b: 1 }, { b: 'x' }] }, '')).toThrow('a[1].b: expected a whole number');
    expect(() => s(null, '')).toThrow(ShapeError);
  });
  it('drops unknown fields and keeps absent ones absent', () => {
    const s = object({ a: text, b: optional(text) });
    expect(Object.keys(s({ a: 'x', c: 1 }, ''))).toEqual(['a']);
    expect(() => s({ a: 'x', b: null }, '')).toThrow('b: expected a string');
  });
  it('refuses a prototype in a record', () => {
    expect(() => record(text)(JSON.parse('{"__proto__":"x"}'), 'r')).toThrow(ShapeError);
  });
});

describe('frames', () => {
  it('parses a request and keeps its body', () => {
    const frame = { t: 'request', id: 3, cluster: 'local', method: 'POST', path: '/api/v1/pods', query: { a: ['1', '2'] }, body: { x: [1] } };
    expect(parseToHost(frame)).toEqual(frame);
  });
  it.each([
    [{ t: 'nonsense' }, 't: expected one of'], [{ t: 'toString' }, 't: expected one of'], [[], 't: expected one of'],
    [{ t: 'request', id: -1, cluster: 'a', method: 'GET', path: '/' }, 'id: expected a whole number'],
    [{ t: 'request', id: 1, cluster: 'a', method: 'TRACE', path: '/' }, 'method: expected one of'],
    [{ t: 'ack', id: 1, chars: 1.5 }, 'chars: expected a whole number'],
  ])('refuses %j', (frame, message) => { expect(() => parseToHost(frame)).toThrow(message); });
  it('parses states', () => {
    const frame = { t: 'state', id: 1, state: { state: 'stale', since: 5, reason: 'refused', retryAt: 9 } };
    expect(parseToWindow(frame)).toEqual(frame);
    expect(() => parseToWindow({ t: 'state', id: 1, state: { state: 'fine', since: 0 } })).toThrow('state.state: expected one of loading');
  });
});
