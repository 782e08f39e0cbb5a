// The four ways to ask a container how it is: exec, HTTP, TCP, gRPC. Also used by lifecycle hooks.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as http2Connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as tcpConnect } from 'node:net';
import { Writable } from 'node:stream';
import type { Container, ExecAction, GRPCAction, HTTPGetAction, TCPSocketAction } from '../../api/types/kubernetes.ts';
import type { Clock } from '../../base/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { goWords } from '../../base/go-words.ts';

/** `warning` is a success that is worth a word. */
export interface ProbeResult { outcome: 'success' | 'warning' | 'failure' | 'unknown'; message: string }
export interface Target {
  runtime: Runtime; containerId: string; sandboxId: string; podIP: string;
  container: Container;
  /** Connects through the runtime instead of the network, where this machine cannot reach pod addresses. */
  through: 'network' | 'runtime';
  clock: Clock;
}
export interface Handler { exec?: ExecAction; httpGet?: HTTPGetAction; tcpSocket?: TCPSocketAction; grpc?: GRPCAction }

const MAX_BODY = 10 * 1024;
const ok = (message: string): ProbeResult => ({ outcome: 'success', message });
const bad = (message: string): ProbeResult => ({ outcome: 'failure', message });

/** Port number of a number or a name among the container's ports; undefined when there is no such port. */
export function portOf(port: number | string, c: Container): number | undefined {
  if (typeof port === 'number') return port > 0 && port < 65_536 ? port : undefined;
  const named = c.ports?.find(p => p.name === port)?.containerPort;
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}

/** Runs one probe; never rejects. */
export async function probe(h: Handler, t: Target, timeoutMs: number): Promise<ProbeResult> {
  try {
    if (h.exec) return await execProbe(h.exec, t, timeoutMs);
    if (h.httpGet) return await httpProbe(h.httpGet, t, timeoutMs);
    if (h.tcpSocket) return await tcpProbe(h.tcpSocket, t, timeoutMs);
    if (h.grpc) return await grpcProbe(h.grpc, t, timeoutMs);
  } catch (e) { return { outcome: 'unknown', message: e instanceof Error ? e.message : String(e) }; }
  return { outcome: 'unknown', message: `missing probe handler for ${t.container.name}` };
}

/** Runs a command to its end, or until `signal` aborts (code -1 then). Output is kept up to 10 KiB. */
export async function execHook(e: ExecAction, t: Target, signal: AbortSignal): Promise<{ code: number; output: string }> {
  const chunks: Buffer[] = []; let size = 0;
  const sink = (): Writable => new Writable({ write(c: Buffer, _, done) { if (size < MAX_BODY) { chunks.push(c); size += c.length; } done(); } });
  let onAbort = (): void => {};
  const aborted = new Promise<number>(resolve => { onAbort = () => resolve(-1); signal.addEventListener('abort', onAbort, { once: true }); });
  try {
    const code = await Promise.race([t.runtime.exec(t.containerId, e.command ?? [], { tty: false, stdout: sink(), stderr: sink(), signal }), aborted]);
    return { code, output: Buffer.concat(chunks).toString() };
  } finally { signal.removeEventListener('abort', onAbort); }
}

async function execProbe(e: ExecAction, t: Target, timeoutMs: number): Promise<ProbeResult> {
  const stop = new AbortController();
  const timer = t.clock.after(timeoutMs, () => stop.abort());
  try {
    const { code, output } = await execHook(e, t, stop.signal);
    if (stop.signal.aborted) return bad(`command timed out: ${JSON.stringify((e.command ?? []).join(' '))} timed out after ${timeoutMs / 1000}s`);
    return code === 0 ? ok(output) : bad(output);
  } finally { timer.cancel(); }
}

const host = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);

