// Probes and hooks of every kind against real programs in real containers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap } from '../../core/api/kinds/core/config-map.ts';
import type { ConfigMap, Container, Probe } from '../../core/api/types/kubernetes.ts';
import { ALPINE, FOREVER, RUNTIMES, RealNode, sh, statusOf } from './real-node.ts';

const NODE = 'node:20';
/** HTTP on 8080, HTTPS on 8443, gRPC health on 9090, plain TCP on 7070; what it was asked goes to its log. */
const SERVER = `
process.on('SIGTERM', () => setTimeout(() => process.exit(), 500));
const http = require('node:http'), fs = require('node:fs');
const answer = (q, r) => {
  console.log(q.method, q.url, 'host=' + q.headers.host, 'agent=' + q.headers['user-agent'], 'x=' + q.headers['x-probe']);
  if (q.url === '/moved') { r.writeHead(302, { location: '/ok' }); return r.end(); }
  if (q.url === '/away') { r.writeHead(302, { location: 'http://elsewhere.invalid/' }); return r.end(); }
  if (q.url === '/slow') return setTimeout(() => r.end(), 9000);
  r.writeHead(q.url === '/bad' ? 503 : q.url === '/head' && q.headers['x-probe'] !== 'yes' ? 400 : 200); r.end('body');
};
http.createServer(answer).listen(8080);
require('node:https').createServer({ key: fs.readFileSync('/certs/key'), cert: fs.readFileSync('/certs/cert') }, answer).listen(8443);
require('node:net').createServer(s => s.end()).listen(7070);
require('node:http2').createServer().on('stream', (s, h) => {
  const body = []; s.on('data', d => body.push(d)); s.on('end', () => {
    const name = Buffer.concat(body).subarray(7).toString();
    if (name === 'silent') return;
    if (name === 'none') { s.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'unknown service' }, { endStream: true }); return; }
    s.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    s.on('wantTrailers', () => s.sendTrailers({ 'grpc-status': '0' }));
    s.end(Buffer.from([0, 0, 0, 0, 2, 8, name === 'ill' ? 2 : 1]));
  });
}).listen(9090, () => console.log('up'));
`;

