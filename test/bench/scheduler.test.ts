// Pods placed per second through the real API server in memory, bindings included: on 100, 1,000 and 5,000 nodes.
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { kinds } from '../../core/api/kinds/index.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import type { Node, Pod } from '../../core/api/types/kubernetes.ts';
import { createApiServer } from '../../core/apiserver/api-server.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { Client } from '../../core/client/client.ts';
import { createRecorder } from '../../core/client/create-recorder.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { startScheduler } from '../../core/scheduler/scheduler.ts';
import { memoryStore } from '../../core/store/open.ts';

/** `aim`: pods a second. The reference, 495 on 100 nodes, is no slower on 100 than on more. */
const CASES = [{ nodes: 100, pods: 4000, aim: 2000 }, { nodes: 1000, pods: 1000, aim: 800 }, { nodes: 5000, pods: 600, aim: 400 }];

it.each(CASES)('places at least $aim pods a second on $nodes nodes', async ({ nodes: NODES, pods: PODS, aim: AIM }) => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const clock = systemClock;
  const log = silentLog;
  const server = createApiServer({ store: memoryStore({ clock }), kinds, clock, log, serviceCidr: '10.96.0.0/24', serviceAccountKey: key, gitVersion: 'v1.36.0+bench', disabledAdmission: ['ServiceAccount', 'TaintNodesByCondition'] });
  const client = new Client(server.localTransport({ name: 'admin', groups: ['system:masters'] }), 'bench');
  await client.create(namespaceKind, { metadata: { name: 'default' } });
  for (let i = 0; i < NODES; i++)
    await client.create<Node>(nodeKind, { metadata: { name: `n${i}`, labels: { 'kubernetes.io/hostname': `n${i}` } }, spec: {}, status: { allocatable: { cpu: '32', memory: '64Gi', pods: '110' } } });
  const spec = { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m', memory: '64Mi' } } }] };
  await Promise.all(Array.from({ length: PODS }, (_, i) => client.create<Pod>(podKind, { metadata: { name: `p${i}`, namespace: 'default', labels: { app: `a${i % 20}` } }, spec })));
  const informers = createInformerFactory(client, { clock, log });
  const pods = informers.for<Pod>(podKind);
  let bound = 0;
  const all = Promise.withResolvers<void>();
  pods.on({ update: (p, prev) => { if (p.spec?.nodeName && !prev.spec?.nodeName && ++bound === PODS) all.resolve(); } });
  const began = performance.now();
  const scheduler = await startScheduler({ client, informers, clock, log, recorder: createRecorder(client, { component: 'default-scheduler', clock, log }) });
  await all.promise;
  const rate = Math.round(PODS / ((performance.now() - began) / 1000));
  console.log(`scheduler: ${rate} pods/s bound on ${NODES} nodes (aim ${AIM})`);
  await scheduler.stop();
  informers.stop();
  await server.close();
  const perNode = new Map<string, number>();
  for (const p of pods.lister.list()) perNode.set(p.spec!.nodeName!, (perNode.get(p.spec!.nodeName!) ?? 0) + 1);
  expect(Math.max(...perNode.values()) - Math.min(...perNode.values())).toBeLessThanOrEqual(4);
  expect(rate).toBeGreaterThan(AIM);
});
