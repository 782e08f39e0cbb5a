// List and watch, from any revision and through any selector, give the state of the store: checked against what a list says in the end.
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { kinds } from '../../api/kinds/index.ts';
import type { KubeList, KubeObject, WatchEvent } from '../../api/meta/object.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { memoryStore } from '../../store/open.ts';
import { createApiServer } from '../api-server.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const PATH = '/api/v1/namespaces/a/configmaps';
const SELECTORS: Record<string, string>[] = [{}, { labelSelector: 'color=red' }, { labelSelector: 'color!=red' }, { fieldSelector: 'metadata.name=o3' }, { labelSelector: 'color in (red,blue)', fieldSelector: 'metadata.name!=o1' }];

/** Numbers in [0, n), the same for the same seed. */
function numbers(seed: number): (n: number) => number {
  let s = seed;
  return n => { s = (s * 1_103_515_245 + 12_345) & 0x7fffffff; return Math.floor(s / 0x80000000 * n); };
}

it.each([1, 2, 3, 4])('random writes, seed %i', async seed => {
  const random = numbers(seed), clock = new FakeClock(), store = memoryStore({ clock });
  const server = createApiServer({ store, kinds, clock, log: silentLog, serviceCidr: '10.96.0.0/24', serviceAccountKey: KEY, gitVersion: 'v1.36.0', disabledAdmission: ['ServiceAccount'] });
  const t = server.localTransport({ name: 'admin', groups: ['system:masters'] });
  await t.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'a' } } });
  const list = (query: Record<string, string>): Promise<KubeList> => t.request({ method: 'GET', path: PATH, query }) as Promise<KubeList>;
  const alive = new Set<string>(), abort = new AbortController();
  const watchers: { selector: Record<string, string>; seen: Map<string, KubeObject>; wrong: string[] }[] = [];
  const revisions: string[] = [];

  const watch = async (): Promise<void> => {
    const selector = SELECTORS[random(SELECTORS.length)]!, seen = new Map<string, KubeObject>(), wrong: string[] = [];
    // From now, from an older revision (a list of that time), or from nothing with the state as first events.
    const how = random(3), query: Record<string, string> = { ...selector, allowWatchBookmarks: 'true' };
    if (how < 2) {
      const at: Record<string, string> = how === 1 && revisions.length > 0 ? { resourceVersion: revisions[random(revisions.length)]!, resourceVersionMatch: 'Exact' } : {};
      const l = await list({ ...selector, ...at });
      for (const o of l.items) seen.set(o.metadata!.name!, o);
      query.resourceVersion = l.metadata!.resourceVersion!;
    } else Object.assign(query, { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' });
    let last = Number(query.resourceVersion ?? 0), initial = how === 2;
    const take = (events: readonly WatchEvent[]): void => {
      for (const e of events) {
        const name = e.object.metadata?.name ?? '', rv = Number(e.object.metadata?.resourceVersion);
        if (e.type === 'BOOKMARK') { initial = false; last = Math.max(last, rv); continue; }
        if (e.type === 'ERROR') { wrong.push('ERROR'); continue; }
        if (!initial && rv <= last) wrong.push(`${e.type} ${name} at ${rv} after ${last}`);
        if (!initial) last = rv;
        if ((e.type === 'ADDED') === seen.has(name)) wrong.push(`${e.type} ${name} ${seen.has(name) ? 'is there' : 'is not there'}`);
        if (e.type === 'DELETED') seen.delete(name); else seen.set(name, e.object);
      }
    };
    void t.watch(PATH, query, take, abort.signal).catch((error: unknown) => wrong.push(String(error)));
    watchers.push({ selector, seen, wrong });
  };

  for (let i = 0; i < 300; i++) {
    const name = `o${random(8)}`, labels = [{ color: 'red' }, { color: 'blue' }, {}][random(3)]!, what = random(10);
    if (what === 0) await watch();
    else if (!alive.has(name)) { await t.request({ method: 'POST', path: PATH, body: { metadata: { name, labels }, data: { i: String(i) } } }); alive.add(name); }
    else if (what < 4) { await t.request({ method: 'DELETE', path: `${PATH}/${name}` }); alive.delete(name); }
    else await t.request({ method: 'PUT', path: `${PATH}/${name}`, body: { metadata: { name, labels }, data: { i: String(i) } } });
    if (i % 10 === 0) revisions.push(String(store.revision));
  }
  await clock.advance(61_000);
  expect(watchers.length).toBeGreaterThan(10);
  for (const w of watchers) {
    expect(w.wrong).toEqual([]);
    const l = await list(w.selector);
    expect(Object.fromEntries([...w.seen].map(([n, o]) => [n, o.metadata!.resourceVersion])), JSON.stringify(w.selector)).toEqual(Object.fromEntries(l.items.map(o => [o.metadata!.name, o.metadata!.resourceVersion])));
  }
  abort.abort();
  await server.close();
  await store.close();
});
