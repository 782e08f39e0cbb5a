// Bad input: every body against every way in. Each answer is a Status that says so, none is a 500, and the server stays up.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApi } from '../harness/api-server.ts';

const NS = '/api/v1/namespaces/default', DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + 1 + close.repeat(depth);
const BODIES: readonly string[] = ['', '{}', '[]', 'null', '1', '"x"', 'true', '{"metadata":null}', '{"metadata":[]}', '{"metadata":{"name":null}}', '{"metadata":{"name":"a","labels":null}}', '{"metadata":{"name":"a","labels":[]}}', '{"metadata":{"name":"a","labels":{"a":1}}}',
    '{"metadata":{"name":"b"},"spec":null}', '{"metadata":{"name":"c"},"spec":{}}', '{"metadata":{"name":"d"},"spec":{"containers":null}}', '{"metadata":{"name":"e"},"spec":{"containers":[null]}}', '{"metadata":{"name":"e"},"spec":{"containers":[{}]}}', '{"metadata":{"name":"f"},"spec":{"ports":[null]}}', '{"metadata":{"name":"f"},"spec":{"ports":[{}]}}', '{"metadata":{"name":"f"},"spec":{"ports":[{"port":"x"}]}}',
    '{"metadata":{"name":"g"},"spec":{"template":null}}', '{"metadata":{"name":"g"},"spec":{"template":{},"selector":{}}}', '{"metadata":{"name":"g"},"spec":{"template":{"spec":{"containers":[{"name":"a"}]}},"selector":{"matchLabels":null,"matchExpressions":[{}]}}}', `{"metadata":{"generateName":"${'x'.repeat(300)}"}}`,
    '{"metadata":{"name":"h","ownerReferences":[{}]}}', '{"metadata":{"name":"h","ownerReferences":[null]}}', '{"metadata":{"name":"h","finalizers":[null,""]}}', '{"metadata":{"name":"i","annotations":{"":""}}}', '{"metadata":{"name":"__proto__"}}', '{"metadata":{"name":"j","labels":{"__proto__":"x"}}}', '{"__proto__":{"x":1},"metadata":{"name":"k"}}', '{"data":{"a":1},"metadata":{"name":"l"}}', '{"data":{"a":"%%%"},"metadata":{"name":"m"}}',
    '{"spec":{"replicas":99999999999999999999},"metadata":{"name":"n"}}', '{"spec":{"replicas":-1},"metadata":{"name":"n"}}', '{"spec":{"replicas":1.5},"metadata":{"name":"n"}}', nested('{"a":', '}', 5000), nested('[', ']', 5000), `{"data":${nested('{"a":', '}', 900)},"metadata":{"name":"o"}}`, '{"x":"\ud800"}', '\u0000', '{"kind":5}', '{"apiVersion":{}}', '{"kind":"Pod","apiVersion":"v9","metadata":{"name":"q"}}', 'a: b', '- a', '---', '{{', '[{"op":"add"}]', '[{"op":"add","path":"/metadata","value":null}]', '[{"op":"add","path":"","value":null}]', '[{"op":"remove","path":"/metadata"}]', '[{"op":"replace","path":"/metadata","value":[]}]', '[{"op":"replace","path":"/kind","value":"x"}]','[{"op":"replace","path":"/spec","value":null}]', '{"$patch":"delete"}', '{"$patch":"replace"}', '{"$patch":"nonsense"}', '{"spec":{"$patch":"delete"}}','{"metadata":{"$patch":"delete"}}', '{"spec":{"$setElementOrder/containers":5}}', '{"spec":{"containers":[{"$patch":"delete"}]}}', '{"metadata":{"$retainKeys":5}}', '{"metadata":{"$deleteFromPrimitiveList/finalizers":{}}}', '{"status":null}', '{"status":5}', '{"status":{"conditions":[null]}}', '{"spec":{"target":1}}', '{"target":null}', '{"target":{"name":5}}', '{"spec":{"expirationSeconds":"x"}}', '{"spec":{"boundObjectRef":{}}}', '{"propagationPolicy":5}', '{"gracePeriodSeconds":"x"}', '{"preconditions":5}', '{"dryRun":5}', '{"deleteOptions":5}', '{"kind":"DeleteOptions","apiVersion":"v7"}'];

let api: TestApi;
const surprises: string[] = [];
let asked = 0;

