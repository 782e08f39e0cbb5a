// Calling webhooks, of admission and of conversion alike: one POST over HTTPS, to a URL or to an endpoint of a service.
import { Buffer } from 'node:buffer';
import { Agent, request } from 'node:https';
import type { AdmissionregistrationWebhookClientConfig, Endpoints, Service } from '../api/types/kubernetes.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { parseJson } from './codec/json.ts';
import type { RegistryEnv } from './registry/env.ts';

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

function target(env: Reach, client: ClientConfig): Target {
  if (client.url) {
    const u = new URL(client.url), host = u.hostname.replace(/^\[|\]$/g, '');
    return { url: client.url, host, port: Number(u.port) || 443, path: u.pathname, serverName: host };
  }
  const ref = client.service;
  if (!ref) throw new CallFailure('webhook configuration must have either service or URL');
  const port = ref.port ?? 443, path = ref.path || '/', serverName = `${ref.name}.${ref.namespace}.svc`;
  const url = `https://${serverName}:${port}${path.startsWith('/') ? path : `/${path}`}`;
  const read = (plural: string): KubeObject | undefined => { const r = env.find('', plural), e = r && env.store.get(r.key(ref.namespace, ref.name)); return e && r!.objectOf(e); };
  const service = read('services') as Service | undefined;
  if (!service) throw new CallFailure(`Post "${url}": service "${ref.name}" not found`);
  if (service.spec?.type === 'ExternalName') return { url, host: service.spec.externalName ?? '', port, path, serverName };
  const served = service.spec?.ports?.find(p => p.port === port);
  if (!served) throw new CallFailure(`Post "${url}": no service port ${port} found for service "${ref.name}"`);
  const endpoints = read('endpoints') as Endpoints | undefined;
  const found = (endpoints?.subsets ?? []).flatMap(s => (s.ports ?? []).filter(p => (p.name ?? '') === (served.name ?? '')).flatMap(p => (s.addresses ?? []).map(x => ({ host: x.ip, port: p.port }))));
  const chosen = found[Math.floor(Math.random() * found.length)];
  if (!chosen) throw new CallFailure(`Post "${url}": no endpoints available for service "${ref.name}"`);
  return { url, ...chosen, path, serverName };
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
  const t = target(env, client), body = Buffer.from(JSON.stringify(review)), asked = `Post "${t.url}?timeout=${seconds}s"`;
  return new Promise((resolve, reject) => {
    let late = false;
    const req = request({
      host: t.host, port: t.port, path: `${t.path}?timeout=${seconds}s`, method: 'POST', agent: agentFor(client.caBundle ?? ''), servername: /^[\d.]+$|:/.test(t.serverName) ? '' : t.serverName,
      headers: { 'host': t.serverName, 'content-type': 'application/json', 'accept': 'application/json', 'content-length': body.length, 'user-agent': 'kube-apiserver-admission' },
    }, res => {
      const parts: Buffer[] = [];
      let size = 0;
      res.on('data', (b: Buffer) => { size += b.length; if (size > MAX_ANSWER) req.destroy(new Error('the answer is too large')); else parts.push(b); });
      res.on('end', () => {
        timer.cancel();
        const text = Buffer.concat(parts).toString();
        if (res.statusCode !== 200) {
          reject(new CallFailure(res.statusCode === 404 ? 'the server could not find the requested resource' : `an error on the server (${JSON.stringify(text.trim().slice(0, 200) || 'unknown')}) has prevented the request from succeeding`));
          return;
        }
        try { resolve(parseJson(text)); } catch (e) { reject(new CallFailure(`couldn't get version/kind; json parse error: ${e instanceof Error ? e.message : String(e)}`)); }
      });
      res.on('error', e => { timer.cancel(); reject(new CallFailure(`${asked}: ${e.message}`)); });
    });
    const timer = env.clock.after(seconds * 1000, () => { late = true; req.destroy(new Error('context deadline exceeded')); });
    req.on('error', e => { timer.cancel(); reject(new CallFailure(`${asked}: ${late ? 'context deadline exceeded' : words(e as NodeJS.ErrnoException, t)}`)); });
    req.end(body);
  });
}

/** Go's words for what goes wrong most. */
function words(e: NodeJS.ErrnoException, t: Target): string {
  if (e.code === 'ECONNREFUSED') return `dial tcp ${t.host}:${t.port}: connect: connection refused`;
  if (e.code === 'ENOTFOUND') return `dial tcp: lookup ${t.host}: no such host`;
  if (/self.signed|UNABLE_TO_VERIFY|unable to (?:get|verify)/i.test(`${e.code ?? ''} ${e.message}`)) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  return e.message;
}
