// /openapi/v2 (JSON and gnostic protobuf) and /openapi/v3. Nothing is built before it is asked for: most servers never are.
import type { KindSpec } from '../../api/kinds/kind.ts';
import { notAcceptable } from '../../api/meta/status.ts';
import type { Clock } from '../../base/clock.ts';
import { documentOf, header, json, notFound, serve, statusAnswer, type Answer, type Document, type Headers } from '../discovery/answer.ts';
import { groupsOf, groupVersion, type Group } from '../discovery/groups.ts';
import type { RemoteApis, RemoteVersion } from '../aggregation/remote-discovery.ts';
import { addRemotePaths, RemoteDocuments } from './remote.ts';
import { parseAccept } from '../http/negotiate.ts';
import { LineTable } from '../codec/schemas.ts';
import { Definitions, type Docs } from './definitions.ts';
import { encodeGnostic } from './gnostic.ts';
import { PathBuilder } from './paths.ts';

export interface OpenApiOptions { readonly kinds: () => readonly KindSpec[]; readonly remote?: RemoteApis | undefined; readonly gitVersion: string; readonly clock: Clock }
export interface OpenApi {
  /** Answers every path below /openapi and the old /swagger-2.0.0.pb-v1. */
  handle(path: string, headers: Headers, query: URLSearchParams): Promise<Answer>;
}

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const PROTOBUF_ASKED = new Set(['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', PROTOBUF]);
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const ALWAYS = ['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions', 'DeleteOptions', 'Status', 'WatchEvent'].map(n => `${META}.${n}`);
const V3_PATH = /^\/openapi\/v3\/((?:api|apis\/[^/]+)\/[^/]+)\/?$/;
const BEARER = { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' };

let texts: Promise<Docs> | undefined;
const docs = (): Promise<Docs> => texts ??= import('../../api/types/docs.ts').then(m => new LineTable<Record<string, string>>(m.DOCS));

/** A client's preferences among our media types, or undefined when it takes none. */
function choose(accept: string | undefined): 'json' | 'protobuf' | undefined {
  if (accept === undefined || accept === '') return 'json';
  for (const { type } of parseAccept(accept)) {
    if (type === '*/*' || type === 'application/*' || type === 'application/json') return 'json';
    if (PROTOBUF_ASKED.has(type)) return 'protobuf';
  }
  return undefined;
}

export function createOpenApi(o: OpenApiOptions): OpenApi {
  let seen: readonly KindSpec[] | undefined, seenRemote: readonly RemoteVersion[] | undefined, groups: Group[] = [];
  const others = o.remote && new RemoteDocuments(o.remote);
  let v2: Map<'json' | 'protobuf', Document> = new Map(), index: Document | undefined;
  /** Per group-version, with the kinds it was made of: a new CRD renews its own document only. */
  const v3 = new Map<string, { kinds: readonly KindSpec[]; document: Document }>();
  const info = { title: 'Kubernetes', version: o.gitVersion };
  const everywhere = (): { group: string; version: string }[] => groups.flatMap(g => g.versions.map(v => ({ group: g.group, version: v.version })));

  const buildV2 = (d: Docs): Record<string, unknown> => {
    const definitions = new Definitions('v2', d, everywhere()), builder = new PathBuilder(definitions);
    for (const name of ALWAYS) definitions.ref(name);
    for (const g of groups) for (const v of g.versions) for (const k of v.kinds) builder.add(k);
    return {
      swagger: '2.0', info, paths: builder.paths, definitions: definitions.sorted(),
      securityDefinitions: { BearerToken: BEARER }, security: [{ BearerToken: [] }],
    };
  };
  const v3Document = (g: string, version: string, kinds: readonly KindSpec[], d: Docs): Document => {
    const key = `${g}/${version}`, known = v3.get(key);
    if (known && known.kinds.length === kinds.length && known.kinds.every((k, i) => k === kinds[i])) return known.document;
    const definitions = new Definitions('v3', d, [{ group: g, version }]), builder = new PathBuilder(definitions);
    for (const k of kinds) builder.add(k);
    for (const name of ['APIResourceList', 'DeleteOptions', 'Status', 'WatchEvent']) definitions.ref(`${META}.${name}`);
    const document = documentOf('application/json', Buffer.from(JSON.stringify({
      openapi: '3.0.0', info, paths: builder.paths, components: { schemas: definitions.sorted(), securitySchemes: { BearerToken: BEARER } },
    })));
    v3.set(key, { kinds, document });
    return document;
  };
  const rootOf = (g: string, version: string): string => (g === '' ? `api/${version}` : `apis/${groupVersion(g, version)}`);

  return {
    async handle(path, headers, query) {
      const d = await docs();
      const kinds = o.kinds();
      const remote = o.remote?.versions;
      if (kinds !== seen || remote !== seenRemote) { seen = kinds; seenRemote = remote; groups = groupsOf(kinds); v2 = new Map(); index = undefined; }
      const plain = path.replace(/\/$/, '');
      if (plain === '/openapi/v2' || plain === '/swagger-2.0.0.pb-v1') {
        const form = plain === '/openapi/v2' ? choose(header(headers, 'accept')) : 'protobuf';
        if (form === undefined) return statusAnswer(notAcceptable(`only the following media types are accepted: application/json, ${[...PROTOBUF_ASKED].join(', ')}`));
        let document = v2.get(form);
        if (!document) {
          const spec = buildV2(d);
          if (others && remote?.length) addRemotePaths(spec, await others.v2());
          document = form === 'json' ? documentOf('application/json', Buffer.from(JSON.stringify(spec))) : documentOf(PROTOBUF, encodeGnostic(spec));
          v2.set(form, document);
        }
        return serve(document, headers, 'no-cache, private');
      }
      if (plain !== '/openapi/v3' && !V3_PATH.test(plain)) return notFound();
      if (choose(header(headers, 'accept')) !== 'json') return statusAnswer(notAcceptable('only the following media types are accepted: application/json'));
      if (plain === '/openapi/v3') {
        const more = others && remote?.length ? await others.v3() : [];
        index ??= documentOf('application/json', Buffer.from(JSON.stringify({
          paths: Object.fromEntries([...groups.flatMap(g => g.versions.map(v => {
            const root = rootOf(g.group, v.version);
            return [root, { serverRelativeURL: `/openapi/v3/${root}?hash=${v3Document(g.group, v.version, v.kinds, d).hash}` }] as const;
          })), ...more.map(({ root, document }) => [root, { serverRelativeURL: `/openapi/v3/${root}?hash=${document.hash}` }] as const)]),
        })));
        return serve(index, headers, 'no-cache, private');
      }
      const root = V3_PATH.exec(plain)![1]!, [version = '', group = ''] = root.split('/').slice(1).reverse();
      const other = others && (await others.v3()).find(x => x.root === root);
      const v = groups.find(g => g.group === group)?.versions.find(x => x.version === version);
      if (!v && !other) return notFound();
      const document = other?.document ?? v3Document(group, version, v!.kinds, d), hash = query.get('hash');
      if (hash === null || hash === '') return serve(document, headers, 'no-cache, private');
      if (hash !== document.hash) return { ...json({}), status: 301, headers: { location: `/openapi/v3/${root}?hash=${document.hash}` }, body: '' };
      const answer = serve(document, headers, 'public, immutable');
      answer.headers.expires = new Date(o.clock.now() + 365 * 86_400_000).toUTCString();
      return answer;
    },
  };
}