async function send(method: string, path: string, body?: string, type = 'application/json'): Promise<void> {
  const r = await api.call(path, { method, ...(body === undefined ? {} : { body, headers: { 'content-type': type } }) });
  asked++;
  if (r.status >= 500) surprises.push(`${method} ${path} ${type} ${body?.slice(0, 100) ?? ''} -> ${r.text.slice(0, 300)}`);
  else if (r.status >= 400 && r.json<{ code?: number }>().code !== r.status) surprises.push(`${method} ${path} -> HTTP ${r.status}, ${r.text.slice(0, 200)}`);
}

/** Something to aim at, made again when a request was good enough to remove it. */
async function seed(): Promise<void> {
  const make = (path: string, object: object): Promise<unknown> => api.call(path, { body: JSON.stringify({ metadata: { name: 'p' }, ...object }) });
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await make(`${NS}/pods`, { spec: template.spec });
  await make(`${NS}/configmaps`, {});
  await make(`${NS}/serviceaccounts`, {});
  await make(`${NS}/services`, { spec: { ports: [{ port: 80 }] } });
  await make(DEPLOYMENTS, { spec: { selector: { matchLabels: { a: 'b' } }, template } });
}

beforeAll(async () => { api = await TestApi.start(); await seed(); });
afterAll(async () => { await api.stop(); });

it('refuses bad bodies with the right Status', async () => {
  const resources = [`${NS}/pods`, `${NS}/configmaps`, `${NS}/services`, `${NS}/secrets`, `${NS}/events`, `${NS}/persistentvolumeclaims`, DEPLOYMENTS, '/api/v1/nodes', '/api/v1/namespaces', '/apis/batch/v1/namespaces/default/cronjobs', '/apis/events.k8s.io/v1/namespaces/default/events', '/apis/networking.k8s.io/v1/namespaces/default/ingresses'];
  for (const r of resources) {
    for (const b of BODIES) { await send('POST', r, b); await send('POST', r, b, 'application/yaml'); await send('PUT', `${r}/p`, b); }
  }
  for (const r of [`${NS}/pods`, `${NS}/configmaps`, `${NS}/services`, DEPLOYMENTS]) {
    for (const type of ['json-patch', 'merge-patch', 'strategic-merge-patch']) {
      for (const b of BODIES) { await send('PATCH', `${r}/p`, b, `application/${type}+json`); await send('PATCH', `${r}/p/status`, b, `application/${type}+json`); }
    }
    await seed();
  }
  for (const b of BODIES) {
    for (const sub of ['binding', 'eviction', 'ephemeralcontainers', 'resize']) { await send('POST', `${NS}/pods/p/${sub}`, b); await send('PUT', `${NS}/pods/p/${sub}`, b); }
    await send('POST', `${NS}/serviceaccounts/p/token`, b);
    await send('PUT', `${DEPLOYMENTS}/p/scale`, b);
    await send('PATCH', `${DEPLOYMENTS}/p/scale`, b, 'application/merge-patch+json');
    await send('DELETE', `${NS}/configmaps/p`, b);
    await send('DELETE', `${NS}/configmaps`, b);
  }
  expect(surprises).toEqual([]);
  expect(asked).toBeGreaterThan(200);
});

it('refuses bad queries and paths with the right Status', async () => {
  for (const q of ['limit=x', 'limit=-1', 'continue=%00', 'continue=e30', 'resourceVersion=x', 'resourceVersion=-1', 'labelSelector=%25', 'labelSelector=a=b=c', 'fieldSelector=x', 'fieldSelector=metadata.name', 'watch=1&resourceVersion=x', 'watch=1&resourceVersion=99999999999999999', 'resourceVersionMatch=Foo', 'pretty=x', 'labelSelector=a&labelSelector=b']) await send('GET', `${NS}/pods?${q}`);
  for (const p of ['/api/v1/%2e%2e/x', '/api//v1/pods', '/api/v1/namespaces//pods', '/api/v1/namespaces/default/pods//log', '/apis//v1/x', '/api/v1/watch', '/api/v1/watch/pods/x/y/z', '/apis/apps/v1/namespaces/a/b/c/d/e/f', '/api/v1/%ff']) await send('GET', p);
  expect(surprises).toEqual([]);
  expect((await api.call('/readyz')).text).toBe('ok');
});
