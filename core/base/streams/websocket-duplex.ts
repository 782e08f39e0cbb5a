// A WebSocket of binary messages as a byte stream, for protocols that bring their own framing (SPDY/3.1+portforward.k8s.io).
import { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

export const bytesOf = (data: RawData): Buffer => (Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data));

/** Ending it closes the WebSocket with 1000; a slow reader pauses it. */
export function websocketDuplex(ws: WebSocket): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() { ws.resume(); },
    write(chunk: Buffer, _encoding, done) { ws.send(chunk, { binary: true }, error => done(error ?? null)); },
    // A frame's head and its bytes are one message.
    writev(chunks, done) { ws.send(Buffer.concat(chunks.map(c => c.chunk as Buffer)), { binary: true }, error => done(error ?? null)); },
    final(done) { ws.close(1000); done(); },
    destroy(error, done) { if (ws.readyState <= 1) ws.terminate(); done(error); },
  });
  ws.on('message', (data: RawData) => { if (!duplex.push(bytesOf(data))) ws.pause(); });
  ws.on('error', error => duplex.destroy(error));
  ws.on('close', () => {
    if (duplex.readableEnded || duplex.destroyed) return;
    duplex.push(null);
    duplex.end();
  });
  return duplex;
}
