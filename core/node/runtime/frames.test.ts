import { expect, it } from 'vitest';
import { FrameReader } from './frames.ts';

const frame = (type: number, header: number, text: string): Buffer => { const h = Buffer.alloc(header); h[0] = type; h.writeUInt32BE(text.length, header - 4); return Buffer.concat([h, Buffer.from(text)]); };

it.each([5, 8])('cuts frames with headers of %i bytes wherever the stream is cut', header => {
  const bytes = Buffer.concat([frame(1, header, 'hello'), frame(4, header, ''), frame(2, header, 'x'.repeat(300))]);
  for (const step of [1, 3, header, 7, 100, bytes.length]) {
    const reader = new FrameReader(header);
    const frames = [];
    for (let at = 0; at < bytes.length; at += step) frames.push(...reader.push(bytes.subarray(at, at + step)));
    expect(frames.map(f => [f.type, f.payload.toString()])).toEqual([[1, 'hello'], [4, ''], [2, 'x'.repeat(300)]]);
  }
});
