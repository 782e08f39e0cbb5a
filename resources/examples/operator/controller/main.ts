// The operator as a process: in a pod with its ServiceAccount, or on a desk with a kubeconfig (`npm start`).
// Environment: WORKERS, LEASE_SECONDS, MEMCACHED_IMAGE, POD_NAME, POD_NAMESPACE, METRICS_PORT, HEALTH_PORT.
import { hostname } from 'node:os';
import { CoordinationV1Api, KubeConfig } from '@kubernetes/client-node';
import { Elector } from './kit/elector.ts';
import { lead } from './kit/lead.ts';
import { createLog } from './kit/log.ts';
import { serveHealth, serveMetrics } from './kit/serve.ts';
import { memcachedController } from './reconciler.ts';

const { env } = process, log = createLog();
const number = (name: string, otherwise: number): number => {
  const n = Number(env[name] ?? otherwise);
  if (!Number.isInteger(n) || n < 0) throw new Error(`${name}=${env[name]}: a whole number is needed`);
  return n;
};
const config = new KubeConfig();
config.loadFromDefault();
const identity = `${env['POD_NAME'] ?? hostname()}_${process.pid}`, namespace = env['POD_NAMESPACE'] ?? 'memcached-operator-system', seconds = number('LEASE_SECONDS', 15);
const controller = memcachedController({ config, log, identity, image: env['MEMCACHED_IMAGE'] ?? 'memcached:1.6', workers: number('WORKERS', 2) });

let leads = false, works = false;
const figures = (): string => [
  '# TYPE controller_reconcile_total counter', ...Object.entries(controller.counts).map(([result, n]) => `controller_reconcile_total{result="${result}"} ${n}`),
  '# TYPE workqueue_depth gauge', `workqueue_depth ${controller.queue.length}`,
  '# TYPE leader_election_master_status gauge', `leader_election_master_status ${leads ? 1 : 0}`, '',
].join('\n');
const health = await serveHealth(number('HEALTH_PORT', 8081), () => (leads && !works ? 'not everything is listed yet' : undefined));
const metrics = await serveMetrics(number('METRICS_PORT', 8080), config, log, figures);

log.info('Waiting for the lease', { namespace, lease: 'memcached-operator', identity });
const leading = lead({
  elector: new Elector(config.makeApiClient(CoordinationV1Api), { namespace, name: 'memcached-operator', identity, seconds, now: () => performance.now() }),
  seconds, log,
  started() {
    leads = true;
    log.info('Became the leader');
    controller.start().then(() => { works = true; log.info('Starting workers'); }, (e: unknown) => { log.error('Could not start', e); process.exit(1); });
  },
  lost() { log.info('Lost the lease'); process.exit(1); },
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => {
  log.info('Stopping', { signal });
  health.close(); metrics.close();
  // The work first, the lease last: whoever leads next finds nothing half done.
  (leads ? controller.stop() : Promise.resolve()).then(() => leading.stop()).finally(() => { process.exit(0); });
});
