// The scheduler with all that belongs to it, on a tiny API server and a clock turned by hand.
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import type { Node, Pod } from '../../core/api/types/kubernetes.ts';
import { FakeClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { Client } from '../../core/client/client.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { startScheduler, type SchedulerOptions } from '../../core/scheduler/scheduler.ts';
import { FakeApi } from './fake-api.ts';

/** `before` fills the server before the scheduler starts. */
export async function schedulerCluster(nodes: readonly Node[], more: Partial<SchedulerOptions> = {}, before: (api: FakeApi) => void = () => {}) {
  const clock = new FakeClock();
  const api = new FakeApi(clock);
  for (const n of nodes) api.put(nodeKind, n);
  before(api);
  const client = new Client(api, 'test');
  const informers = createInformerFactory(client, { clock, log: silentLog });
  const events: string[] = [];
  const recorder = (from: string) => ({ event: (o: Pod, type: string, reason: string, message: string) => { events.push(`${from}${o.metadata?.name} ${type} ${reason} ${message}`); } });
  const scheduler = await startScheduler({ client, informers, clock, log: silentLog, random: () => 0.5, recorder: recorder(''), recorderFor: name => recorder(`${name}: `), ...more });
  const settle = async (): Promise<void> => { for (let i = 0; i < 6; i++) await clock.advance(1); };
  await settle();
  const get = (name: string): Pod | undefined => api.get<Pod>(podKind, `default/${name}`);
  return {
    api, clock, events, settle,
    on: (name: string) => get(name)?.spec?.nodeName,
    nominated: (name: string) => get(name)?.status?.nominatedNodeName,
    condition: (name: string) => get(name)?.status?.conditions?.find(c => c.type === 'PodScheduled'),
    end: async () => { await scheduler.stop(); informers.stop(); },
  };
}
