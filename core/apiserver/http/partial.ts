// PartialObjectMetadata: an object of which only the metadata is shown (contract 4.7).
import type { KubeObject } from '../../api/meta/object.ts';
import type { Entry } from '../../store/store.ts';
import { newSpan, spanText, type Resource } from '../registry/resource.ts';

/** What comes before the metadata. */
export const PARTIAL_HEAD = '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":';

/** PartialObjectMetadata of an entry as JSON text, without decoding it. */
export function partialText(resource: Resource, entry: Entry, revision: number): string {
  const span = newSpan();
  resource.metadata(entry, revision, span, PARTIAL_HEAD, '}');
  return spanText(span);
}

/** The same of a decoded object. */
export const partial = (object: KubeObject): KubeObject => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });
