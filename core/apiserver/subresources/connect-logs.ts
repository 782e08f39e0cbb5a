// pods/log over a WebSocket, for clients that can do no other: the same bytes as messages, one way.
import type { IncomingMessage } from 'node:http';
import { request, type Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ApiError, badRequest, failure } from '../../api/meta/status.ts';
import { acceptWebSocket, offeredWebSocketProtocols, upgradeOf } from '../../base/streams/upgrade.ts';
import { failed, tlsOptions, type Target } from './connect-forward.ts';

const BASE64 = 'base64.binary.k8s.io', PROTOCOLS = ['', 'binary.k8s.io', BASE64];

/** Resolves when all is said or the client has left. Throws ApiError before anything was upgraded; `target` undefined is a container that has said nothing. */
export async function webSocketLogs(req: IncomingMessage, socket: Duplex, head: Buffer, target: Target | undefined, agent: Agent, begun?: () => void): Promise<void> {
  if (upgradeOf(req) !== 'websocket') throw badRequest('logs are read with a plain request or over a WebSocket');
  const offered = offeredWebSocketProtocols(req), protocol = offered.length === 0 ? '' : PROTOCOLS.find(p => offered.includes(p));
  if (protocol === undefined) throw badRequest(`unable to upgrade: none of the protocols [${offered.join(' ')}] is supported`);
  const answer = target && await ask(target, agent);
  begun?.();
  const ws = await acceptWebSocket(req, socket, head, protocol);
  ws.on('error', () => { /* close follows */ });
  ws.once('close', () => { answer?.destroy(); });
  ws.resume();
  const send = (chunk: Buffer): Promise<boolean> => new Promise(resolve => {
    if (protocol === BASE64) ws.send(chunk.toString('base64'), e => { resolve(!e); }); else ws.send(chunk, { binary: true }, e => { resolve(!e); });
  });
  // An empty message says that it has begun.
  let open = await send(Buffer.alloc(0));
  try { if (answer) for await (const chunk of answer) { if (!open) break; open = await send(chunk as Buffer); } } catch { /* the node or the client is gone: the end says so */ }
  await new Promise<void>(resolve => { if (ws.readyState === ws.CLOSED) { resolve(); return; } ws.once('close', () => { resolve(); }); ws.close(1000); });
}

async function ask(t: Target, agent: Agent): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => { request({ host: t.host, port: t.port, path: t.path, agent, ...tlsOptions(t) }, resolve).once('error', reject).end(); }).catch((e: unknown) => { throw failed(t, e); });
  if (answer.statusCode === 200) return answer;
  const said = await text(answer);
  let status: unknown;
  try { status = JSON.parse(said); } catch { /* not ours: its text will do */ }
  throw status && typeof status === 'object' && 'kind' in status ? new ApiError(status as ConstructorParameters<typeof ApiError>[0]) : failure(answer.statusCode ?? 502, 'InternalError', said.trim());
}