/** A GET as kubelet makes it; resolves with the status code and body, rejects with Go's words. */
export async function httpGet(a: HTTPGetAction, t: Target, timeoutMs: number): Promise<{ code: number; body: string; location?: string }> {
  const port = portOf(a.port, t.container);
  if (port === undefined) throw new Error(`couldn't find port: ${JSON.stringify(a.port)}`);
  const path = a.path?.startsWith('/') ? a.path : `/${a.path ?? ''}`;
  const scheme = (a.scheme ?? 'HTTP').toLowerCase();
  const name = a.host || t.podIP;
  const url = `${scheme}://${host(name)}:${port}${path}`;
  const headers: Record<string, string | string[]> = { Accept: '*/*', 'User-Agent': 'kube-probe/1.36', Connection: 'close', Host: `${host(name)}:${port}` };
  for (const h of a.httpHeaders ?? []) {
    const key = Object.keys(headers).find(k => k.toLowerCase() === h.name.toLowerCase());
    if (key && ['accept', 'user-agent', 'host', 'connection'].includes(key.toLowerCase())) { if (h.value === '') delete headers[key]; else headers[key] = h.value; }
    else if (key) headers[key] = [...[headers[key]!].flat(), h.value];
    else headers[h.name] = h.value;
  }
  const via = t.through === 'runtime' && !a.host ? await t.runtime.dial(t.sandboxId, port) : undefined;
  return new Promise((resolve, reject) => {
    const failed = (e: Error): void => { timer.cancel(); reject(new Error(`Get "${url}": ${goWords(e, `${host(name)}:${port}`)}`)); };
    const options = { host: name, port, path, method: 'GET', headers, ...(via ? { createConnection: () => via } : { agent: false as const }) };
    const answered = (r: IncomingMessage): void => {
      const chunks: Buffer[] = []; let size = 0;
      r.on('data', (c: Buffer) => { if (size < MAX_BODY) { chunks.push(c); size += c.length; } });
      r.on('error', failed);
      r.on('end', () => { timer.cancel(); resolve({ code: r.statusCode ?? 0, body: Buffer.concat(chunks).toString().slice(0, MAX_BODY), ...(r.headers.location === undefined ? {} : { location: r.headers.location }) }); });
    };
    const q = scheme === 'https' ? httpsRequest({ ...options, rejectUnauthorized: false }, answered) : httpRequest(options, answered);
    const timer = t.clock.after(timeoutMs, () => q.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')));
    q.on('error', failed);
    q.end();
  });
}

async function httpProbe(a: HTTPGetAction, t: Target, timeoutMs: number): Promise<ProbeResult> {
  let action = a; const end = t.clock.now() + timeoutMs;
  try {
    for (let hops = 0; hops < 10; hops++) {
      const r = await httpGet(action, t, Math.max(1, end - t.clock.now()));
      if (r.code < 200 || r.code >= 400) return bad(`HTTP probe failed with statuscode: ${r.code}`);
      if (r.code < 300 || !r.location) return ok(r.body);
      const base = `http://${host(a.host || t.podIP)}:${portOf(a.port, t.container) ?? 0}${action.path ?? '/'}`;
      const to = new URL(r.location, base);
      // A redirect to another host is not followed and counts as success, with a warning in kubelet.
      if (to.hostname !== new URL(base).hostname) return { outcome: 'warning', message: `Probe terminated redirects, Response body: ${r.body}` };
      action = { ...action, path: to.pathname + to.search, port: Number(to.port) || (to.protocol === 'https:' ? 443 : 80), scheme: to.protocol === 'https:' ? 'HTTPS' : 'HTTP' };
    }
    return bad('stopped after 10 redirects');
  } catch (e) { return bad((e as Error).message); }
}

async function tcpProbe(a: TCPSocketAction, t: Target, timeoutMs: number): Promise<ProbeResult> {
  const port = portOf(a.port, t.container);
  if (port === undefined) return { outcome: 'unknown', message: `couldn't find port: ${JSON.stringify(a.port)}` };
  const name = a.host || t.podIP; const address = `${host(name)}:${port}`;
  if (t.through === 'runtime' && !a.host) {
    try { (await t.runtime.dial(t.sandboxId, port)).destroy(); return ok(''); } catch (e) { return bad((e as Error).message); }
  }
  return new Promise(resolve => {
    const socket = tcpConnect({ host: name, port });
    const done = (r: ProbeResult): void => { timer.cancel(); socket.destroy(); resolve(r); };
    const timer = t.clock.after(timeoutMs, () => done(bad(`dial tcp ${address}: i/o timeout`)));
    socket.once('connect', () => done(ok('')));
    socket.once('error', e => done(bad(goWords(e, address))));
  });
}

const GRPC_CODES = ['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'];

/** grpc.health.v1.Health/Check, spoken by hand: one field in, one field out. */
async function grpcProbe(a: GRPCAction, t: Target, timeoutMs: number): Promise<ProbeResult> {
  const address = `${host(t.podIP)}:${a.port}`;
  const service = Buffer.from(a.service ?? '');
  // The length is a varint: seven bits a byte.
  const size = service.length < 128 ? [service.length] : [(service.length & 127) | 128, service.length >> 7];
  const message = service.length ? Buffer.concat([Buffer.from([0x0a, ...size]), service]) : Buffer.alloc(0);
  const frame = Buffer.concat([Buffer.from([0]), Buffer.from(Uint32Array.of(message.length).buffer).reverse(), message]);
  const via = t.through === 'runtime' ? await t.runtime.dial(t.sandboxId, a.port) : undefined;
  return new Promise(resolve => {
    const session = http2Connect(`http://${address}`, via ? { createConnection: () => via } : {});
    const done = (r: ProbeResult): void => { timer.cancel(); session.destroy(); resolve(r); };
    const within = `within ${timeoutMs / 1000}s`;
    const timer = t.clock.after(timeoutMs, () => done(bad(connected ? `timeout: health rpc did not complete ${within}` : `timeout: failed to connect service "${address}" ${within}: context deadline exceeded`)));
    let connected = false;
    session.on('connect', () => { connected = true; });
    const unreachable = (e: Error): string => `error: failed to connect service at "${address}": ${goWords(e, address)}`;
    session.on('error', (e: Error) => done(bad(unreachable(e))));
    const q = session.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers' });
    const chunks: Buffer[] = []; let status = ''; let said = '';
    const ending = (h: IncomingHttpHeaders): void => { status = String(h['grpc-status'] ?? status); said = decodeURIComponent(String(h['grpc-message'] ?? said)); };
    q.on('data', (c: Buffer) => { chunks.push(c); });
    q.on('response', ending);
    q.on('trailers', ending);
    q.on('error', (e: Error) => done(bad(connected ? `error: health rpc probe failed: ${goWords(e, address)}` : unreachable(e.cause instanceof Error ? e.cause : e))));
    q.on('end', () => {
      if (status === '12') return done(bad(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${said}`));
      if (status !== '0' && status !== '') return done(bad(`error: health rpc probe failed: rpc error: code = ${GRPC_CODES[Number(status)] ?? `Code(${status})`} desc = ${said}`));
      const body = Buffer.concat(chunks).subarray(5);
      const serving = body[0] === 0x08 ? body[1] ?? 0 : 0;
      done(serving === 1 ? ok('service healthy') : bad(`service unhealthy (responded with "${['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][serving] ?? 'UNKNOWN'}")`));
    });
    q.end(frame);
  });
}
