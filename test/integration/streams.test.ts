// Streams through the API server and a node's server, with everything of ours between: idle for hours, stalled, and many at once.
import { readFileSync } from 'node:fs';
import { connect as connectH2, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp, createServer, type AddressInfo, type Server } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { node as nodes } from '../../core/api/kinds/core/node.ts';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { createConnect } from '../../core/apiserver/subresources/connect.ts';
import { FakeClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { exec, type ExecSession } from '../../core/client/exec.ts';
import { openPortForward } from '../../core/client/port-forward.ts';
import type { HttpTransportOptions } from '../../core/client/transport-http.ts';
import type { NodeBackend } from '../../core/node/server/backend.ts';
import { createNodeServer, type NodeServer } from '../../core/node/server/server.ts';
import { TestApi } from '../harness/api-server.ts';

const HOUR = 3600_000;
const P = { namespace: 'default', pod: 'p' };
let clock: FakeClock, api: TestApi, node: NodeServer, nodePort: number, echo: Server, o: HttpTransportOptions;
let say: (line: string) => void = () => undefined;

const program: NodeBackend['attach'] = () => Promise.resolve(async s => { for await (const b of s.stdin ?? []) s.stdout?.write(b); });
const backend: NodeBackend = {
  nodeName: 'n1', pods: () => [], statsSummary: () => Promise.resolve({}), metrics: () => '', attach: program,
  exec: (_ns, _pod, _c, command) => (command[0] === 'deaf'
    // Reads nothing; ends when it is told a size.
    ? Promise.resolve(s => new Promise(resolve => { s.onResize?.((w, h) => { s.stdout?.write(`${w}x${h}`); resolve(3); }); s.signal.addEventListener('abort', () => resolve(137)); }))
    : program('', '', '').then(run => async s => { await run(s); return 0; })),
  logs: (_ns, _pod, _c, q) => Promise.resolve((async function* () {
    yield Buffer.from('first\n');
    yield await new Promise<Buffer>((resolve, reject) => { say = line => resolve(Buffer.from(line)); q.signal.addEventListener('abort', () => reject(new Error('gone'))); });
  })()),
  portForward: () => Promise.resolve(port => new Promise<Duplex>((resolve, reject) => {
    const s = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    s.once('error', reject);
    s.once('connect', () => resolve(s));
  })),
};

beforeAll(async () => {
  clock = new FakeClock(Date.now());
  let kubelet: { cert: string; key: string; ca: string } | undefined;
  api = await TestApi.start({ clock, connect: lookup => {
    // Its certificate comes from the authority that the server under test has made by then.
    let made: ReturnType<typeof createConnect> | undefined;
    const handler = (): ReturnType<typeof createConnect> => (made ??= createConnect(lookup, kubelet!));
    return { serve: (...a) => handler().serve(...a), upgrade: (...a) => handler().upgrade(...a) };
  } });
  kubelet = { ...await api.pki.issue('kubelet', { commonName: 'kube-apiserver-kubelet-client' }), ca: api.pki.ca.cert };
  node = createNodeServer({ backend, tls: await api.pki.issue('n1', { commonName: 'n1', hosts: ['127.0.0.1'] }), clientCa: api.pki.ca.cert, clock, log: silentLog });
  nodePort = await node.listen('127.0.0.1', 0);
  echo = createServer({ allowHalfOpen: true }, s => { s.pipe(s); s.on('error', () => s.destroy()); });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const client = api.client();
  await client.create(nodes, { metadata: { name: 'n1' }, status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: nodePort } } } });
  await client.create(pods, { metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] } });
  o = { server: `https://127.0.0.1:${api.port}`, ca: api.pki.ca.cert, token: 'test-token' };
});
afterAll(async () => {
  echo.close();
  await node.close();
  await api.stop();
});

/** What the kernel's timers on open connections of these ports are for. */
function timers(ports: readonly number[]): string[] {
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1).map(l => l.trim().split(/\s+/)).filter(f => f[3] === '01' && ports.includes(parseInt(f[1]!.split(':')[1]!, 16)));
  return [...new Set(rows.map(f => (f[5]!.startsWith('02') ? 'keep-alive' : `timer ${f[5]!}`)))];
}
const echoPort = (): number => (echo.address() as AddressInfo).port;
const next = async (r: Readable): Promise<string> => String((await once(r, 'data') as [Buffer])[0]);
const cat = (command: readonly string[] | undefined): Promise<ExecSession> => exec(o, { ...P, ...(command ? { command } : {}), stdin: true });
const watchPath = '/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=30000';
function h2Watch(): { session: ClientHttp2Session; stream: Readable } {
  const session = connectH2(o.server, { ca: api.pki.ca.cert });
  const stream = session.request({ ':path': watchPath, authorization: 'Bearer test-token' });
  return { session, stream };
}

