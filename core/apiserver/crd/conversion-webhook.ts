// Asking a definition's webhook to convert objects (ConversionReview v1 and v1beta1; apiextensions-apiserver
// pkg/apiserver/conversion/webhook_converter.go).
import { clone, equal, isObject } from '../../api/meta/clone.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { failure, type ApiError } from '../../api/meta/status.ts';
import type { CustomResourceDefinition } from '../../api/types/kubernetes.ts';
import { newUid } from '../registry/identities.ts';
import { post, type Reach } from '../webhook-client.ts';
import type { Convert } from './custom-resource.ts';

const SECONDS = 30;
const REVIEWS: ReadonlySet<string> = new Set(['v1', 'v1beta1']);

/** The converter of a definition whose strategy is Webhook. Rejects with 500 and upstream's words. */
export function conversionWebhook(crd: CustomResourceDefinition, reach: Reach): Convert {
  const hook = crd.spec.conversion?.webhook;
  const version = hook?.conversionReviewVersions?.find(v => REVIEWS.has(v)) ?? 'v1';
  return async (objects, apiVersion) => {
    const waiting = objects.filter(o => o.apiVersion !== apiVersion);
    if (waiting.length === 0) return [...objects];
    const from = waiting[0]!;
    const failed = (why: string): ApiError => failure(500, '', `conversion webhook for ${from.apiVersion ?? ''}, Kind=${from.kind ?? ''} failed: ${why}`);
    const invalid = (why: string): ApiError => failure(500, '', `conversion webhook for ${from.apiVersion ?? ''}, Kind=${from.kind ?? ''} returned ${why}`);
    const uid = newUid();
    let answer: unknown;
    try {
      answer = await post(reach, hook?.clientConfig ?? {}, { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid, desiredAPIVersion: apiVersion, objects: waiting } }, SECONDS);
    } catch (e) { throw failed(e instanceof Error ? e.message : String(e)); }
    const response = isObject(answer) && isObject(answer['response']) ? answer['response'] : undefined;
    if (!response) throw failed('no response provided');
    if (isObject(answer) && (answer['kind'] !== 'ConversionReview' || answer['apiVersion'] !== `apiextensions.k8s.io/${version}`)) throw failed(`expected webhook response of apiextensions.k8s.io/${version}, Kind=ConversionReview, got ${String(answer['apiVersion'])}, Kind=${String(answer['kind'])}`);
    if (response['uid'] !== uid) throw failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`);
    const result = isObject(response['result']) ? response['result'] : {};
    if (result['status'] !== 'Success') throw failed(typeof result['message'] === 'string' && result['message'] !== '' ? result['message'] : `response.result.status was '${String(result['status'] ?? '')}', not 'Success'`);
    const converted = Array.isArray(response['convertedObjects']) ? response['convertedObjects'] as unknown[] : [];
    if (converted.length !== waiting.length) throw invalid(`${converted.length} objects, expected ${waiting.length}`);
    let at = 0;
    return objects.map(o => (o.apiVersion === apiVersion ? o : checked(o, converted[at], apiVersion, `invalid converted object at index ${at++}`, invalid)));
  };
}

/** A converted object with the identity of its original: labels and annotations are all of the metadata a webhook may change. */
function checked(before: KubeObject, after: unknown, apiVersion: string, where: string, invalid: (why: string) => ApiError): KubeObject {
  if (!isObject(after)) throw invalid(`${where}: not an object`);
  if (after['apiVersion'] !== apiVersion) throw invalid(`${where}: invalid groupVersion (expected ${apiVersion}, received ${String(after['apiVersion'] ?? '')})`);
  if (after['kind'] !== before.kind) throw invalid(`${where}: invalid kind (expected ${before.kind ?? ''}, received ${String(after['kind'] ?? '')})`);
  const o = clone(after) as KubeObject, m = o.metadata;
  if (m === undefined || m === null) throw invalid(`${where}: missing metadata`);
  const meta = { ...before.metadata };
  for (const field of ['name', 'namespace', 'uid'] as const) if ((m[field] ?? '') !== (meta[field] ?? '')) throw invalid(`${where}: must have the same ${field === 'uid' ? 'UID' : field}: ${JSON.stringify(m[field] ?? '')} != ${JSON.stringify(meta[field] ?? '')}`);
  for (const field of ['labels', 'annotations'] as const) {
    if (m[field] !== undefined && m[field] !== null) { if (!equal(m[field], meta[field])) meta[field] = m[field]; } else delete meta[field];
  }
  o.metadata = meta;
  return o;
}
