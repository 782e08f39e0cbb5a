// Throws requests, frames and bytes at a host process of its own and watches it: its answers, its time, its memory, its last words.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { kinds } from '../../../core/api/kinds/index.ts';
import { samples } from '../../fixtures/kind-samples.ts';
import { credentials, type Credentials } from '../../harness/https.ts';
import { startHost } from '../../harness/host.ts';
import { Dice } from './dice.ts';
import { NS, anyProbe, apiVersion, bodies, collection, type Probe } from './requests.ts';

export interface FuzzOptions { readonly seconds: number; readonly seed: number; say?(line: string): void }
export interface FuzzReport {
  readonly seed: number; readonly requests: number; readonly connections: number;
  /** How often each status came. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly slowestMs: number;
  readonly memory: { readonly start: number; readonly most: number; readonly end: number };
  /** One line each, with what brings it about again. */
  readonly findings: readonly string[];
}

/** No answer may take longer, but for those that wait by contract. */
const HANG_MS = 1000;
/** Far above what a host with these few objects needs. */
const MEMORY_MB = 700;
/** What Kubernetes itself answers with 500: a revision given on create (3.3), an applied object that has not its schema's shape. */
const ALLOWED_500 = /resourceVersion should not be set on objects to be created|failed to create typed patch object/;

interface Got { status: number; text: string; ms: number }

