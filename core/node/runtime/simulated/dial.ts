// The other end of a port of a simulated pod: a small HTTP answer, so that port-forward, probes and proxies have something to talk to.
import { duplexPair, type Duplex } from 'node:stream';

/** Answers each HTTP/1.1 request with 200 and one line saying who answers. Anything that is no HTTP is read and ignored. */
export function simulatedPort(hostname: string, image: string, port: number): Duplex {
  const [near, far] = duplexPair();
  let seen = '';
  far.on('data', (chunk: Buffer) => {
    seen += chunk.toString('latin1');
    for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
      const head = seen.slice(0, end);
      const length = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
      if (seen.length < end + 4 + length) return;
      seen = seen.slice(end + 4 + length);
      const close = /^connection:\s*close/im.test(head);
      const body = head.startsWith('HEAD ') ? '' : `${hostname}: ${image} on port ${port} (simulated)\n`;
      far.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${close ? 'Connection: close\r\n' : ''}\r\n${body}`);
      if (close) { far.end(); return; }
    }
    if (seen.length > 65_536) seen = '';
  });
  far.on('end', () => far.end());
  far.on('error', () => far.destroy());
  return near;
}
