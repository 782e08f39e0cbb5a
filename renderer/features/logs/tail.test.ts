import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamHandlers, StreamRequest } from '../../gateway/connection.ts';
import { Tail, type TailState } from './tail.ts';

const t = (s: number, n = 0): string => `2026-01-01T00:00:${String(s).padStart(2, '0')}.${String(n).padStart(9, '0')}Z`;

function rig(options = { previous: false, tailLines: 10 }) {
  const opened: { request: StreamRequest; on: StreamHandlers }[] = [];
  const lines: string[] = [];
  const states: TailState[] = [];
  const tail = new Tail({ stream: (request, on) => { opened.push({ request, on }); return { ack: () => undefined, input: () => undefined, eof: () => undefined, resize: () => undefined, close: () => undefined }; } },
    { cluster: 'c', namespace: 'n', pod: 'p', container: 'main' }, options, { line: (_at, _key, text) => lines.push(text), state: s => states.push(s) });
  return { tail, opened, lines, states };
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
    expect(opened[1]!.request).toMatchObject({ sinceTime: '2026-01-01T00:00:02Z' });
    opened[1]!.on.data('stdout', `${t(2)} two\n${t(2, 5)} same\n${t(2, 5)} same\n${t(2, 5)} third\n${t(3)} three\n`);
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
    expect(lines).toEqual(['one', 'again']);
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
});
