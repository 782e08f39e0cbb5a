import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { notFoundError, type ApiError } from '../api/meta/status.ts';
import { connectionOf, loadKubeconfig } from './kubeconfig.ts';
import { LineSplitter } from './line-splitter.ts';
import { HttpTransport } from './transport-http.ts';

let server: Server | undefined;
afterEach(() => { server?.closeAllConnections(); server?.close(); });
async function serve(handle: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  server = createServer(handle);
  await new Promise<void>(resolve => { server!.listen(0, '127.0.0.1', resolve); });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const body = async (m: IncomingMessage): Promise<string> => { let s = ''; for await (const c of m) s += String(c); return s; };

describe('HttpTransport', () => {
  it('sends method, query, token and body below the prefix and returns JSON', async () => {
    const url = await serve((req, res) => {
      void body(req).then(text => { res.setHeader('Content-Type', 'application/json'); return res.end(JSON.stringify({ url: req.url, method: req.method, type: req.headers['content-type'], auth: req.headers.authorization, text })); });
    });
    const t = new HttpTransport({ server: `${url}/k8s/c-1/`, token: () => 'secret' });
    expect(await t.request({ method: 'PATCH', path: '/api/v1/pods', query: { a: ['1', '2'], b: undefined, c: 'x y' }, body: { z: 1 }, contentType: 'application/merge-patch+json' }))
      .toEqual({ url: '/k8s/c-1/api/v1/pods?a=1&a=2&c=x+y', method: 'PATCH', type: 'application/merge-patch+json', auth: 'Bearer secret', text: '{"z":1}' });
    t.close();
  });

  it('turns a Status into an ApiError, and plain text too', async () => {
    const status = notFoundError({ group: '', plural: 'pods' }, 'x').status;
    const url = await serve((req, res) => { if (req.url === '/a') { res.statusCode = 404; res.end(JSON.stringify(status)); } else { res.statusCode = 502; res.end('bad gateway'); } });
    const t = new HttpTransport({ server: url });
    const e = (await t.request({ method: 'GET', path: '/a' }).catch((x: unknown) => x)) as ApiError;
    expect(e.status).toEqual(status);
    await expect(t.request({ method: 'GET', path: '/b' })).rejects.toThrow('bad gateway');
    t.close();
  });

  it('waits and tries again when the server says when', async () => {
    let n = 0;
    const url = await serve((_req, res) => { if (n++ < 2) { res.statusCode = 429; res.setHeader('Retry-After', '0'); } res.end('ok'); });
    const t = new HttpTransport({ server: url });
    expect(await t.request({ method: 'GET', path: '/' })).toBe('ok');
    expect(n).toBe(3);
    t.close();
  });

  it('takes packed answers from other machines, and asks for none on this one', async () => {
    const url = await serve((req, res) => {
      res.setHeader('Content-Type', 'application/json');
      if (req.headers['accept-encoding'] !== 'gzip') { res.end('"plain"'); return; }
      res.setHeader('Content-Encoding', 'gzip');
      res.end(gzipSync('"packed"'));
    });
    for (const [host, expected] of [['127.0.0.1', 'plain'], ['0.0.0.0', 'packed']] as const) {
      const t = new HttpTransport({ server: url.replace('127.0.0.1', host) });
      expect(await t.request({ method: 'GET', path: '/' })).toBe(expected);
      t.close();
    }
  });

  it('reads a watch however it is cut into chunks, ends with the stream and on abort', async () => {
    const lines = Buffer.from([{ type: 'ADDED', object: { metadata: { name: 'é' } } }, { type: 'DELETED', object: { metadata: { name: 'b' } } }].map(e => `${JSON.stringify(e)}\n`).join(''));
    let hold = false;
    const url = await serve((_req, res) => {
      if (hold) { res.write(lines); return; }
      const step = (i: number): void => { if (i >= lines.length) { res.end(); return; } res.write(lines.subarray(i, i + 7), () => { setImmediate(step, i + 7); }); };
      step(0);
    });
    const t = new HttpTransport({ server: url });
    const seen: string[] = [];
    await t.watch('/api/v1/pods', { resourceVersion: '1' }, ev => { seen.push(...ev.map(e => `${e.type} ${e.object.metadata!.name}`)); }, new AbortController().signal);
    expect(seen).toEqual(['ADDED é', 'DELETED b']);
    hold = true;
    const stop = new AbortController();
    await t.watch('/api/v1/pods', {}, () => { stop.abort(); }, stop.signal);
    t.close();
  });

  it('rejects when the connection breaks in the middle of a watch, or the watch is refused', async () => {
    const url = await serve((req, res) => {
      if (req.url!.startsWith('/no')) { res.statusCode = 410; res.end(JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired', message: 'old' })); return; }
      res.write('{"type":"ADDED","object":{}}\n', () => { setImmediate(() => res.destroy()); });
    });
    const t = new HttpTransport({ server: url });
    await expect(t.watch('/x', {}, () => undefined, new AbortController().signal)).rejects.toThrow();
    await expect(t.watch('/no', {}, () => undefined, new AbortController().signal)).rejects.toMatchObject({ code: 410, reason: 'Expired' });
    t.close();
  });
});

describe('LineSplitter', () => {
  it('keeps a long line that comes in many pieces', () => {
    const s = new LineSplitter();
    expect(s.push(Buffer.from('ab'))).toEqual([]);
    expect(s.push(Buffer.from('c\n\nd\ne'))).toEqual(['abc', 'd']);
    expect(s.push(Buffer.from('f\n'))).toEqual(['ef']);
  });
});

describe('kubeconfig', () => {
  const text = `
apiVersion: v1
kind: Config
current-context: b
clusters:
- name: one
  cluster: { server: "https://1.2.3.4:6443", certificate-authority-data: ${Buffer.from('CA').toString('base64')} }
users:
- { name: me, user: { token: abc } }
- { name: plug, user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: get-token } } }
contexts:
- { name: b, context: { cluster: one, user: me, namespace: shop } }
- { name: c, context: { cluster: one, user: plug } }
- { name: d, context: { cluster: gone, user: me } }
`;
  it('resolves a context into a connection', () => {
    const k = loadKubeconfig(text);
    expect(k.contexts.map(c => `${c.name}:${c.namespace}`)).toEqual(['b:shop', 'c:default', 'd:default']);
    expect(connectionOf(k)).toMatchObject({ server: 'https://1.2.3.4:6443', ca: 'CA', token: 'abc', insecureSkipTlsVerify: false });
    expect(() => connectionOf(k, 'c')).toThrow('get-token');
    expect(() => connectionOf(k, 'd')).toThrow('cluster "gone" does not exist');
    expect(() => connectionOf(k, 'x')).toThrow('context "x" does not exist');
  });
  it('refuses text that is no kubeconfig', () => { expect(() => loadKubeconfig('- a')).toThrow('not a mapping'); });
});