describe.each(RUNTIMES)('probes on %s', runtime => {
  let n: RealNode; let certs = '';
  beforeAll(async () => {
    n = await RealNode.start(runtime, { images: [ALPINE, NODE] });
    certs = mkdtempSync(join(tmpdir(), 'pilothouse-certs-'));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=probe', '-keyout', join(certs, 'key'), '-out', join(certs, 'cert')], { stdio: 'ignore' });
    await n.client.create<ConfigMap>(configMap, { metadata: { name: 'certs', namespace: 'default' }, data: { key: readFileSync(join(certs, 'key'), 'utf8'), cert: readFileSync(join(certs, 'cert'), 'utf8') } });
  });
  afterAll(async () => { rmSync(certs, { recursive: true, force: true }); await n.close(); });
  const server = (): Container => ({ name: 'server', image: NODE, imagePullPolicy: 'IfNotPresent', command: ['node', '-e', SERVER], ports: [{ name: 'web', containerPort: 8080 }], volumeMounts: [{ name: 'certs', mountPath: '/certs' }] });
  const volumes = [{ name: 'certs', configMap: { name: 'certs' } }];
  const waiter = (name: string, readinessProbe: Probe, more: Partial<Container> = {}): Container => sh(FOREVER, { name, readinessProbe: { periodSeconds: 1, failureThreshold: 1, ...readinessProbe }, ...more });

  it('HTTP with headers, host, redirects and HTTPS; TCP; gRPC: each says yes and no in its words', async () => {
    const good: Record<string, Probe> = {
      http: { httpGet: { port: 8080, path: '/ok' } }, head: { httpGet: { port: 8080, path: '/head', httpHeaders: [{ name: 'X-Probe', value: 'yes' }, { name: 'Host', value: 'shop.example' }] } },
      moved: { httpGet: { port: 8080, path: '/moved' } }, away: { httpGet: { port: 8080, path: '/away' } }, https: { httpGet: { port: 8443, scheme: 'HTTPS', path: '/tls' } }, tcp: { tcpSocket: { port: 7070 } }, grpc: { grpc: { port: 9090 } }, named: { grpc: { port: 9090, service: 'shop' } },
    };
    const bad: Record<string, [Probe, RegExp]> = {
      h503: [{ httpGet: { port: 8080, path: '/bad' } }, /^Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503$/],
      nohead: [{ httpGet: { port: 8080, path: '/head' } }, /HTTP probe failed with statuscode: 400$/],
      slow: [{ httpGet: { port: 8080, path: '/slow' }, timeoutSeconds: 1 }, /Get "http:\/\/10\.[\d.]+:8080\/slow": context deadline exceeded \(Client\.Timeout exceeded while awaiting headers\)$/],
      refused: [{ tcpSocket: { port: 7071 } }, /Readiness probe failed: dial tcp 10\.[\d.]+:7071: connect: connection refused$/],
      ill: [{ grpc: { port: 9090, service: 'ill' } }, /service unhealthy \(responded with "NOT_SERVING"\)$/],
      none: [{ grpc: { port: 9090, service: 'none' } }, /error: health rpc probe failed: rpc error: code = NotFound desc = unknown service$/],
      silent: [{ grpc: { port: 9090, service: 'silent' }, timeoutSeconds: 1 }, /timeout: health rpc did not complete within 1s$/],
      nogrpc: [{ grpc: { port: 9091 } }, /error: failed to connect service at "10\.[\d.]+:9091": .*connection refused/],
    };
    await n.run('probes', { containers: [{ ...server(), readinessProbe: { httpGet: { port: 'web', path: '/self' }, periodSeconds: 1 } }, ...Object.entries(good).map(([k, p]) => waiter(k, p))], volumes });
    // Events of one object are few by Kubernetes' own rule (25 at once): a few containers per pod, each asked once, when the server is up.
    const all = Object.entries(bad);
    const parts = [all.slice(0, 4), all.slice(4)];
    for (const [i, part] of parts.entries()) await n.run(`bad${i}`, { initContainers: [{ ...server(), restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 9090 }, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 60 } }], containers: part.map(([k, [p]]) => waiter(k, { timeoutSeconds: 5, ...p, periodSeconds: 60 })), volumes });
    await n.until('probes', x => statusOf(x, 'server')?.ready && Object.keys(good).every(k => statusOf(x, k)?.ready));
    for (const [i, part] of parts.entries()) for (const [k, [, words]] of part) { await n.event(`bad${i}`, words); expect(statusOf(await n.get(`bad${i}`), k)?.ready, k).toBe(false); }
    const asked = await n.logs('probes', 'server');
    expect(asked).toContain('GET /head host=shop.example agent=kube-probe/1.36 x=yes');
    expect(asked).toMatch(/GET \/tls host=10\.[\d.]+:8443 agent=kube-probe\/1\.36/);
    expect(asked).toContain('GET /self');
    for (const name of ['probes', 'bad0', 'bad1']) await n.delete(name, 0);
  });

  it('liveness by HTTP restarts, with its own grace; startup keeps liveness back until the program is up', async () => {
    await n.run('live', { terminationGracePeriodSeconds: 60, containers: [sh('trap "" TERM; while :; do sleep 0.1; done', { livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1 } })] });
    const p = await n.until('live', x => (statusOf(x)?.restartCount ?? 0) >= 1);
    expect(statusOf(p)?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
    await n.event('live', 'Killing: Container main failed liveness probe, will be restarted');
    await n.delete('live', 0);
    await n.run('slow', { containers: [sh('sleep 3; touch /up; while :; do sleep 0.1; done', { startupProbe: { exec: { command: ['test', '-e', '/up'] }, periodSeconds: 1, failureThreshold: 20 }, livenessProbe: { exec: { command: ['test', '-e', '/up'] }, periodSeconds: 1, failureThreshold: 1 } })] });
    expect(statusOf(await n.ready('slow'))).toMatchObject({ started: true, restartCount: 0 });
    await n.delete('slow', 0);
  });

  it('hooks: HTTP and exec after the start, HTTP, exec and sleep before the end; a failed one is told', async () => {
    await n.run('hooks', { terminationGracePeriodSeconds: 20, containers: [server(), sh(FOREVER, { name: 'web', lifecycle: { postStart: { exec: { command: ['touch', '/after'] } }, preStop: { httpGet: { port: 8080, path: '/bye' } } } }), sh(FOREVER, { name: 'nap', lifecycle: { preStop: { sleep: { seconds: 2 } } } }), sh(FOREVER, { name: 'broken', lifecycle: { preStop: { exec: { command: ['sh', '-c', 'exit 9'] } } } })], volumes });
    await n.ready('hooks');
    await n.eventually('the server', async () => (await n.logs('hooks', 'server')).includes('up'));
    expect((await n.exec('hooks', ['ls', '/after'], 'web')).code).toBe(0);
    const said = n.logs('hooks', 'server', { follow: true });
    const from = Date.now();
    await n.delete('hooks');
    await n.gone('hooks');
    expect(Date.now() - from).toBeGreaterThanOrEqual(2000);
    expect(Date.now() - from).toBeLessThan(15_000);
    expect(await said).toContain('GET /bye');
    await n.event('hooks', 'FailedPreStopHook: PreStopHook failed');
    await n.run('after', { containers: [sh(FOREVER, { lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo no; exit 3'] } } } })] });
    await n.event('after', 'FailedPostStartHook: PostStartHook failed');
    await n.event('after', 'Killing: FailedPostStartHook');
    await n.until('after', x => statusOf(x)?.lastState?.terminated ?? statusOf(x)?.state?.terminated);
    await n.delete('after', 0);
  });
});
