// What a controller tells about itself: to probes whether it lives and is ready, to those who may see it its figures.
import { createServer, type Server } from 'node:http';
import { AuthenticationV1Api, AuthorizationV1Api, type KubeConfig } from '@kubernetes/client-node';
import type { Log } from './log.ts';

const listen = (server: Server, port: number): Promise<Server> => new Promise((resolve, reject) => { server.once('error', reject).listen(port, () => { resolve(server); }); });

/** `/healthz` and `/readyz`; 503 with the reason while `ready` gives one. */
export function serveHealth(port: number, ready: () => string | undefined): Promise<Server> {
  return listen(createServer((req, res) => {
    const why = req.url === '/readyz' ? ready() : undefined;
    const code = req.url === '/healthz' || req.url === '/readyz' ? why === undefined ? 200 : 503 : 404;
    res.writeHead(code, { 'content-type': 'text/plain' }).end(`${why ?? (code === 200 ? 'ok' : 'not found')}\n`);
  }), port);
}

/** `/metrics` in Prometheus' text format, for whoever the API server knows by their token (401) and lets read it (403). */
export function serveMetrics(port: number, config: KubeConfig, log: Log, text: () => string): Promise<Server> {
  const authentication = config.makeApiClient(AuthenticationV1Api), authorization = config.makeApiClient(AuthorizationV1Api);
  const verdict = async (token: string): Promise<number> => {
    const who = (await authentication.createTokenReview({ body: { spec: { token } } })).status;
    if (who?.authenticated !== true) return 401;
    const { username: user, groups, uid, extra } = who.user ?? {};
    const may = await authorization.createSubjectAccessReview({ body: { spec: { user, groups, uid, extra, nonResourceAttributes: { path: '/metrics', verb: 'get' } } } });
    return may.status?.allowed === true ? 200 : 403;
  };
  return listen(createServer((req, res) => {
    const answer = (code: number, body: string): void => { res.writeHead(code, { 'content-type': 'text/plain; version=0.0.4' }).end(body); };
    if (req.url !== '/metrics') { answer(404, 'not found\n'); return; }
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (token === undefined) { answer(401, 'a bearer token is needed\n'); return; }
    verdict(token).then(code => { answer(code, code === 200 ? text() : code === 401 ? 'the token is not known\n' : 'GET /metrics is not allowed\n'); }, (e: unknown) => {
      log.error('Metrics', e);
      answer(500, 'the API server could not be asked\n');
    });
  }), port);
}
