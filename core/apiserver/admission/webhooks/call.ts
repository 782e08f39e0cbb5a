// What is asked of an admission webhook, and what it answered: AdmissionReview v1 and v1beta1
// (apiserver/pkg/admission/plugin/webhook/request/admissionreview.go).
import { Buffer } from 'node:buffer';
import { isObject } from '../../../api/meta/clone.ts';
import type { Status } from '../../../api/types/kubernetes.ts';
import { JsonSyntaxError, parseJson } from '../../codec/json.ts';
import { newUid } from '../../registry/identities.ts';
import { CallFailure } from '../../webhook-client.ts';

export interface Response { readonly allowed: boolean; readonly code: number; readonly reason: string; readonly message: string; readonly details: Status['details']; readonly patch: unknown; readonly warnings: readonly string[]; readonly audit: Readonly<Record<string, string>> }
/** One question. */
export interface Review { readonly uid: string; readonly apiVersion: string; readonly body: object }

const KNOWN: ReadonlySet<string> = new Set(['v1', 'v1beta1']);

/** The review of a request in the first of the webhook's versions that is known here. Throws CallFailure when none is. */
export function reviewOf(versions: readonly string[], request: object): Review {
  const version = versions.find(v => KNOWN.has(v));
  if (version === undefined) throw new CallFailure('could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  const uid = newUid(), apiVersion = `admission.k8s.io/${version}`;
  return { uid, apiVersion, body: { kind: 'AdmissionReview', apiVersion, request: { uid, ...request } } };
}

/** What a webhook answered to a review; throws CallFailure for what is no answer to it. `mutating`: a patch is allowed. */
export function responseOf(answer: unknown, asked: Review, mutating: boolean): Response {
  const r = isObject(answer) ? answer['response'] : undefined;
  if (!isObject(answer) || !isObject(r)) throw invalid('webhook response was absent');
  const patch = typeof r['patch'] === 'string' ? r['patch'] : '', type = r['patchType'];
  // The older version never looked at the rest.
  if (asked.apiVersion === 'admission.k8s.io/v1') {
    if (r['uid'] !== asked.uid) throw invalid(`expected response.uid=${JSON.stringify(asked.uid)}, got ${JSON.stringify(r['uid'] ?? '')}`);
    if (answer['kind'] !== 'AdmissionReview' || answer['apiVersion'] !== asked.apiVersion) throw invalid(`expected webhook response of ${asked.apiVersion}, Kind=AdmissionReview, got ${shown(answer['apiVersion'])}, Kind=${shown(answer['kind'])}`);
    if (!mutating && patch !== '') throw invalid('validating webhook may not return response.patch');
    if (!mutating && type !== undefined && type !== null) throw invalid('validating webhook may not return response.patchType');
    if (mutating && patch !== '' && (type === undefined || type === null)) throw invalid('webhook returned response.patch but not response.patchType');
    if (mutating && patch === '' && type !== undefined && type !== null) throw invalid('webhook returned response.patchType but not response.patch');
    if (mutating && type === '') throw invalid('webhook returned invalid response.patchType of ""');
    if (mutating && patch !== '' && type !== 'JSONPatch' && r['allowed'] === true) throw new CallFailure(`unsupported patch type ${JSON.stringify(type)}`);
  }
  const status = isObject(r['status']) ? r['status'] : {}, texts = r['warnings'], audit: Record<string, string> = {};
  const text = (v: unknown): string => (typeof v === 'string' ? v : '');
  if (isObject(r['auditAnnotations'])) for (const [k, v] of Object.entries(r['auditAnnotations'])) audit[k] = String(v);
  return {
    allowed: r['allowed'] === true, code: typeof status['code'] === 'number' ? status['code'] : 0, reason: text(status['reason']), message: text(status['message']), details: isObject(status['details']) ? status['details'] : undefined,
    patch: mutating && patch !== '' && r['allowed'] === true ? decoded(patch) : undefined, warnings: Array.isArray(texts) ? texts.map(String) : [], audit,
  };
}

const invalid = (why: string): CallFailure => new CallFailure(`received invalid webhook response: ${why}`);
const shown = (v: unknown): string => (typeof v === 'string' ? v : '');

function decoded(patch: string): unknown {
  try { return parseJson(Buffer.from(patch, 'base64').toString()); } catch (e) {
    if (!(e instanceof JsonSyntaxError)) throw e;
    throw new CallFailure(`received undecodable patch in webhook response: ${e.message}`);
  }
}
