// From a client through the API server's connecting subresources to a node's server and back, over real TLS. The node's containers
// are processes of this machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer as createHttps, request as httpsRequest, type Server } from 'node:https';
import { connect as connectTcp, createServer as createTcp, type AddressInfo, type Server as TcpServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { badRequest, statusOf, type ApiError } from '../../api/meta/status.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { SpdyConnection } from '../../base/streams/spdy.ts';
import { Pki, type KeyPair } from '../../boot/pki.ts';
import { exec } from '../../client/exec.ts';
import { openPortForward } from '../../client/port-forward.ts';
import { HttpTransport, type HttpTransportOptions } from '../../client/transport-http.ts';
import type { NodeBackend } from '../../node/server/backend.ts';
import { createNodeServer, type NodeServer } from '../../node/server/server.ts';
import { parseQuery, resourceRequest } from '../http/request-info.ts';
import type { ConnectRequest } from '../http/server.ts';
import { createConnect } from './connect.ts';

const port = (s: Server | HttpServer | TcpServer): number => (s.address() as AddressInfo).port;
const listen = (s: Server | HttpServer | TcpServer): Promise<void> => new Promise(resolve => { s.listen(0, '127.0.0.1', resolve); });

let aborted = 0;
const backend: NodeBackend = {
  nodeName: 'n1', pods: () => [], statsSummary: () => Promise.resolve({ node: { nodeName: 'n1' } }), metrics: () => 'up 1\n',
  logs(_ns, pod, container, q) {
    if (pod === 'waiting') return Promise.reject(badRequest(`container "${container}" in pod "waiting" is waiting to start: ContainerCreating`));
    return Promise.resolve((async function* () {
      yield Buffer.from(`${container} tail=${q.tailLines ?? ''} follow=${q.follow}\n`);
      if (q.follow) await new Promise<void>(resolve => { q.signal.addEventListener('abort', () => { aborted++; resolve(); }); });
    })());
  },
  exec: (_ns, _pod, _container, command) => Promise.resolve(o => new Promise((resolve, reject) => {
    if (command[0] === 'size') { o.onResize?.((w, h) => { o.stdout?.write(`${w}x${h}`); resolve(0); }); return; }
    const c = spawn(command[0]!, command.slice(1));
    c.on('error', reject);
    c.stdin.on('error', () => c.kill());
    if (o.stdin) o.stdin.pipe(c.stdin); else c.stdin.end();
    if (o.stdout) c.stdout.pipe(o.stdout, { end: false });
    if (o.stderr) c.stderr.pipe(o.stderr, { end: false });
    o.signal.addEventListener('abort', () => c.kill());
    c.on('close', code => resolve(code ?? 137));
  })),
  attach: () => Promise.resolve(async o => { for await (const b of o.stdin ?? []) o.stdout?.write(`got ${String(b)}`); }),
  portForward: () => Promise.resolve(n => new Promise<Duplex>((resolve, reject) => {
    const s = connectTcp({ port: n, host: '127.0.0.1', allowHalfOpen: true });
    s.once('error', reject);
    s.once('connect', () => { s.off('error', reject); resolve(s); });
  })),
};

let dir: string, pki: Pki, serving: KeyPair, kubelet: KeyPair, node: NodeServer, nodePort: number, api: Server, web: HttpServer, echo: TcpServer;
let o: HttpTransportOptions, handler: ReturnType<typeof createConnect>;
const objects: Record<string, object> = {};
const P = { namespace: 'default', pod: 'p' };

const pod = (name: string, containers: string[], nodeName?: string, containerPort = 80): void => {
  objects[`pods/${name}`] = { metadata: { name }, spec: { nodeName, containers: containers.map(n => ({ name: n, ports: [{ containerPort, name: 'web' }] })), initContainers: containers.length > 1 ? [{ name: 'i' }] : undefined }, status: { podIP: '127.0.0.1' } };
};
const nodeObject = (name: string, p: number): void => {
  objects[`nodes/${name}`] = { metadata: { name }, status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: p } } } };
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'connect-'));
  pki = await Pki.open(join(dir, 'pki'), Date.now());
  serving = await pki.issue('serving', { commonName: 'server', hosts: ['127.0.0.1'] });
  kubelet = await pki.issue('kubelet', { commonName: 'kube-apiserver-kubelet-client' });
  node = createNodeServer({ backend, tls: serving, clientCa: pki.ca.cert, clock: systemClock, log: silentLog });
  nodePort = await node.listen('127.0.0.1', 0);

  web = createHttp((req, res) => {
    if (req.url === '/app/old') { res.writeHead(302, { Location: '/app/new?x=1' }).end(); return; }
    if (req.url === '/app/away') { res.writeHead(302, { Location: 'https://example.org/' }).end(); return; }
    void text(req).then(body => { res.end(`${req.method} ${req.url} ${req.headers.authorization ?? '-'} ${body}`); return body; });
  });
  new WebSocketServer({ server: web }).on('connection', ws => ws.on('message', m => ws.send(`echo ${String(m as Buffer)}`)));
  await listen(web);
  echo = createTcp({ allowHalfOpen: true }, s => { s.pipe(s); s.on('error', () => s.destroy()); });
  await listen(echo);

  pod('p', ['c'], 'n1', port(web)); pod('two', ['a', 'b'], 'n1'); pod('waiting', ['c'], 'n1'); pod('pending', ['c']); pod('lost', ['c'], 'n2');
  nodeObject('n1', nodePort); nodeObject('n2', 1);
  objects['services/web'] = { metadata: { name: 'web' }, spec: { ports: [{ name: 'http', port: 80 }] } };
  objects['endpoints/web'] = { subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'http', port: port(web) }] }] };
  objects['services/none'] = { metadata: { name: 'none' }, spec: { ports: [{ port: 80 }] } };

  handler = createConnect({ get: (_g, plural, _ns, name) => objects[`${plural}/${name}`] }, { ...kubelet, ca: pki.ca.cert });
  const asked = (url: string): ConnectRequest => {
    const [path = '', search = ''] = url.split('?');
    const r = resourceRequest(path)!;
    return { resource: r.plural as ConnectRequest['resource'], namespace: r.namespace, name: r.name, subresource: r.subresource, rest: r.rest, query: parseQuery(search), search, user: { name: 'me', groups: [] } };
  };
  const answer = (e: unknown): string => { const s = statusOf(e), body = JSON.stringify(s); return `HTTP/1.1 ${s.code} -\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`; };
  api = createHttps(serving, (req, res) => { handler.serve(req, res, asked(req.url!)).catch((e: unknown) => { res.socket?.end(answer(e)); }); });
  api.on('upgrade', (req, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    handler.upgrade(req, socket, head, asked(req.url!)).catch((e: unknown) => { socket.end(answer(e)); });
  });
  await listen(api);
  o = { server: `https://127.0.0.1:${port(api)}`, ca: pki.ca.cert, token: 'secret' };
});
afterAll(async () => {
  api.closeAllConnections();
  web.closeAllConnections();
  for (const s of [api, web, echo]) s.close();
  await node.close();
  rmSync(dir, { recursive: true, force: true });
});

