// Server side of exec and attach, whichever protocol carries it: one session object with the streams the client asked for.
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { badRequest, failure, statusOf, type Status } from '../../api/meta/status.ts';
import type { Clock } from '../clock.ts';
import { CHANNEL_PROTOCOLS, ChannelSocket } from './channels.ts';
import { ObjectReader } from './object-reader.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';
import { acceptSpdy, acceptWebSocket, chooseSpdyProtocol, offeredWebSocketProtocols, refuseSpdyProtocol, refuseUpgrade, upgradeOf } from './upgrade.ts';

export interface Wanted { stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean }

export interface RemoteCommand {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** `set` gets the terminal's sizes, also one that came before. */
  onResize(set: (width: number, height: number) => void): void;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Ends the outputs, tells the outcome and closes. */
  finish(outcome: Status): Promise<void>;
}

const SPDY_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const STREAMS_MS = 30_000;
/** How long a SPDY client has to hang up by itself after the outcome: too short loses output under load, too long keeps those waiting who expect the server to close. */
const HANG_UP_MS = 1000;

/** The outcome of a command, as the error channel carries it. */
export function exitStatus(code: number): Status {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return { metadata: {}, status: 'Failure', message: `command terminated with non-zero exit code: exit status ${code}`, reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: String(code) }] } };
}
/** The outcome of a command that could not be run to its end. */
export const failedStatus = (error: unknown): Status => ({ ...statusOf(error), metadata: {} });

/** Upgrades and gathers the streams; undefined when the request was refused (it has been answered). */
export async function acceptRemoteCommand(req: IncomingMessage, socket: Duplex, head: Buffer, wanted: Wanted, clock: Clock): Promise<RemoteCommand | undefined> {
  const w: Wanted = { ...wanted, stderr: wanted.stderr && !wanted.tty };
  if (!w.stdin && !w.stdout && !w.stderr) { refuseUpgrade(socket, badRequest('you must specify at least 1 of stdin, stdout, stderr').status); return undefined; }
  if (upgradeOf(req) === 'websocket') return overWebSocket(req, socket, head, w, clock);
  if (upgradeOf(req) === 'spdy') return overSpdy(req, socket, head, w, clock);
  refuseUpgrade(socket, badRequest('Upgrade request required').status);
  return undefined;
}

async function overWebSocket(req: IncomingMessage, socket: Duplex, head: Buffer, w: Wanted, clock: Clock): Promise<RemoteCommand | undefined> {
  const offered = offeredWebSocketProtocols(req);
  const protocol = offered.length === 0 ? '' : CHANNEL_PROTOCOLS.find(p => offered.includes(p));
  if (protocol === undefined) { refuseUpgrade(socket, badRequest(`unable to upgrade: none of the protocols [${offered.join(' ')}] is supported`).status); return undefined; }
  const channels = new ChannelSocket(await acceptWebSocket(req, socket, head, protocol), protocol, clock);
  const stdin = channels.reader(0);
  const sizes = new Sizes(channels.reader(4));
  const gone = new AbortController();
  void channels.closed.then(() => gone.abort());
  const stdout = w.stdout ? channels.writer(1) : undefined;
  const stderr = w.stderr ? channels.writer(2) : undefined;
  // Without interest in stdin what comes is thrown away, so that it never fills up.
  if (!w.stdin) stdin.resume();
  return {
    stdin: w.stdin ? stdin : undefined, stdout, stderr, signal: gone.signal,
    onResize: set => sizes.onChange(set),
    async finish(outcome) {
      await ended(stdout, stderr);
      const text = errorText(outcome, /^v[45]\./.test(protocol));
      if (text !== undefined) channels.send(3, Buffer.from(text));
      channels.close();
      await channels.closed;
    },
  };
}