function ask(c: Credentials, p: Probe, agent: Agent, ms = HANG_MS): Promise<Got> {
  const { hostname, port } = new URL(c.server), started = performance.now();
  return new Promise((resolve, reject) => {
    const req = request({ host: hostname, port, method: p.method, path: p.path, agent, headers: { ...(p.body ? { 'content-length': String(p.body.length) } : {}), ...p.headers } }, res => {
      const headersMs = performance.now() - started;
      const parts: Buffer[] = [];
      // A watch goes on by right: what counts is when it began.
      const enough = setTimeout(() => res.destroy(), 1500);
      res.on('data', (d: Buffer) => { if (parts.length < 64) parts.push(d); });
      const over = (): void => { clearTimeout(enough); clearTimeout(timer); resolve({ status: res.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8').slice(0, 600), ms: headersMs }); };
      res.on('close', over);
      res.on('error', over);
    });
    const timer = setTimeout(() => { req.destroy(); resolve({ status: -1, text: '', ms: performance.now() - started }); }, ms * 5);
    req.on('error', e => { clearTimeout(timer); reject(e); });
    req.end(p.body);
  });
}

const frame = (d: Dice): Buffer => {
  const payload = d.maybe(0.5) ? Buffer.concat([Buffer.from([d.below(6)]), d.bytes(d.below(40))]) : Buffer.from(d.text());
  const mask = d.bytes(4), long = d.maybe(0.1);
  const head = Buffer.from([d.maybe(0.8) ? 0x82 : d.below(256), 0x80 | (long ? 126 : Math.min(payload.length, 125))]);
  const body = Buffer.from(payload.map((b, i) => b ^ mask[i % 4]!));
  const all = Buffer.concat([head, ...(long ? [Buffer.from([0, payload.length])] : []), mask, body]);
  return d.maybe(0.2) ? d.spoiled(all) : all;
};
const spdy = (d: Dice): Buffer => {
  const type = d.of([1, 2, 3, 4, 6, 7, 8, 9, 0, 77]), payload = d.bytes(d.below(60)), id = Buffer.alloc(4);
  id.writeUInt32BE(d.of([1, 3, 5, 2, 0, 2 ** 31 - 1]));
  const body = d.maybe(0.7) ? Buffer.concat([id, payload]) : payload;
  const head = Buffer.from(d.maybe(0.7) ? [0x80, 3, 0, type, d.below(4), 0, 0, d.maybe(0.9) ? body.length : d.below(256)] : [0, 0, 0, d.of([1, 3]), d.below(2), 0, 0, body.length]);
  return Buffer.concat([head, body]);
};

/** What goes over one connection of its own: noise, half requests, upgrades followed by frames. */
function conversation(d: Dice, pod: string): { hello: string; next: Buffer[] } {
  const target = `/api/v1/namespaces/${NS}/pods/${d.maybe(0.9) ? pod : 'none'}/${d.of(['exec?command=cat&stdin=1&stdout=1', 'exec?command=cat&stdin=1&stdout=1&tty=1', 'attach?stdout=1&stdin=1', 'portforward', 'portforward?ports=80', 'exec', 'log?follow=1'])}`;
  const some = (make: (d: Dice) => Buffer): Buffer[] => Array.from({ length: 1 + d.below(12) }, () => make(d));
  const ws = (protocol: string): string => `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${d.bytes(16).toString('base64')}\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`;
  return d.of([
    () => ({ hello: ws(d.of(['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io', 'nonsense'])), next: some(frame) }),
    () => ({ hello: ws(d.of(['SPDY/3.1+portforward.k8s.io', 'portforward.k8s.io', 'v4.base64.channel.k8s.io'])), next: some(x => { const s = spdy(x), mask = Buffer.from([0, 0, 0, 0]); return Buffer.concat([Buffer.from([0x82, 0x80 | Math.min(s.length, 125)]), mask, s.subarray(0, 125)]); }) }),
    () => ({ hello: `POST ${target} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: ${d.of(['v4.channel.k8s.io', 'v5.channel.k8s.io', 'portforward.k8s.io', 'x'])}\r\ncontent-length: 0\r\n\r\n`, next: some(spdy) }),
    () => ({ hello: d.of(['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET / HTTP/1.1\r\n', `POST ${target} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`, 'GET /api HTTP/9.9\r\n\r\n', '']), next: some(x => x.bytes(x.below(200))) }),
  ])();
}

function talk(c: Credentials, hello: string, next: readonly Buffer[]): Promise<void> {
  const { hostname, port } = new URL(c.server);
  return new Promise(resolve => {
    const s: TLSSocket = connect({ host: hostname, port: Number(port), ca: c.ca, cert: c.cert, key: c.key, ALPNProtocols: ['http/1.1'] }, () => { s.write(hello); });
    const end = setTimeout(() => s.destroy(), 300);
    s.once('data', () => { for (const b of next) s.write(b); });
    s.on('error', () => s.destroy());
    s.on('close', () => { clearTimeout(end); resolve(); });
  });
}

const rss = (pid: number): number => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
const shown = (p: Probe): string => `${p.method} ${p.path} ${JSON.stringify(p.headers)}${p.body ? ` base64:${p.body.subarray(0, 3000).toString('base64')}` : ''}`;

export async function fuzz(o: FuzzOptions): Promise<FuzzReport> {
  const host = await startHost(['--runtime', 'simulated']);
  const c = credentials(host.ready.kubeconfig), agent = new Agent({ keepAlive: true, maxSockets: 24, ca: c.ca, cert: c.cert, key: c.key });
  const findings: string[] = [], statuses = new Map<number, number>();
  let requests = 0, connections = 0, slowestMs = 0, most = 0;
  const found = (line: string): void => { if (findings.length < 200 && !findings.includes(line)) { findings.push(line); o.say?.(line.slice(0, 400)); } };
  const plain = (method: string, path: string, body?: object): Promise<Got> => ask(c, { method, path, headers: body ? { 'content-type': 'application/json' } : {}, ...(body ? { body: Buffer.from(JSON.stringify(body)) } : {}) }, agent);
  const pod = (): Promise<Got> => plain('POST', `/api/v1/namespaces/${NS}/pods`, { metadata: { name: 'target' }, spec: { containers: [{ name: 'c', image: 'busybox', command: ['sleep', '10000'] }] } });
  try {
    await plain('POST', '/api/v1/namespaces', { metadata: { name: NS } });
    for (let i = 0; i < 50 && (await pod()).status !== 201; i++) await new Promise(resolve => { setTimeout(resolve, 100); });
    for (const k of kinds) {
      const key = `${apiVersion(k)} ${k.plural}`, sample = samples[key]?.();
      if (!sample || !k.verbs.includes('create')) continue;
      const r = await new Promise<Buffer>((resolve, reject) => {
        const { hostname, port } = new URL(c.server);
        const body = JSON.stringify({ apiVersion: apiVersion(k), kind: k.kind, ...sample, metadata: { ...(sample['metadata'] as object), uid: undefined, ...(k.namespaced ? { namespace: NS } : {}) } });
        const req = request({ host: hostname, port, method: 'POST', path: `${collection(k)}?dryRun=All`, agent, headers: { 'content-type': 'application/json', accept: 'application/vnd.kubernetes.protobuf', 'content-length': String(Buffer.byteLength(body)) } }, res => { const parts: Buffer[] = []; res.on('data', (b: Buffer) => parts.push(b)); res.on('end', () => resolve(Buffer.concat(parts))); res.on('error', reject); });
        req.on('error', reject);
        req.end(body);
      });
      if (r.subarray(0, 4).toString() === 'k8s\0') bodies.set(key, r);
    }
    const start = rss(host.child.pid!), end = Date.now() + o.seconds * 1000;
    let round = 0;
    while (Date.now() < end && host.child.exitCode === null) {
      const d = new Dice(o.seed + round++);
      const batch = Array.from({ length: 16 }, () => anyProbe(d));
      await Promise.all([...batch.map(async p => {
        requests++;
        let got = await ask(c, p, agent).catch((e: unknown) => ({ status: 0, text: String(e), ms: 0 }));
        // A shared machine may make anybody wait once; the server itself would wait again.
        for (let again = 0; again < 2 && (got.ms > HANG_MS || got.status === -1) && got.status !== 504; again++) got = await ask(c, p, agent).catch((e: unknown) => ({ status: 0, text: String(e), ms: 0 }));
        statuses.set(got.status, (statuses.get(got.status) ?? 0) + 1);
        if (got.status !== 504) slowestMs = Math.max(slowestMs, got.ms);
        if ((got.ms > HANG_MS || got.status === -1) && got.status !== 504 && got.status !== 429) found(`hang of ${Math.round(got.ms)} ms: ${shown(p)}`);
        if (got.status === 500 && !ALLOWED_500.test(got.text)) found(`500 ${got.text.slice(0, 300)}: ${shown(p)}`);
      }), ...Array.from({ length: 3 }, async () => { connections++; const t = conversation(d, 'target'); await talk(c, t.hello, t.next); })]);
      if (round % 20 === 0) {
        most = Math.max(most, rss(host.child.pid!));
        if (most > MEMORY_MB) found(`memory of ${most} MB in round ${round}, seed ${o.seed}`);
        const well = await ask(c, { method: 'GET', path: '/readyz', headers: {} }, agent).catch(() => undefined);
        if (well?.status !== 200) found(`not ready after round ${round}, seed ${o.seed}: ${well?.status} ${well?.text}`);
        await pod().catch(() => undefined);
        o.say?.(`round ${round}: ${requests} requests, ${most} MB, ${findings.length} findings`);
      }
    }
    if (host.child.exitCode !== null || host.child.signalCode !== null) found(`the host ended with ${host.child.exitCode ?? host.child.signalCode}: ${host.stderr().slice(-2000)}`);
    for (const m of new Set([...host.stderr().matchAll(/(?:unhandled rejection|uncaught exception).*/g)].map(x => x[0].slice(0, 1200)))) found(m);
    return { seed: o.seed, requests, connections, statuses, slowestMs: Math.round(slowestMs), memory: { start, most: Math.max(most, start), end: host.child.exitCode === null ? rss(host.child.pid!) : 0 }, findings };
  } finally {
    agent.destroy();
    await host.dispose();
  }
}
