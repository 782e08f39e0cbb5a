import { describe, expect, it } from 'vitest';
import { kinds } from '../../api/kinds/index.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Answer } from '../discovery/answer.ts';
import { createOpenApi } from './openapi.ts';

const openapi = createOpenApi({ kinds: () => kinds, gitVersion: 'v1.36.0', clock: new FakeClock(Date.UTC(2026, 0, 1)) });
const ask = (url: string, headers: Record<string, string> = {}): Promise<Answer> => {
  const u = new URL(url, 'http://x');
  return openapi.handle(u.pathname, headers, u.searchParams);
};
const body = async <T>(a: Promise<Answer>): Promise<T> => JSON.parse((await a).body.toString()) as T;
type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; $ref?: string };
interface Operation { parameters: { name: string; in: string }[]; 'x-kubernetes-action': string; 'x-kubernetes-group-version-kind': object; operationId: string }
interface V2 { paths: Record<string, Record<string, Operation>>; definitions: Record<string, Schema> }
interface V3 { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } }

/** Every $ref of a document points at something in it. */
function dangling(doc: unknown, prefix: string, has: (name: string) => boolean): string[] {
  const out = new Set<string>();
  JSON.stringify(doc, (k, v: unknown) => {
    if (k === '$ref' && typeof v === 'string' && (!v.startsWith(prefix) || !has(v.slice(prefix.length)))) out.add(v);
    return v;
  });
  return [...out];
}

describe('v2', () => {
  it('is complete in itself', async () => {
    const doc = await body<V2>(ask('/openapi/v2'));
    expect(dangling(doc, '#/definitions/', n => n in doc.definitions)).toEqual([]);
    for (const k of kinds) expect(doc.definitions[k.schema]?.['x-kubernetes-group-version-kind'], k.kind).toEqual([{ group: k.group, kind: k.kind, version: k.version }]);
    const ids = Object.values(doc.paths).flatMap(p => Object.values(p)).map(o => o.operationId).filter(Boolean);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i).filter(id => !/Proxy/.test(id))).toEqual([]);
  });
  it('says for every kind that the server validates fields and knows dry-run', async () => {
    const doc = await body<V2>(ask('/openapi/v2'));
    for (const k of kinds.filter(x => x.verbs.includes('patch'))) {
      const patch = Object.values(doc.paths).map(p => p.patch).find(o => o && JSON.stringify(o['x-kubernetes-group-version-kind']) === JSON.stringify({ group: k.group, kind: k.kind, version: k.version }));
      expect(patch?.parameters.map(p => p.name), k.kind).toEqual(expect.arrayContaining(['dryRun', 'fieldManager', 'fieldValidation', 'force']));
      expect(patch?.['x-kubernetes-action']).toBe('patch');
    }
  });
  it('has the extensions of merging', async () => {
    const { definitions } = await body<V2>(ask('/openapi/v2'));
    expect(definitions['io.k8s.api.core.v1.PodSpec']!.properties!.volumes).toMatchObject({ type: 'array', 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge,retainKeys', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });
    expect(definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ type: 'string', format: 'int-or-string' });
    expect(definitions['io.k8s.api.core.v1.Container']!.properties!.image!.description).toMatch(/image/i);
  });
  it('0.3, 2.1 comes as protobuf to kubectl, under the old path too, and 406 to others (trap 2)', async () => {
    const pb = await ask('/openapi/v2', { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' });
    expect(pb.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    // Field 1, `swagger`: "2.0".
    expect((pb.body as Buffer).subarray(0, 5)).toEqual(Buffer.from([0x0a, 3, 0x32, 0x2e, 0x30]));
    expect((await ask('/swagger-2.0.0.pb-v1')).body).toEqual(pb.body);
    expect((await ask('/openapi/v2', { accept: 'text/html' })).status).toBe(406);
    expect(await ask('/openapi/v2', { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'if-none-match': pb.headers.etag! })).toMatchObject({ status: 304, body: '' });
  });
});

describe('v3', () => {
  it('has one document per group-version, each complete in itself', async () => {
    const { paths } = await body<{ paths: Record<string, { serverRelativeURL: string }> }>(ask('/openapi/v3'));
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1']));
    for (const [gv, { serverRelativeURL }] of Object.entries(paths)) {
      const doc = await body<V3>(ask(serverRelativeURL));
      expect(dangling(doc, '#/components/schemas/', n => n in doc.components.schemas), gv).toEqual([]);
      expect(Object.keys(doc.paths).every(p => p.startsWith(`/${gv}/`)), gv).toBe(true);
    }
  });
  it('caches by hash: right for good, wrong moves on, none for now', async () => {
    const { paths } = await body<{ paths: Record<string, { serverRelativeURL: string }> }>(ask('/openapi/v3'));
    const url = paths['apis/apps/v1']!.serverRelativeURL;
    expect((await ask(url)).headers).toMatchObject({ 'cache-control': 'public, immutable', expires: 'Fri, 01 Jan 2027 00:00:00 GMT' });
    expect(await ask('/openapi/v3/apis/apps/v1?hash=BAD')).toMatchObject({ status: 301, headers: { location: url } });
    expect((await ask('/openapi/v3/apis/apps/v1')).status).toBe(200);
    expect((await ask('/openapi/v3/apis/nope/v1')).status).toBe(404);
    expect((await ask('/openapi/v3/nonsense')).status).toBe(404);
  });
  it('wraps references and says what they are', async () => {
    const { components } = await body<V3>(ask('/openapi/v3/apis/apps/v1'));
    expect(components.schemas['io.k8s.api.apps.v1.Deployment']!.properties!.spec).toMatchObject({ allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec' }], description: expect.any(String) as string });
    expect(components.schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ oneOf: [{ type: 'integer' }, { type: 'string' }] });
  });
});
