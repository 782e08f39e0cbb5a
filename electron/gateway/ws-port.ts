// A WebSocket as a FramePort: one JSON text message per frame.
import type { WebSocket } from 'ws';
import type { Log } from '../../core/base/log.ts';
import type { FramePort } from '../contract/frames.ts';

/** Bytes that may wait in the socket; a window this far behind is gone or hopeless, and is closed so that memory stays bounded. */
const MAX_BUFFERED = 256 * 1024 * 1024;

export function wsPort(socket: WebSocket, log: Log): FramePort {
  const closers: ((why: string) => void)[] = [];
  let closed = false;
  const over = (why: string): void => {
    if (closed) return;
    closed = true;
    for (const c of closers) c(why);
  };
  socket.on('close', (code, reason) => over(reason.toString() || `closed (${code})`));
  socket.on('error', error => { log.debug('window connection', { error }); over(error.message); });
  return {
    send(frame) {
      if (closed || socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > MAX_BUFFERED) { log.warn('window does not keep up; closing it'); socket.close(1013, 'too far behind'); return; }
      socket.send(JSON.stringify(frame));
    },
    onFrame(listener) {
      socket.on('message', (data, binary) => {
        if (binary) { socket.close(1003, 'text frames only'); return; }
        let frame: unknown;
        try { frame = JSON.parse(String(data)); } catch { socket.close(1007, 'not JSON'); return; }
        listener(frame);
      });
    },
    onClose(listener) { closers.push(listener); },
    close() { socket.close(1000, 'closed by host'); },
  };
}