async function overSpdy(req: IncomingMessage, socket: Duplex, head: Buffer, w: Wanted, clock: Clock): Promise<RemoteCommand | undefined> {
  // A client that names no version speaks the first one.
  const named = req.headers['x-stream-protocol-version'] !== undefined;
  const protocol = named ? chooseSpdyProtocol(req, SPDY_PROTOCOLS) : 'channel.k8s.io';
  if (protocol === undefined) { refuseSpdyProtocol(socket, req, SPDY_PROTOCOLS, failure(403, 'Forbidden', '').status); return undefined; }
  const resizable = w.tty && /^v[345]\./.test(protocol);
  const expected = new Set(['error', ...(w.stdin ? ['stdin'] : []), ...(w.stdout ? ['stdout'] : []), ...(w.stderr ? ['stderr'] : []), ...(resizable ? ['resize'] : [])]);
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<boolean>();
  acceptSpdy(socket, protocol);
  const connection = new SpdyConnection(socket, {
    side: 'server', head,
    onStream(s) {
      const type = s.headers.get('streamtype') ?? '';
      if (!expected.has(type) || streams.has(type)) { s.destroy(); return; }
      s.reply();
      streams.set(type, s);
      if (streams.size === expected.size) complete.resolve(true);
    },
  });
  const gone = new AbortController();
  const over = (): void => {
    complete.resolve(false);
    gone.abort();
  };
  void connection.closed.then(over);
  const timer = clock.after(STREAMS_MS, () => complete.resolve(false));
  const all = await complete.promise;
  timer.cancel();
  if (!all) { connection.close(); return undefined; }

  const get = (type: string): SpdyStream | undefined => streams.get(type);
  // Ends of the client's side of outputs (and the error stream) are of no interest, but have to be read to be seen.
  for (const type of ['error', 'stdout', 'stderr']) get(type)?.resume();
  const sizes = new Sizes(get('resize'));
  return {
    stdin: get('stdin'), stdout: get('stdout'), stderr: get('stderr'), signal: gone.signal,
    onResize: set => sizes.onChange(set),
    async finish(outcome) {
      await ended(get('stdout'), get('stderr'));
      const text = errorText(outcome, /^v[45]\./.test(protocol));
      get('error')?.end(text);
      await ended(get('error'));
      // Go's client throws away what it has read but not handed on yet when a goodbye comes, and hangs up by itself once it has seen every end.
      const patience = clock.after(HANG_UP_MS, () => connection.close());
      await connection.closed;
      patience.cancel();
    },
  };
}

/** Before v4 the error channel carries text, and only when something went wrong. */
function errorText(outcome: Status, json: boolean): string | undefined {
  if (json) return JSON.stringify(outcome);
  return outcome.status === 'Success' ? undefined : outcome.message;
}

/** Ends streams and waits until everything is out; a broken one is over as well. */
async function ended(...streams: (Writable | undefined)[]): Promise<void> {
  await Promise.all(streams.map(async s => {
    if (!s) return;
    if (!s.writableEnded) s.end();
    await finished(s, { readable: false }).catch(() => undefined);
  }));
}

/** The value of a key however its letters are written: Kubernetes reads sizes so, and the JavaScript client writes them small. */
const field = (o: unknown, name: string): unknown => Object.entries(o ?? {}).find(([k]) => k.toLowerCase() === name)?.[1];

/** Terminal sizes from a stream of JSON objects `{"Width":80,"Height":24}`. */
class Sizes {
  #last: { width: number; height: number } | undefined;
  #set: ((width: number, height: number) => void) | undefined;
  constructor(source: Readable | undefined) {
    const objects = new ObjectReader();
    source?.on('data', (b: Buffer) => {
      for (const value of objects.push(b)) {
        const width = field(value, 'width'), height = field(value, 'height');
        if (typeof width !== 'number' || typeof height !== 'number') continue;
        this.#last = { width, height };
        this.#set?.(width, height);
      }
    });
  }
  onChange(set: (width: number, height: number) => void): void {
    this.#set = set;
    if (this.#last) set(this.#last.width, this.#last.height);
  }
}
