// Turns a result into the bytes the client agreed to (contract 3.1, 4.x).
import type { Unstructured } from '../../api/meta/object.ts';
import type { Result } from '../context.ts';
import type { Resource } from '../registry/resource.ts';
import { encodeProtobuf } from '../codec/protobuf-encode.ts';
import { joined, listPieces, type Pieces } from './list-pieces.ts';
import { PROTOBUF, type Answer } from './negotiate.ts';
import { PARTIAL_HEAD, partial, partialText } from './partial.ts';
import { tableOfEntries, tableOfObject, tableOfObjects, tableOfPart, type Include } from './table.ts';

/** `body` in one or, for lists, piece by piece. */
export interface Payload { readonly code: number; readonly contentType: string; readonly body: Buffer | Pieces }

const JSON_TYPE = 'application/json';

export interface YamlWriter { stringify(value: unknown): string }

/** Everything but watches. `resource` is the one the URL named; `now` in ms. */
export function present(result: Exclude<Result, { type: 'watch' }>, answer: Answer, include: Include, resource: Resource | undefined, now: number, yaml: YamlWriter): Payload {
  const body = bytes(result, answer, include, resource, now);
  if (!answer.pretty && answer.format === 'json') return { code: result.code, contentType: JSON_TYPE, body };
  const value: unknown = JSON.parse((typeof body === 'function' ? joined(body) : body).toString());
  if (answer.format === 'protobuf') return { code: result.code, contentType: PROTOBUF, body: encodeProtobuf(value as Unstructured) };
  if (answer.format === 'yaml') return { code: result.code, contentType: 'application/yaml', body: Buffer.from(yaml.stringify(value)) };
  return { code: result.code, contentType: JSON_TYPE, body: Buffer.from(`${JSON.stringify(value, null, 2)}\n`) };
}

function bytes(result: Exclude<Result, { type: 'watch' }>, answer: Answer, include: Include, resource: Resource | undefined, now: number): Buffer | Pieces {
  if (result.type === 'entry') {
    if (answer.as === 'object') return result.resource.bytesOf(result.entry);
    if (answer.as === 'Table') return tableOfEntries(result.resource, [result.entry], { resourceVersion: String(result.entry.revision) }, include, now);
    return Buffer.from(partialText(result.resource, result.entry, result.entry.revision));
  }
  if (result.type === 'list') {
    const r = result.resource;
    if (answer.as === 'Table') return tableOfEntries(r, result.entries, result.meta, include, now);
    const meta = JSON.stringify(result.meta);
    if (answer.as === 'PartialObjectMetadataList') {
      return listPieces(`{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${meta},"items":[`, result.entries, (e, span) => r.metadata(e, e.revision, span, PARTIAL_HEAD, '}'));
    }
    return listPieces(`{"kind":${JSON.stringify(r.spec.listKind)},"apiVersion":${JSON.stringify(r.apiVersion)},"metadata":${meta},"items":[`, result.entries, (e, span) => r.item(e, span));
  }
  if (result.type === 'objects') {
    const r = result.resource;
    if (answer.as === 'Table') return Buffer.from(tableOfObjects(r, result.objects, result.meta, include, now));
    const partials = answer.as === 'PartialObjectMetadataList';
    const items = partials ? result.objects.map(partial) : result.objects.map(({ kind: _k, apiVersion: _v, ...rest }) => rest);
    return Buffer.from(`${JSON.stringify({ kind: partials ? answer.as : r.spec.listKind, apiVersion: partials ? 'meta.k8s.io/v1' : r.apiVersion, metadata: result.meta, items })}\n`);
  }
  const object = result.object as Unstructured;
  if (answer.as !== 'object' && result.columns) return Buffer.from(answer.as === 'Table' ? tableOfPart(result.columns, object, include, now) : `${JSON.stringify(partial(object))}\n`);
  // Only objects of the resource itself have its columns and metadata; a Status goes out as it is.
  if (answer.as !== 'object' && resource && result.spec === resource.spec) {
    if (answer.as === 'Table') return Buffer.from(tableOfObject(resource, object, include, now));
    return Buffer.from(`${JSON.stringify(partial(object))}\n`);
  }
  return Buffer.from(`${JSON.stringify(object)}\n`);
}
