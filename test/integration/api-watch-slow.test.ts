// Watchers that read slowly or not at all: the first get everything in their own time, the others are cut and come back.
import { once } from 'node:events';
import { connect as connectH2, type ClientHttp2Stream } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApi } from '../harness/api-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps', SIZE = 900_000;
let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(() => api.stop());

const put = async (i: number): Promise<void> => {
  const a = await api.call(PATH, { body: JSON.stringify({ metadata: { name: `big-${i}` }, data: { x: 'x'.repeat(SIZE) } }) });
  expect(a.status).toBe(201);
};
function watch(query: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const s = connect({ host: '127.0.0.1', port: api.port, ca: api.pki.ca.cert, ALPNProtocols: ['http/1.1'] }, () => {
      s.write(`GET ${PATH}?watch=true&${query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test-token\r\n\r\n`);
      s.once('readable', () => resolve(s));
    });
    s.on('error', reject);
  });
}

it('6.12 a state larger than what may wait reaches a slow reader whole, and what happens meanwhile after it', async () => {
  for (let i = 0; i < 24; i++) await put(i);
  const s = await watch('allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan');
  s.pause();
  await put(24);
  let text = '', added = 0, ended = false;
  for await (const b of s) {
    text = text.slice(-200) + String(b);
    added += String(b).split('"type":"ADDED"').length - 1;
    // The end of the state comes before what came after it.
    if (text.includes('k8s.io/initial-events-end')) ended = true;
    if (text.includes('"big-24"')) { expect(ended).toBe(true); break; }
  }
  expect(added).toBeGreaterThanOrEqual(24);
  s.destroy();
}, 30_000);

it('6.12 a watcher that does not read is cut off, not fed for ever; over HTTP/2 its neighbours on the connection hear everything', async () => {
  const name = `stalled-${performance.now().toFixed()}`, query = `resourceVersion=0&fieldSelector=metadata.name%3D${name}`;
  const s = await watch(query);
  s.pause();
  const session = connectH2(`https://127.0.0.1:${api.port}`, { ca: api.pki.ca.cert, settings: { initialWindowSize: 4 << 20 } });
  await once(session, 'connect');
  // As Go's clients do: one stream's unread bytes do not use up the connection's window.
  session.setLocalWindowSize(1 << 30);
  const opened = async (): Promise<ClientHttp2Stream> => {
    const stream = session.request({ ':path': `${PATH}?watch=true&${query}`, authorization: 'Bearer test-token' });
    stream.on('error', () => undefined);
    await once(stream, 'response');
    return stream;
  };
  const [deaf, hearing] = [await opened(), await opened()];
  const cut = once(deaf, 'close');
  let heard = 0;
  hearing.on('data', (b: Buffer) => { heard += b.length; });
  expect((await api.call(PATH, { body: JSON.stringify({ metadata: { name }, data: { x: 'x'.repeat(SIZE) } }) })).status).toBe(201);
  const waiting = (): number => Number(/^apiserver_longrunning_requests (\d+)$/m.exec(api.server.metrics.render())![1]);
  expect(waiting()).toBe(3);
  let writes = 0;
  for (; waiting() > 1 && writes < 80; writes++) {
    expect((await api.call(`${PATH}/${name}`, { method: 'PATCH', body: JSON.stringify({ data: { n: String(writes) } }), headers: { 'content-type': 'application/merge-patch+json' } })).status).toBe(200);
  }
  // What the kernel takes, and no more than 16 MiB here.
  expect(writes).toBeLessThan(60);
  await expect.poll(() => heard, { timeout: 10_000 }).toBeGreaterThan((writes + 1) * SIZE);
  deaf.resume();
  await cut;
  session.destroy();
  s.destroy();
}, 30_000);
