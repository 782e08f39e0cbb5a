import { expect, it } from 'vitest';
import type { Reply } from '../aggregation/ask.ts';
import type { RemoteVersion } from '../aggregation/remote-discovery.ts';
import { v3OfV2 } from './convert.ts';
import { RemoteDocuments } from './remote.ts';

it('2.4 a document of v2 in the words of v3', () => {
  expect(v3OfV2({
    swagger: '2.0', info: { title: 'w', version: '1' }, securityDefinitions: { B: { type: 'apiKey' } },
    parameters: { body: { in: 'body', name: 'body', required: true, schema: { $ref: '#/definitions/Flunder' } }, ns: { in: 'path', name: 'namespace', required: true, type: 'string', uniqueItems: true } },
    paths: {
      '/apis/w/v1/namespaces/{namespace}/flunders': {
        parameters: [{ $ref: '#/parameters/ns' }],
        post: {
          consumes: ['application/json'], produces: ['application/json', 'application/yaml'], operationId: 'make', 'x-kubernetes-action': 'post',
          parameters: [{ $ref: '#/parameters/body' }, { in: 'query', name: 'limit', type: 'integer', description: 'how many' }], responses: { 201: { description: 'Created', schema: { $ref: '#/definitions/Flunder' } }, 401: { description: 'Unauthorized' } },
        },
      },
    },
    definitions: { Flunder: { type: 'object', properties: { spec: { $ref: '#/definitions/Spec', description: 'text', default: {} }, port: { type: 'string', format: 'int-or-string' }, all: { type: 'array', items: { $ref: '#/definitions/Spec' } } } }, Spec: { type: 'object' } },
  })).toEqual({
    openapi: '3.0.0', info: { title: 'w', version: '1' },
    paths: {
      '/apis/w/v1/namespaces/{namespace}/flunders': {
        parameters: [{ in: 'path', name: 'namespace', required: true, schema: { type: 'string', uniqueItems: true } }],
        post: {
          operationId: 'make', 'x-kubernetes-action': 'post', parameters: [{ in: 'query', name: 'limit', description: 'how many', schema: { type: 'integer' } }],
          requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Flunder' } } } },
          responses: {
            201: { description: 'Created', content: { 'application/json': { schema: { $ref: '#/components/schemas/Flunder' } }, 'application/yaml': { schema: { $ref: '#/components/schemas/Flunder' } } } },
            401: { description: 'Unauthorized' },
          },
        },
      },
    },
    components: {
      schemas: {
        Flunder: {
          type: 'object', properties: {
            spec: { description: 'text', default: {}, allOf: [{ $ref: '#/components/schemas/Spec' }] }, port: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
            all: { type: 'array', items: { $ref: '#/components/schemas/Spec' } },
          },
        },
        Spec: { type: 'object' },
      },
      securitySchemes: { B: { type: 'apiKey' } },
    },
  });
  // Another server's document may be anything.
  expect(v3OfV2({ paths: { '/x': null, '/y': { get: 5, parameters: 'x' } }, definitions: [], parameters: 1 })).toMatchObject({ openapi: '3.0.0', components: { schemas: {} } });
});

it('15.2 a server without v3 is asked for v2; one that fails is left out', async () => {
  const version = (group: string): RemoteVersion => ({ group, version: 'v1', groupPriority: 1, versionPriority: 1, stale: false, resources: [] });
  const reply = (status: number, body: object = {}): Reply => ({ status, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) });
  const documents = await new RemoteDocuments({
    versions: [version('old'), version('new'), version('broken')],
    read: async (group, _, path) => {
      if (group === 'broken') return reply(500);
      if (group === 'old' && path.startsWith('/openapi/v3')) return reply(404);
      return path === '/openapi/v2' ? reply(200, { paths: { '/apis/old/v1/x': { get: {} } } }) : reply(200, { openapi: '3.0.0', paths: {} });
    },
  }).v3();
  expect(documents.map(d => [d.root, JSON.parse(d.document.body.toString()) as object])).toMatchObject([['apis/old/v1', { openapi: '3.0.0', paths: { '/apis/old/v1/x': { get: { responses: {} } } } }], ['apis/new/v1', { paths: {} }]]);
});