const get = (path: string, query?: Record<string, string>): Promise<unknown> => new HttpTransport(o).request({ method: 'GET', path, query });
const failureOf = async (p: Promise<unknown>): Promise<string> => { const e = (await p.catch((x: unknown) => x)) as ApiError; return `${e.code} ${e.message}`; };

describe('exec', () => {
  it('9.4, 10.4, 10.5 keeps stdout and stderr apart and gives the exit code (trap 24)', async () => {
    const s = await exec(o, { ...P, command: ['sh', '-c', 'echo out; echo err >&2; exit 7'] });
    expect(await Promise.all([text(s.stdout), text(s.stderr), s.exit])).toEqual(['out\n', 'err\n', 7]);
  });
  it('moves much both ways unharmed and ends stdin', async () => {
    const sent = Buffer.alloc(5 << 20, 'some bytes ');
    const s = await exec(o, { ...P, command: ['cat'], stdin: true });
    s.stdin.end(sent);
    expect((await buffer(s.stdout)).equals(sent)).toBe(true);
    expect(await s.exit).toBe(0);
  });
  it('runs a hundred at once, each with its own outcome', async () => {
    const outcomes = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const s = await exec(o, { ...P, command: ['sh', '-c', `echo ${i}; exit ${i % 7}`] });
      return [await text(s.stdout), await s.exit];
    }));
    expect(outcomes).toEqual(Array.from({ length: 100 }, (_, i) => [`${i}\n`, i % 7]));
  }, 60_000);
  it('tells terminal sizes', async () => {
    const s = await exec(o, { ...P, command: ['size'], tty: true });
    s.resize(100, 40);
    expect([await text(s.stdout), await s.exit]).toEqual(['100x40', 0]);
  });
  it('ends the command when the client leaves', async () => {
    const stop = new AbortController();
    const s = await exec(o, { ...P, command: ['sh', '-c', 'echo up; exec sleep 60'], signal: stop.signal });
    await new Promise(resolve => { s.stdout.once('data', resolve); });
    stop.abort();
    await expect(s.exit).rejects.toThrow('closed before');
  });
  it('10.7 refuses in HTTP before anything is upgraded', async () => {
    expect(await failureOf(exec(o, { ...P, pod: 'nope', command: ['x'] }))).toBe('404 pods "nope" not found');
    expect(await failureOf(exec(o, { ...P, pod: 'two', command: ['x'] }))).toBe('400 a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]');
    expect(await failureOf(exec(o, { ...P, container: 'z', command: ['x'] }))).toBe('400 container z is not valid for pod p');
    expect(await failureOf(exec(o, { ...P, pod: 'pending', command: ['x'] }))).toBe('400 pod pending does not have a host assigned');
    expect(await failureOf(exec(o, { ...P, pod: 'lost', command: ['x'] }))).toMatch(/^500 .*error dialing backend: dial tcp \S+:\d+: connect: connection refused$/);
  });
  it('says when a program cannot be started', async () => {
    const s = await exec(o, { ...P, command: ['/no/such/program'] });
    await expect(s.exit).rejects.toThrow('ENOENT');
  });
  it('9.4 attaches', async () => {
    const s = await exec(o, { ...P, stdin: true });
    s.stdin.end('hi');
    expect([await text(s.stdout), await s.exit]).toEqual(['got hi', 0]);
  });
  it('10.10 speaks base64 channels to browsers', async () => {
    const ws = new WebSocket(`wss://127.0.0.1:${port(api)}/api/v1/namespaces/default/pods/p/exec?command=cat&stdin=true&stdout=true`, ['v4.base64.channel.k8s.io'], { ca: pki.ca.cert });
    const seen: string[] = [];
    ws.on('message', (m: Buffer) => { seen.push(`${String(m).slice(0, 1)}${Buffer.from(String(m).slice(1), 'base64').toString()}`); if (seen.length === 1) ws.close(); });
    ws.on('open', () => ws.send(`0${Buffer.from('grüße').toString('base64')}`));
    await new Promise(resolve => { ws.on('close', resolve); });
    expect(seen).toEqual(['1grüße']);
  });
  it('10.8 answers pings while nothing else is said', async () => {
    const ws = new WebSocket(`wss://127.0.0.1:${port(api)}/api/v1/namespaces/default/pods/p/exec?command=cat&stdin=true&stdout=true`, ['v5.channel.k8s.io'], { ca: pki.ca.cert });
    await new Promise(resolve => { ws.on('open', resolve); });
    const pongs: string[] = [];
    for (const word of ['one', 'two']) {
      const pong = new Promise<void>(resolve => { ws.once('pong', (d: Buffer) => { pongs.push(String(d)); resolve(); }); });
      ws.ping(word);
      await pong;
    }
    ws.close();
    expect(pongs).toEqual(['one', 'two']);
  });
  it('9.4, 10.2, 10.3 speaks SPDY, with the outcome on the error stream (trap 23)', async () => {
    const c = await spdy('/api/v1/namespaces/default/pods/p/exec?command=sh&command=-c&command=cat%3B+exit+3&stdin=true&stdout=true', 'v4.channel.k8s.io, v3.channel.k8s.io');
    const [error, stdin, stdout] = await Promise.all(['error', 'stdin', 'stdout'].map(t => c.open({ streamType: t })));
    stdin!.end('through');
    const [out, outcome] = await Promise.all([text(stdout!), text(error!)]);
    expect(out).toBe('through');
    expect(JSON.parse(outcome)).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } });
    await c.closed;
  });
  it('10.2 names the protocols it knows to a SPDY client that knows none of them', async () => {
    await expect(spdy('/api/v1/namespaces/default/pods/p/exec?command=true&stdout=true', 'v9.channel.k8s.io')).rejects.toThrow(/^403 .*server accepts/);
  });
});

