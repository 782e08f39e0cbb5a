// Exec and attach as frames. Reading from the server pauses while the window has no credit; Ctrl-C still goes through at once.
import type { ToHost, ToWindow } from '../contract/frames.ts';
import { Credit } from './flow.ts';
import type { Stream } from './logs.ts';
import type { TerminalSession, Upstream } from './seam.ts';
import { wireErrorOf } from './wire-error.ts';

type TerminalFrame = Extract<ToHost, { t: 'terminal' }>;

/** Starts the session; input that arrives before it stands is kept. Ends with one `end` frame unless closed before. */
export function openTerminal(frame: TerminalFrame, upstream: () => Promise<Upstream>, send: (f: ToWindow) => void): Stream {
  const stop = new AbortController();
  const credit = new Credit();
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let session: TerminalSession | undefined;
  let early: ((s: TerminalSession) => void)[] = [];
  let over = false;
  const act = (fn: (s: TerminalSession) => void): void => { if (session) fn(session); else early.push(fn); };
  const end = (result: { exit?: number; error?: unknown }): void => {
    if (over) return;
    over = true;
    send({ t: 'end', id: frame.id, ...(result.exit === undefined ? {} : { exit: result.exit }), ...(result.error === undefined ? {} : { error: wireErrorOf(result.error) }) });
  };
  const start = async (): Promise<void> => {
    try {
      const link = await upstream();
      const opened = await link.terminal({
        namespace: frame.namespace, pod: frame.pod, container: frame.container, mode: frame.mode,
        command: frame.command ?? [], tty: frame.tty, stdin: frame.stdin,
      }, {
        data(stream, bytes) {
          const data = decoders[stream].decode(bytes, { stream: true });
          if (over || data === '') return;
          credit.spend(data.length);
          send({ t: 'data', id: frame.id, stream, data });
          if (!credit.exhausted) return;
          act(s => s.pause());
          void credit.available(stop.signal).then(() => act(s => s.resume()));
        },
        end,
      }, stop.signal);
      if (stop.signal.aborted) { opened.close(); return; }
      session = opened;
      if (frame.tty) session.resize(frame.cols, frame.rows);
      for (const fn of early) fn(session);
      early = [];
    } catch (error) {
      if (!stop.signal.aborted) end({ error });
    }
  };
  void start();
  return {
    ack: chars => credit.earn(chars),
    input: data => act(s => s.write(data)),
    eof: () => act(s => s.closeInput()),
    resize: (cols, rows) => act(s => s.resize(cols, rows)),
    close: () => { over = true; stop.abort(); session?.close(); },
  };
}
