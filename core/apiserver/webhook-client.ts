// Calling webhooks, of admission and of conversion alike: one POST over HTTPS, to a URL or to an endpoint of a service.
import { Buffer } from 'node:buffer';
import { Agent, request } from 'node:https';
import type { AdmissionregistrationWebhookClientConfig } from '../api/types/kubernetes.ts';
import { isObject } from '../api/meta/clone.ts';
import { JsonSyntaxError, parseJson } from './codec/json.ts';
import type { RegistryEnv } from './registry/env.ts';
import { serviceAddress, Unreachable } from './service-address.ts';
import { goWords } from '../base/go-words.ts';

/** What a call needs of the server: where services lead, and the time. */
export type Reach = Pick<RegistryEnv, 'store' | 'find' | 'clock'>;
/** `url` or `service`, and who signed its certificate. */
type ClientConfig = AdmissionregistrationWebhookClientConfig;

const MAX_ANSWER = 64 * 1024 * 1024;

interface Target { readonly url: string; readonly host: string; readonly port: number; readonly path: string; readonly serverName: string }

/** What cannot be reached or understood; of admission webhooks `failurePolicy` decides what that means. */
export class CallFailure extends Error {
  constructor(message: string) { super(message); this.name = 'CallFailure'; }
}

function target(env: Reach, client: ClientConfig, seconds: number): Target {
  const query = `?timeout=${seconds}s`;
  if (client.url) {
    const u = new URL(client.url), host = u.hostname.replace(/^\[|\]$/g, '');
    return { url: `${client.url}${query}`, host, port: Number(u.port) || 443, path: `${u.pathname}${query}`, serverName: host };
  }
  const ref = client.service;
  if (!ref) throw new CallFailure('webhook configuration must have either service or URL');
  const port = ref.port ?? 443, path = `${ref.path?.startsWith('/') ? '' : '/'}${ref.path ?? ''}${query}`, serverName = `${ref.name}.${ref.namespace}.svc`, url = `https://${serverName}:${port}${path}`;
  try { return { url, ...serviceAddress(env, ref.namespace, ref.name, port), path, serverName }; } catch (e) {
    if (!(e instanceof Unreachable)) throw e;
    throw new CallFailure(`Post "${url}": ${e.message}`);
  }
}

const agents = new Map<string, Agent>();
/** Connections are kept per authority. */
function agentFor(caBundle: string): Agent {
  let agent = agents.get(caBundle);
  if (!agent) {
    if (agents.size > 50) { for (const a of agents.values()) a.destroy(); agents.clear(); }
    agents.set(caBundle, agent = new Agent({ keepAlive: true, timeout: 60_000, ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {}) }));
  }
  return agent;
}

/** The answer's JSON; `seconds` is how long it may take. Rejects with CallFailure. */
export async function post(env: Reach, client: ClientConfig, review: object, seconds: number): Promise<unknown> {
  const t = target(env, client, seconds), body = Buffer.from(JSON.stringify(review)), asked = `Post "${t.url}"`;
  const send = (): Promise<unknown> => new Promise((resolve, reject) => {
    let late = false;
    const req = request({
      host: t.host, port: t.port, path: t.path, method: 'POST', agent: agentFor(client.caBundle ?? ''), servername: /^[\d.]+$|:/.test(t.serverName) ? '' : t.serverName,
      headers: { 'host': t.serverName, 'content-type': 'application/json', 'accept': 'application/json', 'content-length': body.length, 'user-agent': 'kube-apiserver-admission' },
    }, res => {
      const parts: Buffer[] = [];
      let size = 0;
      res.on('data', (b: Buffer) => { size += b.length; if (size > MAX_ANSWER) req.destroy(new Error('the answer is too large')); else parts.push(b); });
      res.on('end', () => {
        timer.cancel();
        const text = Buffer.concat(parts).toString();
        if (res.statusCode! < 200 || res.statusCode! > 206) { reject(new CallFailure(refusal(res.statusCode!, text))); return; }
        try { resolve(parseJson(text)); } catch (e) { reject(new CallFailure(`couldn't get version/kind; json parse error: ${e instanceof Error ? e.message : String(e)}`)); }
      });
      res.on('error', e => { timer.cancel(); reject(new CallFailure(`${asked}: ${e.message}`)); });
    });
    const timer = env.clock.after(seconds * 1000, () => { late = true; req.destroy(new Error('context deadline exceeded')); });
    req.on('error', e => {
      timer.cancel();
      // The other side had given up a connection that was kept.
      if (!late && req.reusedSocket && (e as NodeJS.ErrnoException).code === 'ECONNRESET') { resolve(send()); return; }
      reject(new CallFailure(`${asked}: ${late ? 'context deadline exceeded' : words(e as NodeJS.ErrnoException, t)}`));
    });
    req.end(body);
  });
  return send();
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason', 401: 'the server has asked for the client to provide credentials', 404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource', 409: 'the server reported a conflict', 422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later', 503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};
/** What client-go makes of an answer that is no success: a Status says it itself. */
export function refusal(code: number, text: string): string {
  let said: unknown;
  try { said = parseJson(text); } catch (e) { if (!(e instanceof JsonSyntaxError)) throw e; }
  if (isObject(said) && said['kind'] === 'Status' && said['status'] === 'Failure' && typeof said['message'] === 'string') return said['message'];
  const body = text.trim().slice(0, 2048) || 'unknown';
  return REFUSALS[code] ?? (code === 403 || code === 415 ? body : `an error on the server (${JSON.stringify(body)}) has prevented the request from succeeding`);
}

/** Go's words for what goes wrong most. */
function words(e: NodeJS.ErrnoException, t: Target): string {
  if (e.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = ((e as { cert?: { subjectaltname?: string } }).cert?.subjectaltname ?? '').split(', ').map(n => n.replace(/^(?:DNS|IP Address):/, '')).filter(n => n !== '');
    return `tls: failed to verify certificate: x509: ${names.length > 0 ? `certificate is valid for ${names.join(', ')}, not ${t.serverName}` : 'certificate is not valid for any names'}`;
  }
  if (e.code === 'CERT_HAS_EXPIRED' || e.code === 'CERT_NOT_YET_VALID') return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
  if (/self.signed|UNABLE_TO_VERIFY|unable to (?:get|verify)/i.test(`${e.code ?? ''} ${e.message}`)) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  return goWords(e, `${t.host}:${t.port}`);
}