describe('idle', () => {
  it('nothing of ours ends a stream within four hours of silence; beyond that the node ends the ones into pods', async () => {
    const [run, joined] = [await cat(['cat']), await cat(undefined)];
    const forward = await openPortForward(o, 'default', 'p');
    const connection = await forward.connect(echoPort());
    const log: IncomingMessage = await api.open('/api/v1/namespaces/default/pods/p/log?follow=true');
    expect(await next(log)).toBe('first\n');
    const watch: IncomingMessage = await api.open(watchPath);
    const h2 = h2Watch();
    const answered = once(h2.stream, 'response');
    await answered;
    const talk = async (): Promise<void> => {
      run.stdin.write('exec');
      joined.stdin.write('attach');
      connection.write('forward');
      expect(await Promise.all([next(run.stdout), next(joined.stdout), next(connection)])).toEqual(['exec', 'attach', 'forward']);
    };
    await talk();
    // A peer that is gone without a word is asked for by the kernel, on every connection of either server.
    if (process.platform === 'linux') await expect.poll(() => timers([api.port, nodePort]), { timeout: 20_000 }).toEqual(['keep-alive']);
    await clock.advance(4 * HOUR - 60_000);
    await talk();
    const events = [next(watch), next(h2.stream)];
    await api.client().create({ group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }, { metadata: { name: 'after-hours', namespace: 'default' } });
    for (const e of await Promise.all(events)) expect(e).toContain('"name":"after-hours"');
    say('last\n');
    expect(await next(log)).toBe('last\n');
    await once(log, 'end');

    const ended = Promise.all([run.exit.catch((e: Error) => e.message), joined.exit.catch((e: Error) => e.message), forward.closed]);
    await clock.advance(5 * HOUR);
    expect((await ended).slice(0, 2)).toEqual([expect.stringContaining('closed before'), expect.stringContaining('closed before')]);
    watch.destroy();
    h2.session.destroy();
  });
});

describe('a reader that stalls', () => {
  it('10.6 holds up its own forwarded connection, and no other of the same tunnel', async () => {
    const f = await openPortForward(o, 'default', 'p');
    const [stuck, lively] = [await f.connect(echoPort()), await f.connect(echoPort())];
    // Far more than every buffer on the way; nobody reads what comes back.
    const much = Buffer.alloc(64 << 10, 'x');
    let sent = 0;
    const go = (): void => { while (sent < 64 << 20 && !stuck.destroyed) { sent += much.length; if (!stuck.write(much)) { stuck.once('drain', go); return; } } };
    go();
    for (let i = 0; i < 50; i++) {
      const came = next(lively);
      lively.write(`line ${i}`);
      expect(await came).toBe(`line ${i}`);
    }
    expect(sent).toBeLessThan(64 << 20);
    f.close();
    await f.closed;
  });

  it('10.4 a program that does not read its input still hears of sizes, answers pings and ends with its code', async () => {
    const s = await exec(o, { ...P, command: ['deaf'], stdin: true, tty: true });
    for (let i = 0; i < 32; i++) s.stdin.write(Buffer.alloc(64 << 10));
    s.resize(120, 50);
    expect([await next(s.stdout), await s.exit]).toEqual(['120x50', 3]);
  });

  it('10.8 is told that this end lives while its messages wait', async () => {
    const ws = new WebSocket(`wss://127.0.0.1:${api.port}/api/v1/namespaces/default/pods/p/exec?command=deaf&stdin=true&stdout=true`, ['v5.channel.k8s.io'], { ca: api.pki.ca.cert, headers: { authorization: 'Bearer test-token' } });
    await once(ws, 'open');
    let out = 0;
    const message = Buffer.alloc((64 << 10) + 1);
    for (let i = 0; i < 512; i++) ws.send(message, () => { out++; });
    // No pong was asked for.
    let told = false;
    ws.once('pong', () => { told = true; });
    await expect.poll(async () => { await clock.advance(15_000); return told; }, { timeout: 20_000 }).toBe(true);
    expect(out).toBeLessThan(512);
    ws.terminate();
  }, 30_000);
});

it('100 commands and 100 forwarded connections are open at once, each with its own answers', async () => {
  const f = await openPortForward(o, 'default', 'p');
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  const runs = await Promise.all(numbers.map(() => cat(['cat'])));
  const connections = await Promise.all(numbers.map(() => f.connect(echoPort())));
  for (const round of ['a', 'b']) {
    const answers = Promise.all([...runs.map(r => r.stdout), ...connections].map(next));
    numbers.forEach(i => { runs[i]!.stdin.write(`run ${i} ${round}`); connections[i]!.write(`connection ${i} ${round}`); });
    expect(await answers).toEqual([...numbers.map(i => `run ${i} ${round}`), ...numbers.map(i => `connection ${i} ${round}`)]);
  }
  for (const r of runs) r.stdin.end();
  expect(await Promise.all(runs.map(r => r.exit))).toEqual(numbers.map(() => 0));
  f.close();
  await f.closed;
}, 60_000);