function spdy(path: string, protocols: string): Promise<SpdyConnection> {
  return new Promise((resolve, reject) => {
    const r = httpsRequest({ host: '127.0.0.1', port: port(api), path, method: 'POST', ca: pki.ca.cert, agent: false, headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocols } });
    r.on('upgrade', (_res, socket, head) => resolve(new SpdyConnection(socket, { side: 'client', head })));
    r.on('response', res => { void text(res).then(t => { reject(new Error(`${res.statusCode} ${t}`)); return t; }); });
    r.on('error', reject);
    r.end();
  });
}

describe('port-forward', () => {
  it('9.4, 10.6 opens many connections through one tunnel, half-closing each (trap 23)', async () => {
    const f = await openPortForward(o, 'default', 'p');
    const answers = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const c = await f.connect(port(echo));
      c.end(`${i} `.repeat(20_000));
      return (await text(c)) === `${i} `.repeat(20_000);
    }));
    expect(answers.every(Boolean)).toBe(true);
    f.close();
    await f.closed;
  });
  it('10.6 tells why a port does not answer, and goes on', async () => {
    const f = await openPortForward(o, 'default', 'p');
    const c = await f.connect(1);
    const error = await new Promise<Error>(resolve => { c.once('error', resolve); });
    expect(error.message).toMatch(/^error forwarding port 1 to pod p_default: .*connect: connection refused$/);
    const good = await f.connect(port(echo));
    good.end('x');
    expect(await text(good)).toBe('x');
    f.close();
  });
  it('listens on this machine', async () => {
    const f = await openPortForward(o, 'default', 'p');
    const l = await f.listen({ localPort: 0, port: port(web) });
    expect(await (await fetch(`http://127.0.0.1:${l.port}/hello`)).text()).toBe('GET /hello - ');
    f.close();
  });
  it('10.6 serves plain SPDY pairs', async () => {
    const c = await spdy('/api/v1/namespaces/default/pods/p/portforward', 'portforward.k8s.io');
    const h = { port: String(port(echo)), requestID: '0' };
    const error = await c.open({ ...h, streamType: 'error' });
    const data = await c.open({ ...h, streamType: 'data' });
    data.end('spdy');
    expect(await Promise.all([text(data), text(error)])).toEqual(['spdy', '']);
    c.close();
  });
  it('10.6 a connection that the client hangs up on in the middle is no error of the pod, and the others go on', async () => {
    const flood = createTcp(s => { s.on('error', () => s.destroy()); const more = (): void => { while (!s.destroyed && s.write(Buffer.alloc(64 << 10))); }; s.on('drain', more); more(); });
    await listen(flood);
    const c = await spdy('/api/v1/namespaces/default/pods/p/portforward', 'portforward.k8s.io');
    for (let i = 0; i < 5; i++) {
      const h = { port: String(port(flood)), requestID: String(i) };
      const error = await c.open({ ...h, streamType: 'error' }), data = await c.open({ ...h, streamType: 'data' });
      const words = text(error);
      await once(data, 'data');
      data.destroy();
      expect(await words).toBe('');
    }
    const h = { port: String(port(echo)), requestID: 'last' };
    const [, data] = [await c.open({ ...h, streamType: 'error' }), await c.open({ ...h, streamType: 'data' })];
    data.end('still here');
    expect(await text(data)).toBe('still here');
    c.close();
    flood.close();
  });
  it('9.4, 17.5 serves the older channels: port first, little endian, on both channels of a port (trap 30)', async () => {
    const ws = new WebSocket(`wss://127.0.0.1:${port(api)}/api/v1/namespaces/default/pods/p/portforward?ports=${port(echo)}`, ['v4.channel.k8s.io'], { ca: pki.ca.cert });
    const seen: Buffer[] = [];
    ws.on('message', (m: Buffer) => { seen.push(m); if (seen.length === 3) ws.close(); });
    ws.on('open', () => ws.send(Buffer.from('\0legacy')));
    await new Promise(resolve => { ws.on('close', resolve); });
    const mark = Buffer.alloc(2);
    mark.writeUInt16LE(port(echo));
    expect(seen.map(b => b.toString('hex'))).toEqual([`00${mark.toString('hex')}`, `01${mark.toString('hex')}`, Buffer.from('\0legacy').toString('hex')]);
  });
});

