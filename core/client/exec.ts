// Commands in containers and attaching to their main process, over WebSocket: no kubectl, no local shell.
import { PassThrough, Readable, Writable } from 'node:stream';
import { ApiError, type Status } from '../api/meta/status.ts';
import { ChannelSocket } from '../base/streams/channels.ts';
import { openWebSocket } from './open-websocket.ts';
import type { HttpTransportOptions } from './transport-http.ts';

export interface ExecRequest {
  namespace: string; pod: string; container?: string;
  /** Left out: attach to what runs. */
  command?: readonly string[];
  stdin?: boolean; tty?: boolean;
  signal?: AbortSignal;
}

export interface ExecSession {
  /** Ending it is the command's end of input (servers before v5 cannot be told). Without `stdin` it swallows what it gets. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Ends at once with a terminal: it writes everything to stdout. */
  readonly stderr: Readable;
  /** Characters. */
  resize(width: number, height: number): void;
  /** The exit code, when the command has ended and its output is in. Rejects with ApiError when it could not run, with Error when the connection broke. */
  readonly exit: Promise<number>;
  close(): void;
}

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const STDIN = 0, STDOUT = 1, STDERR = 2, ERROR = 3, RESIZE = 4;

/** Resolves when the command has been accepted; rejects with the server's ApiError. */
export function exec(o: HttpTransportOptions, r: ExecRequest): Promise<ExecSession> {
  const attach = r.command === undefined;
  const path = `/api/v1/namespaces/${encodeURIComponent(r.namespace)}/pods/${encodeURIComponent(r.pod)}/${attach ? 'attach' : 'exec'}`;
  const query = { container: r.container, command: r.command, stdin: r.stdin ? 'true' : undefined, stdout: 'true', stderr: r.tty ? undefined : 'true', tty: r.tty ? 'true' : undefined };
  return openWebSocket(o, path, query, PROTOCOLS, (ws, protocol) => {
    const channels = new ChannelSocket(ws, protocol);
    const stdout = channels.reader(STDOUT);
    const stderr = channels.reader(STDERR);
    const outcome = channels.reader(ERROR);
    const abort = (): void => channels.terminate();
    r.signal?.addEventListener('abort', abort, { once: true });
    if (r.signal?.aborted) abort();
    const exit = readOutcome(outcome, channels).finally(() => r.signal?.removeEventListener('abort', abort));
    // Callers that only close do not ask how it ended.
    exit.catch(() => undefined);
    return {
      stdin: r.stdin ? channels.writer(STDIN, true) : new PassThrough().resume(), stdout, stderr, exit,
      resize: (width, height) => channels.send(RESIZE, Buffer.from(JSON.stringify({ Width: width, Height: height }))),
      close: () => channels.close(),
    };
  });
}

async function readOutcome(outcome: Readable, channels: ChannelSocket): Promise<number> {
  let text = '';
  for await (const b of outcome) text += String(b);
  const { code } = await channels.closed;
  if (text === '') throw new Error(`the connection was closed before the command ended (${code})`);
  let status: Status;
  try { status = JSON.parse(text) as Status; } catch { throw new Error(text.trim()); }
  if (status.status === 'Success') return 0;
  const exitCode = status.details?.causes?.find(c => c.reason === 'ExitCode')?.message;
  if (status.reason === 'NonZeroExitCode' && exitCode !== undefined) return Number(exitCode);
  throw new ApiError({ ...status, code: status.code ?? 500 });
}
