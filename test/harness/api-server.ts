// A real API server for a test: own PKI, memory store, HTTPS on a free port; no controllers, no nodes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, Agent } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alsoServed } from '../../core/api/kinds/also-served.ts';
import { kinds } from '../../core/api/kinds/index.ts';
import { systemClock } from '../../core/base/clock.ts';
import { createLog } from '../../core/base/log.ts';
import { Pki, type KeyPair } from '../../core/boot/pki.ts';
import { Client } from '../../core/client/client.ts';
import { createApiServer, type ApiServer, type ApiServerOptions, type UserInfo } from '../../core/apiserver/api-server.ts';
import { memoryStore } from '../../core/store/open.ts';
import { refusals } from './refusals.ts';

export interface Reply { status: number; headers: IncomingMessage['headers']; body: Buffer; text: string; json<T = Record<string, unknown>>(): T }

export interface Call { method?: string; headers?: Record<string, string>; body?: string | Buffer; token?: string | null; cert?: KeyPair; port?: number }

export class TestApi {
  readonly server: ApiServer;
  readonly port: number;
  readonly pki: Pki;
  readonly dir: string;
  readonly kubeconfig: string;
  readonly #said: readonly string[];
  readonly #agents: Agent[] = [];
  readonly #agent: Agent;

  private constructor(server: ApiServer, port: number, pki: Pki, dir: string, kubeconfig: string, said: readonly string[]) {
    this.server = server; this.port = port; this.pki = pki; this.dir = dir; this.kubeconfig = kubeconfig; this.#said = said;
    this.#agent = new Agent({ keepAlive: true, ca: pki.ca.cert });
    this.#agents.push(this.#agent);
  }

  /** Namespaces default, kube-system and kube-public, each with its default ServiceAccount, are there. */
  static async start(options: Partial<ApiServerOptions> = {}): Promise<TestApi> {
    const dir = mkdtempSync(join(tmpdir(), 'pilothouse-api-'));
    const pki = await Pki.open(join(dir, 'pki'), Date.now()), said: string[] = [];
    const server = createApiServer({
      store: memoryStore(), kinds: [...kinds, ...alsoServed], clock: systemClock, log: createLog('warn', line => said.push(line)), serviceCidr: '10.96.0.0/16', clientCa: pki.ca.cert, serviceAccountKey: await pki.serviceAccountKey(),
      gitVersion: 'v1.36.0+pilothouse.0.1.0', tokens: new Map([['test-token', { name: 'admin', groups: ['system:masters'] }]]), ...options,
    });
    const port = await server.listen('127.0.0.1', 0, await pki.issue('apiserver', { commonName: 'kube-apiserver', hosts: ['127.0.0.1', 'localhost'] }));
    const admin = await pki.issue('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'] });
    const b64 = (s: string): string => Buffer.from(s).toString('base64');
    const kubeconfig = join(dir, 'kubeconfig');
    writeFileSync(kubeconfig, JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'x', contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': b64(pki.ca.cert) } }],
      users: [{ name: 'u', user: { 'client-certificate-data': b64(admin.cert), 'client-key-data': b64(admin.key) } }],
    }));
    const api = new TestApi(server, port, pki, dir, kubeconfig, said);
    const client = api.client();
    for (const name of ['default', 'kube-system', 'kube-public']) {
      await client.create({ group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }, { metadata: { name } });
      await client.create({ group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true }, { metadata: { name: 'default', namespace: name } });
    }
    return api;
  }

  /** In process; as an administrator where nobody else is named. */
  client(user: UserInfo = { name: 'system:test', groups: ['system:masters'] }): Client { return new Client(this.server.localTransport(user), 'test'); }

  /** One HTTPS request, with the admin token unless another credential (or null for none) is given. */
  async call(path: string, c: Call = {}): Promise<Reply> {
    const res = await this.open(path, c);
    const parts: Buffer[] = [];
    for await (const b of res) parts.push(b as Buffer);
    const body = Buffer.concat(parts);
    return { status: res.statusCode!, headers: res.headers, body, text: body.toString(), json: <T>() => JSON.parse(body.toString()) as T };
  }

  /** The same, as a stream. */
  open(path: string, c: Call = {}): Promise<IncomingMessage> {
    let agent = this.#agent;
    if (c.cert) this.#agents.push(agent = new Agent({ ca: this.pki.ca.cert, ...c.cert }));
    const token = c.token === undefined && !c.cert ? 'test-token' : c.token;
    return new Promise((resolve, reject) => {
      const req = request({
        host: '127.0.0.1', port: c.port ?? this.port, path, method: c.method ?? (c.body === undefined ? 'GET' : 'POST'), agent,
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(c.body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(c.body)) }), ...c.headers },
      }, resolve);
      req.on('error', reject);
      req.end(c.body);
    });
  }

  /** Rejects when a worker in the process tried what it may not. */
  async stop(): Promise<void> {
    await this.server.close();
    for (const a of this.#agents) a.destroy();
    rmSync(this.dir, { recursive: true, force: true });
    refusals(this.#said.join(''));
  }
}
