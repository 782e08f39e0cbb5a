// One plain request to an aggregated server.
import { request } from 'node:https';
import { tlsOptions, type Target } from '../subresources/connect-forward.ts';

export interface Reply { readonly status: number; readonly contentType: string; readonly body: Buffer }

const TIMEOUT_MS = 5000, MAX = 64 << 20;

/** What is sent beside a GET without a body. */
export interface Sent { readonly method: string; readonly body?: string | undefined; readonly contentType?: string | undefined }

/** Resolves with whatever it answers; rejects when it does not within 5 s, or with more than 64 MiB. */
export function ask(t: Target, accept: string, { method, body, contentType }: Sent = { method: 'GET' }): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { ...t.front?.headers, accept, ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }) };
    const req = request({ host: t.host, port: t.port, path: t.path, method, agent: false, timeout: TIMEOUT_MS, headers, ...tlsOptions(t) }, res => {
      const parts: Buffer[] = [];
      let size = 0;
      res.on('data', (b: Buffer) => { size += b.length; parts.push(b); if (size > MAX) req.destroy(new Error('the answer is too large')); });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, contentType: res.headers['content-type'] ?? '', body: Buffer.concat(parts) }));
      res.on('error', reject);
    });
    req.on('timeout', () => req.destroy(new Error('net/http: request canceled (Client.Timeout exceeded while awaiting headers)')));
    req.on('error', reject);
    req.end(body);
  });
}
