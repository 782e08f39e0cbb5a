import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { relayStream } from './relay.ts';

const start = (script: string) => spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });

describe('a relay process', () => {
  it('gives all it said, also when it ended before anybody read, and takes what comes too late', async () => {
    const child = start('head -c 60000 /dev/zero');
    const stream = relayStream(child as Parameters<typeof relayStream>[0]);
    await once(child, 'exit');
    stream.write('too late');
    expect((await buffer(stream)).length).toBe(60_000);
    stream.end();
    await once(stream, 'close');
    expect(stream.errored).toBeNull();
  });
  it('ends half by half, and is killed with the stream', async () => {
    const s = relayStream(start('cat; echo over') as Parameters<typeof relayStream>[0]);
    s.end('in ');
    expect(await text(s)).toBe('in over\n');
    const child = start('cat');
    const other = relayStream(child as Parameters<typeof relayStream>[0]);
    other.write('x');
    await once(other, 'data');
    other.destroy();
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
  });
});
