import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { silentLog } from '../../core/base/log.ts';
import { FakeCluster } from './fake-cluster.ts';
import { createGateway } from './gateway.ts';
import { serveUi, type UiServer } from './serve.ts';

const dir = mkdtempSync(join(tmpdir(), 'pilothouse-ui-'));
let ui: UiServer;
beforeAll(async () => {
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>x</title>');
  ui = await serveUi({ listen: { host: '127.0.0.1', port: 0 }, gateway: createGateway({ clusters: new FakeCluster(), log: silentLog }), assetsDir: dir, token: 'secret', log: silentLog });
});
afterAll(async () => { await ui.close(); rmSync(dir, { recursive: true }); });

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => new Promise<{ code: number; headers: Record<string, unknown>; body: string }>((done, fail) => {
  const req = request({ host: '127.0.0.1', port: ui.port, path, method, headers }, res => {
    let body = '';
    res.on('data', d => { body += String(d); }).on('end', () => done({ code: res.statusCode ?? 0, headers: res.headers, body }));
  });
  req.on('error', fail);
  req.end();
});
const open = (origin: string | undefined, path = '/gateway') => new Promise<WebSocket>((done, fail) => {
  const ws = new WebSocket(`ws://127.0.0.1:${ui.port}${path}`, origin === undefined ? {} : { origin });
  ws.on('open', () => done(ws)).on('error', fail);
});

describe('serveUi', () => {
  it('serves the page under a policy without eval', async () => {
    const page = await get('/');
    expect(page.code).toBe(200);
    const csp = String(page.headers['content-security-policy']);
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("script-src 'self';");
    expect(csp.match(/unsafe/g)).toHaveLength(1);
  });
  it.each(['/../package.json', '/..%2f..%2fetc/passwd', '/%00', '/nothing', '/%'])('does not serve %s', async path => {
    expect((await get(path)).code).toBeGreaterThanOrEqual(400);
  });
  it('answers to its own name only', async () => {
    expect((await get('/', { host: 'evil.example:80' })).code).toBe(421);
    expect((await get('/', {}, 'POST')).code).toBe(405);
  });
  it('connects windows of its own origin that know the token', async () => {
    const ws = await open(`http://127.0.0.1:${ui.port}`);
    const first = new Promise<{ t: string }>(done => { ws.on('message', m => done(JSON.parse(String(m)) as { t: string })); });
    ws.send(JSON.stringify({ t: 'hello', version: 1, token: 'secret' }));
    expect((await first).t).toBe('welcome');
    ws.terminate();
    const other = await open(`http://127.0.0.1:${ui.port}`);
    const closed = new Promise<number>(done => { other.on('close', code => done(code)); });
    other.send(JSON.stringify({ t: 'hello', version: 1, token: 'wrong' }));
    expect(await closed).toBe(1000);
  });
  it('refuses other origins and paths', async () => {
    await expect(open('http://evil.example')).rejects.toThrow('403');
    await expect(open(undefined)).rejects.toThrow('403');
    await expect(open(`http://127.0.0.1:${ui.port}`, '/other')).rejects.toThrow('404');
  });
});