describe('logs', () => {
  it('9.3 passes text on, and the node\'s refusals', async () => {
    expect(await get('/api/v1/namespaces/default/pods/p/log', { tailLines: '5' })).toBe('c tail=5 follow=false\n');
    expect(await get('/api/v1/namespaces/default/pods/two/log', { container: 'b' })).toBe('b tail= follow=false\n');
    expect(await get('/api/v1/namespaces/default/pods/pending/log')).toBeUndefined();
    expect(await failureOf(get('/api/v1/namespaces/default/pods/waiting/log'))).toBe('400 container "c" in pod "waiting" is waiting to start: ContainerCreating');
    expect(await failureOf(get('/api/v1/namespaces/default/pods/two/log'))).toContain('400 a container name must be specified for pod two');
    expect(await failureOf(get('/api/v1/namespaces/default/pods/p/log', { tailLines: '-1', limitBytes: '0' }))).toMatch(/^422 PodLogOptions "p" is invalid: \[tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes/);
  });
  it('9.3 sends logs over a WebSocket to those who ask that way, or says why not', async () => {
    const over = (path: string, protocols: string[]): Promise<{ messages: string[]; protocol: string; code: number }> => new Promise((resolve, reject) => {
      const ws = new WebSocket(`wss://127.0.0.1:${port(api)}/api/v1/namespaces/default/pods/${path}`, protocols, { ca: pki.ca.cert }), messages: string[] = [];
      ws.on('message', (m: Buffer, binary) => { messages.push(`${binary ? '' : 'text '}${String(m)}`); });
      ws.on('close', code => { resolve({ messages, protocol: ws.protocol, code }); });
      ws.on('unexpected-response', (_q, res) => { reject(new Error(String(res.statusCode))); });
    });
    expect(await over('p/log?tailLines=5', ['binary.k8s.io'])).toEqual({ messages: ['', 'c tail=5 follow=false\n'], protocol: 'binary.k8s.io', code: 1000 });
    expect(await over('p/log', [])).toMatchObject({ messages: ['', 'c tail= follow=false\n'], protocol: '' });
    expect(await over('p/log', ['base64.binary.k8s.io'])).toMatchObject({ messages: ['text ', `text ${Buffer.from('c tail= follow=false\n').toString('base64')}`] });
    expect(await over('pending/log', ['binary.k8s.io'])).toMatchObject({ messages: [''] });
    await expect(over('waiting/log', ['binary.k8s.io'])).rejects.toThrow('400');
    await expect(over('nope/log', ['binary.k8s.io'])).rejects.toThrow('404');
    await expect(over('p/log', ['channel.k8s.io'])).rejects.toThrow('400');
  });
  it('stops the node\'s follower when the client leaves', async () => {
    const before = aborted;
    const r = httpsRequest({ host: '127.0.0.1', port: port(api), path: '/api/v1/namespaces/default/pods/p/log?follow=true', ca: pki.ca.cert, agent: false });
    r.on('error', () => undefined);
    r.end();
    await new Promise<void>(resolve => { r.on('response', res => { res.on('error', () => undefined); res.once('data', () => { r.destroy(); resolve(); }); }); });
    await expect.poll(() => aborted).toBe(before + 1);
  });
});

describe('proxy', () => {
  const base = '/api/v1/namespaces/default';
  it('9.5 reaches pods, services by name, number and scheme, with every verb and no credentials', async () => {
    expect(await get(`${base}/pods/p/proxy/app/x`, { q: '1' })).toBe('GET /app/x?q=1 - ');
    expect(await get(`${base}/pods/p:web/proxy/`)).toBe('GET / - ');
    for (const name of ['web', 'web:http', 'web:80', 'http:web:http']) expect(await get(`${base}/services/${name}/proxy/y`)).toBe('GET /y - ');
    expect(await new HttpTransport(o).request({ method: 'PUT', path: `${base}/services/web/proxy/z`, body: { a: 1 } })).toBe('PUT /z - {"a":1}');
  });
  it('9.5 keeps redirects inside', async () => {
    const location = (path: string): Promise<string | undefined> => new Promise((resolve, reject) => { httpsRequest({ host: '127.0.0.1', port: port(api), path, ca: pki.ca.cert, agent: false }, res => { resolve(res.headers.location); res.resume(); }).on('error', reject).end(); });
    expect(await location(`${base}/services/web:http/proxy/app/old`)).toBe(`${base}/services/web:http/proxy/app/new?x=1`);
    expect(await location(`${base}/services/web:http/proxy/app/away`)).toBe('https://example.org/');
  });
  it('9.5 carries WebSockets', async () => {
    const ws = new WebSocket(`wss://127.0.0.1:${port(api)}${base}/services/web/proxy/ws`, { ca: pki.ca.cert });
    ws.on('open', () => ws.send('hi'));
    expect(String(await new Promise<Buffer>(resolve => { ws.on('message', resolve); }))).toBe('echo hi');
    ws.close();
    await new Promise(resolve => { ws.on('close', resolve); });
  });
  it('9.5, 9.11 reaches the node\'s own API', async () => {
    expect(await get('/api/v1/nodes/n1/proxy/stats/summary')).toEqual({ node: { nodeName: 'n1' } });
    expect(await get('/api/v1/nodes/n1/proxy/metrics')).toBe('up 1\n');
  });
  it('says what is missing', async () => {
    expect(await failureOf(get(`${base}/services/none/proxy/`))).toBe('503 no endpoints available for service "none"');
    expect(await failureOf(get(`${base}/services/web:81/proxy/`))).toBe('503 no service port 81 found for service "web"');
    expect(await failureOf(get(`${base}/services/nope/proxy/`))).toBe('404 services "nope" not found');
    expect(await failureOf(get(`${base}/pods/p:1/proxy/`))).toMatch(/^503 error trying to reach service: dial tcp \S+:1: connect: connection refused$/);
  });
});

describe('the end', () => {
  it('cuts upgraded connections, on both sides', async () => {
    const s = await exec(o, { ...P, command: ['sh', '-c', 'echo up; exec sleep 60'] });
    await new Promise(resolve => { s.stdout.once('data', resolve); });
    const ws = new WebSocket(`wss://127.0.0.1:${port(api)}/api/v1/namespaces/default/services/web/proxy/ws`, { ca: pki.ca.cert });
    await new Promise(resolve => { ws.on('open', resolve); });
    const gone = new Promise(resolve => { ws.on('close', resolve); ws.on('error', () => undefined); });
    handler.close();
    await expect(s.exit).rejects.toThrow('closed before');
    await gone;
  });
});

describe('node server', () => {
  const ask = (tls: object, path = '/pods'): Promise<number | undefined> => new Promise((resolve, reject) => { httpsRequest({ host: '127.0.0.1', port: nodePort, path, ca: pki.ca.cert, agent: false, ...tls }, res => { resolve(res.statusCode); res.resume(); }).on('error', reject).end(); });
  it('obeys the API server alone', async () => {
    expect(await ask({})).toBe(401);
    expect(await ask(await pki.issue('someone', { commonName: 'someone' }))).toBe(403);
    expect(await ask(kubelet)).toBe(200);
    expect(await ask({}, '/healthz')).toBe(200);
    expect(await ask(kubelet, '/nothing')).toBe(404);
  });
});
