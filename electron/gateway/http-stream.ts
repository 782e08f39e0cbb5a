// A GET read as it is wanted: pod logs. Back-pressure is the socket's own.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type Agent } from 'node:https';
import type { IncomingMessage } from 'node:http';

export interface HttpAddress {
  /** `https://127.0.0.1:6443`, with a path prefix where the server has one. */
  server: string;
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  agent?: Agent;
  rejectUnauthorized?: boolean;
}

/** Yields the body; throws an Error carrying `status` (Kubernetes' own, or made from the HTTP answer) when the server refuses. */
export async function* httpStream(a: HttpAddress, path: string, query: Readonly<Record<string, string | undefined>>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const url = new URL(a.server.replace(/\/$/, '') + path);
  for (const [k, v] of Object.entries(query)) if (v !== undefined) url.searchParams.set(k, v);
  const response = await new Promise<IncomingMessage>((done, fail) => {
    const headers = { accept: '*/*', ...(a.token ? { authorization: `Bearer ${a.token}` } : {}) };
    const req = url.protocol === 'http:'
      ? httpRequest(url, { headers, signal }, done)
      : httpsRequest(url, { headers, signal, ca: a.ca, cert: a.cert, key: a.key, agent: a.agent, rejectUnauthorized: a.rejectUnauthorized }, done);
    req.on('error', fail);
    req.end();
  });
  if ((response.statusCode ?? 500) >= 300) throw await refusal(response);
  for await (const chunk of response) yield chunk as Uint8Array;
}

async function refusal(response: IncomingMessage): Promise<Error> {
  const parts: Buffer[] = [];
  for await (const chunk of response) {
    parts.push(chunk as Buffer);
    if (parts.length > 64) break;
  }
  const body = Buffer.concat(parts).toString('utf8');
  const code = response.statusCode ?? 500;
  let status: Record<string, unknown> = { code, reason: response.statusMessage ?? '', message: body.slice(0, 2000) || `HTTP ${code}` };
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && (parsed as { kind?: unknown }).kind === 'Status') status = { code, ...parsed };
  } catch { /* not a Status: the text itself is the message */ }
  return Object.assign(new Error(String(status.message)), { status });
}
