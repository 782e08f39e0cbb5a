// Asking a definition's webhook to convert objects (ConversionReview v1 and v1beta1; apiextensions-apiserver
// pkg/apiserver/conversion/webhook_converter.go).
import { Buffer } from 'node:buffer';
import { Agent, request } from 'node:https';
import { clone, equal, isObject } from '../../api/meta/clone.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { failure, type ApiError } from '../../api/meta/status.ts';
import type { CustomResourceDefinition, Endpoints, Service } from '../../api/types/kubernetes.ts';
import { parseJson } from '../codec/json.ts';
import { newUid } from '../registry/object-meta.ts';
import type { Convert } from './custom-resource.ts';

const TIMEOUT_MS = 30_000, MAX_ANSWER = 64 * 1024 * 1024;
const REVIEWS: ReadonlySet<string> = new Set(['v1', 'v1beta1']);

/** Reads the objects that say where a service leads. */
export interface Lookup { get(group: string, plural: string, namespace: string, name: string): object | undefined }

interface Target { readonly url: string; readonly host: string; readonly port: number; readonly path: string; readonly serverName: string }

/** The converter of a definition whose strategy is Webhook. Rejects with 500 and upstream's words. */
export function conversionWebhook(crd: CustomResourceDefinition, lookup: Lookup): Convert {
  const hook = crd.spec.conversion?.webhook, client = hook?.clientConfig;
  const version = hook?.conversionReviewVersions?.find(v => REVIEWS.has(v)) ?? 'v1';
  const ca = client?.caBundle ? Buffer.from(client.caBundle, 'base64').toString() : undefined;
  let agent: Agent | undefined;
  return async (objects, apiVersion) => {
    const waiting = objects.filter(o => o.apiVersion !== apiVersion);
    if (waiting.length === 0) return [...objects];
    const from = waiting[0]!;
    const failed = (why: string): ApiError => failure(500, '', `conversion webhook for ${from.apiVersion ?? ''}, Kind=${from.kind ?? ''} failed: ${why}`);
    const invalid = (why: string): ApiError => failure(500, '', `conversion webhook for ${from.apiVersion ?? ''}, Kind=${from.kind ?? ''} returned ${why}`);
    const uid = newUid();
    let answer: unknown;
    try {
      agent ??= new Agent({ keepAlive: true, timeout: 60_000, ...(ca ? { ca } : {}) });
      answer = await post(target(client, lookup), agent, { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid, desiredAPIVersion: apiVersion, objects: waiting } });
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

type ClientConfig = NonNullable<NonNullable<NonNullable<CustomResourceDefinition['spec']['conversion']>['webhook']>['clientConfig']>;

/** Where the webhook is; throws Error with words. A service is reached by one of its endpoints, under its own name. */
function target(client: ClientConfig | undefined, lookup: Lookup): Target {
  if (client?.url) {
    const u = new URL(client.url);
    return { url: client.url, host: u.hostname.replace(/^\[|\]$/g, ''), port: Number(u.port) || 443, path: u.pathname, serverName: u.hostname };
  }
  const ref = client?.service;
  if (!ref) throw new Error('webhook configuration must have either service or URL');
  const port = ref.port ?? 443, path = ref.path ?? '/', name = `${ref.name}.${ref.namespace}.svc`;
  const url = `https://${name}:${port}${path}`;
  const service = lookup.get('', 'services', ref.namespace, ref.name) as Service | undefined;
  if (!service) throw new Error(`Post "${url}?timeout=30s": service "${ref.name}" not found`);
  const served = service.spec?.ports?.find(p => p.port === port);
  if (!served) throw new Error(`Post "${url}?timeout=30s": no service port ${port} found for service "${ref.name}"`);
  const endpoints = lookup.get('', 'endpoints', ref.namespace, ref.name) as Endpoints | undefined;
  const found = (endpoints?.subsets ?? []).flatMap(s => (s.ports ?? []).filter(p => (p.name ?? '') === (served.name ?? '')).flatMap(p => (s.addresses ?? []).map(a => ({ host: a.ip, port: p.port }))));
  const chosen = found[Math.floor(Math.random() * found.length)];
  if (!chosen) throw new Error(`Post "${url}?timeout=30s": no endpoints available for service "${ref.name}"`);
  return { url, ...chosen, path, serverName: name };
}

function post(t: Target, agent: Agent, review: object): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(review)), asked = `Post "${t.url}?timeout=30s"`;
  return new Promise((resolve, reject) => {
    const req = request({
      host: t.host, port: t.port, path: `${t.path}?timeout=30s`, method: 'POST', agent, servername: /^[\d.:]+$/.test(t.serverName) ? '' : t.serverName, timeout: TIMEOUT_MS,
      headers: { 'host': t.serverName, 'content-type': 'application/json', 'accept': 'application/json', 'content-length': body.length, 'user-agent': 'kube-apiserver-admission' },
    }, res => {
      const parts: Buffer[] = [];
      let size = 0;
      res.on('data', (b: Buffer) => { size += b.length; if (size > MAX_ANSWER) req.destroy(new Error('the answer is too large')); else parts.push(b); });
      res.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (res.statusCode !== 200) { reject(new Error(text.trim() === '' || res.statusCode === 404 ? 'the server could not find the requested resource' : `an error on the server (${JSON.stringify(text.slice(0, 200))}) has prevented the request from succeeding`)); return; }
        try { resolve(parseJson(text)); } catch (e) { reject(e instanceof Error ? e : new Error(String(e))); }
      });
      res.on('error', e => reject(new Error(`${asked}: ${e.message}`)));
    });
    req.on('timeout', () => req.destroy(new Error('context deadline exceeded')));
    req.on('error', e => reject(new Error(`${asked}: ${e.message}`)));
    req.end(body);
  });
}
