// Server side of port-forward: pairs of streams (data, error) per connection, over SPDY, over SPDY inside a WebSocket, or over the
// channels of the older WebSocket protocol.
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { badRequest, failure } from '../../api/meta/status.ts';
import { systemClock, type Timer } from '../clock.ts';
import { ChannelSocket } from './channels.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';
import { acceptSpdy, acceptWebSocket, chooseSpdyProtocol, offeredWebSocketProtocols, refuseSpdyProtocol, refuseUpgrade, upgradeOf } from './upgrade.ts';
import { websocketDuplex } from './websocket-duplex.ts';
import { goWords } from '../go-words.ts';

const PROTOCOL = 'portforward.k8s.io';
const TUNNEL = `SPDY/3.1+${PROTOCOL}`;
const LEGACY = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];
/** A pair whose other half does not come is given up, as the kubelet does. */
const PAIR_MS = 30_000;

export interface Forwarding {
  /** Opens one connection to a port of the pod; its failure is told to the client in words. */
  dial(port: number): Promise<Duplex>;
  /** Part of error texts: `pod` as `<name>_<namespace>` or its uid. */
  podName: string;
}

/** Serves until the client leaves. Refused requests have been answered when it resolves. */
export async function servePortForward(req: IncomingMessage, socket: Duplex, head: Buffer, f: Forwarding): Promise<void> {
  if (upgradeOf(req) === 'spdy') {
    const protocol = chooseSpdyProtocol(req, [PROTOCOL]);
    if (protocol === undefined) { refuseSpdyProtocol(socket, req, [PROTOCOL], failure(403, 'Forbidden', '').status); return; }
    acceptSpdy(socket, protocol);
    await servePairs(socket, head, f);
    return;
  }
  if (upgradeOf(req) !== 'websocket') { refuseUpgrade(socket, badRequest('Upgrade request required').status); return; }
  const offered = offeredWebSocketProtocols(req);
  if (offered.includes(TUNNEL)) {
    await servePairs(websocketDuplex(await acceptWebSocket(req, socket, head, TUNNEL)), undefined, f);
    return;
  }
  const protocol = offered.length === 0 ? LEGACY[0] : LEGACY.find(p => offered.includes(p));
  const ports = new URL(req.url ?? '/', 'http://x').searchParams.getAll('ports').flatMap(p => p.split(',')).map(Number);
  if (protocol === undefined) { refuseUpgrade(socket, badRequest(`unable to upgrade: none of the protocols [${offered.join(' ')}] is supported`).status); return; }
  const bad = ports.length === 0 ? 'query parameter "port" is required' : ports.some(p => !validPort(p)) ? 'query parameter "port" must be between 1 and 65535' : undefined;
  if (bad !== undefined) { refuseUpgrade(socket, badRequest(bad).status); return; }
  await serveChannels(new ChannelSocket(await acceptWebSocket(req, socket, head, offered.length === 0 ? '' : protocol), protocol), ports, f);
}

const validPort = (p: number): boolean => Number.isInteger(p) && p > 0 && p <= 65535;

interface Pair { data?: SpdyStream; error?: SpdyStream; timer: Timer }

function servePairs(socket: Duplex, head: Buffer | undefined, f: Forwarding): Promise<void> {
  const pairs = new Map<string, Pair>();
  const connection = new SpdyConnection(socket, {
    side: 'server', head,
    onStream(s) {
      const type = s.headers.get('streamtype');
      const port = Number(s.headers.get('port'));
      if ((type !== 'data' && type !== 'error') || !validPort(port)) { s.destroy(); return; }
      s.reply();
      // Clients before request ids open the error stream first and the data stream right after it.
      const id = s.headers.get('requestid') ?? `old-${type === 'error' ? s.id : s.id - 2}`;
      let pair = pairs.get(id);
      if (!pair) {
        const waiting: Pair = { timer: systemClock.after(PAIR_MS, () => { pairs.delete(id); waiting.data?.destroy(); waiting.error?.destroy(); }) };
        pairs.set(id, pair = waiting);
      }
      if (pair[type]) { s.destroy(); return; }
      pair[type] = s;
      if (!pair.data || !pair.error) return;
      pair.timer.cancel();
      pairs.delete(id);
      void forward(pair.data, pair.error, port, f);
    },
  });
  return connection.closed.finally(() => { for (const p of pairs.values()) p.timer.cancel(); });
}

/** One connection: both directions on their own, so that each end can close first. Never rejects. */
async function forward(data: SpdyStream, error: SpdyStream, port: number, f: Forwarding): Promise<void> {
  error.resume();
  let words: string | undefined;
  try {
    await copy(data, await f.dial(port));
  } catch (e) {
    words = failed(f, port, e);
  }
  if (!error.destroyed) error.end(words);
  if (!data.destroyed && !data.writableEnded) data.end();
  // The client may keep its half open for ever: what it still sends is for nobody.
  data.resume();
}

/** What the error stream says, in a container runtime's own words where nobody listens: clients look for `connection refused`. */
function failed(f: Forwarding, port: number, e: unknown): string {
  const refused = (e as { code?: string }).code === 'ECONNREFUSED';
  return `error forwarding port ${port} to pod ${f.podName}: ${refused ? `failed to connect to localhost:${port}: ` : ''}${e instanceof Error ? goWords(e, `127.0.0.1:${port}`) : String(e)}`;
}

/** Resolves when the far side has nothing more to say, or the client is gone. Rejects with what was wrong with the far side. */
async function copy(client: Duplex, target: Duplex): Promise<void> {
  const gone = (): void => { target.destroy(); };
  let wrong: Error | undefined;
  client.once('close', gone);
  // Whatever befalls it once the client is gone (a connection that was hung up on in the middle) is no failure of the pod.
  target.once('error', e => { if (!client.destroyed) wrong = e; });
  client.pipe(target);
  try {
    await pipeline(target, client);
  } catch {
    if (wrong) throw wrong;
  } finally {
    client.unpipe(target);
    client.off('close', gone);
    target.destroy();
  }
}

/** Channels 2i carry data of port i, 2i+1 its errors; the first two bytes of each are the port, little endian. */
async function serveChannels(channels: ChannelSocket, ports: readonly number[], f: Forwarding): Promise<void> {
  const inputs = ports.map((_, i) => channels.reader(2 * i));
  const targets: Duplex[] = [];
  await Promise.all(ports.map(async (port, i) => {
    const mark = Buffer.alloc(2);
    mark.writeUInt16LE(port);
    channels.send(2 * i, mark);
    channels.send(2 * i + 1, mark);
    try {
      const target = await f.dial(port);
      targets.push(target);
      target.on('error', e => channels.send(2 * i + 1, Buffer.from(failed(f, port, e))));
      inputs[i]!.pipe(target);
      target.pipe(channels.writer(2 * i));
    } catch (e) {
      inputs[i]!.resume();
      channels.send(2 * i + 1, Buffer.from(failed(f, port, e)));
    }
  }));
  await channels.closed;
  for (const t of targets) t.destroy();
}
