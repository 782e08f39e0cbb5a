// A relay process as a connection: what it is given goes to its stdin, what the far side says comes from its stdout.
import type { ChildProcess } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';

/**
 * Reading ends when all the output is read, even where the process ended long before: that its input closed first is no error, and
 * what is written after that is for nobody. Destroying it kills the process.
 */
export function relayStream(child: ChildProcess & { stdin: Writable; stdout: Readable }): Duplex {
  const { stdin, stdout } = child;
  const stream = new Duplex({
    allowHalfOpen: true,
    read() { stdout.resume(); },
    write(chunk: Buffer, _encoding, done) { if (stdin.writable) stdin.write(chunk, () => done()); else done(); },
    final(done) { if (stdin.writable) stdin.end(() => done()); else done(); },
    destroy(error, done) {
      child.kill('SIGKILL');
      stdin.destroy();
      stdout.destroy();
      done(error);
    },
  });
  stdin.on('error', () => { /* the far side closed: reading ends too */ });
  stdout.on('data', (b: Buffer) => { if (!stream.push(b)) stdout.pause(); });
  stdout.on('end', () => stream.push(null));
  stdout.on('error', e => stream.destroy(e));
  stdout.pause();
  return stream;
}
