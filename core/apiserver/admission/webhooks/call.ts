// What an admission webhook answered: AdmissionReview v1.
import { Buffer } from 'node:buffer';
import { isObject } from '../../../api/meta/clone.ts';
import { parseJson } from '../../codec/json.ts';
import { CallFailure } from '../../webhook-client.ts';

export interface Response { readonly allowed: boolean; readonly code: number; readonly reason: string; readonly message: string; readonly patch: unknown; readonly warnings: readonly string[]; readonly audit: Readonly<Record<string, string>> }

/** What a webhook answered; throws CallFailure for what is no answer to `uid`. `mutating`: a patch is allowed. */
export function responseOf(answer: unknown, uid: string, mutating: boolean): Response {
  if (!isObject(answer) || answer['kind'] !== 'AdmissionReview' || answer['apiVersion'] !== 'admission.k8s.io/v1') {
    throw new CallFailure(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${isObject(answer) ? `${String(answer['apiVersion'] ?? '')}, Kind=${String(answer['kind'] ?? '')}` : 'no object'}`);
  }
  const r = answer['response'];
  if (!isObject(r)) throw new CallFailure('webhook response was absent');
  if (r['uid'] !== uid) throw new CallFailure(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(r['uid'] ?? '')}`);
  const raw = typeof r['patch'] === 'string' && r['patch'] !== '' ? Buffer.from(r['patch'], 'base64').toString() : undefined;
  let patch: unknown;
  if (raw !== undefined || (r['patchType'] ?? '') !== '') {
    if (!mutating) throw new CallFailure('validating webhook may not return response.patch');
    if (raw === undefined) throw new CallFailure('webhook returned response.patchType but not response.patch');
    if (r['patchType'] !== 'JSONPatch') throw new CallFailure(`webhook returned invalid response.patchType of ${JSON.stringify(r['patchType'] ?? '')}`);
    try { patch = parseJson(raw); } catch (e) { throw new CallFailure(`webhook returned a patch that is no JSON: ${e instanceof Error ? e.message : String(e)}`); }
  }
  const status = isObject(r['status']) ? r['status'] : {}, texts = r['warnings'], audit: Record<string, string> = {};
  if (isObject(r['auditAnnotations'])) for (const [k, v] of Object.entries(r['auditAnnotations'])) audit[k] = String(v);
  return {
    allowed: r['allowed'] === true, code: typeof status['code'] === 'number' ? status['code'] : 0, reason: typeof status['reason'] === 'string' ? status['reason'] : '', message: typeof status['message'] === 'string' ? status['message'] : '',
    patch, warnings: Array.isArray(texts) ? texts.map(String) : [], audit,
  };
}
