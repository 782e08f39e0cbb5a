// Raw requests to an API server, as a hostile or clumsy client would send them: nothing is corrected on the way.
import { request, type Agent } from 'node:https';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Credentials { server: string; ca: string; cert: string; key: string }
export interface Answer { status: number; headers: Record<string, string | string[] | undefined>; body: string }

/** The credentials of a kubeconfig that `pilothouse up` wrote. */
export function credentials(kubeconfig: string): Credentials {
  const k = parse(readFileSync(kubeconfig, 'utf8')) as { clusters: { cluster: Record<string, string> }[]; users: { user: Record<string, string> }[] };
  const text = (b64: string | undefined): string => Buffer.from(b64 ?? '', 'base64').toString('utf8');
  const c = k.clusters[0]!.cluster, u = k.users[0]!.user;
  return { server: c['server']!, ca: text(c['certificate-authority-data']), cert: text(u['client-certificate-data']), key: text(u['client-key-data']) };
}

/** Sends exactly this path (no normalisation) and body; resolves with whatever comes back. */
export function send(c: Credentials, method: string, path: string, o: { body?: string | Buffer; headers?: Record<string, string>; anonymous?: boolean; agent?: Agent } = {}): Promise<Answer> {
  const { hostname, port } = new URL(c.server);
  return new Promise((resolve, reject) => {
    const req = request({
      host: hostname, port, method, path, ca: c.ca, ...(o.anonymous ? {} : { cert: c.cert, key: c.key }), agent: o.agent ?? false, timeout: 10_000,
      headers: { ...(o.body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(o.body)) }), ...o.headers },
    }, res => {
      const parts: Buffer[] = [];
      res.on('data', (d: Buffer) => parts.push(d));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts).toString('utf8') }));
      res.on('error', reject);
    });
    req.on('timeout', () => req.destroy(new Error(`no answer in 10 s to ${method} ${path.slice(0, 100)}`)));
    req.on('error', reject);
    req.end(o.body);
  });
}
