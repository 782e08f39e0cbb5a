import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamHandlers, StreamRequest } from '../../gateway/connection.ts';
import { Tail, type TailState } from './tail.ts';

const t = (s: number, n = 0): string => `2026-01-01T00:00:${String(s).padStart(2, '0')}.${String(n).padStart(9, '0')}Z`;

function rig(options = { previous: false, tailLines: 10 }) {
  const opened: { request: StreamRequest; on: StreamHandlers }[] = [];
  const lines: string[] = [];
  const states: TailState[] = [];
  const gate = { open: true };
  const tail = new Tail({ stream: (request, on) => { opened.push({ request, on }); return { ack: () => undefined, input: () => undefined, eof: () => undefined, resize: () => undefined, close: () => undefined }; } },
    { cluster: 'c', namespace: 'n', pod: 'p', container: 'main' }, options, { line: (_at, _key, text) => lines.push(text), restarted: (_at, _key, lost) => lines.push(`restarted, lost ${lost}`), state: s => states.push(s), mayOpen: () => gate.open });
  return { tail, opened, lines, states, gate };
}

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe('Tail', () => {
  it('waits for the container, then reads whole lines across chunks', () => {
    const { tail, opened, lines, states } = rig();
    tail.update({ instance: undefined, running: false });
    expect(states).toEqual(['waiting']);
    tail.update({ instance: 'a', running: true });
    expect(opened[0]!.request).toMatchObject({ follow: true, timestamps: true, tailLines: 10, container: 'main' });
    opened[0]!.on.data('stdout', `${t(1)} one\n${t(2)} tw`);
    opened[0]!.on.data('stdout', 'o\r\n');
    expect(lines).toEqual(['one', 'two']);
  });
  it('goes on where it stopped when the connection was lost, without losing or doubling a line', () => {
    const { tail, opened, lines } = rig();
    tail.update({ instance: 'a', running: true });
    opened[0]!.on.data('stdout', `${t(1)} one\n${t(2)} two\n${t(2, 5)} same\n${t(2, 5)} same\n`);
    opened[0]!.on.end({ error: { code: 0, reason: 'Disconnected', message: 'gone' } });
    vi.advanceTimersByTime(600);
    expect(opened[1]!.request).toMatchObject({ sinceTime: '2026-01-01T00:00:01Z' });
    opened[1]!.on.data('stdout', `${t(1)} one\n${t(2)} two\n${t(2, 5)} same\n${t(2, 5)} same\n${t(2, 5)} third\n${t(3)} three\n`);
    expect(lines).toEqual(['one', 'two', 'same', 'same', 'third', 'three']);
  });
  it('keeps lines that two streams of one container wrote out of order', () => {
    const { tail, opened, lines } = rig();
    tail.update({ instance: 'a', running: true });
    opened[0]!.on.data('stdout', `${t(2)} later\n${t(1)} earlier\n`);
    expect(lines).toEqual(['later', 'earlier']);
  });
  it('follows a restart of the container, and rests when it has ended for good', () => {
    const { tail, opened, lines, states } = rig();
    tail.update({ instance: 'a', running: true });
    opened[0]!.on.data('stdout', `${t(1)} one\n`);
    tail.update({ instance: 'a', running: false });
    opened[0]!.on.end({});
    vi.advanceTimersByTime(60_000);
    expect(opened).toHaveLength(1);
    expect(states.at(-1)).toBe('ended');
    tail.update({ instance: 'b', running: true });
    opened[1]!.on.data('stdout', `${t(9)} again\n`);
    expect(lines).toEqual(['one', 'restarted, lost 0', 'again']);
  });
  it('asks again when the server hangs up on a container that runs', () => {
    const { tail, opened } = rig();
    tail.update({ instance: 'a', running: true });
    opened[0]!.on.data('stdout', `${t(1)} one\n`);
    opened[0]!.on.end({});
    vi.advanceTimersByTime(600);
    expect(opened).toHaveLength(2);
  });
  it('does not go on asking for a previous container that is not there', () => {
    const { tail, opened, states } = rig({ previous: true, tailLines: 10 });
    tail.update({ instance: 'a', running: true });
    opened[0]!.on.end({ error: { code: 400, reason: 'BadRequest', message: 'previous terminated container not found' } });
    tail.update({ instance: 'a', running: true });
    vi.advanceTimersByTime(60_000);
    expect(opened).toHaveLength(1);
    expect(states.at(-1)).toBe('failed');
  });
  const lost = { error: { code: 0, reason: 'Disconnected', message: 'gone' } };
  it('reads a line that a loss cut in two once, and whole', () => {
    const { tail, opened, lines } = rig();
    tail.update({ instance: 'a', running: true });
    opened[0]!.on.data('stdout', `${t(1)} one\n${t(2)} tw`);
    opened[0]!.on.end(lost);
    vi.advanceTimersByTime(600);
    opened[1]!.on.data('stdout', `${t(1)} one\n${t(2)} two\n`);
    expect(lines).toEqual(['one', 'two']);
  });
  it('takes what came out of order around a loss, and nothing older than was asked for at first', () => {
    const { tail, opened, lines } = rig();
    tail.update({ instance: 'a', running: true });
    opened[0]!.on.data('stdout', `${t(5, 5)} first of the tail\n${t(5, 9)} err\n`);
    opened[0]!.on.end(lost);
    vi.advanceTimersByTime(600);
    opened[1]!.on.data('stdout', `${t(5, 1)} before the tail\n${t(5, 5)} first of the tail\n${t(5, 9)} err\n${t(5, 8)} out, late\n${t(6)} next\n`);
    expect(lines).toEqual(['first of the tail', 'err', 'out, late', 'next']);
  });
  it('reads the end of an instance that died while the connection was lost before it goes on with the next', () => {
    const { tail, opened, lines } = rig();
    tail.update({ instance: 'a', running: true, restarts: 0 });
    opened[0]!.on.data('stdout', `${t(1)} one\n`);
    opened[0]!.on.end(lost);
    tail.update({ instance: 'b', running: true, restarts: 1 });
    vi.advanceTimersByTime(600);
    expect(opened[1]!.request).toMatchObject({ previous: true, follow: false });
    opened[1]!.on.data('stdout', `${t(1)} one\n${t(2)} last words\n`);
    opened[1]!.on.end({});
    expect(opened[2]!.request).toMatchObject({ previous: false, follow: true });
    opened[2]!.on.data('stdout', `${t(3)} born again\n`);
    expect(lines).toEqual(['one', 'last words', 'restarted, lost 0', 'born again']);
  });
  it('reads an instance that came and went unseen, and says how many it could not', () => {
    const { tail, opened, lines } = rig();
    tail.update({ instance: 'a', running: true, restarts: 0 });
    opened[0]!.on.data('stdout', `${t(1)} one\n`);
    tail.update({ instance: 'd', running: true, restarts: 3 });
    opened[0]!.on.end({});
    expect(opened[1]!.request).toMatchObject({ previous: true });
    opened[1]!.on.data('stdout', `${t(4)} of the third\n`);
    opened[1]!.on.end({});
    opened[2]!.on.data('stdout', `${t(5)} of the fourth\n`);
    expect(lines).toEqual(['one', 'of the third', 'restarted, lost 1', 'of the fourth']);
  });
  it('cuts a line of a million characters into pieces, and loses none', () => {
    const { tail, opened, lines } = rig();
    tail.update({ instance: 'a', running: true });
    const text = 'x'.repeat(1_000_000);
    for (const piece of `${t(1)} ${text}\n${t(2)} next\n`.match(/[^]{1,65536}/g)!) opened[0]!.on.data('stdout', piece);
    expect(lines.at(-1)).toBe('next');
    expect(lines.slice(0, -1).join('')).toBe(text);
    expect(lines.length).toBeGreaterThan(4);
  });
  it('opens nothing while the pods are not known, and at once when they are', () => {
    const { tail, opened, gate } = rig();
    gate.open = false;
    tail.update({ instance: 'a', running: true });
    expect(opened).toHaveLength(0);
    gate.open = true;
    tail.update({ instance: 'a', running: true });
    expect(opened).toHaveLength(1);
    expect(tail.resting).toBe(false);
  });
});
